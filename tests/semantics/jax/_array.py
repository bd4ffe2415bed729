"""Arrays: handles of the library with the methods and operators of `jax.Array`, each of which is an operation of it."""
import ctypes
from ctypes import byref, c_void_p

from . import _dtypes, _scope
from ._library import ATTRS, LIBRARY, OPERATIONS, RESULTS, LibraryError, Missing, Refused, call, create, function, ints, text
from ._options import AXIS_NONE


class ArrayImpl:
    """An array with a value."""

    def __init__(self, pointer):
        self.pointer = pointer

    def __del__(self):
        LIBRARY.jaxrs_array_release(self.pointer)

    @property
    def _as_parameter_(self):
        return self.pointer

    __hash__ = None

    @property
    def dtype(self):
        return _dtypes.BY_NUMBER[LIBRARY.jaxrs_array_dtype(self)]

    @property
    def ndim(self):
        return LIBRARY.jaxrs_array_ndim(self)

    @property
    def shape(self):
        sizes = LIBRARY.jaxrs_array_shape(self)
        return tuple((ctypes.c_int64 * self.ndim).from_address(sizes)) if self.ndim else ()

    @property
    def size(self):
        return LIBRARY.jaxrs_array_size(self)

    @property
    def weak_type(self):
        return bool(LIBRARY.jaxrs_array_is_weak(self))

    def __len__(self):
        return self.shape[0]

    def __repr__(self):
        return f"{type(self).__name__}({self.dtype}{list(self.shape)})"

    def __iter__(self):
        return iter([self[k] for k in range(len(self))])


class Tracer(ArrayImpl):
    """An array whose value is not known."""


def wrap(pointer):
    """An array of a reference that is now its own."""
    return (Tracer if LIBRARY.jaxrs_array_is_tracer(pointer) else ArrayImpl)(pointer)


def borrowed(pointer):
    """An array of a reference of someone else."""
    return wrap(LIBRARY.jaxrs_array_retain(pointer))


def pointers(arrays):
    """Handles as an array of C, which keeps them, and their number."""
    arrays = list(arrays)
    pointed = (c_void_p * len(arrays))(*[a.pointer for a in arrays])
    pointed.kept = arrays
    return pointed, len(arrays)


def new_results():
    return create(RESULTS, "results_new")


def taken(results):
    """The arrays of a list."""
    return [wrap(function("jaxrs_results_get")(results, k)) for k in range(LIBRARY.jaxrs_results_len(results))]


def _set_attribute(attrs, kind, name, value):
    key = text(name)
    if kind == "i64s":
        call("attrs_i64s", attrs, *key, *ints([value] if isinstance(value, int) else value))
    elif kind == "f64":
        call("attrs_f64", attrs, *key, float(value))
    elif kind == "str":
        call("attrs_str", attrs, *key, *text(value))
    elif kind == "dtype":
        call("attrs_i64", attrs, *key, _dtypes.dtype_of(value).canonical().number)
    else:
        call("attrs_i64", attrs, *key, AXIS_NONE if value is None else int(value))


def apply(name, *operands, **attributes):
    """Runs an operation of the library; attributes that are None have their defaults."""
    from ._convert import asarray
    description = OPERATIONS.get(name)
    if not description:
        raise Missing(f"the operation {name}")
    kinds = {a["name"]: a["kind" if "kind" in a else "type"] for a in description["attributes"]}
    arrays, attrs = [asarray(x) for x in operands], create(ATTRS, "attrs_new")
    for key, value in attributes.items():
        if key not in kinds and value is None:
            continue
        if key not in kinds:
            raise Missing(f"the option {key} of {name}")
        if value is not None or kinds[key] == "axis":
            _set_attribute(attrs, kinds[key], key, value)
    results = new_results()
    call("apply", _scope.current(), *text(name), *pointers(arrays), attrs, results)
    outputs = taken(results)
    return outputs[0] if description["results"] == "one" else tuple(outputs)


def operation(name, *defaults):
    """The function of Python that an operation of the table is: operands, then attributes by position or name."""
    description = OPERATIONS.get(name)
    if not description:
        raise Missing(f"the operation {name}")
    variadic = [o["name"] for o in description["operands"] if o["variadic"]]
    names = [o["name"] for o in description["operands"]]
    attribute_names = [a["name"] for a in description["attributes"]]

    def run(*args, **kwargs):
        if variadic:
            fixed = len(names) - 1
            args = [*args[:fixed], *args[fixed], *args[fixed + 1:]] if fixed < len(args) else args
            n = len(args) - 0
            return apply(name, *args[:n], **kwargs)
        operands = list(args[:len(names)]) + [kwargs.pop(o) for o in names[len(args):]]
        kwargs.update(zip(attribute_names, args[len(names):]))
        if "axis" in kwargs and "axes" in attribute_names:
            kwargs["axes"] = kwargs.pop("axis")
        return apply(name, *operands, **kwargs)
    run.__name__ = name
    return run


def is_array(x):
    return isinstance(x, ArrayImpl)
