"""`jax.scipy.sparse.linalg`."""
from ..._table import finder

__getattr__ = finder("jax.scipy.sparse.linalg", {})
