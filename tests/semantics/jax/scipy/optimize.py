"""`jax.scipy.optimize`."""
from collections import namedtuple

from .. import _scope
from .._array import new_results, pointers, taken
from .._convert import asarray
from .._function import Flat
from .._library import call
from ..tree_util import tree_structure

OptimizeResults = namedtuple("OptimizeResults", "x success status fun jac hess_inv nfev njev nit")


def minimize(fun, x0, args=(), *, method, options=None):
    options = options or {}
    flat = Flat(fun, tree_structure(((x0, *args), {})))
    results, name = new_results(), method.encode()
    call("minimize", _scope.current(), flat.fn(), asarray(x0), *pointers([asarray(a) for a in args]), name, len(name), options.get("maxiter", 0),
         options.get("gtol", 0.0), results)
    return OptimizeResults(*taken(results))
