"""What JAX draws with `jax_threefry_partitionable` off."""
import jax
import jax.numpy as jnp
import numpy as np
from jax._src.random import core as internal
from jax._src.random import prng

from random_numbers import key_of
from recording import NAMES

SHAPES = [(), (1,), (2,), (5,), (0,), (3, 3), (2, 3), (17,)]


def off(group):
    """The group, with the setting off."""
    def recorded(r):
        with jax.threefry_partitionable(False):
            group(r)
    recorded.__name__ = group.__name__
    return recorded


@off
def original_threefry(r):
    flag = {"threefry_partitionable": False}
    for name in ["threefry2x32", "rbg"]:
        for shape in SHAPES:
            for batch in [(), (2,)]:
                r.case("random_split", lambda k: prng.random_split(k, shape), key_of(name, 1, batch), shape=shape, **flag)
    for width in [8, 16, 32, 64]:
        for shape in SHAPES:
            r.case("random_bits", lambda k: prng.random_bits(k, width, shape), key_of("threefry2x32", 3), bit_width=width, shape=shape, **flag)
        for batch in [(3,), (1, 2), (0,)]:
            bits = lambda k: prng.random_bits(k, width, (5,))
            r.case("random_bits", bits, key_of("threefry2x32", 3, batch), bit_width=width, shape=(5,), **flag)
    shapes = np.array([[0.1, 0.7, 1.0], [2.5, 13.0, 300.0]])
    for log_space in [False, True]:
        sample = lambda k, a: internal.random_gamma_p.bind(k, a, log_space=log_space)
        for dtype in ["float32", "float64"]:
            r.case("random_gamma", sample, key_of("threefry2x32", 8, (2,)), shapes.astype(dtype), derive=False, log_space=log_space, **flag)
        r.case("random_gamma", sample, key_of("rbg", 8, (2,)), shapes, derive=False, log_space=log_space, **flag)


@off
def original_operations(r):
    random = jax.random

    def case(op, fn, *params, **attributes):
        named = {k: NAMES[v] if k == "dtype" else v for k, v in attributes.items()}
        for key in [random.key(7), np.array([3, 42], np.uint32)]:
            r.case(f"random_{op}", lambda k, *x: fn(k, *x, **attributes), key, *params, derive=False, **named)

    for num in [1, 2, 3]:
        case("split", random.split, num=num)
    case("fold_in", random.fold_in, np.uint32(17))
    for dtype in ["float32", "float64", "float16"]:
        for shape in [(5,), (2, 2)]:
            case("uniform", random.uniform, shape=shape, dtype=dtype)
            case("normal", random.normal, shape=shape, dtype=dtype)
    for name in ["exponential", "laplace", "gumbel", "cauchy"]:
        case(name, getattr(random, name), shape=(5,), dtype="float32")
    case("normal", random.normal, shape=(3,), dtype="complex64")
    low, high = np.array([[-1.0], [0.5]], np.float32), np.array([0.75, 2.0, 30.0], np.float32)
    case("truncated_normal", random.truncated_normal, low, high, dtype="float32")
    for dtype in ["int32", "int64", "uint8"]:
        case("randint", lambda k, a, b, shape, dtype: random.randint(k, shape, a, b, dtype), np.int64(0), np.int64(100), shape=(9,), dtype=dtype)
    case("bernoulli", lambda k, q: random.bernoulli(k, q), np.array([0.1, 0.5, 0.999], np.float32))
    for n in [1, 5, 40]:
        case("permutation", lambda k, n: random.permutation(k, n), n=n)
    x = np.arange(24, dtype=np.float32).reshape(4, 6)
    case("shuffle", lambda k, v, axis, independent: random.permutation(k, v, axis, independent), x, axis=1, independent=True)
    for replace in [True, False]:
        case("choice", lambda k, v, shape, replace: random.choice(k, v, shape, replace), x, shape=(3,), replace=replace)
    case("categorical", lambda k, v: random.categorical(k, v), np.log(np.array([[0.1, 0.2, 0.7], [0.5, 0.25, 0.25]], np.float32)))
    a = np.array([0.3, 1.0, 4.5], np.float32)
    for name in ["gamma", "chisquare", "t", "dirichlet"]:
        case(name, getattr(random, name), a, dtype="float32")
    case("beta", random.beta, a, a[::-1].copy(), dtype="float32")
    case("poisson", random.poisson, np.array([0.0, 0.5, 9.9, 30.0], np.float32), dtype="int32")
    case("binomial", random.binomial, np.array([3.0, 50.0], np.float32), np.float32(0.4), dtype="float32")


GROUPS = [original_threefry, original_operations]
