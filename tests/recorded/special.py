"""Special functions: values at ordinary and hard points, and derivatives where JAX has some."""
import numpy as np
from jax import lax

from recording import FLOATS, ordinary


def pairs(left, right, dtype):
    return [np.array(x, dtype) for x in zip(*[(a, b) for a in left for b in right])]


def special_functions(r):
    inf, nan = np.inf, np.nan
    for op in ["bessel_i0e", "bessel_i1e", "lgamma", "digamma", "erfc"]:
        fn = getattr(lax, op)
        for dtype in FLOATS:
            for low, high, shape in [(0.1, 4, (2, 3)), (4, 12, (4,)), (7.9, 8.1, (3,)), (20, 80, (3,)), (0.4, 0.6, ())]:
                r.case(op, fn, ordinary(low, high, shape, dtype))
            r.case(op, fn, np.zeros((0, 3), dtype))
            r.case(op, fn, np.array([0, -0.0, inf, -inf, nan, 1, 2, 8, -2, 1e-30, -1e-30], dtype), derive=False)
        r.case(op, fn, np.array([0, 1e-20, -1e-20, -3.5, -8.5], np.float64), derive=op.startswith("bessel"))
    two(r, inf, nan)
    beta(r, inf, nan)


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
            for k in range(6):
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


GROUPS = [special_functions]
