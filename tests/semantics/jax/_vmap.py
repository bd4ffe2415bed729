"""vmap, pmap and shard_map."""
from ctypes import byref

from ._convert import asarray
from ._function import Flat, call_fn, transformed
from ._library import Missing, Refused, ints, text
from ._options import AXIS_NONE, ShardMapOptions, VmapOptions
from .tree_util import broadcast_prefix, tree_leaves, tree_structure, tree_unflatten


def axis_numbers(axes):
    return ints([AXIS_NONE if axis is None else axis for axis in axes])


def axis_leaves(axes):
    return tree_leaves(axes, lambda x: x is None)


def mapped(name, f, in_axes, out_axes, axis_name=None, axis_size=None, spmd_axis_name=None):
    def run(*args, **kwargs):
        flat = Flat(f, tree_structure((args, kwargs)))
        prefix = (tuple(in_axes) if isinstance(in_axes, (list, tuple)) else in_axes, 0)
        axes = broadcast_prefix(prefix, (args, kwargs))
        leaves = [asarray(x) for x in tree_leaves((args, kwargs))]
        ins, outs = axis_numbers(axes), axis_numbers(axis_leaves(out_axes))
        names = [*text(axis_name or ""), *text(spmd_axis_name or "")]
        options = VmapOptions(
            in_axes=ins[0], n_in_axes=ins[1], out_axes=outs[0], n_out_axes=outs[1], axis_size=axis_size or -1,
            axis_name=names[0], axis_name_len=names[1], spmd_axis_name=names[2], spmd_axis_name_len=names[3])
        results = call_fn(transformed(name, flat.fn(), byref(options)), leaves)
        return tree_unflatten(flat.out, results)
    return run


def vmap(f, in_axes=0, out_axes=0, axis_name=None, axis_size=None, spmd_axis_name=None, sum_match=False):
    if sum_match:
        raise Missing("sum_match")
    return mapped("vmap", f, in_axes, out_axes, axis_name, axis_size, spmd_axis_name)


def pmap(f, axis_name=None, in_axes=0, out_axes=0):
    return mapped("pmap", f, in_axes, out_axes, axis_name)


class P(tuple):
    """PartitionSpec: for each axis of an array the axes of the mesh that cut it."""

    def __new__(cls, *parts):
        return super().__new__(cls, parts)

    def as_text(self):
        return ",".join("*" if p is None else p if isinstance(p, str) else "+".join(p) for p in self)


class AxisType:
    Auto, Explicit, Manual = "auto", "explicit", "manual"


class Mesh:
    """Axes of the devices, with their sizes."""

    def __init__(self, shape, names, axis_types=None):
        self.axes = dict(zip(names, shape))

    def as_text(self):
        return ",".join(f"{name}={size}" for name, size in self.axes.items())


def specs_text(specs, n):
    specs = [specs] * n if isinstance(specs, P) else specs
    return ";".join(spec.as_text() for spec in specs)


def shard_map(f, *, mesh, in_specs, out_specs):
    def run(*args):
        flat = Flat(f, tree_structure((args, {})))
        leaves = [asarray(x) for x in tree_leaves(args)]
        # One spec stands for all results, as in the library.
        texts = [mesh.as_text(), specs_text(in_specs, len(leaves)), specs_text(out_specs, 1)]
        (m, mn), (i, n), (o, on) = map(text, texts)
        options = ShardMapOptions(mesh=m, mesh_len=mn, in_specs=i, in_specs_len=n, out_specs=o, out_specs_len=on)
        return flat.call(transformed("shard_map", flat.fn(), byref(options)), leaves)
    return run
