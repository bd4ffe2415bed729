"""`jax.scipy`."""
from . import linalg, optimize, sparse, special
