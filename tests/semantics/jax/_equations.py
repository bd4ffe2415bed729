"""Linear functions, equations that are differentiated as such, and Taylor mode."""
import ctypes
from ctypes import POINTER, byref, c_size_t, c_void_p

from . import _scope
from ._array import borrowed, new_results, pointers, taken
from ._convert import asarray
from ._function import Borrowed, Flat, call_fn, fn, push
from ._jaxpr import of, to_c
from ._library import DROP, FN, KEPT, Missing, call, create, to_error
from .tree_util import tree_flatten, tree_leaves, tree_structure, tree_unflatten

SOLVE_FN = ctypes.CFUNCTYPE(c_void_p, c_void_p, c_void_p, c_void_p, POINTER(c_void_p), c_size_t, c_void_p)
HAS_AUX = 2


def linear_transpose(f, *primals):
    structure = tree_structure(primals)
    flat = Flat(f, tree_structure((primals, {})))
    types = [of(x) for x in tree_leaves(primals)]
    handle = create(FN, "linear_transpose", flat.fn(), *to_c(types))

    def transposed(cotangents):
        return tree_unflatten(structure, call_fn(handle, [asarray(x) for x in tree_leaves(cotangents)]))
    return transposed


def closure_convert(f, *examples):
    """The function of its arguments and of what it captured, and what that is."""
    flat = Flat(f, tree_structure((examples, {})))
    results, out = new_results(), c_void_p()
    types = to_c([of(x) for x in tree_leaves(examples)])
    call("closure_convert", flat.fn(), _scope.current(), *types, results, byref(out))
    converted = FN(out.value)

    def run(*args):
        return flat.call(converted, [asarray(x) for x in tree_leaves(args)])
    return run, taken(results)


def solver(which):
    """A C function that calls the solver of a number of KEPT: with the equation's function, and values."""
    @SOLVE_FN
    def run(number, scope, f, args, n, results):
        try:
            with _scope.entered(Borrowed(scope)):
                root = KEPT.objects[number]

                def equation(x):
                    found = call_fn(Borrowed(f), [asarray(leaf) for leaf in tree_leaves(x)])
                    return tree_unflatten(root.structure, found)
                values = tree_unflatten(root.structure, [borrowed(args[k]) for k in range(n)])
                push(results, tree_leaves(getattr(root, which)(equation, values)))
        except BaseException as exception:  # nothing may unwind into the library
            return to_error(exception)
    return run


SOLVE, TANGENT_SOLVE = solver("solve"), solver("tangent_solve")


class Root:
    """The solvers of one equation."""

    def __init__(self, solve, tangent_solve, structure):
        self.solve, self.tangent_solve, self.structure = solve, tangent_solve, structure


def custom_root(f, initial_guess, solve, tangent_solve, has_aux=False):
    if has_aux:
        raise Missing("custom_root with has_aux")
    structure = tree_structure(initial_guess)
    flat = Flat(f, tree_structure(((initial_guess,), {})))
    guess = [asarray(x) for x in tree_leaves(initial_guess)]
    results = new_results()
    call("custom_root", _scope.current(), flat.fn(), *pointers(guess), SOLVE, TANGENT_SOLVE,
         KEPT.keep(Root(solve, tangent_solve, structure)), DROP, 0, results)
    return tree_unflatten(structure, taken(results))


def jet(f, primals, series):
    """The value of a function, and derivatives of it along a curve of which derivatives are given."""
    flat = Flat(f, tree_structure((tuple(primals), {})))
    order = len(series[0])
    handle = create(FN, "jet", flat.fn(), order, 0)
    found = call_fn(handle, [asarray(x) for x in (*primals, *(term for terms in series for term in terms))])
    n = flat.out.num_leaves
    terms = [found[n + k * order:n + (k + 1) * order] for k in range(n)]
    return tree_unflatten(flat.out, found[:n]), terms[0] if n == 1 else terms


def cg(A, b, x0=None, tol=1e-5, atol=0.0, maxiter=None):
    """The solution of a symmetric system, and None."""
    apply_to = A if callable(A) else lambda v: A @ v
    structure, right = tree_structure(b), [asarray(x) for x in tree_leaves(b)]
    start = [asarray(x) for x in tree_leaves(x0)]
    flat = Flat(apply_to, tree_structure(((b,), {})))
    results = new_results()
    call("cg", _scope.current(), flat.fn(), *pointers(right), *pointers(start), None, tol, atol,
         -1 if maxiter is None else maxiter, results)
    return tree_unflatten(structure, taken(results)), None
