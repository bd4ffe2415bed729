"""`jax.scipy`."""
from . import linalg, sparse, special
