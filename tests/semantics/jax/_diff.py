"""Derivatives."""
from ctypes import byref, c_uint32, c_void_p

from . import _dtypes, _numpy, _scope
from ._array import apply, is_array, new_results, pointers, taken
from ._convert import asarray
from ._function import Flat, Pullback, WithAux, call_fn, fn, transformed
from ._library import FN, Missing, Refused, call, create, ints
from ._options import DiffOptions
from .tree_util import LEAF, Node, flatten_up_to, tree_flatten, tree_leaves, tree_map, tree_structure, tree_unflatten

ALL_BUT_FIRST = 2**64 - 1
HOLOMORPHIC = 1


def float0_like(x):
    return _numpy.Float0Array(x.shape)


def has_tangent(x):
    return x.dtype.kind in "fc"


def positions(argnums, n):
    """The numbers of arguments, and whether they are a single one."""
    several = [argnums] if isinstance(argnums, int) else list(argnums)
    if any(not -n <= k < n for k in several):
        raise Refused(f"ValueError: argnums {argnums} of a function with {n} arguments")
    return [k % n for k in several], isinstance(argnums, int)


class Differentiated:
    """What grad, jacfwd and the like share: the arguments that are differentiated; the others stay as they are."""

    def __init__(self, f, args, kwargs, argnums, has_aux, allow_int, holomorphic=False):
        self.argnums, self.single = positions(argnums, len(args))
        self.args = args

        def of_some(*some):
            given = dict(zip(self.argnums, some))
            return f(*[given.get(k, x) for k, x in enumerate(args)], **kwargs)
        chosen = tuple(args[k] for k in self.argnums)
        self.flat = (WithAux if has_aux else Flat)(of_some, tree_structure((chosen, {})))
        self.leaves = [asarray(x) for x in tree_leaves(chosen)]
        self.wanted, self.allow_int = list(range(len(self.leaves))), allow_int
        self.kept = [k for k in self.wanted if not allow_int or has_tangent(self.leaves[k])]
        self.indices, n = ints(self.kept, c_uint32)
        self.options = DiffOptions(flags=HOLOMORPHIC * holomorphic, argnums=self.indices, n_argnums=n,
                                   n_aux=ALL_BUT_FIRST if has_aux else 0)

    def results(self, name):
        if not self.kept and self.wanted:
            return [] if name == "grad" else call_fn(self.flat.fn(), self.leaves)
        return call_fn(transformed(name, self.flat.fn(), byref(self.options)), self.leaves)

    def tree(self, derivatives):
        """Derivatives in the structure of the arguments; integers have none."""
        derivatives = iter(derivatives)
        of_leaf = {k: float0_like(self.leaves[k]) if self.allow_int and not has_tangent(self.leaves[k]) else next(derivatives)
                   for k in self.wanted}
        wanted = iter(self.wanted)
        trees = [tree_map(lambda _: of_leaf[next(wanted)], self.args[a]) for a in self.argnums]
        return trees[0] if self.single else tuple(trees)


def value_and_grad(f, argnums=0, has_aux=False, holomorphic=False, allow_int=False):
    def run(*args, **kwargs):
        d = Differentiated(f, args, kwargs, argnums, has_aux, allow_int, holomorphic)
        value, *rest = d.results("value_and_grad")
        if not has_aux:
            return value, d.tree(rest)
        n = sum(map(is_array, d.flat.aux))
        return (value, d.flat.aux_tree(rest[:n])), d.tree(rest[n:])
    return run


def grad(f, argnums=0, has_aux=False, holomorphic=False, allow_int=False):
    def run(*args, **kwargs):
        d = Differentiated(f, args, kwargs, argnums, has_aux, allow_int, holomorphic)
        results = d.results("grad")
        n = len(results) - (sum(map(is_array, d.flat.aux)) if has_aux else 0)
        gradients = d.tree(results[:n])
        return (gradients, d.flat.aux_tree(results[n:])) if has_aux else gradients
    return run


def jacobian(name):
    def make(f, argnums=0, has_aux=False, holomorphic=False):
        def run(*args, **kwargs):
            d = Differentiated(f, args, kwargs, argnums, has_aux, False, holomorphic)
            blocks = d.results(name)
            size = len(d.wanted) ** (2 if name == "hessian" else 1)
            rows = [blocks[k:k + size] for k in range(0, len(blocks), size)]
            inner = d.tree if name != "hessian" else lambda row: d.tree(
                [d.tree(row[k:k + len(d.wanted)]) for k in range(0, size, len(d.wanted))])
            return tree_unflatten(d.flat.out, [inner(row) for row in rows])
        return run
    return make


jacfwd, jacrev, hessian = map(jacobian, ["jacfwd", "jacrev", "hessian"])


def checked_tangents(primals, tangents):
    """Tangents as the library takes them: integers have one that counts for nothing."""
    if not (isinstance(primals, (tuple, list)) and type(primals) is type(tangents)) or isinstance(primals, list):
        raise Refused("TypeError: primals and tangents are tuples")
    if tree_structure(primals) != tree_structure(tangents):
        raise Refused("TypeError: tangents have the structure of primals")
    out = []
    for x, t in zip(map(asarray, tree_leaves(primals)), tree_leaves(tangents)):
        is_float0 = isinstance(t, _numpy.Float0Array)
        if is_float0 == has_tangent(x):
            raise Refused(f"TypeError: a tangent of {x.dtype} for the type of a value of it")
        out.append(apply("zeros_like", x) if is_float0 else asarray(t))
    return out


def visible(x, tangent):
    """A tangent or cotangent as JAX shows it."""
    return tangent if has_tangent(x) else float0_like(x)


def jvp(f, primals, tangents, has_aux=False):
    moved = checked_tangents(primals, tangents)
    flat = (WithAux if has_aux else Flat)(f, tree_structure((primals, {})))
    arrays = [asarray(x) for x in tree_leaves(primals)]
    outputs = call_fn(transformed("jvp", flat.fn()), [*arrays, *moved])
    values, derivatives = outputs[:len(outputs) // 2], outputs[len(outputs) // 2:]
    derivatives = [visible(x, t) for x, t in zip(values, derivatives)]
    n = flat.n if has_aux else len(values)
    pair = tree_unflatten(flat.out, values[:n]), tree_unflatten(flat.out, derivatives[:n])
    return (*pair, flat.aux_tree(values[n:])) if has_aux else pair


def evaluated(name, handle, arrays):
    """The results of jaxrs_vjp or jaxrs_linearize: values, and the function that came with them."""
    results, out = new_results(), c_void_p()
    call(name, handle, _scope.current(), *pointers(arrays), results, byref(out))
    return taken(results), FN(out.value)


def vjp(f, *primals, has_aux=False):
    flat = (WithAux if has_aux else Flat)(f, tree_structure((primals, {})))
    arrays = [asarray(x) for x in tree_leaves(primals)]
    values, linear = evaluated("vjp", flat.fn(), arrays)
    structure, n = flat.out, flat.n if has_aux else len(values)

    def back(cotangents):
        given = flatten_up_to(structure, cotangents)
        given = [apply("zeros_like", y) if isinstance(t, _numpy.Float0Array) else asarray(t) for t, y in zip(given, values)]
        found = call_fn(linear, [*given, *(apply("zeros_like", y) for y in values[n:])])
        return tree_unflatten(tree_structure(primals), [visible(x, t) for x, t in zip(arrays, found)])
    out = tree_unflatten(structure, values[:n])
    back = Pullback(back, linear, values)
    return (out, back, flat.aux_tree(values[n:])) if has_aux else (out, back)


def fwd_and_bwd(f, argnums, has_aux=False):
    """A function that gives the value and what the other one needs for cotangents of the arguments."""
    if has_aux:
        raise Missing("fwd_and_bwd with has_aux")
    chosen = [argnums] if isinstance(argnums, int) else list(argnums)

    def fwd(*args):
        def of_some(*some):
            given = dict(zip(chosen, some))
            return f(*[given.get(k, x) for k, x in enumerate(args)])
        return vjp(of_some, *[args[k] for k in chosen])
    return fwd, lambda residuals, cotangents: residuals(cotangents)


def linearize(f, *primals):
    flat = Flat(f, tree_structure((primals, {})))
    values, push = evaluated("linearize", flat.fn(), [asarray(x) for x in tree_leaves(primals)])
    structure = flat.out

    def forward(*tangents):
        return tree_unflatten(structure, call_fn(push, [asarray(t) for t in tree_leaves(tangents)]))
    return tree_unflatten(structure, values), forward
