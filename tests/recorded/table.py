"""Operations of the table that no other file has under the table's names of attributes: the bindings' tests call these."""
import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from recording import NAMES, integers, ordinary


def table_operations(r):
    x, y = ordinary(-2, 2, (3, 4), "float32"), ordinary(0.5, 2, (3, 4), "float64", 8)
    whole = integers((3, 4), "int32")
    for power in [-2, 0, 3]:
        r.case("integer_pow", lambda v: lax.integer_pow(v, power), y, y=power)
    r.case("stop_gradient", lax.stop_gradient, x, derive=False)
    r.case("bitcast_convert_type", lambda v: lax.bitcast_convert_type(v, np.int32), x, new_dtype="i32", derive=False)
    r.case("bitcast_convert_type", lambda v: lax.bitcast_convert_type(v, np.uint64), y, new_dtype="u64", derive=False)
    reductions(r, x, whole)
    arrangement(r, x, y, whole)
    indexing(r, x, y)
    creation(r, x, whole)
    random(r, x)
    cipher(r)


def reductions(r, x, whole):
    ufuncs = {"reduce_and": np.bitwise_and, "reduce_or": np.bitwise_or, "reduce_xor": np.bitwise_xor}
    for op in ufuncs:
        for axes in [(0,), (1,), (0, 1)]:
            fn = lambda v: getattr(lax, op)(v, axes)
            for v in [whole, whole > 3]:
                r.case(op, fn, v, axes=axes)
                r.case(op, lambda v: jnp.expand_dims(fn(v), axes), v, axes=axes, keepdims=True)
    for op in ["cummax", "cummin"]:
        for axis, reverse in [(0, False), (1, True)]:
            for v in [x, whole]:
                r.case(op, lambda v: getattr(lax, op)(v, axis, reverse), v, axis=axis, reverse=reverse)


def arrangement(r, x, y, whole):
    square = ordinary(-1, 1, (2, 3, 4), "float32", 9)
    r.case("dot_general", lambda a, b: lax.dot_general(a, b, (((1,), (1,)), ((), ()))), x, x[:2], lhs_contracting=(1,), rhs_contracting=(1,))
    r.case("dot_general", lambda a, b: lax.dot_general(a, b, (((2,), (1,)), ((0,), (0,)))), square, np.swapaxes(square, 1, 2),
           lhs_contracting=(2,), rhs_contracting=(1,), lhs_batch=(0,), rhs_batch=(0,))
    r.case("dot_general", lambda a, b: lax.dot_general(a, b, (((0,), (0,)), ((), ())), preferred_element_type=np.float64), x, x,
           lhs_contracting=(0,), rhs_contracting=(0,), preferred_element_type="f64")
    r.case("broadcast_in_dim", lambda v: lax.broadcast_in_dim(v, (3, 2, 4), (0, 2)), x, shape=(3, 2, 4), broadcast_dimensions=(0, 2))
    r.case("broadcast_in_dim", lambda v: lax.broadcast_in_dim(v, (2, 3), ()), np.int32(5), shape=(2, 3), broadcast_dimensions=())
    for dimensions in [(0,), (0, 1), ()]:
        r.case("rev", lambda v: lax.rev(v, dimensions), x, dimensions=dimensions)
    r.case("slice", lambda v: lax.slice(v, (1, 0), (3, 4)), x, start_indices=(1, 0), limit_indices=(3, 4))
    r.case("slice", lambda v: lax.slice(v, (0, 1), (3, 4), (2, 2)), y, start_indices=(0, 1), limit_indices=(3, 4), strides=(2, 2))
    r.case("slice", lambda v: lax.slice(v, (2, 2), (2, 4)), whole, start_indices=(2, 2), limit_indices=(2, 4))


def indexing(r, x, y):
    at = np.array([[2], [0], [7]], np.int32)
    numbers = {"offset_dims": (1,), "collapsed_slice_dims": (0,), "start_index_map": (0,)}
    rows = lax.GatherDimensionNumbers(**numbers)
    for mode in ["fill", "clip"]:
        r.case("gather", lambda v, i: lax.gather(v, i, rows, (1, 4), mode=mode), x, at, wrt=(0,), **numbers, slice_sizes=(1, 4), mode=mode)
    numbers = {"update_window_dims": (1,), "inserted_window_dims": (0,), "scatter_dims_to_operand_dims": (0,)}
    rows = lax.ScatterDimensionNumbers(**numbers)
    for kind, fn in {"set": lax.scatter, "add": lax.scatter_add, "mul": lax.scatter_mul, "min": lax.scatter_min, "max": lax.scatter_max}.items():
        r.case("scatter", lambda v, i, u: fn(v, i, u, rows), x, at, x + 1, derive=False, kind=kind, **numbers)
    r.case("dynamic_slice", lambda v, i, j: lax.dynamic_slice(v, (i, j), (2, 2)), x, np.int32(1), np.int32(5), wrt=(0,), slice_sizes=(2, 2))
    keys = np.array([2, 0, 2, 1], np.int32)
    r.case("sort_by_keys", lambda *v: lax.sort(v, dimension=0, num_keys=1), keys, x[0], y[0], derive=False, dimension=0, num_keys=1)
    r.case("sort_by_keys", lambda *v: lax.sort(v, dimension=0, num_keys=2), keys, x[0], derive=False, dimension=0, num_keys=2)
    for op in ["approx_max_k", "approx_min_k"]:
        r.case(op, lambda v: getattr(lax, op)(v, 2), x, k=2, derive=False)
        r.case(op, lambda v: getattr(lax, op)(v, 1, reduction_dimension=0), x, k=1, reduction_dimension=0, derive=False)


def creation(r, x, whole):
    for shape in [(2, 3), (), (0,)]:
        r.case("full", lambda: jnp.full(shape, 2.5, "float32"), shape=shape, value=2.5, dtype="f32")
        r.case("zeros", lambda: jnp.zeros(shape), shape=shape)
        r.case("ones", lambda: jnp.ones(shape, "int32"), shape=shape, dtype="i32")
    for op in ["zeros_like", "ones_like"]:
        r.case(op, getattr(jnp, op), whole)
        r.case(op, lambda v: getattr(jnp, op)(v, dtype="complex64"), x, dtype="c64", derive=False)
    r.case("iota", lambda: lax.broadcasted_iota("int32", (2, 3), 1), shape=(2, 3), dimension=1, dtype="i32")
    r.case("iota", lambda: lax.broadcasted_iota("float64", (4,), 0), shape=(4,), dtype="f64")


def random(r, x):
    names = {"float32": "f32", "float64": "f64"}
    for seed in [0, 42, -7]:
        r.case("random_prng_key", lambda: jax.random.PRNGKey(seed), seed=seed)
        key = np.asarray(jax.random.PRNGKey(seed))
        case = lambda op, fn, *inputs, **params: r.case(f"random_{op}", fn, key, *inputs, derive=False, **params)
        case("split", lambda k: jax.random.split(k, 3), num=3)
        case("fold_in", lambda k, d: jax.random.fold_in(k, d), np.uint32(17))
        case("bits", lambda k: jax.random.bits(k, (2, 3), "uint16"), shape=(2, 3), dtype="u16")
        for dtype in ["float32", "float64"]:
            both = {"shape": (2, 3), "dtype": names[dtype]}
            case("uniform", lambda k: jax.random.uniform(k, (2, 3), dtype, -1, 2), **both, low=-1.0, high=2.0)
            for op in ["normal", "gumbel", "exponential"]:
                case(op, lambda k: getattr(jax.random, op)(k, (2, 3), dtype), **both)
        case("randint", lambda k, a, b: jax.random.randint(k, (5,), a, b, "int32"), np.int32(-3), np.int32(9), shape=(5,), dtype="i32")
        case("permutation", lambda k: jax.random.permutation(k, 9), n=9)
        case("shuffle", lambda k, v: jax.random.permutation(k, v), x)
        case("bernoulli", lambda k, p: jax.random.bernoulli(k, p, (7,)), np.float32(0.3), shape=(7,))
        case("categorical", lambda k, v: jax.random.categorical(k, v), x)


def cipher(r):
    from jax.extend.random import threefry_2x32
    for key in [[0, 0], [0x13198A2E, 0x03707344], [2**32 - 1, 1]]:
        for count in [np.array([0x243F6A88, 0x85A308D3]), np.arange(5), np.arange(6).reshape(2, 3), np.zeros((0, 2)), np.array(7)]:
            r.case("threefry_2x32", threefry_2x32, np.array(key, np.uint32), count.astype(np.uint32))


def shorthands(r):
    """Operations of jax.lax that say in a word what others say in general."""
    x, whole = ordinary(-2, 2, (3, 4), "float32"), integers((3, 4), "int32")
    for at in [np.int32(1), np.int32(-1), np.int32(9), np.uint8(2)]:
        for v in [x, whole]:
            r.case("dynamic_slice_in_dim", lambda v, i: lax.dynamic_slice_in_dim(v, i, 2, 1), v, at, slice_size=2, axis=1)
            r.case("dynamic_index_in_dim", lambda v, i: lax.dynamic_index_in_dim(v, i), v, at)
            r.case("dynamic_index_in_dim", lambda v, i: lax.dynamic_index_in_dim(v, i, -1, keepdims=False), v, at, axis=-1, keepdims=False)
            r.case("dynamic_update_slice_in_dim", lambda v, u, i: lax.dynamic_update_slice_in_dim(v, u, i, 1), v, v[:, :2] * 2, at, axis=1)
            r.case("dynamic_update_index_in_dim", lambda v, u, i: lax.dynamic_update_index_in_dim(v, u, i, 0), v, v[0] * 3, at)
    for v in [x, x.astype("float64"), whole]:
        for index, axis, keepdims in [(0, 0, True), (-1, 1, True), (2, -1, False)]:
            r.case("index_in_dim", lambda v: lax.index_in_dim(v, index, axis, keepdims), v, index=index, axis=axis, keepdims=keepdims)
        for start, limit, stride, axis in [(0, None, 1, 0), (1, 3, 1, 1), (0, 4, 2, 1), (-2, None, 1, -1), (0, -1, 1, 0)]:
            words = {"limit_index": limit} if limit is not None else {}
            r.case("slice_in_dim", lambda v: lax.slice_in_dim(v, start, limit, stride, axis), v, start_index=start, stride=stride, axis=axis, **words)
        for sizes in [(), (2,), (2, 1), (0,)]:
            r.case("broadcast", lambda v: lax.broadcast(v, sizes), v, sizes=sizes)
        cube = np.stack([v, v])
        for start, stop in [(0, None), (1, 3), (0, 2), (-2, None), (1, 2)]:
            words = {"stop_dimension": stop} if stop is not None else {}
            r.case("collapse", lambda v: lax.collapse(v, start, stop), cube, start_dimension=start, **words)
        r.case("nn_identity", jax.nn.identity, v)
    for key, size in [("threefry2x32", 2), ("rbg", 4), ("unsafe_rbg", 4)]:
        words = np.arange(3 * size, dtype=np.uint32).reshape(3, size)
        r.case("random_wrap_key_data", lambda w: jax.random.wrap_key_data(w, impl=key), words, generator=key)
    convolutions_in_a_word(r)
    factorisations(r)
    more_of_the_same(r, x, whole)


def convolutions_in_a_word(r):
    signal, kernel = ordinary(-1, 1, (2, 3, 7), "float32"), ordinary(-1, 1, (4, 3, 2), "float32", 8)
    picture, filters = ordinary(-1, 1, (1, 2, 5, 6), "float64"), ordinary(-1, 1, (3, 2, 3, 2), "float64", 8)
    for padding in ["VALID", "SAME"]:
        for strides in [(1,), (2,)]:
            r.case("conv", lambda a, b: lax.conv(a, b, strides, padding), signal, kernel, window_strides=strides, padding=padding)
        r.case("conv", lambda a, b: lax.conv(a, b, (2, 1), padding), picture, filters, window_strides=(2, 1), padding=padding)


def factorisations(r):
    """Factors with free signs are compared by what LAPACK makes of them, which both follow."""
    tall, square = ordinary(-1, 1, (4, 3), "float64"), ordinary(-1, 1, (3, 3), "float64", 8)
    symmetric = square + square.T
    for v in [tall, tall.T, square, np.stack([square, symmetric]), tall.astype("float32")]:
        for full in [True, False]:
            r.case("lax_linalg_qr", lambda v: lax.linalg.qr(v, full_matrices=full), v, full_matrices=full, derive=not full and v.shape[-2] >= v.shape[-1])
        r.case("lax_linalg_qr", lambda v: lax.linalg.qr(v, pivoting=True, full_matrices=False), v, pivoting=True, full_matrices=False, derive=False)
    for v in [square, symmetric, np.stack([square, symmetric]), square.astype("float32")]:
        r.case("lax_linalg_eig", lambda v: lax.linalg.eig(v, compute_left_eigenvectors=False, compute_right_eigenvectors=False), v,
               compute_left_eigenvectors=False, compute_right_eigenvectors=False, derive=False)
        r.case("lax_linalg_eig", lambda v: lax.linalg.eig(v), v, derive=False)
        r.case("lax_linalg_schur", lambda v: lax.linalg.schur(v), v, derive=False)
        r.case("lax_linalg_schur", lambda v: lax.linalg.schur(v, compute_schur_vectors=False), v, compute_schur_vectors=False, derive=False)
        r.case("lax_linalg_hessenberg", lambda v: lax.linalg.hessenberg(v), v, derive=False)


def more_of_the_same(r, x, whole):
    """Other element types, axes and edges of operations that are seen elsewhere once."""
    for op in ["logical_and", "logical_or", "logical_xor"]:
        for a, b in [(whole > 2, whole > 4), (whole, x), (x, np.float32(np.nan)), (whole[0], whole[:, :1])]:
            r.case(op, getattr(jnp, op), a, b, derive=False)
    for op in ["reduce_max", "reduce_min"]:
        for v, axes in [(x, (0,)), (x.astype("float64"), (1, 0)), (whole, ()), (x[:0], (0,)), (whole[:, :0], (1,)), (whole[:0] > 0, (0,)), (x[:0], (1,))]:
            r.case(f"lax_{op}", lambda v: getattr(lax, op)(v, axes), v, axes=axes, derive=v.dtype.kind == "f" and v.size > 0)
    for name, algorithm in [("default", lax.RandomAlgorithm.RNG_DEFAULT), ("three_fry", lax.RandomAlgorithm.RNG_THREE_FRY), ("philox", lax.RandomAlgorithm.RNG_PHILOX)]:
        for shape, dtype in [((3,), "uint32"), ((2, 2), "uint64"), ((), "uint8")]:
            state = np.array([1, 2, 3, 4], np.uint32)
            r.case("rng_bit_generator", lambda s: lax.rng_bit_generator(s, shape, dtype, algorithm), state, shape=shape, dtype=NAMES[dtype], algorithm=name)
    for v in [x, x.astype("float64"), whole, np.array([-np.inf, -2.5, -0.0, np.nan, 7.9], np.float32)]:
        ordinary_floats = v.dtype.kind == "f" and v.ndim == 2
        r.case("trunc", jnp.trunc, v, derive=False)
        for op in ["relu", "leaky_relu"] + (["silu", "softplus", "elu", "sigmoid"] if v.dtype.kind == "f" else []):
            r.case(op, getattr(jax.nn, op), v, derive=ordinary_floats)
    for v in [x, x.astype("float64"), whole]:
        for op in ["ravel", "fliplr", "flipud", "matrix_transpose", "zeros_like", "ones_like"]:
            r.case(op, getattr(jnp, op), v)
        for axis in [0, -1]:
            r.case("argsort", lambda v: jnp.argsort(v, axis).astype("int32"), v, axis=axis)
        r.case("kron", jnp.kron, v, v[:2, :2])
        r.case("trace", lambda v: jnp.trace(v), v)
    for v, w in [(x, x * 2), (x.astype("float64"), x), (whole, whole[:1] + 1)]:
        r.case("vecdot", jnp.vecdot, v, w)
        r.case("matvec", jnp.matvec, v, w[0])
        r.case("vecmat", jnp.vecmat, w[:, 0] if len(w) == 3 else v[:, 0], v)


GROUPS = [table_operations, shorthands]
