"""`jax.dtypes`."""
from ._dtypes import float0
