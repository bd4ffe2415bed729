"""`jax.experimental.checkify`."""
from .._callback import check, checkify, div_checks, float_checks, index_checks, nan_checks, user_checks
