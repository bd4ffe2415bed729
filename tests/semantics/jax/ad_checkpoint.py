"""`jax.ad_checkpoint`."""
from . import _scope
from ._array import new_results, taken
from ._convert import asarray
from ._library import call, text


def checkpoint_name(x, name):
    results = new_results()
    call("checkpoint_name", _scope.current(), asarray(x), *text(name), results)
    return taken(results)[0]
