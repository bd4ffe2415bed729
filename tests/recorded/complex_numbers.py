"""What record.py records of complex numbers."""
import jax.numpy as jnp
import numpy as np
from jax import lax, nn

from recording import FLOATS, NAMES, SPECIAL, integers, ordinary


def complex_points(parts, dtype):
    return np.array([complex(re, im) for re in parts for im in parts], dtype)


def complex_ordinary(low, high, shape, dtype, seed=7):
    parts = [np.random.default_rng(seed + k).uniform(low, high, shape) for k in (0, 50)]
    return (parts[0] + 1j * parts[1]).astype(dtype)


# What neither overflows in products (whether differences of infinities arise depends on contraction) nor is flushed.
COMPLEX_PARTS = [0.0, -0.0, 1.0, -2.5, np.inf, -np.inf, np.nan]
COMPLEX_DTYPES = ["complex64", "complex128"]


def complex_functions(r):
    # Of NaN, XLA's inverse functions give numbers that depend on the sign of the NaN.
    numbers_only = ["asin", "acos", "atan", "asinh", "acosh", "atanh"]
    for op in ["exp", "exp2", "expm1", "log", "log1p", "logistic", "sin", "cos", "tan", "sinh", "cosh", "tanh", "sqrt", "rsqrt", "square",
               "neg", "abs", "sign", "real", "imag", *numbers_only]:
        fn = getattr(lax, op)
        for dtype in COMPLEX_DTYPES:
            parts = [x for x in COMPLEX_PARTS if x == x] if op in numbers_only else COMPLEX_PARTS
            points = complex_points(parts, dtype)
            r.case(op, fn, points, derive=False)
            r.case(op, fn, complex_ordinary(-2, 2, (3, 4), dtype))
            # Small and large numbers, and the axes with both signs of zero: branch cuts.
            r.case(op, fn, complex_ordinary(-1e-3, 1e-3, (4,), dtype))
            axes = np.array([complex(*z) for a in (0.3, -0.7, 1.5, -4.0) for z in ((a, 0.0), (a, -0.0), (0.0, a), (-0.0, a))], dtype)
            r.case(op, fn, axes, derive=False)
            if op in ["log", "sqrt", "abs", "sign", "tanh", "asin", "acosh", "asinh", "rsqrt", "log1p"]:
                r.case(op, fn, complex_ordinary(-1e6, 1e6, (4,), dtype))
                large = 1e38 if dtype == "complex64" else 8e307
                r.case(op, fn, complex_ordinary(-large, large, (4,), dtype), derive=False)
        r.case(op, fn, np.zeros((0, 3), np.complex64))
    r.case("abs", lax.abs, np.array([0, 3 - 4j], np.complex64))
    for y in [-3, -1, 0, 1, 2, 3, 5]:
        r.case("integer_pow", lambda x: lax.integer_pow(x, y), complex_ordinary(0.5, 2, 4, "complex64"), y=y)
        r.case("integer_pow", lambda x: lax.integer_pow(x, y), complex_ordinary(-2, -0.5, 4, "complex128"), y=y)
    for dtype in ["float32", "float64", *COMPLEX_DTYPES]:
        make = complex_ordinary if "complex" in dtype else ordinary
        r.case("conj", lax.conj, make(-2, 2, (2, 3), dtype), input_dtype=NAMES[dtype])
    r.case("conj", lax.conj, complex_points(COMPLEX_PARTS, "complex64"), derive=False, input_dtype="c64")
    for dtype in FLOATS:
        left, right = (np.array(x, dtype) for x in zip(*[(a, b) for a in SPECIAL[:10] for b in SPECIAL[:10]]))
        r.case("complex", lax.complex, left, right, derive=False)
        r.case("complex", lax.complex, ordinary(-2, 2, (2, 3), dtype), ordinary(-2, 2, (2, 3), dtype, 8))


def complex_operands(r):
    points = complex_points([0.0, -0.0, 1.0, -2.0, np.inf, np.nan], np.complex128)
    left, right = (np.array(x, np.complex128) for x in zip(*[(a, b) for a in points for b in points]))
    for op in ["add", "sub", "mul", "div", "max", "min", "eq", "ne", "pow", "atan2"]:
        fn = getattr(lax, op)
        for dtype in COMPLEX_DTYPES:
            # Near the branch cut of the angle rounding decides for a side.
            if op != "atan2":
                r.case(op, fn, left.astype(dtype), right.astype(dtype), derive=False)
            for seed in [8, 9]:
                r.case(op, fn, complex_ordinary(0.5, 3, (2, 3), dtype), complex_ordinary(0.6, 2, (2, 3), dtype, seed))
            if op not in ("pow", "atan2"):
                r.case(op, fn, complex_ordinary(-3, 3, (2, 6), dtype), complex_ordinary(-2, 2, (2, 6), dtype, 8))
    ties = np.array([1 + 2j, 1 - 2j, 3, 2j], np.complex64)
    for op in ["max", "min"]:
        r.case(op, getattr(lax, op), ties, np.array([1 + 2j, 1 + 2j, 3 - 1j, 2j], np.complex64))
    r.case("pow", lax.pow, complex_ordinary(0.5, 2, 4, "complex64"), np.array([2, 0, -1, 3], np.int32))
    r.case("clamp", lax.clamp, np.complex64(1 + 1j), np.array([1 + 2j, 3 - 1j, 1 + 5j, np.nan, 0], np.complex64), np.complex64(1 + 3j), derive=False)
    r.case("select_n", lax.select_n, np.array([True, False, True, False]), ties, ties[::-1].copy())
    values = [complex(a, b) for a in (0.0, -0.0, 1.9, -300.7) for b in (0.0, -1.5, np.nan)]
    for old in COMPLEX_DTYPES:
        for new in ["bool", "int32", "int64", *FLOATS, *COMPLEX_DTYPES]:
            for x in [np.array(values, old), complex_ordinary(-2, 2, 4, old)]:
                smooth = new not in ("bool", "int32", "int64") and np.isfinite(x).all()
                r.case("convert_element_type", lambda x: lax.convert_element_type(x, new), x, derive=smooth, new_dtype=NAMES[new], weak_type=False)
    for old in ["bool", "int32", "uint8", *FLOATS]:
        for new in COMPLEX_DTYPES:
            x = ordinary(-2, 2, 4, old) if old in FLOATS else integers(4, old)
            r.case("convert_element_type", lambda x: lax.convert_element_type(x, new), x, derive=old in FLOATS, new_dtype=NAMES[new], weak_type=False)


def complex_arrays(r):
    for dtype in COMPLEX_DTYPES:
        x = complex_ordinary(-2, 2, (2, 3), dtype)
        for axes in [(0,), (0, 1)]:
            for op in ["sum", "prod", "max", "min"]:
                fn = lambda x: getattr(lax, f"reduce_{op}")(x, axes)
                r.case(f"reduce_{op}", fn, x, axes=axes)
                r.case(f"reduce_{op}", fn, np.zeros((0, 3), dtype), derive=False, axes=axes)
        for op in ["cumsum", "cumprod", "cummax", "cummin"]:
            for reverse in [False, True]:
                r.case(op, lambda x: getattr(lax, op)(x, 1, reverse), x, axis=1, reverse=reverse)
        for (left, right), dims in [(((2, 3), (3, 4)), (((1,), (0,)), ((), ()))), (((3,), (3,)), (((0,), (0,)), ((), ()))),
                                    (((2, 2, 3), (2, 3, 2)), (((2,), (1,)), ((0,), (0,)))), (((20, 16), (16, 20)), (((1,), (0,)), ((), ())))]:
            r.case("dot_general", lambda a, b: lax.dot_general(a, b, dims), complex_ordinary(-2, 2, left, dtype), complex_ordinary(-2, 2, right, dtype, 8),
                   dimension_numbers=dims)
        keys = np.array([1 + 2j, 1 - 1j, 9j, -3, 1 + 2j, -0.0 - 1j, np.inf, -np.inf, 2 + 2j], dtype)
        r.case("sort", lambda k, v: lax.sort((k, v), num_keys=1), keys, np.arange(9, dtype=np.int32), derive=False, dimension=0, is_stable=True, num_keys=1)
        nan = np.nan
        hard = np.array([complex(*z) for z in [(nan, 1), (1, nan), (1, 2), (nan, nan), (-np.inf, nan), (nan, -1), (0.0, 1), (-0.0, 0)]], dtype)
        r.case("sort", lambda k, v: lax.sort((k, v), num_keys=1), hard, np.arange(8, dtype=np.int32), derive=False, dimension=0, is_stable=True, num_keys=1)
        r.case("sort", lambda k: lax.sort(k), complex_ordinary(-2, 2, (5,), dtype), dimension=0, is_stable=True, num_keys=1)
        r.case("iota", lambda: lax.broadcasted_iota(dtype, (2, 3), 1), dtype=NAMES[dtype], shape=(2, 3), dimension=1)
        r.case("pad", lambda v, p: lax.pad(v, p, ((1, 2, 0), (0, 0, 1))), x, np.array(1 - 1j, dtype), padding_config=((1, 2, 0), (0, 0, 1)))
        index = [np.int32(i) for i in (1, 9)]
        r.case("dynamic_slice", lambda v, *i: lax.dynamic_slice(v, i, (1, 2), allow_negative_indices=False), x, *index, slice_sizes=(1, 2))
        r.case("dynamic_update_slice", lambda v, u, *i: lax.dynamic_update_slice(v, u, i, allow_negative_indices=False), x, x[:1, :2] * 10, *index)
        r.case("concatenate", lambda *v: lax.concatenate(v, 0), x, -x, dimension=0)
        r.case("transpose", lambda v: lax.transpose(v, (1, 0)), x, permutation=(1, 0))
        rows, where = complex_ordinary(-2, 2, (4, 3), dtype), np.array([[0], [2], [9]], np.int32)
        gather = lax.GatherDimensionNumbers((1,), (0,), (0,), (), ())
        r.case("gather", lambda v, i: lax.gather(v, i, gather, (1, 3), mode="fill"), rows, where, derive=False, offset_dims=(1,), collapsed_slice_dims=(0,),
               start_index_map=(0,), operand_batching_dims=(), start_indices_batching_dims=(), slice_sizes=(1, 3), mode="fill_or_drop")
        scatter = lax.ScatterDimensionNumbers((1,), (0,), (0,), (), ())
        for kind, fn in [("scatter-add", lax.scatter_add), ("scatter-mul", lax.scatter_mul), ("scatter-max", lax.scatter_max), ("scatter", lax.scatter)]:
            for index in [np.array([[0], [2], [0]], np.int32), where]:
                unique = len(np.unique(index)) == 3
                call = lambda v, i, u: fn(v, i, u, scatter, mode="fill", unique_indices=unique)
                r.case(kind, call, rows, index, complex_ordinary(-2, 2, (3, 3), dtype, 8), derive=kind == "scatter-add", update_window_dims=(1,),
                       inserted_window_dims=(0,), scatter_dims_to_operand_dims=(0,), operand_batching_dims=(), scatter_indices_batching_dims=(),
                       mode="fill_or_drop", unique_indices=bool(unique))


def complex_operations(r):
    z, w = complex_ordinary(-2, 2, (2, 3), "complex64"), complex_ordinary(-2, 2, (2, 3), "complex64", 8)
    whole, real = np.array([[3, -2, 0], [1, 5, -7]], "int32"), ordinary(-2, 2, (2, 3), "float32")
    special = complex_points(COMPLEX_PARTS, "complex64")
    for op, fn in {"real": jnp.real, "imag": jnp.imag, "conj": jnp.conj, "angle": jnp.angle, "iscomplex": jnp.iscomplex, "isreal": jnp.isreal,
                   "abs": jnp.abs, "isnan": jnp.isnan, "isinf": jnp.isinf, "is_finite": jnp.isfinite, "logical_not": jnp.logical_not,
                   "square": jnp.square, "reciprocal": jnp.reciprocal, "log2": jnp.log2, "log10": jnp.log10, "round": jnp.round}.items():
        r.case(op, fn, z)
        if op not in ("log2", "log10", "reciprocal", "square"):
            r.case(op, fn, special, derive=False)
        if op not in ("isnan",):
            r.case(op, fn, real)
        if op not in ("isnan", "reciprocal", "log2", "log10"):
            r.case(op, fn, whole)
    r.case("angle", lambda v: jnp.angle(v, deg=True), z, deg=True)
    r.case("complex", lax.complex, real, real[::-1].copy())
    r.case("convert_element_type", lambda v: v.astype("complex64"), whole, new_dtype="c64")
    for op, fn in {"add": jnp.add, "sub": jnp.subtract, "mul": jnp.multiply, "true_divide": jnp.true_divide, "pow": jnp.power, "max": jnp.maximum,
                   "min": jnp.minimum, "eq": jnp.equal, "ne": jnp.not_equal, "lt": jnp.less, "le": jnp.less_equal, "gt": jnp.greater,
                   "ge": jnp.greater_equal, "logaddexp": jnp.logaddexp, "vdot": jnp.vdot, "inner": jnp.inner, "outer": jnp.outer}.items():
        r.case(op, fn, z, w)
        r.case(op, fn, z, real)
        if op not in ("pow", "logaddexp", "true_divide"):
            r.case(op, fn, whole, z)
        if op in ("lt", "le", "gt", "ge", "max", "min"):
            r.case(op, fn, z, np.where(np.arange(6).reshape(2, 3) % 2 == 0, z.real + 1j, z).astype("complex64"))
    for op, fn in {"reduce_sum": jnp.sum, "reduce_prod": jnp.prod, "reduce_max": jnp.max, "reduce_min": jnp.min, "mean": jnp.mean, "all": jnp.all,
                   "any": jnp.any, "var": jnp.var, "std": jnp.std, "logsumexp": nn.logsumexp}.items():
        r.case(op, lambda v: fn(v, axis=(1,)), z, axes=(1,))
    r.case("norm", lambda v: jnp.linalg.norm(v, axis=1), z, axes=(1,))
    r.case("matmul", jnp.matmul, z, w.T.copy())
    r.case("matmul", jnp.matmul, z, real.T.copy())
    r.case("einsum", lambda a, b: jnp.einsum("ij,kj->ik", a, b), z, w, subscripts="ij,kj->ik")
    r.case("cumsum", lambda v: jnp.cumsum(v, axis=1), z, axis=1)
    r.case("where", jnp.where, z.real > 0, z, np.float32(0))
    r.case("sigmoid", nn.sigmoid, z)
    r.case("softmax", nn.softmax, z)


GROUPS = [complex_functions, complex_operands, complex_arrays, complex_operations]
