"""Programs as JAX prints them, with what they compute: loops, branches, calls, collectives, and what other files have few of.

A row has the primitive that it is about, and as parameters the program and the axis that it maps, if any. Only what JAX prints
in its own way is changed: names of element types, and functions, which programs hold by name.
"""
import json
import re

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jax._src import ad_util, core, xla_metadata
from jax.ad_checkpoint import checkpoint_name
from jax.experimental.layout import Layout, with_layout_constraint

from recording import FLOATS, INTS, NAMES, SPECIAL, array, as_tuple, derivatives, integers, is_float, ordinary

COMPLEX = ["complex64", "complex128"]
DTYPES = ["bool", *INTS, "uint64", *FLOATS, *COMPLEX]
AXIS = "i"


def text(fn, inputs, size=None, plain=lambda printed: printed):
    """The program as text. `plain` goes over what JAX prints first."""
    closed = jax.make_jaxpr(fn, axis_env=[(AXIS, size)] if size else None)(*inputs)
    assert not closed.consts, "arrays are inputs"
    found = plain(closed.pretty_print(use_color=False))
    found = re.sub(r"dtype=(\w+)", lambda m: f"dtype={NAMES.get(m[1], m[1])}", found)
    found = re.sub(r"=\('(\w+)',\)", r"=\1", found)
    while "<" in found:
        found = re.sub(r"<[^<>]*>", "rule", found)
    found = re.sub(r"layout=Layout\(.*\)|xla_metadata_kvs=\(.*\)(?=\])", lambda m: m[0].split("=")[0] + "=any", found)
    found = re.sub(r"\[([\d,]*)\] = broadcast_in_dim\[", lambda m: f"{m[0]}shape=({m[1]}{',' if m[1] else ''}) ", found)
    found = re.sub(r"sharding_constraint\[[^\]]*\]", "sharding_constraint[sharding=any]", found)
    unused = iter(range(100))
    found = re.sub(r"\b_:", lambda m: f"unused{next(unused)}:", found)
    found = re.sub(r"(custom_[jv][vj]p_call|custom_vmap_call)\[", r"\1[num_consts=0 ", found)
    found = re.sub(r"(in|out)_tree=PyTreeDef\(.*\)\n", "", found)
    found = re.sub(r"const_lengths=_LinearSolveTuple\(([^()]*)\)", lambda m: f"const_lengths=({re.sub('[a-z_=]', '', m[1])})", found)
    found = re.sub(r"\}, (vecmat|solve|transpose_solve)=\{", "} {", found).replace("_LinearSolveTuple(matvec={", "({")
    found = found.replace("attributes=()", "attributes=none")
    if size:
        found = re.sub(r"(all_to_all|ppermute)\[", rf"\1[axis_size={size} ", found)
    return found


class Programs:
    def __init__(self, recorder):
        self.out = recorder.out

    def case(self, op, fn, *inputs, derive=True, size=None, transpose=None):
        inputs = [np.asarray(x) for x in inputs]
        program = text(fn, [x[0] for x in inputs] if size else inputs, size)
        if transpose:
            program = re.sub(r"num_callee_consts=0\s+(num_res=1\s+)transpose_thunk=rule",
                             lambda m: f"{m[1]}transpose={text(transpose, inputs)}", program)
        assert re.search(rf"\b{re.escape(op)}\b", program), f"{op} is not in {program}"
        whole = jax.vmap(fn, axis_name=AXIS) if size else fn
        outputs = as_tuple(whole(*inputs))
        params = {"program": program, "axis": AXIS if size else None}
        row = {"op": op, "params": params, "inputs": list(map(array, inputs)), "outputs": list(map(array, outputs))}
        if derive and any(map(is_float, inputs)) and all(map(is_float, outputs)):
            row |= derivatives(whole, inputs, None)
        self.out.write(json.dumps(row, separators=(",", ":")) + "\n")


def values(shape, dtype, seed=7):
    if dtype == "bool":
        return integers(shape, "int32", seed) % 2 == 1
    if dtype.startswith("complex"):
        return (ordinary(-2, 2, shape, "float64", seed) + 1j * ordinary(-2, 2, shape, "float64", seed + 1)).astype(dtype)
    return ordinary(-2, 2, shape, dtype, seed) if dtype.startswith("float") else integers(shape, dtype, seed)


def programs(recorder):
    p = Programs(recorder)
    for part in [comparisons, elementwise, movements, choices, loops, branches, calls, wrappers, solves, collectives, varying]:
        part(p)


def comparisons(p):
    for op in ["eq", "ne", "lt", "le", "gt", "ge"]:
        for dtype in ["bool", *INTS, "uint64", *FLOATS]:
            p.case(op, getattr(lax, op), values((3, 4), dtype), values((3, 4), dtype, 8))
            p.case(op, getattr(lax, op), values((2, 1), dtype), values((2, 1), dtype))
        for dtype in FLOATS:
            left, right = np.meshgrid(np.array(SPECIAL, dtype), np.array(SPECIAL, dtype))
            p.case(op, getattr(lax, op), left, right)
            p.case(op, getattr(lax, op), np.zeros((0, 3), dtype), np.zeros((0, 3), dtype))


def elementwise(p):
    for op in ["floor", "ceil", "round", "is_finite", "erf", "erf_inv", "cbrt"]:
        bound = 0.9 if op == "erf_inv" else 3
        for dtype in FLOATS:
            for shape in [(), (1,), (3, 4), (0, 2), (2, 1, 3), (7,), (1, 1)]:
                p.case(op, getattr(lax, op), ordinary(-bound, bound, shape, dtype), derive=op not in ["floor", "ceil", "round", "is_finite"])
            p.case(op, getattr(lax, op), np.array(SPECIAL, dtype), derive=False)
    shapes = [(), (1,), (5,), (2, 3), (0, 2)]
    for shape in shapes:
        for dtype in COMPLEX:
            for op in ["conj", "real", "imag"]:
                p.case(op, getattr(lax, op), values(shape, dtype))
                p.case(op, getattr(lax, op), values(shape, dtype, 9))
        for dtype in FLOATS:
            p.case("complex", lax.complex, values(shape, dtype), values(shape, dtype, 9))
            p.case("complex", lax.complex, values(shape, dtype, 11), values(shape, dtype, 12))
        for dtype in INTS:
            for op in ["population_count", "clz"]:
                p.case(op, getattr(lax, op), values(shape, dtype))
        for dtype in ["bool", *INTS]:
            p.case("not", lax.bitwise_not, values(shape, dtype))
        for dtype in ["int32", "float32", "complex64", "bool"]:
            p.case("copy", lambda x: lax.optimization_barrier(jnp.copy(x)), values(shape, dtype))
            p.case("optimization_barrier", lambda x: lax.optimization_barrier((x, x)), values(shape, dtype))
            p.case("sharding_constraint", lambda x: lax.with_sharding_constraint(x, HERE), values(shape, dtype))
        for old, new in [("int32", "float32"), ("float32", "uint32"), ("int64", "float64"), ("uint8", "bool"), ("uint32", "uint8")]:
            if new != "bool":
                p.case("bitcast_convert_type", lambda x: lax.bitcast_convert_type(x, new), values(shape, old), derive=False)


HERE = jax.sharding.SingleDeviceSharding(jax.devices("cpu")[0])


def movements(p):
    for dtype in ["bool", "int32", "uint8", "float32", "complex64"]:
        x, row = values((4, 3), dtype), values((5,), dtype)
        p.case("slice", lambda x: lax.slice(x, (1, 0), (4, 2)), x)
        p.case("slice", lambda x: lax.slice(x, (0, 1), (4, 3), (2, 1)), x)
        p.case("slice", lambda x: lax.slice(x, (2,), (2,)), row)
        p.case("slice", lambda x: lax.slice(x, (0,), (5,), (3,)), row)
        p.case("dynamic_slice", lambda x, i, j: lax.dynamic_slice(x, (i, j), (2, 2)), x, np.int32(1), np.int32(1))
        p.case("dynamic_slice", lambda x, i, j: lax.dynamic_slice(x, (i, j), (2, 3)), x, np.int32(-1), np.int32(9))
        p.case("dynamic_slice", lambda x, i: lax.dynamic_slice(x, (i,), (1,)), row, np.int32(3))
        p.case("dynamic_slice", lambda x, i: lax.dynamic_slice(x, (i,), (0,)), row, np.int32(7))
        p.case("dynamic_update_slice", lambda x, y, i, j: lax.dynamic_update_slice(x, y, (i, j)), x, x[:2, :2], np.int32(1), np.int32(0))
        p.case("dynamic_update_slice", lambda x, y, i, j: lax.dynamic_update_slice(x, y, (i, j)), x, x[:1], np.int32(9), np.int32(-9))
        p.case("dynamic_update_slice", lambda x, y, i: lax.dynamic_update_slice(x, y, (i,)), row, row[:2], np.int32(4))
        p.case("dynamic_update_slice", lambda x, y, i: lax.dynamic_update_slice(x, y, (i,)), row, row[:0], np.int32(1))
        p.case("broadcast_in_dim", lambda x: lax.broadcast_in_dim(x, (2, 4, 3), (1, 2)), x)
        p.case("broadcast_in_dim", lambda x: lax.broadcast_in_dim(x, (5, 2), (0,)), row)
        p.case("broadcast_in_dim", lambda x: lax.broadcast_in_dim(x, (3, 2), (0, 1)), x[:1, :2])
        p.case("broadcast_in_dim", lambda x: lax.broadcast_in_dim(x, (0, 5), (1,)), row)
        p.case("concatenate", lambda x, y: lax.concatenate((x, y), 0), x, x[:1])
        p.case("concatenate", lambda x, y, z: lax.concatenate((x, y, z), 1), x, x[:, :0], x[:, :1])
        p.case("concatenate", lambda x: lax.concatenate((x, x), 0), row)
        p.case("concatenate", lambda x, y: lax.concatenate((x, y), 1), x[:0], x[:0])
        zero = values((), dtype)
        p.case("pad", lambda x, z: lax.pad(x, z, [(1, 0, 0), (0, 2, 1)]), x, zero)
        p.case("pad", lambda x, z: lax.pad(x, z, [(-1, 2, 0), (1, -1, 0)]), x, zero)
        p.case("pad", lambda x, z: lax.pad(x, z, [(0, 0, 2)]), row, zero)
        p.case("pad", lambda x, z: lax.pad(x, z, [(2, 1, 0)]), row[:0], zero)
        p.case("reshape", lambda x: lax.reshape(x, (3, 4)), x)
        p.case("reshape", lambda x: lax.reshape(x, (2, 1, 6)), x)
        p.case("reshape", lambda x: lax.reshape(x, (12,)), x)
        p.case("reshape", lambda x: lax.reshape(x, (0, 7)), x[:0])
        for axes in [(0,), (1,), (0, 1), ()]:
            p.case("rev", lambda x: lax.rev_p.bind(x, dimensions=axes), x)
        p.case("squeeze", lambda x: lax.squeeze(x, (0,)), x[:1])
        p.case("squeeze", lambda x: lax.squeeze(x, (0, 1)), x[:1, :1])
        p.case("squeeze", lambda x: lax.squeeze(x, (1,)), x[:, :1])
        p.case("squeeze", lambda x: lax.squeeze(x, (0,)), row[:1])
        p.case("transpose", lambda x: lax.transpose(x, (1, 0)), x)
        p.case("transpose", lambda x: lax.transpose(x, (2, 0, 1)), values((2, 3, 4), dtype))
        p.case("transpose", lambda x: lax.transpose(x, (1, 0, 2)), values((2, 0, 4), dtype))
        p.case("transpose", lambda x: lax.transpose(x, (0, 2, 1)), values((2, 3, 1), dtype))
    for dtype in ["int32", "int64", "uint8", "float32", "float64", "complex64"]:
        for shape, axis in [((4,), 0), ((2, 3), 0), ((2, 3), 1), ((0, 2), 1)]:
            p.case("iota", lambda: lax.broadcasted_iota(dtype, shape, axis))


def choices(p):
    for dtype in ["bool", "int32", "uint8", "float32", "complex64"]:
        x, y = values((3, 4), dtype), values((3, 4), dtype, 9)
        which = values((3, 4), "bool", 3)
        p.case("select_n", lax.select_n, which, x, y)
        p.case("select_n", lax.select_n, np.bool_(True), x, y)
        p.case("select_n", lax.select_n, which[:0], x[:0], y[:0])
        p.case("select_n", lax.select_n, np.int32(2), x, y, x[::-1])
        if dtype in ["int32", "uint8", "float32"]:
            for axis in [0, 1]:
                for index in ["int32", "int64"]:
                    for op in ["argmax", "argmin"]:
                        p.case(op, lambda x: getattr(lax, op)(x, axis, index), x)
            p.case("sort", lambda x: lax.sort(x, dimension=0), x)
            p.case("sort", lambda x: lax.sort(x, dimension=1), x)
            p.case("sort", lambda x, y: lax.sort((x, y), dimension=1, num_keys=1), x, y)
            p.case("sort", lambda x, y: lax.sort((x, y), dimension=0, num_keys=2), x, y)
    for dtype in ["bool", "uint64", *INTS]:
        for axes in [(0,), (1,), (0, 1), ()]:
            p.case("reduce_xor", lambda x: lax.reduce_xor(x, axes), values((3, 4), dtype))


def loops(p):
    for dtype in FLOATS:
        c, xs, w = values((3,), dtype), values((4, 3), dtype), values((3,), dtype, 9)
        scan = lambda f, **options: lambda *xs: f(lambda body, init, xs: lax.scan(body, init, xs, **options), *xs)
        for options in [{}, {"reverse": True}, {"unroll": 2}]:
            p.case("scan", scan(lambda s, c, xs: s(lambda c, x: (c * x, c + x), c, xs), **options), c, xs)
            p.case("scan", scan(lambda s, c, xs: s(lambda c, x: (jnp.sin(c) + x, x), c, xs), **options), c, xs)
            p.case("scan", scan(lambda s, c, xs, w: s(lambda c, x: (jnp.tanh(c * w + x), jnp.sum(c)), c, xs), **options), c, xs, w)
        p.case("scan", lambda c, xs: lax.scan(lambda c, x: (c + x, None), c, xs)[0], c, xs)
        p.case("scan", lambda c, xs: lax.scan(lambda c, x: (c + x, c), c, xs), c, xs[:0])
        p.case("scan", lambda c, xs: lax.scan(lambda c, x: ((c[1], c[0] * x), c[0]), (c, c), xs)[1], c, xs)
        for n in [0, 1, 3]:
            p.case("while", lambda x: lax.while_loop(lambda c: c[0] < n, lambda c: (c[0] + 1, c[1] * x), (0, x))[1], c, derive=False)
            p.case("while", lambda x, n: lax.while_loop(lambda c: c[0] < n, lambda c: (c[0] + 1, jnp.sin(c[1])), (0, x))[1], c, np.int32(n), derive=False)
            p.case("while", lambda x: lax.while_loop(lambda x: jnp.max(x) < n, lambda x: x * 2 + 1, x), c, derive=False)
        p.case("while", lambda x, y: lax.while_loop(lambda c: c[1] > 0, lambda c: (c[0] + c[1], c[1] - 1), (x, y)), c, np.int32(4), derive=False)


def branches(p):
    fs = [lambda x, y: x * y, lambda x, y: jnp.sin(x) + y, lambda x, y: y * y]
    for dtype in FLOATS:
        x, y = values((3,), dtype), values((3,), dtype, 9)
        for k in [-1, 0, 1, 2, 5]:
            p.case("cond", lambda k, x, y: lax.switch(k, fs, x, y), np.int32(k), x, y)
        for flag in [True, False]:
            p.case("cond", lambda b, x, y: lax.cond(b, fs[0], fs[1], x, y), np.bool_(flag), x, y)
            p.case("cond", lambda b, x: lax.cond(b, lambda x: (x, jnp.cos(x)), lambda x: (x * 2, x), x), np.bool_(flag), x)
            p.case("cond", lambda b, x: lax.cond(b, lambda x: lax.fori_loop(0, 3, lambda i, c: c * x, x), jnp.negative, x), np.bool_(flag), x)


def calls(p):
    for dtype in [*FLOATS, *COMPLEX]:
        for shape in [(), (3,), (2, 0)]:
            x, y = values(shape, dtype), values(shape, dtype, 9)
            p.case("jit", lambda x, y: jax.jit(lambda a, b: (a * b, jnp.sin(a)))(x, y), x, y)
            p.case("jit", lambda x: jax.jit(lambda a: jax.jit(lambda b: b * b)(a) + a)(x), x)
            p.case("remat2", lambda x, y: jax.checkpoint(lambda a, b: jnp.sin(a) * b)(x, y), x, y)
            p.case("remat2", lambda x: jax.checkpoint(lambda a: jnp.exp(jnp.sin(a)))(x), x)
            for _ in range(2):
                p.case("custom_jvp_call", with_jvp(), x, derive=False)
                p.case("custom_vjp_call", with_vjp(), x, y, derive=False)


def wrappers(p):
    for dtype in ["int32", *FLOATS, "complex64"]:
        derive = dtype != "int32"
        for shape in [(), (3,), (2, 0), (2, 3), (1, 1)]:
            x = values(shape, dtype)
            square = lax.composite(lambda x: x * x + x, "square")
            p.case("composite", lambda x: square(x) * x, x, derive=False)
            p.case("custom_vmap_call", with_vmap(), x, derive=False)
            p.case("stop_gradient", lax.stop_gradient, x, derive=derive)
            p.case("stop_gradient", lambda x: lax.stop_gradient(x) * x, x, derive=derive)
            p.case("name", lambda x: checkpoint_name(x * x, "kept"), x, derive=derive)
            p.case("xla_metadata_value", lambda x: xla_metadata.set_xla_metadata(x, key="value") + x, x, derive=derive)
            p.case("layout_constraint", lambda x: with_layout_constraint(jnp.add(x, x), Layout(range(len(shape)))), x, derive=False)
            p.case("dce_sink", lambda x: (lax.dce_sink(x * x), x + x)[1], x, derive=False)
            p.case("add_any", lambda x: ad_util.add_jaxvals_p.bind(x, x * x), x, derive=derive)


def with_vmap():
    f = jax.custom_batching.custom_vmap(lambda x: x * x + x)
    f.def_vmap(lambda size, batched, x: (x * x + x, batched[0]))
    return f


def solves(p):
    for dtype in [*FLOATS, *COMPLEX]:
        for shape in [(), (3,), (2, 0), (2, 3)]:
            a, b = values(shape, dtype) + np.asarray(3, dtype), values(shape, dtype, 9)
            for call, back in [(lambda r, x: x * r, lambda r, ct: ct * r), (lambda r, x: x + x, lambda r, ct: ct + ct)]:
                p.case("linear_call", lambda a, b: jax.custom_derivatives.linear_call(call, back, a, b), a, b, derive=False, transpose=back)
            solve = lambda a, b: lax.custom_linear_solve(lambda v: a * v, b, lambda mv, b: b / a, lambda mv, b: b / a)
            p.case("custom_linear_solve", solve, a, b)
            p.case("custom_linear_solve", lambda a, b: solve(a, solve(a * a, b)) + b, a, b)


def with_jvp():
    f = jax.custom_jvp(lambda x: jnp.sin(x) * x)
    f.defjvp(lambda x, t: (f(*x), t[0]))
    return f


def with_vjp():
    f = jax.custom_vjp(lambda x, y: jnp.sin(x) * y)
    f.defvjp(lambda x, y: (f(x, y), x), lambda x, ct: (ct, ct * x))
    return f


def collectives(p):
    size = 4
    table = {
        "psum": (lambda x: lax.psum(x, AXIS), (3,)), "pmax": (lambda x: lax.pmax(x, AXIS), (3,)), "pmin": (lambda x: lax.pmin(x, AXIS), (3,)),
        "ppermute": (lambda x: lax.ppermute(x, AXIS, [(0, 1), (1, 3), (3, 2), (2, 0)]), (3,)), "all_gather": (lambda x: lax.all_gather(x, AXIS), (3,)),
        "all_to_all": (lambda x: lax.all_to_all(x, AXIS, 0, 0), (4, 3)), "reduce_scatter": (lambda x: lax.psum_scatter(x, AXIS), (4, 3)),
        "axis_index": (lambda x: x * lax.axis_index(AXIS).astype(x.dtype), (3,)),
    }
    for op, (fn, shape) in table.items():
        derive = op not in ["pmax", "pmin"]
        for dtype in ["int32", "uint8", *FLOATS]:
            for more in [(), (2,), (0,)]:
                p.case(op, fn, values((size, *shape, *more), dtype), size=size, derive=derive)
            p.case(op, lambda x: fn(fn(x)) if op not in ["all_gather", "reduce_scatter"] else fn(x * x), values((size, *shape), dtype, 5), size=size, derive=derive)
            p.case(op, lambda x: fn(x + x), values((size, *shape, 2), dtype, 6), size=size, derive=derive)


def varying(p):
    """Values that are said to vary along an axis: of one device, for `vmap` knows of no such thing in JAX."""
    mesh = jax.make_mesh((1,), (AXIS,), axis_types=(jax.sharding.AxisType.Explicit,))
    spec = jax.sharding.PartitionSpec
    for fn in [lambda x: core.pvary(x, (AXIS,)), lambda x: core.pvary(x + x, (AXIS,))]:
        sharded = jax.jit(jax.shard_map(fn, mesh=mesh, in_specs=spec(), out_specs=spec(AXIS)))
        for dtype in ["bool", "int32", *FLOATS, "complex64"]:
            for shape in [(3,), (2, 3), (0,), (1, 1)]:
                x = values(shape, dtype)
                inner = jax.make_jaxpr(sharded)(x).eqns[0].params["jaxpr"].eqns[0].params["jaxpr"]
                program = re.sub(r"=\('(\w+)',\)", r"=\1", re.sub(r"\{V:\w+\}", "", str(inner)))
                row = {"op": "pvary", "params": {"program": program, "axis": AXIS}, "inputs": [array(x[None])], "outputs": [array(np.asarray(sharded(x))[None])]}
                p.out.write(json.dumps(row, separators=(",", ":")) + "\n")


GROUPS = [programs]
