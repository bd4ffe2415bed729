"""`jax.scipy.linalg`."""
from .._table import finder

__getattr__ = finder("jax.scipy.linalg", {})
