"""`x[key]` and `x.at[key]`: keys of Python as the index that the library reads."""
import operator

from ._array import apply, is_array
from ._convert import asarray
from ._library import Missing

KINDS = {"set": "set", "add": "add", "subtract": "subtract", "multiply": "multiply", "mul": "multiply", "divide": "divide",
         "power": "power", "min": "min", "max": "max"}


def whole(k):
    """A number of a slice or a shape: an array is asked for its value, which a tracer does not have."""
    return operator.index(k)


def words(key):
    """A key as text, and the arrays in it."""
    parts, arrays = [], []
    for k in key if isinstance(key, tuple) else (key,):
        if isinstance(k, slice):
            parts.append(":".join("" if n is None else str(whole(n)) for n in (k.start, k.stop, k.step)))
        elif k is None or k is Ellipsis or type(k) is int:
            parts.append("..." if k is Ellipsis else str(k))
        else:
            parts.append("@")
            arrays.append(asarray(k))
    return ", ".join(parts), arrays


def get(x, key, **options):
    """`x[key]`."""
    index, arrays = words(key)
    return apply("getitem", x, *arrays, index=index, **options)


class At:
    """`x.at`."""

    def __init__(self, x):
        self.x = x

    def __getitem__(self, key):
        return AtKey(self.x, key)


class AtKey:
    """`x.at[key]`: reading with options, and all kinds of updates."""

    def __init__(self, x, key):
        self.x, self.key = x, key

    def get(self, **options):
        return get(self.x, self.key, **options)


def without_wrapping(x, key, values, kind):
    """An update along axis 0 that takes negative positions as they are: as out of range."""
    if x.ndim != 1:
        raise Missing("wrap_negative_indices of arrays with several axes")
    indices = apply("expand_dims", asarray(key), axes=[-1])
    return apply("scatter", x, indices, asarray(values, x.dtype), kind=kind, update_window_dims=[], inserted_window_dims=[0],
                 scatter_dims_to_operand_dims=[0])


def updater(kind):
    def update(self, values, wrap_negative_indices=True, **options):
        if not wrap_negative_indices:
            return without_wrapping(self.x, self.key, values, kind)
        index, arrays = words(self.key)
        return apply(f"at_{kind}", self.x, values, *arrays, index=index, **options)
    return update


for method, kind in KINDS.items():
    setattr(AtKey, method, updater(kind))
