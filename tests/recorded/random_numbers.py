"""Keys of all generators, the bits that they give, and samples of distributions."""
import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jax._src.random import core as internal
from jax._src.random import philox2x32, philox4x32, prng, threefry2x32, threefry4x32

from recording import NAMES, integers, ordinary

IMPLS = {"fry": "threefry2x32", "rbg": "rbg", "urbg": "unsafe_rbg", "fry4": "threefry4x32", "phx2": "philox2x32", "phx4": "philox4x32"}
UNSIGNED = ["uint8", "uint16", "uint32", "uint64"]


def key_of(name, seed=42, shape=()):
    """Keys all of whose words are in use."""
    impl = prng.prngs[name]
    words = np.random.default_rng(seed).integers(0, 2**32, (*shape, *impl.key_shape), dtype=np.uint32)
    return jax.random.wrap_key_data(words, impl=name)


def ciphers(r):
    primitives = {"threefry2x32": (threefry2x32.threefry2x32_p, 4), "threefry4x32": (threefry4x32.threefry4x32_p, 8),
                  "philox2x32": (philox2x32.philox2x32_p, 3), "philox4x32": (philox4x32.philox4x32_p, 6)}
    for name, (primitive, n) in primitives.items():
        for seed in range(16):
            words = np.random.default_rng(seed).integers(0, 2**32, (n, 3), dtype=np.uint32)
            r.case(name, lambda *x: primitive.bind(*x), *words)
        for value in [0, 2**32 - 1, 1]:
            r.case(name, lambda *x: primitive.bind(*x), *[np.uint32(value)] * n)
        r.case(name, lambda *x: primitive.bind(*x), *[np.zeros((0, 2), np.uint32)] * n)
    for shape in [(1,), (5,), (0,), (2, 3), (3, 2), (2, 0, 3), (1, 1), (2, 2, 2), (7, 1), (1, 7), (3, 1, 2), (4, 4), (9,), (2, 1), (16,),
                  (2, 2, 1), (3, 3), (1, 2, 3), (6,), (5, 2)]:
        r.case("iota_2x32_shape", lambda: prng.iota_2x32_shape(shape), shape=shape)


def keys(r):
    for tag, name in IMPLS.items():
        impl = prng.prngs[name]
        for seed in [np.int32(0), np.int32(-1), np.int64(2**32 + 5), np.int64(-7), np.uint32(2**32 - 1), np.int8(-3), np.uint8(200)]:
            r.case("random_seed", lambda s: prng.random_seed(s, impl), seed, impl=tag)
        r.case("random_seed", lambda s: prng.random_seed(s, impl), integers((2, 3), "int32"), impl=tag)
        for shape in [(2,), (), (0,), (2, 3)]:
            for batch in [(), (2,), (2, 1)]:
                r.case("random_split", lambda k: prng.random_split(k, shape), key_of(name, 1, batch), shape=shape)
        fold = lambda k, d: prng.random_fold_in(k, d)
        for data in [np.uint32(7), np.uint32(2**32 - 1), integers((3,), "uint32")]:
            r.case("random_fold_in", fold, key_of(name), data)
        r.case("random_fold_in", fold, key_of(name, 2, (3,)), integers((3,), "uint32"))
        r.case("random_fold_in", fold, key_of(name, 2, (2, 1)), integers((1, 3), "uint32"))
        r.case("random_fold_in", fold, key_of(name, 2, (2,)), np.uint32(9))
        for width in [8, 16, 32, 64]:
            for shape, batch in [((5,), ()), ((), ()), ((2, 3), (2,)), ((3,), (1, 2))]:
                bits = lambda k: prng.random_bits(k, width, shape)
                r.case("random_bits", bits, key_of(name, 3, batch), bit_width=width, shape=shape)
        for batch in [(), (2,), (2, 3), (0,)]:
            words = jax.random.key_data(key_of(name, 4, batch))
            r.case("random_wrap", lambda w: jax.random.wrap_key_data(w, impl=name), words, impl=tag)
            r.case("random_unwrap", jax.random.key_data, key_of(name, 4, batch))
            r.case("random_clone", jax.random.clone, key_of(name, 4, batch))


def bit_generators(r):
    states = [np.array([11, 22, 33, 44], np.uint32), np.array([1, 2, 2**32 - 2, 2**32 - 1], np.uint32),
              np.array([2**64 - 1, 2**64 - 2], np.uint64)]
    for algorithm in lax.RandomAlgorithm:
        for state in states:
            for dtype in UNSIGNED:
                for shape in [(7,), (3, 5)]:
                    draw = lambda s: lax.rng_bit_generator(s, shape, dtype, algorithm)
                    r.case("rng_bit_generator", draw, state, algorithm=str(algorithm), dtype=NAMES[dtype], shape=shape)
        for shape in [(), (0,), (2, 3), (3, 2), (3, 3, 3), (5, 1, 3), (2, 3, 4)]:
            draw = lambda s: lax.rng_bit_generator(s, shape, "uint32", algorithm)
            r.case("rng_bit_generator", draw, states[0], algorithm=str(algorithm), dtype="u32", shape=shape)
    # Of intervals that hold one number: others are drawn from the process's generator, and no two runs are alike.
    for dtype in ["int32", "int64", "uint32", "uint64", "float16", "bfloat16", "float32", "float64"]:
        for shape in [(), (3,), (2, 3), (0, 2)]:
            ends = [jnp.asarray(x).astype(dtype) for x in (7, 7 + dtype.strip("u").startswith("int"))]
            r.case("rng_uniform", lambda a, b: lax.rng_uniform(a, b, shape), *ends, derive=False, shape=shape)


def moved_keys(r):
    """Operations that move keys, or compare them."""
    for name in IMPLS.values():
        x, y = key_of(name, 5, (2, 3)), key_of(name, 6, (2, 3))
        pick = np.array([[True, False, True], [False, True, False]])
        r.case("reshape", lambda k: lax.reshape(k, (3, 2)), x, new_sizes=(3, 2))
        r.case("transpose", lambda k: lax.transpose(k, (1, 0)), x, permutation=(1, 0))
        r.case("rev", lambda k: lax.rev(k, (1,)), x, dimensions=(1,))
        r.case("slice", lambda k: lax.slice(k, (0, 1), (2, 3), (1, 2)), x, start_indices=(0, 1), limit_indices=(2, 3), strides=(1, 2))
        r.case("broadcast_in_dim", lambda k: lax.broadcast_in_dim(k, (2, 2, 3), (1, 2)), x, shape=(2, 2, 3), broadcast_dimensions=(1, 2))
        r.case("concatenate", lambda a, b: lax.concatenate((a, b), 0), x, y, dimension=0)
        r.case("select_n", lambda c, a, b: lax.select_n(c, a, b), pick, x, y)
        at = [np.int32(1), np.int32(2)]
        r.case("dynamic_slice", lambda k, i, j: lax.dynamic_slice(k, (i, j), (1, 2)), x, *at, slice_sizes=(1, 2))
        r.case("dynamic_update_slice", lambda k, u, i, j: lax.dynamic_update_slice(k, u, (i, j)), x, y[:1, :2], *at)
        r.case("eq", lax.eq, x, x.at[0, 1].set(y[0, 1]))
        r.case("ne", lax.ne, x, x.at[0, 1].set(y[0, 1]))


def sample_operations(r):
    """Samplers by the names and attributes of the operation table, of keys and of their words."""
    random, typed, words = jax.random, jax.random.key(7), np.array([3, 42], np.uint32)
    others = [jax.random.key(7, impl=name) for name in list(IMPLS.values())[1:]]

    def case(op, fn, *params, **attributes):
        attributes = {k: NAMES[v] if k == "dtype" else v for k, v in attributes.items()}
        for key in [typed, words]:
            r.case(op, fn, key, *params, derive=False, **attributes)

    for seed in [0, 42, -1, 2**31 - 1, 2**32 + 5, 2**63 - 1]:
        for name in IMPLS.values():
            r.case("random_key", lambda: random.key(seed, impl=name), seed=seed, generator=name)
        r.case("random_prng_key", lambda: random.PRNGKey(seed), seed=seed)
    for key in [typed, words, *others]:
        r.case("random_split", lambda k: random.split(k, 3), key, num=3)
        r.case("random_split_shape", lambda k: random.split(k, (2, 2)), key, shape=(2, 2))
        r.case("random_fold_in", random.fold_in, key, np.uint32(17))
        r.case("random_fold_in", random.fold_in, key, np.uint32(0))
        r.case("random_key_data", random.key_data, key)
        r.case("random_uniform", lambda k: random.uniform(k, (5,), "float32"), key, shape=(5,), dtype="f32")
        r.case("random_randint", lambda k, a, b: random.randint(k, (5,), a, b), key, np.int64(-5), np.int64(100), shape=(5,))
    plain = ["normal", "exponential", "laplace", "logistic", "cauchy", "maxwell", "gumbel"]
    for name in plain:
        for dtype in ["float32", "float64"]:
            for shape in [(6,), (2, 3), (), (0,)]:
                case(f"random_{name}", lambda k: getattr(random, name)(k, shape, dtype), shape=shape, dtype=dtype)
    case("random_normal", lambda k: random.normal(k, (3,), "complex64"), shape=(3,), dtype="complex64")
    for mode in ["low", "high", "highest"]:
        for dtype in ["float32", "float64"]:
            case("random_gumbel", lambda k: random.gumbel(k, (50,), dtype, mode), shape=(50,), dtype=dtype, mode=mode)
    low, high = np.array([[-1.0], [0.5]], np.float32), np.array([0.75, 2.0, 30.0], np.float32)
    for name, fn in {"uniform_between": lambda k, a, b, **kw: random.uniform(k, (2, 3), minval=a, maxval=b, **kw),
                     "truncated_normal": random.truncated_normal}.items():
        case(f"random_{name}", lambda k, a, b: fn(k, a, b, dtype="float32"), low, high, dtype="float32")
        case(f"random_{name}", lambda k, a, b: fn(k, a, b, dtype="float64"), low, high, dtype="float64")
    case("random_truncated_normal", lambda k, a, b: random.truncated_normal(k, a, b, (4, 2, 3), "float32"), low, high, shape=(4, 2, 3),
         dtype="float32")
    positive = np.array([0.3, 1.0, 4.5], np.float32)
    for name in ["pareto", "rayleigh", "lognormal", "wald"]:
        fn = getattr(random, name)
        for dtype in ["float32", "float64"]:
            case(f"random_{name}", lambda k, a: fn(k, a, dtype=dtype), positive, dtype=dtype)
            case(f"random_{name}", lambda k, a: fn(k, a, (2, 3), dtype), positive, shape=(2, 3), dtype=dtype)
    for shape in [(2, 3), (3,)]:
        case("random_weibull_min", lambda k, a, b: random.weibull_min(k, a, b, shape, "float32"), np.float32(1.5), positive, shape=shape,
             dtype="float32")
    case("random_triangular", lambda k, a, b, c: random.triangular(k, a, b, c, dtype="float32"), low, low + 1, high + 3, dtype="float32")
    for shape in [(), (2,)]:
        case("random_double_sided_maxwell", lambda k, a, b: random.double_sided_maxwell(k, a, b, shape, "float32"), positive,
             np.float32(2), shape=shape, dtype="float32")
    for dtype in ["int32", "int64", "uint8", "uint32", "uint64"]:
        lo, hi = np.int64(0 if dtype.startswith("u") else -9), np.int64(100)
        case("random_randint", lambda k, a, b: random.randint(k, (9,), a, b, dtype), lo, hi, shape=(9,), dtype=dtype)
    for lo, hi in [(5, 5), (7, 3), (0, 2**31 - 1), (-(2**31), 2**31), (0, 2**40), (-(2**40), 3)]:
        case("random_randint", lambda k, a, b: random.randint(k, (6,), a, b, "int32"), np.int64(lo), np.int64(hi), shape=(6,), dtype="int32")
    case("random_randint", lambda k, a, b: random.randint(k, (2, 3), a, b, "int32"), np.array([[0], [-5]], np.int32),
         np.array([1, 10, 1000], np.int32), shape=(2, 3), dtype="int32")
    for dtype in ["int32", "float32"]:
        case("random_rademacher", lambda k: random.rademacher(k, (9,), dtype), shape=(9,), dtype=dtype)
    for p in [np.float32(0.3), np.array([0.1, 0.5, 0.999], np.float32), np.float64(0.01)]:
        case("random_geometric", lambda k, q: random.geometric(k, q, (4, 3), "int32"), p, shape=(4, 3), dtype="int32")
        for mode in ["low", "high"]:
            case("random_bernoulli", lambda k, q: random.bernoulli(k, q, mode=mode), p, mode=mode)
            case("random_bernoulli", lambda k, q: random.bernoulli(k, q, (4, 3), mode), p, shape=(4, 3), mode=mode)
    for n in [0, 1, 5, 40, 1000]:
        case("random_permutation", lambda k: random.permutation(k, n), n=n)
    x = np.arange(24, dtype=np.float32).reshape(4, 6)
    for axis in [0, 1, -1]:
        for independent in [False, True]:
            case("random_shuffle", lambda k, v: random.permutation(k, v, axis, independent), x, axis=axis, independent=independent)
    case("random_shuffle", lambda k, v: random.permutation(k, v), x[0])
    p4 = np.array([0.1, 0.2, 0.4, 0.3], np.float32)
    for shape in [(3,), (2, 2), (), (0,)]:
        for replace in [True, False]:
            for given in [[], [p4]]:
                pick = lambda k, v, *q: random.choice(k, v, shape, replace, *q)
                case("random_choice", pick, x, *given, shape=shape, replace=replace)
    pick = lambda k, v: random.choice(k, v, (2, 2), False, axis=1)
    case("random_choice", pick, x, shape=(2, 2), replace=False, axis=1)
    logits = np.log(np.array([[0.1, 0.2, 0.7], [0.5, 0.25, 0.25]], np.float32))
    for axis in [-1, 0]:
        for mode in ["low", "high", "highest"]:
            case("random_categorical", lambda k, v: random.categorical(k, v, axis, mode=mode), logits, axis=axis, mode=mode)
        shape = (5, 2) if axis == -1 else (5, 3)
        case("random_categorical", lambda k, v: random.categorical(k, v, axis, shape), logits, axis=axis, shape=shape)
    case("random_categorical", lambda k, v: random.categorical(k, v, -1, (3, 2), False), logits, shape=(3, 2), replace=False)
    case("random_categorical", lambda k, v: random.categorical(k, v, 0, (2, 3), False), logits, axis=0, shape=(2, 3), replace=False)


def gammas(r):
    """The primitive, of all generators, and its derivative by the shape."""
    shapes = np.array([[0.1, 0.7, 1.0], [2.5, 13.0, 300.0]])
    for log_space in [False, True]:
        sample = jax.jit(lambda k, a: internal.random_gamma_p.bind(k, a, log_space=log_space))
        for name in IMPLS.values():
            r.case("random_gamma", sample, key_of(name, 8, (2,)), shapes.astype(np.float32), derive=name == "threefry2x32", log_space=log_space)
        for seed in range(3):
            r.case("random_gamma", sample, jax.random.key(seed), shapes, derive=seed == 0, log_space=log_space)
        r.case("random_gamma", sample, key_of("threefry2x32", 9, (0,)), np.zeros((0, 2), np.float32), log_space=log_space)
        r.case("random_gamma", sample, jax.random.key(1), np.linspace(0.05, 60, 50).astype(np.float32), derive=False, log_space=log_space)


def gamma_operations(r):
    """Distributions that come of the gamma distribution, with derivatives."""
    random, typed, words = jax.random, jax.random.key(7), np.array([3, 42], np.uint32)
    a, b = np.array([0.3, 1.0, 4.5], np.float32), np.array([[2.0], [0.6]], np.float32)

    def case(op, fn, *inputs, shape=None, dtype="float32", **attributes):
        given = {} if shape is None else {"shape": shape}
        jitted = jax.jit(lambda k, *x: fn(k, *x, dtype=dtype, **given))
        r.case(op, jitted, *inputs, dtype=NAMES[dtype], **given, **attributes)

    for name in ["gamma", "loggamma", "chisquare", "t"]:
        case(f"random_{name}", getattr(random, name), typed, a)
        case(f"random_{name}", getattr(random, name), words, a, shape=(2, 3), dtype="float64")
    case("random_beta", random.beta, typed, a, b)
    case("random_beta", random.beta, words, a, b, shape=(2, 2, 3), dtype="float64")
    case("random_f", random.f, typed, a, a + 2)
    case("random_f", random.f, words, a, a[::-1], shape=(3,), dtype="float64")
    case("random_dirichlet", random.dirichlet, typed, a)
    case("random_dirichlet", random.dirichlet, words, a + b, shape=(2, 2), dtype="float64")
    for p in [0.7, 2.0, 3.0]:
        case("random_generalized_normal", lambda k, **kw: random.generalized_normal(k, p, **kw), typed, shape=(4,), p=p)
        case("random_ball", lambda k, **kw: random.ball(k, 3, p, **kw), words, shape=(2,), d=3, p=p)


def counts(r):
    """Samplers that count."""
    random = jax.random
    trials, p = np.array([[3.0], [50.0]], np.float32), np.array([0.0, 0.1, 0.5, 0.97, 1.0], np.float32)
    odd = np.array([np.nan, np.inf, -1.0, 0.0, 1000.0], np.float32)
    weights = np.array([[0.1, 0.2, 0.3, 0.4], [0.0, 1.0, 0.0, 0.0]], np.float32)
    rates = np.array([0.0, 0.5, 3.0, 9.9, 10.0, 30.0, 1000.0], np.float32)
    case = lambda op, fn, *x, dtype, **kw: r.case(op, jax.jit(lambda *x: fn(*x, dtype=dtype, **kw)), *x, derive=False, dtype=NAMES[dtype], **kw)
    for key in [random.key(7), np.array([3, 42], np.uint32)]:
        case("random_binomial", random.binomial, key, trials, p, dtype="float32")
        case("random_binomial", random.binomial, key, odd, np.float32(0.4), dtype="float32")
        case("random_binomial", random.binomial, key, np.float64(40), np.float64(0.3), shape=(4, 5), dtype="float64")
        case("random_multinomial", random.multinomial, key, np.float32(30), weights, dtype="float32")
        for dtype in ["int32", "int64", "uint8"]:
            case("random_poisson", random.poisson, key, rates[:6], dtype=dtype)
        case("random_poisson", random.poisson, key, rates, shape=(3, 7), dtype="int32")


GROUPS = [gammas, gamma_operations, counts, ciphers, keys, bit_generators, moved_keys, sample_operations]
