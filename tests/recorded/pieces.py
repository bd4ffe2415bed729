"""Arrays cut, joined and repeated, and identities with remarks."""
import jax
import numpy as np
from jax import lax
from jax._src import shard_alike as sharing
from jax._src.lax import lax as internal

from recording import FLOATS, INTS, NAMES, SPECIAL, integers, ordinary


def arrays(shape):
    """One of each element type."""
    yield from (ordinary(-2, 2, shape, dtype) for dtype in FLOATS)
    yield from (integers(shape, dtype) for dtype in INTS)
    yield integers(shape, "int32") > 1
    yield (ordinary(-2, 2, shape, "float32") + 1j * ordinary(-2, 2, shape, "float32", 8)).astype(np.complex64)


def pieces(r):
    for x in arrays((4, 3)):
        for sizes, axis in [((1, 3), 0), ((2, 0, 1), 1), ((4,), 0)]:
            r.case("split", lambda v: lax.split(v, sizes, axis), x, sizes=sizes, axis=axis)
        for axis in [0, 1]:
            r.case("unstack", lambda v: internal.unstack_p.bind(v, axis=axis), x, axis=axis)
        for axis in [0, 1, 2]:
            r.case("stack", lambda *v: internal.stack_p.bind(*v, axis=axis), x, x[::-1], axis=axis)
        for reps in [(2, 3), (1, 2), (0, 1)]:
            r.case("tile", lambda v: internal.tile_p.bind(v, reps=reps), x, reps=reps)
    r.case("unstack", lambda v: internal.unstack_p.bind(v, axis=2), ordinary(-2, 2, (2, 3, 2), "float64"), axis=2)
    r.case("unstack", lambda v: internal.unstack_p.bind(v, axis=1), ordinary(-2, 2, (2, 1, 2), "float64"), axis=1)
    empty, special = np.zeros((0, 2), np.float32), np.array(SPECIAL, np.float32)
    r.case("split", lambda v: lax.split(v, (1, 1), 1), empty, sizes=(1, 1), axis=1)
    r.case("split", lambda v: lax.split(v, (5, 7)), special, derive=False, sizes=(5, 7), axis=0)
    r.case("unstack", lambda v: internal.unstack_p.bind(v, axis=1), empty, axis=1)
    r.case("unstack", lambda v: internal.unstack_p.bind(v, axis=0), special, derive=False, axis=0)
    r.case("stack", lambda *v: internal.stack_p.bind(*v, axis=0), *[np.float32(k) for k in range(3)], axis=0)
    r.case("stack", lambda v: internal.stack_p.bind(v, axis=1), empty, axis=1)
    r.case("tile", lambda v: internal.tile_p.bind(v, reps=()), np.float32(2), reps=())
    r.case("tile", lambda v: internal.tile_p.bind(v, reps=(2, 2)), empty, reps=(2, 2))
    for dtype in [*FLOATS, *INTS, "bool", "complex64"]:
        for shape in [(2, 3), (), (0, 2)]:
            r.case("empty", lambda: lax.empty(shape, dtype), dtype=NAMES[dtype], shape=shape)


def remarks(r):
    for x in [*arrays((2, 3)), *arrays((4,)), np.zeros((0, 2), np.float32), np.float32(1.5), np.int32(-3), np.ones((1, 1), np.float64)]:
        for op, fn in {"tie": internal.tie_p.bind, "shard_alike": lambda *v: tuple(sharing.shard_alike_p.bind(*v))}.items():
            r.case(op, fn, x, x, derive=op != "tie" or not np.iscomplexobj(x))
        r.case("device_put", jax.device_put, x, devices="any")
        here = jax.sharding.SingleDeviceSharding(jax.devices()[0])
        r.case("sharding_constraint", lambda v: lax.with_sharding_constraint(v, here), x, sharding="any")
        mesh = jax.make_mesh((1,), ("i",), axis_types=(jax.sharding.AxisType.Explicit,))
        whole = jax.sharding.NamedSharding(mesh, jax.sharding.PartitionSpec())
        r.case("reshard", lambda v: jax.sharding.reshard(v, whole), x, dst_sharding="any")


def remark_operations(r):
    here = jax.sharding.SingleDeviceSharding(jax.devices()[0])
    for x in [*arrays((2, 3)), np.zeros((0, 2), np.float32), np.float32(1.5)]:
        r.case("device_put", jax.device_put, x)
        r.case("with_sharding_constraint", lambda v: lax.with_sharding_constraint(v, here), x, sharding="any")
        r.case("optimization_barrier", lambda *v: lax.optimization_barrier(v), x, x)


GROUPS = [pieces, remarks, remark_operations]
