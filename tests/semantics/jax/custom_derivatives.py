"""`jax.custom_derivatives`."""
from ._custom import SymbolicZero
