"""`jax.nn.initializers`."""
from ._table import finder

_find = finder("jax.nn.initializers", {}, "initializers_")


def __getattr__(name):
    run = _find(name)
    return lambda *options: lambda key, shape, dtype=None: run(key, *options, shape=shape, dtype=dtype)
