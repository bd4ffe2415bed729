"""`jax.extend.random`."""
from .._table import finder

__getattr__ = finder("jax.extend.random", {"threefry_2x32": "threefry2x32"})
