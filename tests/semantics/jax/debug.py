"""`jax.debug`."""
from ._callback import debug_callback as callback
