"""`jax.scipy.special`."""
from .._table import finder

__getattr__ = finder("jax.scipy.special", {})
