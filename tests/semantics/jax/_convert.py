"""Numbers, lists and buffers of Python to arrays, and back."""
import ctypes
from ctypes import byref, c_double

from . import _dtypes, _numpy, _scope
from ._array import ArrayImpl, Tracer, apply, is_array, wrap
from ._library import Missing, Refused, call, create, ints

NUMBERS = (bool, int, float, complex)


def from_bytes(data, dtype, shape):
    return create(wrap, "array_from_host", _scope.current(), data, len(data), dtype.number, *ints(shape), None, None)


def full(value, dtype, shape=()):
    """An array that repeats a number of Python; without an element type it is weak."""
    number = dtype.number if dtype else 0
    if isinstance(value, bool):
        array = from_bytes(bytes([value]), _dtypes.BY_NAME["bool"], ())
        return apply("convert_element_type", array, new_dtype=dtype) if dtype and dtype.name != "bool" else array
    if isinstance(value, int) and (not dtype or dtype.kind in "iub"):
        return create(wrap, "array_full_i64", _scope.current(), value, number, *ints(shape))
    if isinstance(value, complex):
        return create(wrap, "array_full_c128", _scope.current(), value.real, value.imag, number, *ints(shape))
    return create(wrap, "array_full_f64", _scope.current(), float(value), number, *ints(shape))


def shape_of(nested):
    """The shape of nested lists."""
    if not isinstance(nested, (list, tuple)):
        return ()
    return (len(nested), *(shape_of(nested[0]) if nested else ()))


def flattened(nested):
    return [leaf for part in nested for leaf in flattened(part)] if isinstance(nested, (list, tuple)) else [nested]


def packed(values, shape, dtype):
    """An array of numbers, by way of the widest type of their kind."""
    kinds = [c for c in (complex, float, int) if any(type(v) is c for v in values)]
    kind = kinds[0] if kinds else (bool if values else float)
    wide = {complex: "complex128", float: "float64", bool: "bool",
            int: "uint64" if any(v >= 2**63 for v in values if kind is int) else "int64"}[kind]
    dtype = dtype or {complex: "complex64", float: "float32", bool: "bool", int: "int32"}[kind]
    if _scope.CONFIG.x64 and isinstance(dtype, str):
        dtype = wide
    with _scope.outside():
        array = from_bytes(_dtypes.BY_NAME[wide].pack(values), _dtypes.BY_NAME[wide], shape)
        return apply("convert_element_type", array, new_dtype=dtype)


def array(value, dtype=None, ndmin=0, copy=True):
    """`jnp.array`."""
    dtype = _dtypes.dtype_of(dtype)
    dtype = dtype and dtype.canonical()
    value = _numpy.plain(value) if isinstance(value, (_numpy.ndarray, _numpy.generic)) else value
    if isinstance(value, tuple) and len(value) == 2 and isinstance(value[1], _dtypes.DType):
        return packed(flattened(value[0]), shape_of(value[0]), dtype or value[1].canonical())
    if hasattr(value, "__jax_array__"):
        value = value.__jax_array__()
    if is_array(value):
        return apply("convert_element_type", value, new_dtype=dtype) if dtype else value
    if type(value) in NUMBERS:
        return full(value, dtype)
    if not isinstance(value, (list, tuple)):
        if callable(value) and not isinstance(value, type):
            raise Missing(f"{value} as an array")
        raise Refused(f"TypeError: {type(value).__name__} is no array")
    leaves = flattened(value)
    if any(not isinstance(leaf, NUMBERS) for leaf in leaves):
        stacked = apply("stack", *[array(part, dtype) for part in value])
        return stacked
    return packed(leaves, shape_of(value), dtype)


def asarray(value, dtype=None):
    return value if dtype is None and is_array(value) else array(value, dtype)


def values(a):
    """The elements as a flat list of numbers of Python."""
    dtype = a.dtype
    if dtype.layout is None:
        with _scope.outside():
            return values(apply("convert_element_type", a, new_dtype="float32"))
    buffer = ctypes.create_string_buffer(a.size * dtype.itemsize or 1)
    call("array_to_host", a, buffer, a.size * dtype.itemsize, None)
    return dtype.unpack(buffer.raw[:a.size * dtype.itemsize])


def tolist(a):
    """The elements as nested lists."""
    return nested(values(a), a.shape)


def nested(flat, shape):
    if not shape:
        return flat[0]
    step = len(flat) // shape[0] if shape[0] else 0
    return [nested(flat[k * step:(k + 1) * step], shape[1:]) for k in range(shape[0])]


def item(a):
    """The only element."""
    out = c_double()
    call("array_item_f64", a, byref(out))
    return values(a)[0]
