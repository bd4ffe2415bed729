"""`jax.export`: programs as portable artifacts of StableHLO, and back."""
import ctypes

from . import _scope
from ._convert import asarray
from ._function import Flat, call_fn
from ._jaxpr import Program, program_of
from ._library import BYTES, FN, LIBRARY, PROGRAM, Missing, create
from .tree_util import tree_leaves, tree_structure


class Exported:
    """A program, by arrays in order: the trees of arguments and results are not part of it."""

    def __init__(self, program):
        self.program = program
        self.in_avals, self.out_avals = tuple(program.inputs()), tuple(program.outputs())

    def serialize(self, vjp_order=0):
        """The bytes of the artifact. Derivatives are those of its operations, so that none are stored beside it."""
        handle = create(BYTES, "program_export", self.program.handle)
        return ctypes.string_at(LIBRARY.jaxrs_bytes_data(handle), LIBRARY.jaxrs_bytes_len(handle))

    def call(self, *args):
        handle = create(FN, "fn_from_program", self.program.handle)
        outputs = call_fn(handle, [asarray(x) for x in tree_leaves(args)])
        return outputs[0] if len(outputs) == 1 else tuple(outputs)


def export(f, platforms=None):
    if platforms is not None:
        raise Missing("platforms of jax.export.export")

    def of(*specs):
        return Exported(program_of(Flat(f, tree_structure((specs, {}))), tree_leaves(specs)))
    return of


def deserialize(data):
    return Exported(Program(create(PROGRAM, "program_load", _scope.ENGINE, data, len(data))))


def __getattr__(name):
    if name.startswith("__"):
        raise AttributeError(name)
    raise Missing(f"jax.export.{name}")
