"""`jax.numpy`."""
import math as _math

from .. import _dtypes, _scope
from .._array import ArrayImpl as ndarray, apply as _apply, is_array as _is_array
from .._convert import array, asarray
from .._library import Missing as _Missing, Refused as _Refused
from .._table import finder as _finder

nan, inf, pi, e = _math.nan, _math.inf, _math.pi, _math.e
newaxis = None

_NAMES = {
    "absolute": "abs", "add": "add", "subtract": "sub", "multiply": "mul", "divide": "true_divide", "true_divide": "true_divide",
    "remainder": "mod", "fmod": "rem", "maximum": "max", "minimum": "min", "arctan2": "atan2", "arcsin": "asin",
    "arccos": "acos", "arctan": "atan", "arcsinh": "asinh", "arccosh": "acosh", "arctanh": "atanh", "negative": "neg",
    "sum": "reduce_sum", "prod": "reduce_prod", "max": "reduce_max", "min": "reduce_min", "amax": "reduce_max",
    "amin": "reduce_min", "equal": "eq", "not_equal": "ne", "less": "lt", "greater": "gt", "bitwise_and": "and",
    "bitwise_or": "or", "bitwise_xor": "xor", "invert": "not", "left_shift": "shift_left",
}
_find = _finder("jax.numpy", _NAMES)
_TYPES = {"bool_": "bool"}


def __getattr__(name):
    if _TYPES.get(name, name) in _dtypes.BY_NAME:
        return _dtypes.BY_NAME[_TYPES.get(name, name)]
    if name in ("linalg", "fft"):
        import importlib
        return importlib.import_module(f"jax.numpy.{name}")
    return _find(name)


def _sizes(shape):
    """A shape, whose sizes have to be known."""
    from .._index import whole
    return [whole(n) for n in shape] if isinstance(shape, (tuple, list)) else [whole(shape)]


def zeros(shape, dtype=None):
    return _apply("zeros", shape=_sizes(shape), dtype=dtype)


def ones(shape, dtype=None):
    return _apply("ones", shape=_sizes(shape), dtype=dtype)


def full(shape, fill_value, dtype=None):
    return _apply("broadcast_to", asarray(fill_value, dtype), shape=_sizes(shape))


def arange(start, stop=None, step=1, dtype=None):
    start, stop = (0, start) if stop is None else (start, stop)
    whole = all(isinstance(x, int) for x in (start, stop, step))
    return _apply("arange", start=start, stop=stop, step=step, dtype=dtype or (int if whole else float))



def power(x, y):
    """A whole number of Python as exponent is part of the program, as in JAX."""
    if type(y) is int:
        return _apply("integer_pow", x, y=y)
    return _apply("pow", x, y)


def stack(arrays, axis=0):
    return _apply("stack", *arrays, axis=axis)


def concatenate(arrays, axis=0):
    return _apply("concatenate", *arrays, axis=axis)


def clip(x, min=None, max=None):
    return _apply("clip", x, min, max)


def pad(x, pad_width, mode="constant", **options):
    pairs = [pad_width] if not isinstance(pad_width, (tuple, list)) or isinstance(pad_width[0], int) else pad_width
    pairs = [(pair, pair) if isinstance(pair, int) else tuple(pair) for pair in pairs]
    low, high = zip(*(pairs * x.ndim if len(pairs) == 1 else pairs))
    return _apply("numpy_pad", x, low=low, high=high, mode=mode, **options)


def histogram(x, bins=10):
    edges = _apply("histogram_bin_edges", x, bins=bins)
    return _apply("histogram", x, edges), edges


def unique(x, return_index=False, return_inverse=False, return_counts=False, **options):
    """One array, or as many as are asked for."""
    found = _apply("unique", x, return_index=return_index, return_inverse=return_inverse, return_counts=return_counts, **options)
    return found if len(found) > 1 else found[0]


def nonzero(x, size=None, **options):
    return _apply("nonzero", x, size=size, **options)


def vander(x, N=None, **options):
    return _apply("vander", x, n=N, **options)


def einsum(subscripts, *operands):
    return _apply("einsum", *operands, subscripts=subscripts)


def where(condition, x=None, y=None):
    return _apply("where", condition, x, y)


def _reduction(name):
    """A reduction, of the elements that a mask picks and from an initial value where they are given."""
    def run(x, axis=None, where=None, initial=None, **options):
        axes = () if axis is None else axis
        if where is None and initial is None:
            return _apply(name, x, axes=axes, **options)
        mask = True if where is None else where
        return _apply(f"{name}_where", x, mask, *([] if initial is None else [initial]), axes=axes, **options)
    return run


sum, prod, max, min = map(_reduction, ["reduce_sum", "reduce_prod", "reduce_max", "reduce_min"])
