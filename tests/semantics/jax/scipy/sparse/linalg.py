"""`jax.scipy.sparse.linalg`."""
from ..._equations import cg
