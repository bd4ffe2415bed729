"""`jax.nn`."""
from . import _initializers as initializers
from ._array import apply
from ._table import finder

__getattr__ = finder("jax.nn", {})


def leaky_relu(x, negative_slope=0.01):
    return apply("leaky_relu", x, slope=negative_slope)


def softmax(x, axis=-1, where=None):
    return apply("softmax", x, axes=axis) if where is None else apply("softmax_where", x, where, axes=axis)
