"""`jax.numpy.fft`."""
from .._table import finder

__getattr__ = finder("jax.numpy.fft", {})
