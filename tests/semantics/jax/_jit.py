"""jit, with the cache of functions that Python keeps, and compiling ahead of time."""
import inspect
import weakref
from ctypes import byref, c_uint32

from . import _convert, _scope
from ._array import new_results, pointers, taken
from ._convert import asarray
from ._function import Flat, call_fn, transformed
from ._jaxpr import ShapeDtypeStruct, program_of
from ._library import EXEC, Refused, call, create, ints
from ._options import Cost, JitOptions, Memory
from ._references import Ref
from .tree_util import tree_leaves, tree_structure, tree_unflatten

INLINE, KEEP_UNUSED = 1, 2
CACHES = weakref.WeakKeyDictionary()  # function -> options -> call -> compiled function


def listed(x):
    return () if x is None else (x,) if isinstance(x, (int, str)) else tuple(x)


class Options:
    """What jit is told; arguments by name and by number are the same where the function has names for them."""

    def __init__(self, f, static_argnums=None, static_argnames=None, donate_argnums=None, donate_argnames=None, inline=False,
                 keep_unused=False):
        self.static, self.donated = set(listed(static_argnums)), set(listed(donate_argnums))
        self.static_names, self.donated_names = set(listed(static_argnames)), set(listed(donate_argnames))
        self.flags = INLINE * inline | KEEP_UNUSED * keep_unused
        try:
            names = list(inspect.signature(f).parameters)
        except (TypeError, ValueError):
            names = []
        for numbers, words in ((self.static, self.static_names), (self.donated, self.donated_names)):
            numbers |= {names.index(word) for word in words if word in names}
            words |= {names[k] for k in numbers if k < len(names)}

    def key(self):
        return frozenset(self.static), frozenset(self.static_names), frozenset(self.donated), self.flags


class Call:
    """One call, taken apart: static arguments, arrays, and which of those are given away."""

    def __init__(self, options, args, kwargs):
        # The library's functions capture references: to a compiled function they are as static arguments are.
        static = options.static | {k for k, x in enumerate(args) if isinstance(x, Ref)}
        self.args = [None if k in static else x for k, x in enumerate(args)]
        self.kwargs = {k: None if k in options.static_names else x for k, x in kwargs.items()}
        self.static = {k: x for k, x in enumerate(args) if k in static}
        self.static |= {k: x for k, x in kwargs.items() if k in options.static_names}
        self.structure = tree_structure((self.args, self.kwargs))
        self.leaves = [checked(x) for x in tree_leaves((self.args, self.kwargs))]
        given = [k in options.donated for k, x in enumerate(self.args) for _ in tree_leaves(x)]
        given += [k in options.donated_names for k in sorted(self.kwargs) for _ in tree_leaves(self.kwargs[k])]
        self.donated = [k for k, is_given in enumerate(given) if is_given]

    def key(self):
        """What tells calls apart that are not the same function; types of arrays are the library's business."""
        static = tuple(sorted(((str(k), type(x), x) for k, x in self.static.items()), key=lambda entry: entry[0]))
        try:
            hash(static)
        except TypeError as error:
            raise Refused(f"ValueError: a static argument has no hash: {error}") from None
        return self.structure, static

    def bound(self, f):
        """The function of what is not static."""
        def run(*args, **kwargs):
            args = [self.static.get(k, x) for k, x in enumerate(args)]
            return f(*args, **{k: self.static.get(k, x) for k, x in kwargs.items()})
        run.__name__ = getattr(f, "__name__", "f")
        return run


def checked(x):
    if isinstance(x, ShapeDtypeStruct):
        return x
    if isinstance(x, str):
        raise Refused(f"TypeError: {x!r} is no argument that can be traced")
    return asarray(x)


class Jitted:
    """What jit gives."""

    def __init__(self, f, options):
        self.f, self.options = f, options
        self.__name__ = getattr(f, "__name__", "f")

    def compiled(self, call):
        cache = CACHES.setdefault(self.f, {}).setdefault(self.options.key(), {})
        key = call.key()
        if key not in cache:
            flat = Flat(call.bound(self.f), call.structure)
            indices, n = ints(call.donated, c_uint32)
            options = JitOptions(flags=self.options.flags, donate=indices, n_donate=n)
            cache[key] = flat, transformed("jit", flat.fn(), byref(options))
        return cache[key]

    def __call__(self, *args, **kwargs):
        call = Call(self.options, args, kwargs)
        flat, handle = self.compiled(call)
        results = call_fn(handle, call.leaves)
        return tree_unflatten(flat.out, results)

    def lower(self, *args, **kwargs):
        call = Call(self.options, args, kwargs)
        flat = Flat(call.bound(self.f), call.structure)
        return Lowered(flat, program_of(flat, call.leaves))


def jit(f=None, **options):
    if f is None:
        return lambda f: jit(f, **options)
    return Jitted(f, Options(f, **options))


class Lowered:
    """A traced function, for arguments of given types."""

    def __init__(self, flat, program):
        self.flat, self.program = flat, program

    @property
    def out_info(self):
        return tree_unflatten(self.flat.out, self.program.outputs())

    @property
    def in_avals(self):
        return self.program.inputs(), {}

    def compile(self):
        return Compiled(self)


class Compiled:
    """A compiled function."""

    def __init__(self, lowered):
        self.flat, self.program, self.in_avals = lowered.flat, lowered.program, lowered.in_avals
        self.exec = create(EXEC, "compile", lowered.program.handle, None)

    def __call__(self, *args, **kwargs):
        leaves = [asarray(x) for x in tree_leaves((list(args), kwargs))]
        results = new_results()
        call("exec_call", self.exec, *pointers(leaves), results)
        return tree_unflatten(self.flat.out, taken(results))

    def cost_analysis(self):
        cost = Cost()
        call("exec_cost", self.exec, byref(cost))
        return {"flops": cost.flops, "transcendentals": cost.transcendentals, "bytes accessed": cost.bytes_accessed}

    def memory_analysis(self):
        memory = Memory()
        call("exec_memory", self.exec, byref(memory))
        return memory
