"""`jax.custom_batching`."""
from ._custom import custom_vmap, sequential_vmap
