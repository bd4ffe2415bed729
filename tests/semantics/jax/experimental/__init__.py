"""`jax.experimental`."""
from .._callback import io_callback
