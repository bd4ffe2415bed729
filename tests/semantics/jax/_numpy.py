"""The little of NumPy that programs use on the host: arrays of numbers with an element type. Its sines are the user's own code."""
import math

from . import _dtypes


class ndarray:
    """Numbers in row-major order."""

    def __init__(self, flat, shape, dtype):
        self.flat, self.shape, self.dtype = list(flat), tuple(shape), dtype

    def astype(self, dtype):
        return ndarray(self.flat, self.shape, _dtypes.dtype_of(dtype))

    def __float__(self):
        return float(self.flat[0])

    def __int__(self):
        return int(self.flat[0])


class generic(ndarray):
    """One number; `class float32(generic)` and the like follow."""
    name = None

    def __init__(self, value=0):
        super().__init__([value], (), _dtypes.BY_NAME[self.name])


def scalar_type(name):
    return type(name, (generic,), {"name": name})


float16, float32, float64, int32, int64, uint8, complex64, complex128 = map(
    scalar_type, ["float16", "float32", "float64", "int32", "int64", "uint8", "complex64", "complex128"])


def plain(a):
    """What `jnp.array` makes an array of."""
    from ._convert import nested
    return (nested(a.flat, a.shape) if 0 not in a.shape else [], a.dtype)


def as_numpy(x):
    """An array in host memory; a tracer has none."""
    from ._array import is_array
    from ._convert import values
    if is_array(x):
        return ndarray(values(x), x.shape, x.dtype)
    return x if isinstance(x, ndarray) else ndarray([x], (), _dtypes.BY_NAME["float64"])


def shape(x):
    return as_numpy(x).shape


def sin(x):
    x = as_numpy(x)
    return ndarray(map(math.sin, x.flat), x.shape, x.dtype)


def filled(value):
    def make(shape, dtype="float64"):
        if isinstance(dtype, _dtypes.Float0):
            return Float0Array(shape)
        shape = (shape,) if isinstance(shape, int) else tuple(shape)
        return ndarray([value] * math.prod(shape), shape, _dtypes.dtype_of(getattr(dtype, "name", dtype)))
    return make


zeros, ones = filled(0), filled(1)


def arange(n):
    return ndarray(range(n), (n,), _dtypes.BY_NAME["int64"])


class Float0Array:
    """A tangent of what has none."""
    dtype = _dtypes.float0

    def __init__(self, shape):
        self.shape = (shape,) if isinstance(shape, int) else tuple(shape)
