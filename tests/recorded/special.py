"""Special functions: values at ordinary and hard points, and derivatives where JAX has some."""
import jax
import numpy as np
import jax.numpy as jnp
import jax.scipy.special as scipy
from jax import lax

from recording import FLOATS, ordinary


def pairs(left, right, dtype):
    return [np.array(x, dtype) for x in zip(*[(a, b) for a in left for b in right])]


def special_functions(r):
    inf, nan = np.inf, np.nan
    for op in ["bessel_i0e", "bessel_i1e", "lgamma", "digamma", "erfc"]:
        fn = getattr(lax, op)
        for dtype in FLOATS:
            for low, high, shape in [(0.1, 4, (2, 3)), (4, 12, (4,)), (7.9, 8.1, (3,)), (20, 80, (3,)), (0.4, 0.6, ()), (1, 2, (5,)), (0.01, 0.1, (2, 2)), (12, 20, (4,))]:
                r.case(op, fn, ordinary(low, high, shape, dtype))
            r.case(op, fn, np.zeros((0, 3), dtype))
            r.case(op, fn, np.array([0, -0.0, inf, -inf, nan, 1, 2, 8, -2, 1e-30, -1e-30], dtype), derive=False)
        r.case(op, fn, np.array([0, 1e-20, -1e-20, -3.5, -8.5], np.float64), derive=op.startswith("bessel"))
    two(r, inf, nan)
    beta(r, inf, nan)
    hypergeometric(r)
    for dtype in FLOATS:
        for k in range(4):
            points = ordinary(0.5, 9, (3,), dtype, 20 + k), ordinary(0.1, 12, (3,), dtype, 30 + k)
            r.case("random_gamma_grad", lax.random_gamma_grad, *points, backwards=False)
        for n in [0, 1, 2, 3, 7, 40]:
            for low, high in [(0.05, 0.95), (1.1, 30)]:
                r.case("expn", scipy.expn, np.full((4,), n, dtype), ordinary(low, high, (4,), dtype, n), derive=False)
        r.case("expn", scipy.expn, np.array([2, 3, 1, 0, -1, 6000], dtype), np.array([0, 0, 0, 0, 0.5, 2], dtype), derive=False)
        r.case("expn", scipy.expn, np.zeros((0, 2), dtype), np.zeros((0, 2), dtype), derive=False)


def slope(k):
    def of(*args):
        return jax.jvp(scipy.hyp1f1, args, tuple(jnp.ones_like(x) if i == k else jnp.zeros_like(x) for i, x in enumerate(args)))[1]
    return of


def hypergeometric(r):
    functions = {"hyp1f1": scipy.hyp1f1, "hyp1f1_grad_a": slope(0), "hyp1f1_grad_b": slope(1)}
    for op, fn in functions.items():
        for dtype in FLOATS:
            for k, (low, high, shape) in enumerate([(0.05, 0.9, (3,)), (-2, -0.1, (2, 2)), (1, 5, (3,)), (0.5, 1.5, ()), (5, 20, (3,)), (0.1, 2, (1, 1))]):
                a, b, x = ordinary(0.3, 4, shape, dtype, 20 + k), ordinary(0.4, 5, shape, dtype, 30 + k), ordinary(low, high, shape, dtype, 40 + k)
                r.case(op, fn, a, b, x, backwards=False)
                r.case(op, fn, b, a, x, derive=False)
            if op == "hyp1f1":
                r.case(op, fn, np.array([0, 1.5, 2, 0, 2], dtype), np.array([2, 1.5, 0, 0, 0.5], dtype), np.array([0.5, 0.5, 0.5, 2, 1], dtype), derive=False)
            r.case(op, fn, *[np.zeros((0, 2), dtype)] * 3, derive=False)


def two(r, inf, nan):
    hard = [0, -0.0, 0.5, 1, 2, 7, -1, -2.5, inf, -inf, nan]
    shapes, points = [0.3, 1, 1.5, 4, 12], [0.05, 0.9, 1.5, 4, 11, 30]
    for op in ["igamma", "igammac", "igamma_grad_a", "random_gamma_grad"]:
        fn = getattr(lax, op)
        derive = op in ("igamma", "igammac")
        for dtype in FLOATS:
            r.case(op, fn, *pairs(shapes, points, dtype), derive=derive)
            r.case(op, fn, ordinary(0.5, 6, (2, 3), dtype), ordinary(0.2, 8, (2, 3), dtype, 8), derive=derive)
            r.case(op, fn, *pairs(hard, hard, dtype), derive=False)
            r.case(op, fn, *pairs([1e-8, 1e-3, 0.02], [1e-9, 1e-4, 0.7, 3], dtype), derive=False)
            r.case(op, fn, *pairs([np.finfo(dtype).tiny * k for k in (1, 4, 100)], [0.5, 1.5, 2, 3.5], dtype), derive=False)
            r.case(op, fn, np.zeros((0,), dtype), np.zeros((0,), dtype), derive=derive)
            for k in range(4):
                r.case(op, fn, ordinary(0.5, 9, (3,), dtype, 20 + k), ordinary(0.1, 12, (3,), dtype, 30 + k), derive=derive)
            r.case(op, fn, ordinary(1, 3, (), dtype), ordinary(1, 3, (), dtype, 3), derive=derive)
        r.case(op, fn, *pairs([100, 1000], [1, 90, 100, 120, 1500], np.float32), derive=False)
    for op in ["zeta", "polygamma"]:
        fn = getattr(lax, op)
        for dtype in FLOATS:
            orders = [1.5, 2, 3, 7.5] if op == "zeta" else [0, 1, 2, 5]
            r.case(op, fn, *pairs(orders, [0.2, 0.9, 3, 12, 60], dtype), derive=False)
            r.case(op, fn, *pairs([0, 1, 2, 3, 0.5, -1, inf, nan], [-1.5, 0, -1, -2, 0.5, nan, inf, -0.0], dtype), derive=False)
            r.case(op, fn, np.zeros((0, 2), dtype), np.zeros((0, 2), dtype), derive=False)
            for k in range(8):
                left = ordinary(1.5, 6, (4,), dtype, 20 + k) if op == "zeta" else np.array([0, 1, 2, 3], dtype)
                r.case(op, fn, left, ordinary(0.3, 9, (4,), dtype, 30 + k), derive=False)
            if op == "polygamma":
                for m in [0, 1, 3]:
                    r.case("digamma", lax.digamma, ordinary(0.3, 9, (4,), dtype, 40 + m))


def beta(r, inf, nan):
    op, fn = "regularized_incomplete_beta", lax.betainc
    for dtype in FLOATS:
        for k in range(8):
            a, b = ordinary(0.3, 6, (2, 3), dtype, 20 + k), ordinary(0.3, 6, (2, 3), dtype, 30 + k)
            r.case(op, fn, a, b, ordinary(0.05, 0.95, (2, 3), dtype, 40 + k), derive=False)
        points = [np.array(x, dtype) for x in zip(*[(a, b, x) for a in [0, 0.5, 2, inf, -1, nan] for b in [0, 0.5, 3, inf]
                                                    for x in [0, 0.25, 1, -0.5, 1.5, nan]])]
        r.case(op, fn, *points, derive=False)
        r.case(op, fn, *[np.zeros((0, 2), dtype)] * 3, derive=False)
    # XLA's lgamma has not all digits of doubles here.
    for dtype in FLOATS[:1]:
        r.case(op, fn, np.array([30, 50], dtype), np.array([20, 70], dtype), np.array([0.6, 0.4], dtype), derive=False)


def integral_operations(r):
    """JAX's T comes out in double precision where that is there, its Bessel functions' tangents as NaN where they overflow."""
    inf, nan = np.inf, np.nan
    owens_t = lambda h, a: scipy.owens_t(h, a).astype(h.dtype)
    for dtype in ["float16", "bfloat16", *FLOATS]:
        exact = dtype in FLOATS
        x = np.array([-9, -5.5, -3, -0.5, 0.1, 1, 1.59, 1.62, 2.5, 3.9, 4.1, 7.9, 8.1, 30], dtype)
        r.case("sici", scipy.sici, x if exact else x[4:9], derive=exact)
        r.case("fresnel", scipy.fresnel, x[2:10] if exact else x[3:7], derive=exact)
        if exact:
            r.case("sici", scipy.sici, np.array([0, -0.0, inf, -inf, nan, 2e9, -1e10], dtype), derive=False)
            r.case("fresnel", scipy.fresnel, np.array([0, -0.0, inf, -inf, nan, 4e4, -5e4], dtype), derive=False)
            r.case("fresnel", scipy.fresnel, np.array([10, -25, 1000], dtype), derive=False)
    r.case("sici", scipy.sici, np.array([1, 5, 9], np.int32), derive=False)
    r.case("fresnel", scipy.fresnel, np.array([1, -2], np.int32), derive=False)
    for dtype in FLOATS:
        h, a = ordinary(-3, 3, (3, 4), dtype), ordinary(-2.5, 2.5, (3, 4), dtype, 8)
        r.case("owens_t", owens_t, h, a)
        r.case("owens_t", owens_t, h[0], a[:, :1])
        r.case("owens_t", owens_t, np.array([0, 0, 1, -1, 2, 5, nan, 1, inf, 0.3], dtype), np.array([1, 3, 1, -1, 0, 100, 1, nan, 1, inf], dtype), derive=False)
        for v, n_iter in [(0, 50), (3, 50), (5, 80), (2, 20)]:
            z = ordinary(0.3, 9, (2, 3), dtype) if n_iter > 20 else ordinary(0.3, 2, (3,), dtype)
            r.case("bessel_jn", lambda x: scipy.bessel_jn(x, v=v, n_iter=n_iter), z, derive=n_iter == 20 or dtype == "float64", v=v, n_iter=n_iter)
        r.case("bessel_jn", lambda x: scipy.bessel_jn(x, v=1), np.array(2.5, dtype), v=1)
        r.case("wofz", scipy.wofz, ordinary(-3, 3, (5,), dtype), derive=False)
    r.case("bessel_jn", lambda x: scipy.bessel_jn(x, v=2), np.array([1, 2], np.int32), derive=False, v=2)
    for dtype in ["complex64", "complex128"]:
        part = "float32" if dtype == "complex64" else "float64"
        z = (ordinary(-3, 3, (3, 4), part) + 1j * ordinary(-1.5, 3, (3, 4), part, 8)).astype(dtype)
        r.case("wofz", scipy.wofz, z)
        r.case("wofz", scipy.wofz, np.array([0, 1j, -1j, 5, 0.5 - 0.5j, 100, 3j], dtype), derive=False)


def hypergeometric_operations(r):
    """Derivatives by parameters are JAX's series, which go on inside of the unit circle."""
    for dtype in FLOATS:
        a, b, c, x = ordinary(0.2, 2.5, 4, dtype), ordinary(0.2, 2.5, 4, dtype, 8), ordinary(3, 5, 4, dtype, 9), ordinary(0.05, 0.7, 4, dtype, 10)
        r.case("hyp2f1", scipy.hyp2f1, a, b, c, x)
        r.case("hyp2f1", scipy.hyp2f1, a[0], b[1], c, x)
        rows = [(0.5, 1.5, 2.5, 0), (0, 1.5, 2, 0.5), (1, 2, 0, 0.5), (1, 2, -2, 0.5), (0.5, 0.7, 0.7, 0.3), (0.7, 0.5, 0.7, 0.3), (0.5, 0.7, 2, 1),
                (0.5, 0.7, 1.2, 1), (1, 1, 3, 2), (-2, 1.5, 2.5, 0.5), (1.5, -3, 2.5, 0.5), (-3, -2, 1.5, 0.8), (2, 3, 1.5, 0.3), (2.5, 3, 2, 0.6),
                (0.5, 0.7, 2.2, 0.95), (0.5, 1, 1.5, 0.95), (0.5, 1, 3.5, 0.95), (1, 2, 1.5, 0.95), (-2, 3, -5, 0.5), (0.5, 1.5, 2.5, 0.9)]
        for part in [rows[:10], rows[10:]]:
            r.case("hyp2f1", scipy.hyp2f1, *(np.array(column, dtype) for column in zip(*part)), derive=False)
        for row in [(0.5, 1.5, 2.5, 0.25), (2, 1, 3, 0.5), (-2, 1.5, 2.5, 0.4), (0.5, 1, 3, 0.95), (0.3, 0.4, 1.9, 0.8)]:
            r.case("hyp2f1", scipy.hyp2f1, *(np.array(number, dtype) for number in row), derive=False)
        r.case("hyp2f1", scipy.hyp2f1, a.reshape(2, 2), b[:2], c[0], x.reshape(2, 2))
    r.case("hyp2f1", scipy.hyp2f1, np.array([1, 2], np.int32), np.int32(1), np.int32(3), np.float32(0.5), derive=False)


def harmonic_operations(r):
    """JAX's come out in double precision where that is there."""
    harmonic = lambda n, m, t, p, **given: scipy.sph_harm_y(n, m, t, p, **given).astype(np.result_type(t.dtype, np.complex64))
    for dtype in FLOATS:
        n, m = np.array([0, 1, 2, 3, 3, 5, 5, 7], np.int32), np.array([0, -1, 2, 0, -2, 5, -4, 3], np.int32)
        theta, phi = ordinary(0.2, 2.9, 8, dtype), ordinary(0.1, 6, 8, dtype, 8)
        for n_max in [-1, 7, 9, 4]:
            given = None if n_max < 0 else n_max
            r.case("sph_harm_y", lambda n, m, t, p: harmonic(n, m, t, p, n_max=given), n, m, theta, phi, derive=False, n_max=n_max)
        for size in [1, 3]:
            known = (n[:size], m[:size])
            r.case("sph_harm_y", lambda n, m, t, p: harmonic(n, m, t, p, n_max=3), *known, theta[:size], phi[:size], derive=False, n_max=3)
        for degree in range(4):
            order = np.arange(-degree, degree + 1, dtype=np.int32)
            t, p = ordinary(0.2, 2.9, len(order), dtype, degree), ordinary(0.1, 6, len(order), dtype, degree + 9)
            r.case("sph_harm_y", lambda n, m, t, p: harmonic(n, m, t, p, n_max=degree), np.full_like(order, degree), order, t, p, derive=degree > 0, n_max=degree)


def special_operations(r):
    inf, nan = np.inf, np.nan
    inside = {"logit": (0.05, 0.95), "ndtri": (0.001, 0.999), "gamma": (0.2, 6), "gammaln": (0.2, 6), "loggamma": (0.2, 6), "factorial": (0.1, 6),
              "spence": (0.05, 0.95), "exp1": (0.05, 6), "expi": (-4, 70), "entr": (0.05, 3)}
    for op in [*inside, "gammasgn", "i0", "i0e", "i1", "i1e", "ndtr", "log_ndtr", "sinc"]:
        fn = jnp.sinc if op == "sinc" else getattr(scipy, op)
        for dtype in FLOATS:
            r.case(op, fn, ordinary(*inside.get(op, (-3, 3)), (2, 4), dtype))
            hard = [0, -0.0, 1, inf, -inf, nan, -1, -2, 0.5, -0.5, -1.5, -3.5, 2, 3, 1e-3]
            hard = [x for x in hard if not (op in ("i0", "i1") and np.isinf(x)) and not (op in ("spence", "exp1", "expi", "sinc") and not np.isfinite(x))]
            r.case(op, fn, np.array(hard, dtype), derive=False)
        if not op.startswith(("ndtr", "log_ndtr", "spence")):
            r.case(op, fn, np.array([1, 2, 3], np.int32) if op != "logit" else np.array([0, 1], np.int32), derive=False)
    for dtype in FLOATS:
        # Beyond 1 JAX loses the derivative of a logarithm that it does not need.
        r.case("spence", scipy.spence, np.array([1.2, 1.5, 1.7, 2, 2.5, 7, 100], dtype), derive=False)
        r.case("ndtri", scipy.ndtri, np.array([1e-30, 1e-10, 0.1, 0.135, 0.136, 0.5, 0.86, 0.87, 1 - 1e-6], dtype))
        far = np.array([-50, -20.5, -19, -10.5, -9, 4, 6, 9], dtype)
        r.case("log_ndtr", scipy.log_ndtr, far)
        r.case("log_ndtr", lambda x: scipy.log_ndtr(x, series_order=5), far, series_order=5)
        r.case("ndtr", scipy.ndtr, far)
        for op in ["dawsn", "erfcx"]:
            fn = getattr(scipy, op)
            r.case(op, fn, np.array([-7, -4, -2, -0.5, 0.1, 1, 3, 4, 6, 7, 20, 100], dtype)[2 if op == "erfcx" else 0:])
            r.case(op, fn, np.array([0, -0.0, nan, 1e-20], dtype), derive=False)
            r.case(op, fn, np.array([1, 2], np.int32), derive=False)
    operands = {"beta": (0.3, 12), "betaln": (0.3, 20), "gammainc": (0.3, 8), "gammaincc": (0.3, 8), "xlogy": (0.2, 3), "xlog1py": (0.2, 3),
                "rel_entr": (0.2, 3), "kl_div": (0.2, 3), "boxcox": (0.2, 3), "boxcox1p": (0.2, 3), "poch": (0.3, 3), "comb": (2, 9)}
    for op, (low, high) in operands.items():
        fn = getattr(scipy, op)
        for dtype in FLOATS:
            x, y = ordinary(low, high, (3, 4), dtype), ordinary(low, high, (3, 4), dtype, 8)
            y = y if op != "comb" else y / 5
            r.case(op, fn, x, y)
            r.case(op, fn, x[0], y[:, :1])
        r.case(op, fn, np.array([1, 2, 3], np.int32), ordinary(0.5, 1, 3, "float32"), derive=False)
        left, right = (np.array(v, np.float64) for v in zip(*[(a, b) for a in [0, 1, 2.5, -1, nan] for b in [0, 1, 2.5, -1, nan]]))
        if op not in ("poch", "beta", "betaln"):
            r.case(op, fn, left, right, derive=False)
    zeros = np.array([0, 0, 1.5], np.float32), np.array([0.5, 2, 0.5], np.float32)
    for op in ["xlogy", "xlog1py", "rel_entr", "kl_div"]:
        r.case(op, getattr(scipy, op), *zeros)
    r.case("comb", lambda a, b: scipy.comb(a, b, repetition=True), np.array([5, 3, 0], np.float64), np.array([2, 0, 2], np.float64), derive=False, repetition=True)
    for dtype in FLOATS:
        a, b, x = (ordinary(0.3, 5, (2, 3), dtype, k) for k in (7, 8, 9))
        r.case("betainc", scipy.betainc, a, b, x / 6, derive=False)
        r.case("polygamma", scipy.polygamma, np.array([0, 1, 4], np.int32), x, derive=False)
        r.case("zeta", scipy.zeta, a + 1, b)
        r.case("expn", scipy.expn, np.array([[0.0], [1], [2], [7]], dtype), np.array([0.1, 0.9, 1.1, 5, 20], dtype), derive=False)
        r.case("expn", scipy.expn, np.array([2.0, 3, 1, -1, 6000], dtype), np.array([0.0, 0, 0, 0.5, 2], dtype), derive=False)
        r.case("igamma_grad_a", lax.igamma_grad_a, a, x, derive=False)
        r.case("random_gamma_grad", lax.random_gamma_grad, a, x, derive=False)
        r.case("hyp1f1", scipy.hyp1f1, a, b, x - 2)
        r.case("hyp1f1", scipy.hyp1f1, a, b, x * 40, derive=False)
        r.case("hyp1f1", scipy.hyp1f1, np.array([0, 1.5, 2, 0, -1.5, 2], dtype), np.array([2, 1.5, 0, 0, 2, -0.5], dtype),
               np.array([0.5, 0.5, 0.5, 2, 2, 1], dtype), derive=False)
        for d in [1, 2, 5]:
            r.case("multigammaln", lambda v: scipy.multigammaln(v, d), a + 3, d=d)
    for n in [0, 1, 2, 5, 12]:
        r.case("bernoulli", lambda: scipy.bernoulli(n), count=n)
    x = ordinary(-2, 2, (3, 4), "float32")
    for axis in [0, 1]:
        r.case("unstack", lambda v: jnp.unstack(v, axis=axis), x, axis=axis)


GROUPS = [special_operations, integral_operations, hypergeometric_operations, harmonic_operations, special_functions]
