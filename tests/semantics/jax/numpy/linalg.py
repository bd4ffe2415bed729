"""`jax.numpy.linalg`."""
from .._table import finder

__getattr__ = finder("jax.numpy.linalg", {})
