"""`jax.image`."""
from ._table import finder

__getattr__ = finder("jax.image", {"resize": "image_resize"})
