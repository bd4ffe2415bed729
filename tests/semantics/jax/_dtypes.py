"""Element types: numbers of the library, names of JAX, and how they lie in memory."""
import struct

from . import _scope
from ._library import Refused

# name of JAX, number of the library, kind, bytes, format of struct or None
TABLE = [
    ("bool", 1, "b", 1, "?"), ("int8", 2, "i", 1, "b"), ("int16", 3, "i", 2, "h"), ("int32", 4, "i", 4, "i"),
    ("int64", 5, "i", 8, "q"), ("uint8", 6, "u", 1, "B"), ("uint16", 7, "u", 2, "H"), ("uint32", 8, "u", 4, "I"),
    ("uint64", 9, "u", 8, "Q"), ("float16", 10, "f", 2, "e"), ("bfloat16", 11, "f", 2, None), ("float32", 12, "f", 4, "f"),
    ("float64", 13, "f", 8, "d"), ("complex64", 14, "c", 8, "ff"), ("complex128", 15, "c", 16, "dd"), ("int2", 16, "i", 1, "b"),
    ("int4", 17, "i", 1, "b"), ("uint2", 18, "u", 1, "B"), ("uint4", 19, "u", 1, "B"), ("float8_e4m3fn", 26, "f", 1, None),
    ("float8_e5m2", 28, "f", 1, None), ("key<fry>", 31, "k", 8, "II"), ("key<rbg>", 32, "k", 16, "IIII"),
    ("key<urbg>", 33, "k", 16, "IIII"), ("key<fry4>", 34, "k", 16, "IIII"), ("key<phx2>", 35, "k", 4, "I"),
    ("key<phx4>", 36, "k", 8, "II"),
]
NARROWED = {"int64": "int32", "uint64": "uint32", "float64": "float32", "complex128": "complex64"}
SHORT = {"bool": "bool", "bf16": "bfloat16", "f16": "float16", "f32": "float32", "f64": "float64", "c64": "complex64",
         "c128": "complex128", "f8_e4m3fn": "float8_e4m3fn", "f8_e5m2": "float8_e5m2"}


class DType:
    """An element type; called, it makes an array of it, as NumPy's scalar types do."""

    def __init__(self, name, number, kind, size, layout):
        self.name, self.number, self.kind, self.itemsize, self.layout = name, number, kind, size, layout

    def __repr__(self):
        return self.name

    def __call__(self, value=0):
        from ._convert import array
        return array(value, self)

    def canonical(self):
        """The type that stands for this one: without `jax_enable_x64` nothing is 64 bits wide."""
        return self if _scope.CONFIG.x64 else BY_NAME[NARROWED.get(self.name, self.name)]

    def unpack(self, data):
        """The elements in memory as numbers of Python; types that Python lacks come by way of the library."""
        parts = [struct.unpack_from("<" + self.layout, data, at) for at in range(0, len(data), self.itemsize)]
        if self.kind == "c":
            return [complex(*part) for part in parts]
        if self.name in ("int2", "int4"):  # the upper bits are 0
            half = 2 ** (int(self.name[3:]) - 1)
            return [(part[0] ^ half) - half for part in parts]
        return [list(part) if self.kind == "k" else part[0] for part in parts]

    def pack(self, values):
        parts = ((v.real, v.imag) for v in map(complex, values)) if self.kind == "c" else ((v,) for v in values)
        return b"".join(struct.pack("<" + self.layout, *part) for part in parts)


BY_NAME = {row[0]: DType(*row) for row in TABLE}
BY_NUMBER = {dtype.number: dtype for dtype in BY_NAME.values()}


class Float0:
    """The type of tangents of what has none."""
    name, kind = "float0", "0"

    def __repr__(self):
        return self.name


float0 = Float0()


def dtype_of(name):
    """An element type by name, by itself, or by a class of Python."""
    if name is None or isinstance(name, DType):
        return name
    named = {bool: "bool", int: "int64", float: "float64", complex: "complex128"}.get(name, getattr(name, "name", name))
    if named not in BY_NAME:
        raise Refused(f"TypeError: {name!r} is no element type")
    return BY_NAME[named]


def from_short(name):
    """An element type by its name in printed programs."""
    if name in SHORT:
        return BY_NAME[SHORT[name]]
    long = {"i": "int", "u": "uint"}.get(name[0], "") + name[1:]
    return BY_NAME.get(long) or BY_NAME.get(name)
