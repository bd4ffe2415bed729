"""`jax.random`."""
from . import _dtypes
from ._array import apply
from ._table import finder

_find = finder("jax.random", {}, "random_")


def __getattr__(name):
    return _find(name)
