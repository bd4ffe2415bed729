"""`jax.lax`."""
from . import _dtypes
from ._array import apply
from ._control import associative_scan, cond, fori_loop, map, run as _run, scalar_function as _scalar_function, scan
from ._control import switch, while_loop
from ._convert import asarray
from ._equations import custom_root
from ._array import pointers as _pointers
from ._library import Missing as _Missing, ints as _ints
from ._table import finder as _finder
from .tree_util import tree_map as _tree_map

_find = _finder("jax.lax", {"igamma": "gammainc", "igammac": "gammaincc", "sort": "sort_by_keys"})


def __getattr__(name):
    return _find(name)


class RoundingMethod:
    AWAY_FROM_ZERO, TO_NEAREST_EVEN = "away_from_zero", "to_even"


class GatherDimensionNumbers:
    def __init__(self, offset_dims, collapsed_slice_dims, start_index_map):
        self.offset_dims, self.collapsed_slice_dims, self.start_index_map = offset_dims, collapsed_slice_dims, start_index_map


def gather(x, indices, dimension_numbers, slice_sizes, mode=None):
    return apply("gather", x, indices, offset_dims=dimension_numbers.offset_dims,
                 collapsed_slice_dims=dimension_numbers.collapsed_slice_dims,
                 start_index_map=dimension_numbers.start_index_map, slice_sizes=slice_sizes, mode=mode or "promise_in_bounds")


def round(x, rounding_method=RoundingMethod.AWAY_FROM_ZERO):
    return apply("round", x, method=rounding_method)


def sort(operand, dimension=-1, num_keys=1):
    operands = operand if isinstance(operand, tuple) else (operand,)
    results = apply("sort_by_keys", *operands, dimension=dimension, num_keys=num_keys)
    return results if isinstance(operand, tuple) else results[0]


def top_k(x, k):
    return list(apply("top_k", x, k=k))


def dynamic_slice(x, starts, slice_sizes):
    return apply("dynamic_slice", x, *starts, slice_sizes=slice_sizes)


def dynamic_update_slice(x, update, starts):
    return apply("dynamic_update_slice", x, update, *starts)


def pad(x, value, padding_config):
    low, high, interior = zip(*padding_config)
    return apply("pad", x, value, low=low, high=high, interior=interior)


def dot(x, y, preferred_element_type=None):
    return apply("dot_general", x, y, lhs_contracting=[x.ndim - 1], rhs_contracting=[0],
                 preferred_element_type=preferred_element_type)


def conv_general_dilated(x, kernel, window_strides, padding):
    return apply("conv_general_dilated", x, kernel, window_strides=window_strides, padding=padding)


def reduce_window(operand, init_value, computation, window_dimensions, window_strides, padding):
    if padding != "VALID":
        raise _Missing("reduce_window with padding")
    n = len(window_dimensions)
    return _run("reduce_window", _scalar_function(computation), *_pointers([operand])[:1],
                _pointers([asarray(init_value, operand.dtype)])[0], 1, _ints(window_dimensions)[0], _ints(window_strides)[0],
                None, None, None, n)[0]


def over_leaves(name):
    def apply_to(tree, axis_name, *args, **kwargs):
        return _tree_map(lambda x: apply(name, x, axis_name=axis_name, **dict(zip(args[1::2], args[::2])), **kwargs), tree)
    return apply_to


psum, pmean, pmax, pmin, all_gather, psum_scatter = [
    over_leaves(name) for name in ["psum", "pmean", "pmax", "pmin", "all_gather", "psum_scatter"]]


def all_to_all(x, axis_name, split_axis, concat_axis, tiled=False):
    return apply("all_to_all", x, axis_name=axis_name, split_axis=split_axis, concat_axis=concat_axis, tiled=tiled)


def ppermute(x, axis_name, perm):
    sources, destinations = zip(*perm)
    return apply("ppermute", x, axis_name=axis_name, sources=sources, destinations=destinations)


def stop_gradient(x):
    return _tree_map(lambda leaf: apply("stop_gradient", leaf), x)


def reduction(name):
    def reduce(x, axes):
        return apply(name, x, axes=axes)
    return reduce


reduce_max, reduce_min, reduce_sum, reduce_prod = [
    reduction(name) for name in ["lax_reduce_max", "lax_reduce_min", "reduce_sum", "reduce_prod"]]
