"""Operators and methods of arrays."""
from ctypes import byref, c_double

from . import _convert, _dtypes
from ._array import ArrayImpl, Tracer, apply
from ._index import At, get
from ._library import Missing, Refused, call

BINARY = {"add": "add", "sub": "sub", "mul": "mul", "truediv": "true_divide", "floordiv": "floor_divide", "mod": "mod",
          "matmul": "matmul", "and": "and", "or": "or", "xor": "xor", "lshift": "shift_left"}
COMPARISONS = {"eq": "eq", "ne": "ne", "lt": "lt", "le": "le", "gt": "gt", "ge": "ge"}
REDUCTIONS = ["sum", "prod", "max", "min", "mean", "all", "any", "argmax", "cumsum"]


def binary(name):
    def left(x, y):
        if not isinstance(y, (ArrayImpl, _convert._numpy.ndarray, *_convert.NUMBERS)):
            return NotImplemented
        return apply(name, x, y)

    def right(x, y):
        return apply(name, y, x)
    return left, right


def power(x, y):
    from . import numpy
    return numpy.power(x, y)


def truth(x):
    """`if x`: what has no value refuses."""
    call("array_item_f64", x, byref(c_double()))
    return bool(_convert.item(x))


def whole(x):
    """`range(x)`, `zeros(x)`: what has no value refuses."""
    if x.dtype.kind not in "iu":
        raise Refused(f"TypeError: {x!r} is no integer")
    call("array_item_f64", x, byref(c_double()))
    return int(_convert.item(x))


def method(name):
    def run(x, *args, **kwargs):
        from . import numpy
        return getattr(numpy, name)(x, *args, **kwargs)
    return run


def set_item(x, key, value):
    raise Refused("TypeError: arrays are immutable; use x.at[key].set(value)")


def reshape(x, *shape):
    shape = shape[0] if len(shape) == 1 and not isinstance(shape[0], int) else shape
    return apply("reshape", x, shape=shape)


def view(x, dtype):
    """The bits as another type; the last axis gets longer or shorter."""
    dtype, size = _dtypes.dtype_of(dtype), x.dtype.itemsize
    if dtype.itemsize == size:
        return apply("bitcast_convert_type", x, new_dtype=dtype)
    if dtype.itemsize > size:
        raise Missing("view as a wider type")
    bits = apply("bitcast_convert_type", x, new_dtype=dtype)
    return reshape(bits, (*x.shape[:-1], -1))


def is_deleted(x):
    """Whether the memory was given away: asking for it says so."""
    from ._library import LibraryError
    try:
        _convert.values(x)
    except LibraryError as error:
        if "donated" in error.message:
            return True
        raise
    return False


def equip(cls):
    for operator, name in BINARY.items():
        left, right = binary(name)
        setattr(cls, f"__{operator}__", left)
        setattr(cls, f"__r{operator}__", right)
    for operator, name in COMPARISONS.items():
        setattr(cls, f"__{operator}__", binary(name)[0])
    for name in REDUCTIONS:
        setattr(cls, name, method(name))
    cls.__neg__ = lambda x: apply("neg", x)
    cls.__invert__ = lambda x: apply("not", x)
    cls.__abs__ = lambda x: apply("abs", x)
    cls.__pow__, cls.__rpow__ = power, lambda x, y: power(y, x)
    cls.__getitem__, cls.__setitem__ = get, set_item
    cls.__bool__, cls.__index__, cls.__int__ = truth, whole, lambda x: int(_convert.item(x))
    cls.__float__ = lambda x: float(_convert.item(x))
    cls.at = property(At)
    cls.T = property(lambda x: apply("transpose", x))
    cls.reshape, cls.view, cls.is_deleted = reshape, view, is_deleted
    cls.ravel = lambda x: apply("ravel", x)
    cls.item = lambda x: _convert.item(x)
    cls.astype = lambda x, dtype: apply("convert_element_type", x, new_dtype=dtype)
    cls.block_until_ready = lambda x: x


equip(ArrayImpl)
