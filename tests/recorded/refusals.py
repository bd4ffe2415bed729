"""What JAX refuses to differentiate, and with what words: refusals.py [FILE] (core/coverage/excuses.tsv by default).

A row has the primitive, the element types (`*`: all), the ways to use it, and JAX's words. Each way is tried on JAX: one that
works is an error here, so that no row excuses what JAX can do. A row of `Different` is of ways that JAX does not refuse, but
where it gives examples together something else than each alone.
"""
import pathlib
import sys

import recording  # noqa: F401  (sets JAX up)
import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jax._src.lax import linalg
from jax._src.random import prng
from jax.experimental import io_callback, sparse
from jax.scipy import special

F32 = np.float32
X = np.array([[0.5, 1.5, 2.5], [3.5, 0.25, 1.25]], F32)
V = np.array([0.5, 1.5, 2.5], F32)
SQUARE = np.array([[4, 1, 0.5], [1, 3, 0.25], [0.5, 0.25, 2]], F32)
ALL = "jvp transpose grad_of_vmap vmap_of_grad jvp_of_jvp"
FORWARD = "jvp jvp_of_jvp"
REVERSE = "transpose grad_of_vmap vmap_of_grad"


def is_float(x):
    return np.issubdtype(np.result_type(x), np.inexact)


def tangents(args):
    return tuple(jnp.ones_like(x) if is_float(x) else np.zeros(np.shape(x), jax.dtypes.float0) for x in args)


def floats(args):
    return tuple(k for k, x in enumerate(args) if is_float(x))


def total(f):
    return lambda *args: sum(jnp.sum(jnp.real(y)).astype(jnp.float64) for y in jax.tree.leaves(f(*args)) if is_float(y))


def twice(args):
    return [jnp.stack([x, x]) if isinstance(x, jax.Array) else np.stack([x, x]) for x in args]


def tried(way, f, args):
    if way == "jvp":
        return jax.jvp(f, args, tangents(args))
    if way == "jvp_of_jvp":
        return jax.jvp(lambda *xs: jax.jvp(f, xs, tangents(xs)), args, tangents(args))
    if way == "batch":
        return same_as_alone(f, twice(args))
    if way == "transpose":
        y, pullback = jax.vjp(f, *args)
        return pullback(y)
    if way == "grad_of_vmap":
        return jax.grad(total(jax.vmap(f)), floats(args))(*twice(args))
    return jax.vmap(jax.grad(total(f), floats(args)))(*twice(args))


class Different(Exception):
    pass


def plain(x):
    return jax.random.key_data(x) if jnp.issubdtype(x.dtype, jax.dtypes.prng_key) else x


def same_as_alone(f, args):
    """The results of examples together, if they are those of each alone."""
    together = jax.vmap(f)(*args)
    for k in range(2):
        alone = f(*(x[k] for x in args))
        for all_of_them, one in zip(jax.tree.leaves(together), jax.tree.leaves(alone)):
            if not np.array_equal(plain(all_of_them[k]), plain(one)):
                raise Different("examples together get other numbers than each alone")
    return together


def words(error):
    first = [f": {line}" for line in str(error).strip().splitlines()[:1]]
    return "".join([type(error).__name__, *first])


def add(x, y):
    return lax.add(x, y)


def scatter_mul(x, updates):
    numbers = lax.ScatterDimensionNumbers(update_window_dims=(1,), inserted_window_dims=(0,), scatter_dims_to_operand_dims=(0,))
    return lax.scatter_mul(x, np.array([[0], [1]]), updates, numbers)


def slope(k, *args):
    return jax.jvp(special.hyp1f1, args, tuple(jnp.ones_like(x) if i == k else jnp.zeros_like(x) for i, x in enumerate(args)))[1]


def window(name, x):
    from jax._src.lax import windowed_reductions
    return getattr(windowed_reductions, name)(x, (2,), (1,), [(0, 0)], (1,), (1,))


def select_and_scatter(x, source):
    from jax._src.lax import windowed_reductions
    return windowed_reductions._select_and_scatter(x, lax.ge, (2,), (1,), [(0, 0)], source[:2], F32(0), lax.add)


@jax.custom_vjp
def with_vjp(x):
    return jnp.sin(x) * x


with_vjp.defvjp(lambda x: (with_vjp(x), x), lambda x, ct: (ct * x,))


@jax.custom_batching.custom_vmap
def with_vmap(x):
    return jnp.sin(x) * x


with_vmap.def_vmap(lambda size, batched, x: (jnp.sin(x) * x, True))


def spdot(left, right):
    indices = np.array([[0], [2]])
    numbers = (((0,), (0,)), ((), ()))
    info = sparse.bcoo.SparseInfo((3,))
    return sparse.bcoo._bcoo_spdot_general(left, indices, right, indices, lhs_spinfo=info, rhs_spinfo=info, dimension_numbers=numbers,
                                           preferred_element_type=None)[0]


def residuals(x, r):
    return jax.custom_derivatives.linear_call(lambda r, x: x * r, lambda r, ct: ct * r, r, x)


def shape_of(x):
    return jax.ShapeDtypeStruct(np.shape(x), np.result_type(x))


RBG, URBG = (jax.random.key(3, impl=name) for name in ("rbg", "unsafe_rbg"))
STATE = np.array([11, 22, 33, 44], np.uint32)
PROBES = [
    ("bcoo_spdot_general", "*", REVERSE, spdot, [V[:2], V[1:]]),
    ("clamp", "c64 c128", ALL, lax.clamp, [np.complex64(0), V.astype(np.complex64), np.complex64(1)]),
    ("composite", "*", ALL, lax.composite(lambda x: jnp.sin(x) * x, "test.function"), [V]),
    ("custom_vjp_call", "*", FORWARD, with_vjp, [V]),
    ("custom_vmap_call", "*", "transpose vmap_of_grad", with_vmap, [V]),
    ("geqp3", "*", ALL, lambda a: linalg.geqp3(a, np.zeros(3, np.int32))[0], [SQUARE]),
    ("geqrf", "*", ALL, lambda a: linalg.geqrf(a)[0], [SQUARE]),
    ("hessenberg", "*", ALL, lax.linalg.hessenberg, [SQUARE]),
    ("householder_product", "*", ALL, lax.linalg.householder_product, [SQUARE, V / 4]),
    ("igamma", "*", "jvp_of_jvp", lax.igamma, [V, V]),
    ("hyp1f1_grad_a", "*", REVERSE, lambda a, b, x: slope(0, a, b, x), [V, V + 1, V]),
    ("hyp1f1_grad_b", "*", REVERSE, lambda a, b, x: slope(1, a, b, x), [V, V + 1, V]),
    ("igamma_grad_a", "*", ALL, lax.igamma_grad_a, [V, V]),
    ("igammac", "*", "jvp_of_jvp", lax.igammac, [V, V]),
    ("io_callback", "*", ALL, lambda x: io_callback(lambda x: x, shape_of(x), x), [V]),
    ("linear_call", "*", ALL, residuals, [V, V]),
    ("ormqr", "*", ALL, linalg.ormqr, [SQUARE, V / 4, SQUARE]),
    ("nextafter", "*", ALL, lax.nextafter, [V, V]),
    ("polygamma", "*", ALL, lax.polygamma, [V, V]),
    ("pure_callback", "*", ALL, lambda x: jax.pure_callback(lambda x: x, shape_of(x), x, vmap_method="sequential"), [V]),
    ("random_bits", "key<rbg>", "batch", lambda k: prng.random_bits(k, 32, (2,)), [RBG]),
    ("random_bits", "key<urbg>", "batch", lambda k: prng.random_bits(k, 32, (2,)), [URBG]),
    ("random_fold_in", "key<urbg>", "batch", prng.random_fold_in, [URBG, np.uint32(7)]),
    ("random_gamma", "key<urbg>", "batch", jax.random.loggamma, [URBG, F32(1.5)]),
    ("random_split", "key<urbg>", "batch", lambda k: prng.random_split(k, (2,)), [URBG]),
    ("rng_bit_generator", "*", "batch", lambda s: lax.rng_bit_generator(s, (3,)), [STATE]),
    ("random_gamma_grad", "*", REVERSE, lax.random_gamma_grad, [V, V]),
    ("reduce", "*", ALL, lambda x, init: lax.reduce(x, init, lambda a, b: a * b + a, (0,)), [V, F32(1)]),
    ("reduce_window", "*", ALL, lambda x, init: lax.reduce_window(x, init, add, (2,), (1,), "VALID"), [V, F32(1)]),
    ("reduce_window_max", "c64 c128", ALL, lambda x: window("_reduce_window_max", x), [V.astype(np.complex64)]),
    ("reduce_window_min", "c64 c128", ALL, lambda x: window("_reduce_window_min", x), [V.astype(np.complex64)]),
    ("regularized_incomplete_beta", "*", ALL, lax.betainc, [V, V, V / 4]),
    ("rng_uniform", "*", f"{ALL} batch", lambda a, b: lax.rng_uniform(a, b, (2,)), [F32(0), F32(1)]),
    ("schur", "*", ALL, lax.linalg.schur, [SQUARE]),
    ("scatter-mul", "*", ALL, scatter_mul, [X, X]),
    ("select_and_scatter", "*", ALL, select_and_scatter, [V, V]),
    ("tridiagonal", "*", ALL, lambda a: lax.linalg.tridiagonal(a)[0], [SQUARE]),
    ("while", "*", REVERSE, lambda x: lax.while_loop(lambda c: c[0] < 3, lambda c: (c[0] + 1, c[1] * x), (0, x))[1], [V]),
    ("zeta", "*", ALL, lax.zeta, [V + 1, V]),
]


def main():
    here = pathlib.Path(__file__).parent
    path = sys.argv[1] if len(sys.argv) > 1 else here / "../../core/coverage/excuses.tsv"
    wrong = []
    with open(path, "w") as out:
        for name, dtypes, ways, f, args in PROBES:
            said = None
            for way in ways.split():
                try:
                    tried(way, f, tuple(args))
                    wrong.append(f"JAX can: {name} {way}")
                except Exception as error:
                    said = said or words(error)
            out.write(f"{name}\t{dtypes}\t{ways}\t{said}\n")
    if wrong:
        sys.exit("\n".join(wrong))


if __name__ == "__main__":
    main()
