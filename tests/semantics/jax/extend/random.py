"""`jax.extend.random`."""
from .._table import finder

__getattr__ = finder("jax.extend.random", {})
