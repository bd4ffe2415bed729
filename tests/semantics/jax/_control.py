"""Control flow."""
import inspect

from . import _scope
from ._array import is_array, new_results, pointers, taken
from ._convert import NUMBERS, asarray
from ._function import Flat, fn
from ._library import Refused, call
from ._options import UNROLL_ALL
from .tree_util import tree_flatten, tree_leaves, tree_structure, tree_unflatten

REVERSE = 1


def arrays(tree):
    return [asarray(x) for x in tree_leaves(tree)]


def body(f, *trees):
    """A flat function of arguments like these trees."""
    return Flat(f, tree_structure((trees, {})))


def run(name, *arguments):
    """Calls a function of control flow, which appends to a list."""
    results = new_results()
    call(name, _scope.current(), *arguments, results)
    return taken(results)


def same_structure(what, *bodies):
    if any(b.out is not None and b.out != bodies[0].out for b in bodies):
        raise Refused(f"TypeError: {what} gives trees of different structure")


def cond(pred, on_true, on_false, *operands):
    true, false = body(on_true, *operands), body(on_false, *operands)
    results = run("cond", asarray(pred), true.fn(), false.fn(), *pointers(arrays(operands)))
    same_structure("cond", true, false)
    return tree_unflatten(true.out, results)


def switch(index, branches, *operands):
    bodies = [body(branch, *operands) for branch in branches]
    handles = [b.fn() for b in bodies]
    results = run("switch", asarray(index), *pointers(handles), *pointers(arrays(operands)))
    same_structure("switch", *bodies)
    return tree_unflatten(bodies[0].out, results)


def while_loop(condition, step, init):
    bodies = body(condition, init), body(step, init)
    results = run("while", bodies[0].fn(), bodies[1].fn(), *pointers(arrays(init)))
    return tree_unflatten(tree_structure(init), results)


def unrolled(unroll):
    return UNROLL_ALL if unroll is True else int(unroll or 0)


def scan(f, init, xs=None, length=None, reverse=False, unroll=1):
    flat, carry = body(f, init, xs), arrays(init)
    leaves = arrays(xs)
    if length is None and not leaves:
        raise Refused("ValueError: scan needs xs or a length")
    results = run("scan", flat.fn(), *pointers(carry), *pointers(leaves), -1 if length is None else length,
                  REVERSE * reverse, unrolled(unroll))
    n = len(carry)
    out_carry, out_ys = flat.out.children
    if out_carry != tree_structure(init):
        raise Refused("TypeError: the carry of scan changes its structure")
    return tree_unflatten(out_carry, results[:n]), tree_unflatten(out_ys, results[n:])


def fori_loop(lower, upper, f, init, unroll=None):
    flat = body(f, 0, init)
    results = run("fori_loop", asarray(lower), asarray(upper), flat.fn(), *pointers(arrays(init)), unrolled(unroll))
    return tree_unflatten(tree_structure(init), results)


def map(f, xs, batch_size=None):
    flat = body(f, xs)
    results = run("map", flat.fn(), *pointers(arrays(xs)), batch_size or 0)
    return tree_unflatten(flat.out, results)


def associative_scan(f, xs, reverse=False, axis=0):
    flat = body(f, xs, xs)
    results = run("associative_scan", flat.fn(), *pointers(arrays(xs)), axis, REVERSE * reverse)
    return tree_unflatten(tree_structure(xs), results)


def scalar_function(f):
    """A computation for reduce and reduce_window: of results so far and elements."""
    return fn(lambda x, y: [f(x, y)], "computation")
