"""Functions of Python as functions of the library, and trees of arguments around flat calls."""
from ctypes import byref, c_void_p

from . import _scope
from ._array import borrowed, is_array, new_results, pointers, taken
from ._convert import asarray
from ._library import DROP, FN, KEPT, LIBRARY, TRACE_FN, Refused, call, create, text, to_error
from .tree_util import tree_flatten, tree_unflatten


class Borrowed:
    """A handle of the library's for the time of a callback."""

    def __init__(self, pointer):
        self._as_parameter_ = pointer


@TRACE_FN
def trampoline(number, scope, args, n, results):
    """Runs a function of Python in the scope that the library gives."""
    try:
        with _scope.entered(Borrowed(scope)):
            outputs = KEPT.objects[number](*[borrowed(args[k]) for k in range(n)])
            push(results, outputs)
    except BaseException as exception:  # nothing may unwind into the library
        return to_error(exception)


def push(results, outputs):
    for output in outputs:
        call("results_push", Borrowed(results), asarray(output))


def fn(flat, name="f"):
    """The function of the library that calls `flat`, from arrays to a list of arrays."""
    return create(FN, "fn_new", _scope.ENGINE, *text(name), trampoline, KEPT.keep(flat), DROP, None)


def call_fn(handle, arrays):
    results = new_results()
    call("fn_call", handle, _scope.current(), *pointers(arrays), results)
    return taken(results)


def transformed(name, handle, *options):
    return create(FN, name, handle, *options)


class Pullback:
    """The function that vjp gives."""

    def __init__(self, back, linear, values):
        self.back, self.linear, self.values = back, linear, values

    def __call__(self, cotangents):
        return self.back(cotangents)

    def kept(self):
        """The types of what it keeps: what its program takes from around it."""
        from ._jaxpr import read_program
        return [v.aval for v in read_program(self.linear, self.values).constvars]


class Flat:
    """A function of flat arrays around one of trees; after a call it knows the structure of the results."""

    def __init__(self, f, structure):
        self.f, self.structure, self.out = f, structure, None

    def __call__(self, *leaves):
        args, kwargs = tree_unflatten(self.structure, leaves)
        outputs, self.out = tree_flatten(self.f(*args, **kwargs))
        # In JAX a pullback is a tree of what it keeps; here it is a function, which a program cannot give.
        self.kept = [t for x in outputs if isinstance(x, Pullback) for t in x.kept()]
        return [asarray(x) for x in outputs if not isinstance(x, Pullback)]

    def fn(self):
        return fn(self, getattr(self.f, "__name__", "f"))

    def call(self, handle, leaves):
        """Calls a transform of this function, whose results have its structure."""
        results = call_fn(handle, leaves)
        return tree_unflatten(self.out, results)


class WithAux(Flat):
    """A function that gives a value and what is passed on; of the latter, what is no array stays in Python."""

    def __call__(self, *leaves):
        args, kwargs = tree_unflatten(self.structure, leaves)
        pair = self.f(*args, **kwargs)
        if not isinstance(pair, tuple) or len(pair) != 2:
            raise Refused("TypeError: a function with has_aux gives a pair")
        value, self.out = tree_flatten(pair[0])
        self.aux, self.aux_structure = tree_flatten(pair[1])
        self.n = len(value)
        return [*value, *(leaf for leaf in self.aux if is_array(leaf))]

    def aux_tree(self, arrays):
        arrays = iter(arrays)
        return tree_unflatten(self.aux_structure, [next(arrays) if is_array(leaf) else leaf for leaf in self.aux])


def static_split(args, argnums):
    """The arguments without those that are static, and a function that puts them back."""
    argnums = {k % len(args) for k in ([argnums] if isinstance(argnums, int) else argnums or ()) if -len(args) <= k < len(args)}
    dynamic = [x for k, x in enumerate(args) if k not in argnums]

    def whole(parts):
        parts = iter(parts)
        return [x if k in argnums else next(parts) for k, x in enumerate(args)]
    return dynamic, whole
