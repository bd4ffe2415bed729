"""Records what JAX computes for primitives and random functions: record.py [FOLDER [GROUP ...]] (here and all by default).

One JSON object a line: the operation (JAX's name for the primitive), its parameters, operands, and results; where it has
derivatives, also tangents with the results' tangents (`jvp`), and cotangents with the operands' (`vjp`). Numbers are the
shortest decimals that give the same value back; NaN and infinities are strings; complex numbers are pairs. Needs JAX 0.10 (the CPU suffices).
"""
import pathlib
import sys

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

import callbacks
import complex_numbers
import differential_equations
import fourier
import images
import masked
import matrices
import minima
import models
import numpy_functions
import original_threefry
import pieces
import programs
import random_numbers
import samples
import scipy_linalg
import signals
import sliding
import sparse
import spatial
import special
import table
from recording import FLOATS, INTS, NAMES, SPECIAL, Recorder, integers, ordinary


def elementwise(r):
    anywhere = ["sin", "cos", "tan", "sinh", "cosh", "tanh", "asinh", "atan", "exp", "exp2", "expm1", "logistic", "erf", "cbrt",
                "neg", "abs", "sign", "floor", "ceil", "square", "is_finite"]
    inside = {"log": (0.1, 4), "log1p": (-0.5, 4), "sqrt": (0.1, 4), "rsqrt": (0.1, 4), "asin": (-0.9, 0.9),
              "acos": (-0.9, 0.9), "atanh": (-0.9, 0.9), "acosh": (1.2, 4), "erf_inv": (-0.9, 0.9)}
    for op, (low, high) in {**{op: (-2, 2) for op in anywhere}, **inside}.items():
        fn = getattr(lax, op)
        for dtype in FLOATS:
            r.case(op, fn, ordinary(low, high, (2, 3), dtype))
            r.case(op, fn, np.array(SPECIAL, dtype), derive=False)
        r.case(op, fn, np.zeros((0, 3), np.float32))
        r.case(op, fn, np.float32(0.75 if op != "acosh" else 1.75))
    for op in ["neg", "abs", "sign"]:
        for dtype in ["int32", "int64"]:
            r.case(op, getattr(lax, op), np.array([0, -1, 5, np.iinfo(dtype).min, np.iinfo(dtype).max], dtype))
    for method in lax.RoundingMethod:
        for dtype in FLOATS:
            ties = np.array([-2.5, -1.5, -0.5, 0.5, 1.5, 2.5, 0.3, -0.0, np.inf, np.nan], dtype)
            r.case("round", lambda x: lax.round(x, method), ties, derive=False, rounding_method=int(method))
    for dtype in ["bool", *INTS]:
        r.case("not", lax.bitwise_not, integers(4, dtype).astype(dtype))
    for y in [-2, -1, 0, 1, 2, 3, 5]:
        r.case("integer_pow", lambda x: lax.integer_pow(x, y), ordinary(0.5, 2, 4, "float32"), y=y)
        r.case("integer_pow", lambda x: lax.integer_pow(x, y), np.array(SPECIAL, np.float32), derive=False, y=y)
    for widths in [(5, 10), (8, 7), (4, 3), (2, 0), (1, 5), (11, 52)]:
        params = dict(zip(("exponent_bits", "mantissa_bits"), widths))
        for dtype in ["float16", "bfloat16", *FLOATS]:
            hard = np.array([*SPECIAL, 1.25, 1.375, 1.0625, -1.1875, 65504, 65520, -3e38, 6e-5, 6e-8, 1e-40], "float64")
            r.case("reduce_precision", lambda x: lax.reduce_precision(x, **params), hard.astype(jnp.dtype(dtype)), derive=False, **params)
        r.case("reduce_precision", lambda x: lax.reduce_precision(x, **params), ordinary(-4, 4, (2, 3), "float32"), **params)
    r.case("reduce_precision", lambda x: lax.reduce_precision(x, 5, 10), np.zeros((0, 3), np.float32), exponent_bits=5, mantissa_bits=10)
    for dtype in ["int32", "uint32", "uint8", "int64"]:
        r.case("population_count", lax.population_count, np.array([0, 1, 7, 100], dtype))
        r.case("clz", lax.clz, np.array([0, 1, 7, 100], dtype))


def binary(r):
    for op in ["add", "sub", "mul", "div", "rem", "max", "min", "pow", "atan2", "nextafter"]:
        fn = getattr(lax, op)
        for dtype in FLOATS:
            derive = op != "nextafter"
            r.case(op, fn, ordinary(0.5, 3, (2, 3), dtype), ordinary(0.6, 2, (2, 3), dtype, 8), derive=derive)
            left, right = (np.array(x, dtype) for x in zip(*[(a, b) for a in SPECIAL[:10] for b in SPECIAL[:10]]))
            if op not in ("pow", "nextafter"):
                r.case(op, fn, left, right, derive=False)
        r.case(op, fn, np.zeros((0,), np.float32), np.zeros((0,), np.float32), derive=derive)
    for op in ["max", "min"]:
        r.case(op, getattr(lax, op), np.array([1, 2, 2], np.float32), np.array([2, 2, 1], np.float32))
    special_pow = [(0, 0), (0, -1), (-0.0, 3), (-2, 3), (-2, 0.5), (np.inf, -1), (1, np.nan), (np.nan, 0), (2, np.inf), (0.5, np.inf)]
    r.case("pow", lax.pow, *(np.array(x, np.float32) for x in zip(*special_pow)), derive=False)
    for op in ["add", "sub", "mul", "div", "rem", "max", "min"]:
        for dtype in INTS:
            left, right = integers(8, dtype), integers(8, dtype, 9)
            left[0], right[0], right[1] = np.iinfo(dtype).min, (1 if dtype.startswith("u") else -1), 0
            r.case(op, getattr(lax, op), left, right)
    for op, fn in [("and", lax.bitwise_and), ("or", lax.bitwise_or), ("xor", lax.bitwise_xor)]:
        for dtype in ["bool", *INTS]:
            r.case(op, fn, (integers(6, dtype) % 2).astype(dtype), (integers(6, dtype, 9) % 2).astype(dtype))
    for op in ["shift_left", "shift_right_arithmetic", "shift_right_logical"]:
        for dtype in INTS:
            bits = 8 * np.dtype(dtype).itemsize
            r.case(op, getattr(lax, op), integers(6, dtype), np.array([0, 1, 3, bits - 1, bits, bits + 5], dtype))
    for dtype in ["int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"]:
        low, high = np.iinfo(dtype).min, np.iinfo(dtype).max
        hard = np.array([0, 1, 2, low, high, low + 1, high - 1, high // 3, high // 2 + 1], dtype)
        r.case("mulhi", lax.mulhi, *(x.reshape(-1) for x in np.meshgrid(hard, hard)))
        r.case("mulhi", lax.mulhi, integers((2, 3), dtype), np.array(high, dtype))
        random = np.random.default_rng(3).integers(low, high, (2, 20), dtype)
        r.case("mulhi", lax.mulhi, *random)
    r.case("mulhi", lax.mulhi, np.zeros((0, 2), np.int32), np.zeros((0, 2), np.int32))
    for op in ["eq_to", "le_to", "lt_to"]:
        fn = getattr(jax._src.lax.lax, f"{op}_p").bind
        for dtype in ["float16", "bfloat16", *FLOATS]:
            hard = np.array([*SPECIAL, 1e-40, -1e-40, 65504]).astype(jnp.dtype(dtype))
            r.case(op, fn, *(jnp.asarray(x.reshape(-1)) for x in np.meshgrid(hard, hard)), derive=False)
        for dtype in ["bool", "int8", "int16", "uint16", "uint64", *INTS]:
            hard = [0, 1, 1, 0, 1] if dtype == "bool" else [0, 1, np.iinfo(dtype).min, np.iinfo(dtype).max, 7]
            r.case(op, fn, *(jnp.asarray(x.reshape(-1)) for x in np.meshgrid(np.array(hard, dtype), np.array(hard, dtype))))
        for shape in [(0,), (0, 3), (1,), (1, 1), (2, 3)]:
            r.case(op, fn, jnp.asarray(ordinary(-2, 2, shape, "float32")), jnp.asarray(ordinary(-2, 2, shape, "float32", 8)), derive=False)
        r.case(op, fn, jnp.float32(-0.0), jnp.float32(0), derive=False)
        r.case(op, fn, jnp.float32(0), jnp.float32(-0.0), derive=False)
    for op in ["eq", "ne", "lt", "le", "gt", "ge"]:
        left, right = (np.array(x, np.float32) for x in zip(*[(a, b) for a in SPECIAL[:10] for b in SPECIAL[:10]]))
        r.case(op, getattr(lax, op), left, right)
        for dtype in ["bool", *INTS]:
            r.case(op, getattr(lax, op), integers(6, dtype).astype(dtype), integers(6, dtype, 9).astype(dtype))


def choosing(r):
    x, y = ordinary(-2, 2, (2, 3), "float32"), ordinary(-2, 2, (2, 3), "float32", 8)
    r.case("select_n", lax.select_n, np.array([[True, False, True], [False, True, False]]), x, y)
    r.case("select_n", lax.select_n, np.array(True), x, y)
    r.case("select_n", lax.select_n, np.array([0, 2, 1], np.int32), x[0], y[0], x[1])
    r.case("clamp", lax.clamp, np.float32(-1), x, np.float32(1), derive=False)
    r.case("clamp", lax.clamp, x - 1, y, x + 1)
    r.case("clamp", lax.clamp, np.float32(-1), np.array(SPECIAL, np.float32), np.float32(1), derive=False)
    r.case("clamp", lax.clamp, np.int32(-1), integers(5, "int32"), np.int32(3))
    special = np.array([0.0, -0.0, 1.9, -1.9, 300.7, -300.7, 5e9, -5e9, np.inf, -np.inf, np.nan])
    for old in ["bool", *INTS, *FLOATS]:
        for new in ["bool", *INTS, *FLOATS]:
            values = special if old in FLOATS else integers(5, old)
            if old in FLOATS and new == "uint8":
                values = values[:4]  # what lies outside depends on the vector width in XLA
            r.case("convert_element_type", lambda x: lax.convert_element_type(x, new), values.astype(old), derive=False,
                   new_dtype=NAMES[new], weak_type=False)
    r.case("convert_element_type", lambda x: lax.convert_element_type(x, "float64"), x, new_dtype="f64", weak_type=False)
    r.case("bitcast_convert_type", lambda x: lax.bitcast_convert_type(x, np.int32), np.array(SPECIAL[:9], np.float32),
           new_dtype="i32")
    r.case("bitcast_convert_type", lambda x: lax.bitcast_convert_type(x, np.float64), np.array([0, 1 << 62, -1]), new_dtype="f64",
           derive=False)


def reductions(r):
    tied = np.array([[3, 1, 3], [2, 2, 0]], np.float32)
    for axes in [(0,), (1,), (0, 1), ()]:
        for op in ["sum", "max", "min", "prod"]:
            fn = lambda x: getattr(lax, f"reduce_{op}")(x, axes)
            for dtype in FLOATS:
                r.case(f"reduce_{op}", fn, ordinary(-2, 2, (2, 3), dtype), axes=axes)
            r.case(f"reduce_{op}", fn, tied, axes=axes)
            for dtype in INTS:
                r.case(f"reduce_{op}", fn, integers((2, 3), dtype), axes=axes)
            r.case(f"reduce_{op}", fn, np.array([[np.nan, 1, np.inf], [0, -np.inf, -0.0]], np.float32), derive=False, axes=axes)
            r.case(f"reduce_{op}", fn, np.zeros((0, 3), np.float32), axes=axes)
        for op in ["and", "or"]:
            fn = lambda x: getattr(lax, f"reduce_{op}")(x, axes)
            r.case(f"reduce_{op}", fn, tied > 1, axes=axes)
            r.case(f"reduce_{op}", fn, np.zeros((0, 2), bool), axes=axes)
            for dtype in INTS:
                r.case(f"reduce_{op}", fn, integers((2, 3), dtype), axes=axes)
    for op in ["argmax", "argmin"]:
        for axis in [0, 1]:
            fn = lambda x: getattr(lax, op)(x, axis, np.int32)
            for x in [tied, np.array([[np.nan, 1, 2], [1, np.nan, np.nan]], np.float32), integers((2, 3), "int32"), tied > 1]:
                r.case(op, fn, x, axes=(axis,), index_dtype="i32")
    for op in ["cumsum", "cumprod", "cummax", "cummin"]:
        for axis, reverse in [(0, False), (1, False), (1, True)]:
            fn = lambda x: getattr(lax, op)(x, axis, reverse)
            r.case(op, fn, ordinary(-2, 2, (2, 4), "float32"), axis=axis, reverse=reverse)
            r.case(op, fn, integers((2, 4), "int32"), axis=axis, reverse=reverse)
            r.case(op, fn, np.zeros((2, 0) if axis else (0, 2), np.float32), axis=axis, reverse=reverse)


def structural(r):
    x, scalar = ordinary(-2, 2, (2, 3), "float32"), np.float32(1.5)
    for value, shape, dims in [(scalar, (2, 3), ()), (x, (2, 4, 3), (0, 2)), (x[:, :1], (2, 5), (0, 1)), (scalar, (0,), ())]:
        r.case("broadcast_in_dim", lambda v: lax.broadcast_in_dim(v, shape, dims), value, shape=shape, broadcast_dimensions=dims)
    for shape in [(6,), (3, 2), (1, 6, 1)]:
        r.case("reshape", lambda v: lax.reshape(v, shape), x, new_sizes=shape)
    r.case("reshape", lambda v: lax.reshape(v, (0, 5)), np.zeros((3, 0), np.float32), new_sizes=(0, 5))
    r.case("squeeze", lambda v: lax.squeeze(v, (0, 2)), x.reshape(1, 2, 1, 3), dimensions=(0, 2))
    for permutation in [(1, 0, 2), (2, 0, 1), (0, 1, 2)]:
        r.case("transpose", lambda v: lax.transpose(v, permutation), ordinary(-2, 2, (2, 3, 2), "float32"), permutation=permutation)
    for dims in [(0,), (0, 1), ()]:
        r.case("rev", lambda v: lax.rev(v, dims), x, dimensions=dims)
    for dtype in ["int32", "float32", "uint8"]:
        r.case("iota", lambda: lax.broadcasted_iota(dtype, (2, 3), 1), dtype=NAMES[dtype], shape=(2, 3), dimension=1)
    for start, limit, strides in [((0, 1), (2, 3), (1, 1)), ((0, 0), (2, 3), (2, 2)), ((1, 1), (1, 3), (1, 1))]:
        r.case("slice", lambda v: lax.slice(v, start, limit, strides), x, start_indices=start, limit_indices=limit, strides=strides)
    for start in [(0, 1), (-1, 9), (1, -2)]:
        index = [np.int32(i) for i in start]
        r.case("dynamic_slice", lambda v, *i: lax.dynamic_slice(v, i, (1, 2), allow_negative_indices=False), x, *index, slice_sizes=(1, 2))
        r.case("dynamic_update_slice", lambda v, u, *i: lax.dynamic_update_slice(v, u, i, allow_negative_indices=False), x, x[:1, :2] * 10, *index)
    for config in [((1, 2, 0), (0, 0, 1)), ((-1, 0, 0), (0, -1, 0)), ((1, -1, 2), (-1, 1, 1)), ((0, 0, 0), (2, 0, 3))]:
        r.case("pad", lambda v, p: lax.pad(v, p, config), x, scalar, padding_config=config)
    r.case("concatenate", lambda *v: lax.concatenate(v, 1), x, x[:, :1], np.zeros((2, 0), np.float32), dimension=1)
    r.case("concatenate", lambda *v: lax.concatenate(v, 0), x, -x, dimension=0)
    for axis in [0, 1]:
        for y in [ordinary(-2, 2, (3, 3), "float32"), np.array([[np.nan, 0.0, -0.0], [1, -np.inf, np.inf], [1, 2, 1]], np.float32)]:
            r.case("sort", lambda v: lax.sort(v, dimension=axis), y, derive=False, dimension=axis, is_stable=True, num_keys=1)
    keys, values = np.array([3, 1, 3, 2, 1], np.int32), ordinary(-2, 2, 5, "float32")
    r.case("sort", lambda k, v: lax.sort((k, v), num_keys=1), keys, values, dimension=0, is_stable=True, num_keys=1)
    r.case("sort", lambda k, v: lax.sort((k, v), num_keys=2), keys, values, derive=False, dimension=0, is_stable=True, num_keys=2)
    r.case("sort", lambda v: lax.sort(v), values, dimension=0, is_stable=True, num_keys=1)


def contractions(r):
    for (left, right), dims in [
        (((2, 3), (3, 4)), (((1,), (0,)), ((), ()))),
        (((2, 3), (4, 3)), (((1,), (1,)), ((), ()))),
        (((3,), (3,)), (((0,), (0,)), ((), ()))),
        (((2,), (3,)), (((), ()), ((), ()))),
        (((2, 2, 3), (2, 3, 2)), (((2,), (1,)), ((0,), (0,)))),
        (((2, 3, 2), (3, 2, 2)), (((0, 1), (1, 0)), ((), ()))),
        (((3, 2, 2), (2, 4, 3)), (((1,), (0,)), ((0,), (2,)))),
        (((2, 0), (0, 3)), (((1,), (0,)), ((), ()))),
        (((0, 2), (2, 3)), (((1,), (0,)), ((), ()))),
    ]:
        for dtype in [*FLOATS, "int32"]:
            make = (lambda s, k: integers(s, dtype, k)) if dtype == "int32" else (lambda s, k: ordinary(-2, 2, s, dtype, k))
            r.case("dot_general", lambda a, b: lax.dot_general(a, b, dims), make(left, 7), make(right, 8), dimension_numbers=dims)


def indexing(r):
    for dtype in [*FLOATS, "int32"]:
        make = (lambda s, k=7: integers(s, dtype, k)) if dtype == "int32" else (lambda s, k=7: ordinary(-2, 2, s, dtype, k))
        windows(r, make)


def windows(r, make):
    x = make((4, 3))
    modes = {"clip": "clip", "fill_or_drop": "fill", "promise_in_bounds": "promise_in_bounds"}
    gathers = [
        (np.array([[0], [2], [3]]), (1,), (0,), (0,), (), (), (1, 3)),
        (np.array([[[0], [9]], [[-3], [1]]]), (2,), (0,), (0,), (), (), (1, 3)),
        (np.array([[1, 2], [3, 0]]), (), (0, 1), (0, 1), (), (), (1, 1)),
        (np.array([[1, 1], [3, 2]]), (1, 2), (), (0, 1), (), (), (2, 2)),
        (np.array([[2], [0], [1], [1]]), (), (1,), (1,), (0,), (0,), (1, 1)),
    ]
    for indices, offset, collapsed, start_map, batching, index_batching, sizes in gathers:
        for ours, theirs in modes.items():
            if ours == "promise_in_bounds" and (indices.min() < 0 or indices.max() > 3 or sizes == (2, 2)):
                continue
            dims = lax.GatherDimensionNumbers(offset, collapsed, start_map, batching, index_batching)
            r.case("gather", lambda v, i: lax.gather(v, i, dims, sizes, mode=theirs), x, indices.astype(np.int32),
                   offset_dims=offset, collapsed_slice_dims=collapsed, start_index_map=start_map,
                   operand_batching_dims=batching, start_indices_batching_dims=index_batching, slice_sizes=sizes, mode=ours)
    scatters = [
        (np.array([[0], [2], [0]]), (3, 3), (1,), (0,), (0,), (), ()),
        (np.array([[1], [9]]), (2, 3), (1,), (0,), (0,), (), ()),
        (np.array([[1, 2], [3, 0], [1, 2]]), (3,), (), (0, 1), (0, 1), (), ()),
        (np.array([[2], [0], [1], [1]]), (4,), (), (1,), (1,), (0,), (0,)),
    ]
    for kind, fn in [("scatter-add", lax.scatter_add), ("scatter-sub", lax.scatter_sub), ("scatter-mul", lax.scatter_mul), ("scatter-min", lax.scatter_min),
                     ("scatter-max", lax.scatter_max), ("scatter", lax.scatter)]:
        for indices, update_shape, window, inserted, to_operand, batching, index_batching in scatters:
            for ours in ["clip", "fill_or_drop"]:
                dims = lax.ScatterDimensionNumbers(window, inserted, to_operand, batching, index_batching)
                unique = len(np.unique(indices, axis=0)) == len(indices) and indices.max() < 4
                derive = kind in ("scatter-add", "scatter-sub") or (kind == "scatter" and unique)
                call = lambda v, i, u: fn(v, i, u, dims, mode=modes[ours], unique_indices=unique)
                r.case(kind, call, x, indices.astype(np.int32), make(update_shape, 8), derive=derive,
                       update_window_dims=window, inserted_window_dims=inserted, scatter_dims_to_operand_dims=to_operand,
                       operand_batching_dims=batching, scatter_indices_batching_dims=index_batching, mode=ours,
                       unique_indices=bool(unique))


def random(r):
    jax.config.update("jax_threefry_partitionable", True)
    for seed in [0, 42, 2**31 + 7]:
        key = jax.random.key(seed)
        data = np.asarray(jax.random.key_data(key))
        wrap = lambda k: jax.random.wrap_key_data(k, impl="threefry2x32")
        raw = lambda k: jax.random.key_data(k)
        case = lambda op, fn, **params: r.case(op, lambda k: fn(wrap(k)), data, derive=False, **params)
        case("random_split", lambda k: raw(jax.random.split(k, 3)), num=3)
        case("random_fold_in", lambda k: raw(jax.random.fold_in(k, 17)), data=17)
        for bits in [8, 16, 32, 64]:
            case("random_bits", lambda k: jax.random.bits(k, (2, 3), f"uint{bits}"), shape=(2, 3), dtype=f"u{bits}")
        case("random_uniform", lambda k: jax.random.uniform(k, (5,), "float32", -1, 3), shape=(5,), dtype="f32", minval=-1.0, maxval=3.0)
        case("random_uniform", lambda k: jax.random.uniform(k, (5,), "float64"), shape=(5,), dtype="f64", minval=0.0, maxval=1.0)
        case("random_normal", lambda k: jax.random.normal(k, (2, 4), "float32"), shape=(2, 4), dtype="f32")
        case("random_normal", lambda k: jax.random.normal(k, (3,), "float64"), shape=(3,), dtype="f64")
        case("random_normal", lambda k: jax.random.normal(k, (3,), "complex64"), shape=(3,), dtype="c64")
        case("random_randint", lambda k: jax.random.randint(k, (7,), -3, 10, "int32"), shape=(7,), minval=-3, maxval=10, dtype="i32")
        case("random_permutation", lambda k: jax.random.permutation(k, jnp.arange(12, dtype="int32")), n=12)
        case("random_bernoulli", lambda k: jax.random.bernoulli(k, np.float32(0.3), (9,)), p=0.3, shape=(9,))
        logits = np.log(np.array([0.1, 0.2, 0.7], np.float32))
        r.case("random_categorical", lambda k, l: jax.random.categorical(wrap(k), l, shape=(6,)).astype(np.int32), data, logits,
               derive=False, shape=(6,))


def operations(r):
    """Operations above the primitives, by the names and attributes of the operation table."""
    nn = jax.nn
    x, y = ordinary(-2, 2, (3, 4), "float32"), ordinary(0.5, 2, (3, 4), "float32", 8)
    row, column, square = ordinary(-1, 1, (4,), "float32"), ordinary(-1, 1, (3, 1), "float32"), ordinary(-1, 1, (4, 4), "float32")
    whole, other = integers((3, 4), "int32"), integers((3, 4), "int32", 9)
    names = {"add": jnp.add, "sub": jnp.subtract, "mul": jnp.multiply, "true_divide": jnp.true_divide, "mod": jnp.mod,
             "floor_divide": jnp.floor_divide, "max": jnp.maximum, "min": jnp.minimum, "atan2": jnp.arctan2,
             "hypot": jnp.hypot, "logaddexp": jnp.logaddexp, "lt": jnp.less, "ge": jnp.greater_equal, "eq": jnp.equal}
    for op, fn in names.items():
        for a, b in [(x, y), (x, row), (column, row), (whole, x), (whole, other), (np.float32(1.5), x), (integers(4, "uint8"), row)]:
            if not (op == "hypot" and a.dtype != np.float32):
                r.case(op, fn, a, b, derive=op not in ("lt", "ge", "eq", "floor_divide", "mod"))
    tied, zero = np.array([0, 1, -1, np.inf, -np.inf], np.float32), np.array([0, 1, 2, np.inf, -np.inf], np.float32)
    r.case("logaddexp", jnp.logaddexp, tied[:3], zero[:3])
    r.case("logaddexp", jnp.logaddexp, tied, zero, derive=False)
    for op, fn in [("floor_divide", jnp.floor_divide), ("mod", jnp.mod), ("rem", jnp.fmod)]:
        left, right = np.array([7, -7, 7, -7, 7, -8], "int32"), np.array([2, 2, -2, -2, 0, 4], "int32")
        r.case(op, fn, left, right) if op != "rem" else None
        r.case(op, fn, left.astype("float32"), np.array([2, 2, -2, -2, 0.5, np.inf], "float32"), derive=False)
    r.case("pow", jnp.power, np.abs(x) + np.float32(0.1), y)
    r.case("pow", jnp.power, np.array([0, 1, 2, -3], "int32"), np.array([0, 5, 10, 3], "int32"))
    r.case("pow", jnp.power, np.array([0.0, 1.5, -2.0], "float32"), np.array([2, 3, 3], "int32"))
    for op, fn in [("and", jnp.bitwise_and), ("logical_and", jnp.logical_and), ("logical_or", jnp.logical_or), ("logical_xor", jnp.logical_xor)]:
        r.case(op, fn, whole, other)
    for op in ["sqrt", "exp", "sin", "tanh", "log1p"]:
        r.case(op, getattr(jnp, op), np.abs(whole))
    for op, fn in {"neg": jnp.negative, "abs": jnp.abs, "sign": jnp.sign, "square": jnp.square, "floor": jnp.floor, "trunc": jnp.trunc,
                   "round": jnp.round, "isnan": jnp.isnan, "isinf": jnp.isinf, "is_finite": jnp.isfinite, "logical_not": jnp.logical_not}.items():
        r.case(op, fn, x, derive=op != "trunc")
        r.case(op, fn, np.array(SPECIAL, np.float32), derive=False)
    for op, fn in [("reciprocal", jnp.reciprocal), ("log2", jnp.log2), ("log10", jnp.log10)]:
        r.case(op, fn, y)
    r.case("where", jnp.where, x > 0, x, row)
    r.case("where", jnp.where, whole, whole, np.float32(2.5))
    r.case("clip", jnp.clip, x, np.float32(-0.5), np.float32(0.5))
    r.case("clip", jnp.clip, np.array([np.nan, 3, 1], np.float32), np.float32(1), np.float32(3))
    r.case("clamp", lax.clamp, np.float32(-0.5), x, np.float32(0.5), derive=False)

    for op, fn in {"reduce_sum": jnp.sum, "reduce_prod": jnp.prod, "reduce_max": jnp.max, "reduce_min": jnp.min, "mean": jnp.mean, "all": jnp.all,
                   "any": jnp.any, "logsumexp": nn.logsumexp}.items():
        for axes, keepdims in [((0,), False), ((-1,), True), ((0, 1), False), ((0, 1), True)]:
            r.case(op, lambda v: fn(v, axis=axes, keepdims=keepdims), x, axes=axes, keepdims=keepdims)
            r.case(op, lambda v: fn(v, axis=axes, keepdims=keepdims), whole, axes=axes, keepdims=keepdims)
    for op, fn in [("var", jnp.var), ("std", jnp.std)]:
        r.case(op, lambda v: fn(v, axis=(1,)), x, axes=(1,))
        r.case(op, lambda v: fn(v, ddof=1, keepdims=True), x, ddof=1.0, keepdims=True)
        r.case(op, lambda v: fn(v, axis=(0,)), whole, axes=(0,))
    r.case("norm", lambda v: jnp.linalg.norm(v, axis=1), x, axes=(1,))
    r.case("logsumexp", lambda v: nn.logsumexp(v, axis=0), np.array([[-np.inf, np.inf, 1], [-np.inf, 0, 2]], np.float32), axes=(0,), derive=False)
    r.case("reduce_sum", jnp.sum, np.array([True, False, True]))
    r.case("reduce_sum", jnp.sum, np.array([100, 100], "int8" if "int8" in NAMES else "uint8"))
    for op, fn in [("argmax", jnp.argmax), ("argmin", jnp.argmin)]:
        r.case(op, lambda v: fn(v, axis=1), x, axis=1)
        r.case(op, fn, np.array([1, np.nan, 3, np.nan], np.float32))
        r.case(op, fn, whole)
    for op, fn in [("cumsum", jnp.cumsum), ("cumprod", jnp.cumprod)]:
        r.case(op, lambda v: fn(v, axis=1), x, axis=1)
        r.case(op, fn, whole)

    r.case("matmul", jnp.matmul, x, square)
    r.case("matmul", jnp.matmul, row, square)
    r.case("matmul", jnp.matmul, x, row)
    r.case("matmul", jnp.matmul, row, row)
    batch = ordinary(-1, 1, (2, 3, 4), "float32")
    r.case("matmul", jnp.matmul, batch, square)
    r.case("matmul", jnp.matmul, x, ordinary(-1, 1, (2, 4, 5), "float32"))
    r.case("matmul", jnp.matmul, row, ordinary(-1, 1, (2, 4, 5), "float32"))
    r.case("matmul", jnp.matmul, batch, row)
    r.case("matmul", jnp.matmul, ordinary(-1, 1, (1, 3, 4), "float32"), ordinary(-1, 1, (2, 4, 5), "float32"))
    r.case("matmul", jnp.matmul, whole, square)
    r.case("dot", jnp.dot, x, square)
    r.case("dot", jnp.dot, batch, ordinary(-1, 1, (2, 4, 5), "float32"))
    r.case("dot", jnp.dot, np.float32(2), x)
    for op, fn in [("vdot", jnp.vdot), ("inner", jnp.inner), ("outer", jnp.outer)]:
        r.case(op, fn, x, y)
    r.case("tensordot", lambda a, b: jnp.tensordot(a, b, ((1, 0), (0, 1))), x, ordinary(-1, 1, (4, 3, 2), "float32"), x_axes=(1, 0), y_axes=(0, 1))
    for subscripts, arrays in {"ij,jk->ik": (x, square), "ij->ji": (x,), "ij->": (x,), "ii->i": (square,), "ii": (square,), "ij,ij->i": (x, y),
                               "bij,bjk->bik": (batch, ordinary(-1, 1, (2, 4, 5), "float32")), "i,j->ij": (row, row), "ij,jk,k->i": (x, square, row),
                               "bij,jk->kbi": (batch, square), "ij,k->ij": (x, row), "jk,ij": (square, x)}.items():
        r.case("einsum", lambda *a: jnp.einsum(subscripts, *a), *arrays, subscripts=subscripts)
    r.case("trace", lambda v: jnp.trace(v, 1), square, offset=1)

    cases = {"reshape": [dict(shape=(2, 6)), dict(shape=(-1, 2))], "ravel": [{}], "transpose": [{}, dict(axes=(1, 0))],
             "swapaxes": [dict(axis1=0, axis2=-1)], "moveaxis": [dict(source=(0,), destination=(-1,))], "expand_dims": [dict(axes=(0, -1))],
             "roll": [dict(shift=1, axis=0), dict(shift=-3, axis=1)], "tile": [dict(reps=(2, 1)), dict(reps=(2, 1, 2))],
             "repeat": [dict(repeats=2, axis=1)], "broadcast_to": [dict(shape=(2, 3, 4))]}
    numpys = {"reshape": lambda v, shape: jnp.reshape(v, shape), "ravel": jnp.ravel, "transpose": lambda v, axes=None: jnp.transpose(v, axes),
              "swapaxes": jnp.swapaxes, "moveaxis": jnp.moveaxis, "expand_dims": lambda v, axes: jnp.expand_dims(v, axes),
              "roll": lambda v, shift, axis: jnp.roll(v, shift, axis), "tile": jnp.tile,
              "repeat": lambda v, repeats, axis: jnp.repeat(v, repeats, axis), "broadcast_to": lambda v, shape: jnp.broadcast_to(v, shape)}
    for op, options in cases.items():
        for params in options:
            r.case(op, lambda v: numpys[op](v, **params), x, **params)
    r.case("flip", lambda v: jnp.flip(v, (1,)), x, axes=(1,))
    r.case("flip", jnp.flip, x)
    r.case("squeeze", jnp.squeeze, x[:, None, :])
    r.case("concatenate", lambda *a: jnp.concatenate(a, 1), x, whole, axis=1)
    r.case("stack", lambda *a: jnp.stack(a, -1), x, y, axis=-1)
    r.case("split", lambda v: jnp.split(v, 2, 1), x, sections=2, axis=1)
    r.case("split_at", lambda v: jnp.split(v, (1, 3), 1), x, indices=(1, 3), axis=1)
    r.case("pad", lambda v, p: lax.pad(v, p, [(1, -1, 0), (0, 2, 0)]), x, np.float32(0.5), low=(1, 0), high=(-1, 2))

    positions = np.array([2, 0, -1, 5], "int32")
    for mode in ["fill", "clip"]:
        wrapped = positions if mode == "fill" else np.array([2, 0, 1, 5], "int32")
        r.case("take", lambda v, i: jnp.take(v, i, 0, mode=mode), x, wrapped, axis=0, mode=mode)
    r.case("take", lambda v, i: jnp.take(v, i, 1), x, np.array([[0, 3], [1, 1]], "int32"), axis=1)
    r.case("take_along_axis", lambda v, i: jnp.take_along_axis(v, i, 1), x, np.array([[0], [3], [-1]], "int32"), axis=1)
    updates = ordinary(-1, 1, (4, 4), "float32", 5)
    for kind in ["set", "add", "mul", "min", "max"]:
        spots = np.array([2, 0, -1, 5] if kind != "set" else [2, 0, 1, 5], "int32")
        r.case(f"index_{kind}", lambda v, i, u: getattr(jnp.asarray(v).at[i], kind)(u), x, spots, updates, derive=kind in ("set", "add"))
    r.case("sort", lambda v: jnp.sort(v, 1), x, axis=1)
    r.case("sort", lambda v: jnp.sort(v, descending=True), np.array([3, np.nan, -0.0, 0.0, 1, -np.inf], np.float32), descending=True, derive=False)
    r.case("argsort", lambda v: jnp.argsort(v, 0).astype("int32"), whole, axis=0)
    r.case("argsort", lambda v: jnp.argsort(v, 1, descending=True).astype("int32"), whole, axis=1, descending=True)
    for dtype in FLOATS:
        hard = np.array([0, -0.0, np.nan, 1, 1, np.nan, np.inf, -0.0, 0, -np.inf, 2.5], dtype)
        for k in [0, 1, 4, 11]:
            r.case("top_k", lambda v: lax.top_k(v, k), hard, k=k)
    for dtype in ["bool", *INTS]:
        for axis, k in [(0, 2), (1, 3), (1, 0)]:
            r.case("top_k", lambda v: lax.top_k(v, k, axis=axis), integers((3, 4), dtype).astype(dtype), k=k, axis=axis)
    r.case("top_k", lambda v: lax.top_k(v, 2, axis=0), x, k=2, axis=0)
    r.case("top_k", lambda v: lax.top_k(v, 0), np.zeros((3, 0), np.float32), k=0)

    for k in [-1, 0, 2]:
        r.case("tril", lambda v: jnp.tril(v, k), x, k=k)
        r.case("triu", lambda v: jnp.triu(v, k), x, k=k)
        r.case("diag", lambda v: jnp.diag(v, k), row, k=k)
        r.case("diag", lambda v: jnp.diag(v, k), x, k=k)
        r.case("eye", lambda: jnp.eye(3, 4, k, "float32"), n=3, m=4, k=k, dtype="f32")
    r.case("arange", lambda: jnp.arange(2, 11, 3, "int32"), start=2.0, stop=11.0, step=3.0, dtype="i32")
    r.case("arange", lambda: jnp.arange(0, 1, 0.25, "float32"), start=0.0, stop=1.0, step=0.25, dtype="f32")
    r.case("linspace", lambda a, b: jnp.linspace(a, b, 5, dtype="float32"), np.float32(-1), np.float32(2), num=5, dtype="f32")
    r.case("linspace", lambda a, b: jnp.linspace(a, b, 4, endpoint=False, dtype="float32"), np.float32(-1), np.float32(2), num=4, endpoint=False, dtype="f32")
    r.case("full_like", lambda v: jnp.full_like(v, 2.5), x, value=2.5)

    steep = np.array([-100, -1, 0, 1, 100], np.float32)
    for op, fn in {"relu": nn.relu, "sigmoid": nn.sigmoid, "silu": nn.silu, "softplus": nn.softplus, "gelu": nn.gelu, "elu": nn.elu,
                   "leaky_relu": nn.leaky_relu}.items():
        r.case(op, fn, x)
        r.case(op, fn, steep)
    r.case("gelu", lambda v: nn.gelu(v, approximate=False), x, approximate=False)
    for op, fn in [("softmax", nn.softmax), ("log_softmax", nn.log_softmax)]:
        r.case(op, fn, x)
        r.case(op, lambda v: fn(v, axis=0), x, axes=(0,))
    r.case("one_hot", lambda i: nn.one_hot(i, 3, dtype="float32"), np.array([0, 2, 5, -1], "int32"), num_classes=3, dtype="f32")


GROUPS = [elementwise, binary, choosing, reductions, structural, contractions, indexing, random, operations,
          *callbacks.GROUPS, *complex_numbers.GROUPS, *differential_equations.GROUPS, *fourier.GROUPS, *images.GROUPS, *masked.GROUPS, *matrices.GROUPS, *minima.GROUPS,
          *models.GROUPS, *numpy_functions.GROUPS, *original_threefry.GROUPS, *pieces.GROUPS, *programs.GROUPS, *random_numbers.GROUPS, *samples.GROUPS, *scipy_linalg.GROUPS,
          *signals.GROUPS, *sliding.GROUPS, *sparse.GROUPS, *spatial.GROUPS, *special.GROUPS, *table.GROUPS]


def main():
    folder, names = pathlib.Path(sys.argv[1] if sys.argv[1:] else __file__ + "/.."), sys.argv[2:]
    groups = {group.__name__: group for group in GROUPS}
    for name in names or groups:
        print(name, file=sys.stderr)
        groups[name](Recorder(folder.resolve(), name))


if __name__ == "__main__":
    main()
