"""Callbacks of programs, and checks."""
import ctypes
from ctypes import POINTER, c_size_t, c_uint32, c_void_p

from . import _dtypes, _numpy, _scope
from ._array import new_results, pointers, taken
from ._convert import asarray
from ._function import Flat, call_fn
from ._jaxpr import to_c
from ._library import BYTES, DROP, FN, HOST, KEPT, Missing, call, create, read_bytes, text, to_error
from ._options import HostBuffer
from .tree_util import tree_leaves, tree_structure, tree_unflatten

HOST_FN = ctypes.CFUNCTYPE(c_void_p, c_void_p, POINTER(HostBuffer), c_size_t, POINTER(HostBuffer), c_size_t)
VMAP_METHODS = {None: 0, "sequential": 1, "sequential_unrolled": 2, "expand_dims": 3, "broadcast_all": 4, "legacy_vectorized": 5}


def read(buffer):
    dtype = _dtypes.BY_NUMBER[buffer.dtype]
    data = ctypes.string_at(buffer.data, buffer.nbytes)
    return _numpy.ndarray(dtype.unpack(data), [buffer.shape[k] for k in range(buffer.ndim)], dtype)


def write(buffer, value):
    data = _dtypes.BY_NUMBER[buffer.dtype].pack(_numpy.as_numpy(value).flat)
    ctypes.memmove(buffer.data, data, buffer.nbytes)


@HOST_FN
def trampoline(number, args, n_args, results, n_results):
    try:
        outputs = KEPT.objects[number](*[read(args[k]) for k in range(n_args)])
        for k, output in enumerate(tree_leaves(outputs) if n_results else []):
            write(results[k], output)
    except BaseException as exception:  # nothing may unwind into the library
        return to_error(exception)


def host(f, structure):
    def run(*leaves):
        return f(*tree_unflatten(structure, leaves))
    return create(HOST, "host_new", _scope.ENGINE, *text("callback"), trampoline, KEPT.keep(run), DROP)


def called(name, f, args, result, *options):
    results = new_results()
    types = to_c(tree_leaves(result)) if result is not None or name != "debug_callback" else ()
    handle = host(f, tree_structure(args))
    call(name, _scope.current(), handle, *pointers(map(asarray, tree_leaves(args))), *types, *options, results)
    return tree_unflatten(tree_structure(result), taken(results))


def pure_callback(f, result_shape_dtypes, *args, vmap_method=None):
    return called("pure_callback", f, args, result_shape_dtypes, VMAP_METHODS[vmap_method])


def io_callback(f, result_shape_dtypes, *args, ordered=False):
    return called("io_callback", f, args, result_shape_dtypes, int(ordered))


def debug_callback(f, *args, ordered=False):
    handle = host(f, tree_structure(args))
    call("debug_callback", _scope.current(), handle, *pointers(map(asarray, tree_leaves(args))), int(ordered))


USER, NAN, INDEX, DIV = 1, 2, 4, 8
user_checks, nan_checks, index_checks, div_checks = frozenset([USER]), frozenset([NAN]), frozenset([INDEX]), frozenset([DIV])
float_checks = nan_checks | div_checks


def check(pred, message, **values):
    names = " ".join(values)
    call("check", _scope.current(), asarray(pred), *text(message), *text(names), *pointers(map(asarray, values.values())), 0)


class Error:
    """An error as data."""

    def __init__(self, code, values):
        self.code, self.values = code, values

    def get(self):
        return read_bytes(create(BYTES, "check_message", _scope.ENGINE, self.code, self.values))


def checkify(f, errors=user_checks):
    def run(*args, **kwargs):
        flat = Flat(f, tree_structure((args, kwargs)))
        handle = create(FN, "checkify", flat.fn(), sum(errors))
        *results, code, values = call_fn(handle, [asarray(x) for x in tree_leaves((args, kwargs))])
        return Error(code, values), tree_unflatten(flat.out, results)
    return run
