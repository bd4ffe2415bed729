"""Programs: traced by the library, read from their text."""
import math
from ctypes import byref

from . import _dtypes, _scope
from ._convert import asarray
from ._library import BYTES, LIBRARY, PROGRAM, call, create, ints, read_bytes
from ._options import Aval
from ._reader import Var, read
from .tree_util import tree_leaves, tree_structure, tree_unflatten

TEXT_JAXPR = 1


class ShapeDtypeStruct:
    """A type of an array."""

    def __init__(self, shape, dtype, weak_type=False):
        self.shape, self.dtype, self.weak_type = tuple(shape), _dtypes.dtype_of(dtype), weak_type

    @property
    def size(self):
        return math.prod(self.shape)

    @property
    def aval(self):
        return self

    def str_short(self):
        return f"{self.dtype}[{','.join(map(str, self.shape))}]"

    def __str__(self):
        return "~" * self.weak_type + self.str_short()


def of(x):
    """The type of an argument."""
    if isinstance(x, ShapeDtypeStruct):
        return x
    x = asarray(x)
    return ShapeDtypeStruct(x.shape, x.dtype, x.weak_type)


def to_c(types):
    shapes = [ints(t.shape) for t in types]
    avals = [Aval(t.dtype.number, t.weak_type, n, sizes) for t, (sizes, n) in zip(types, shapes)]
    return (Aval * len(avals))(*avals), len(avals)


def from_c(aval):
    return ShapeDtypeStruct([aval.shape[k] for k in range(aval.ndim)], _dtypes.BY_NUMBER[aval.dtype], bool(aval.weak_type))


class Program:
    """A program of the library."""

    def __init__(self, handle):
        self.handle = handle

    def _types(self, which):
        types = []
        for k in range(getattr(LIBRARY, f"jaxrs_program_n_{which}s")(self.handle)):
            aval = Aval()
            call(f"program_{which}", self.handle, k, byref(aval))
            types.append(from_c(aval))
        return types

    def inputs(self):
        return self._types("input")

    def outputs(self):
        return self._types("output")

    def text(self):
        return read_bytes(create(BYTES, "program_text", self.handle, TEXT_JAXPR))


def program_of(flat, leaves):
    """The program of a flat function for arguments, or types of them."""
    return Program(create(PROGRAM, "fn_trace", flat.fn(), _scope.current(), *to_c([of(x) for x in leaves])))


def read_program(handle, arguments):
    """The program of a function of the library, read back."""
    types = [of(x) for x in arguments]
    return read(Program(create(PROGRAM, "fn_trace", handle, _scope.current(), *to_c(types))).text())


def eval_shape(f, *args, **kwargs):
    from ._function import Flat
    flat = Flat(f, tree_structure((args, kwargs)))
    program = program_of(flat, tree_leaves((args, kwargs)))
    return tree_unflatten(flat.out, program.outputs())


class ClosedJaxpr:
    """What make_jaxpr gives: the program as it is printed, read back; results that are pullbacks are what they keep."""

    def __init__(self, program, kept):
        self.jaxpr = read(program.text())
        self.in_avals, self.out_avals = program.inputs(), program.outputs()
        for variable, aval in zip(self.jaxpr.outvars, self.out_avals):
            variable.aval = aval
        self.jaxpr.outvars += [Var("_", aval) for aval in kept]
        self.consts = self.jaxpr.constvars

    @property
    def effects(self):
        return self.jaxpr.effects()


def make_jaxpr(f):
    from ._function import Flat

    def run(*args, **kwargs):
        flat = Flat(f, tree_structure((args, kwargs)))
        program = program_of(flat, tree_leaves((args, kwargs)))
        return ClosedJaxpr(program, flat.kept)
    return run
