"""`jax.experimental.ode`."""
from .. import _scope
from .._array import new_results, pointers, taken
from .._convert import asarray
from .._function import Flat
from .._library import call
from ..tree_util import tree_leaves, tree_structure, tree_unflatten


def odeint(func, y0, t, *args, rtol=0.0, atol=0.0, mxstep=0, hmax=0.0):
    """Values of the state at all times; options that are 0 have their defaults."""
    flat, t = Flat(func, tree_structure(((y0, 0.0, *args), {}))), asarray(t)
    state, rest = [[asarray(x) for x in tree_leaves(tree)] for tree in (y0, args)]
    results = new_results()
    call("odeint", _scope.current(), flat.fn(), *pointers(state), t, *pointers(rest), rtol, atol, mxstep, hmax, 0, results)
    return tree_unflatten(tree_structure(y0), taken(results))
