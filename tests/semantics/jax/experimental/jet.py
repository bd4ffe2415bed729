"""`jax.experimental.jet`."""
from .._equations import jet
