"""`jax.ops`."""
from ._table import finder

__getattr__ = finder("jax.ops", {})
