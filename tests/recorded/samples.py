"""What samples tell: ranks, modes, densities, the nearest of a few."""
import numpy as np
from jax.scipy import stats
from jax.scipy.cluster.vq import vq

from recording import integers, ordinary

TIED = np.array([[3, 1, 3, 2], [1, 1, 1, 0], [5, -2, 5, 5]], np.float32)


def rank_operations(r):
    holes = np.array([[1, np.nan, 1], [2, 0, 2]], np.float32)
    for axis in [None, 0, 1, -1]:
        for x in [TIED, TIED.astype("int32"), TIED.astype("float64"), TIED > 1, holes, integers((2, 3, 2), "uint8")]:
            for method in ["average", "min", "max", "dense", "ordinal"] if x is TIED or x is holes else ["average"]:
                r.case("stats_rankdata", lambda v: stats.rankdata(v, method, axis=axis), x, derive=False, axis=own(axis), method=method)
            for keepdims in [False, True]:
                r.case("stats_mode", lambda v: tuple(stats.mode(v, axis, keepdims=keepdims)), x, derive=False, axis=own(axis), keepdims=keepdims)
        for ddof in [0, 1]:
            for x in [ordinary(-1, 1, (3, 4), "float32"), ordinary(-1, 1, (3, 4), "float64"), integers((3, 4), "int32")]:
                r.case("stats_sem", lambda v: stats.sem(v, axis, ddof), x, axis=own(axis), ddof=float(ddof))
        r.case("stats_sem", lambda v: stats.sem(v, axis, keepdims=True), ordinary(-1, 1, (3, 4), "float32"), axis=own(axis), keepdims=True)
    r.case("stats_mode", lambda v: tuple(stats.mode(v)), np.float32(2), derive=False)
    r.case("stats_rankdata", lambda v: stats.rankdata(v), np.array([2, -0.0, 0.0, np.inf, -np.inf, 2]), derive=False)


def own(axis):
    """Our word for an axis: the least number for none."""
    return -2**63 if axis is None else axis


def density_operations(r):
    for dtype in ["float32", "float64"]:
        for shape in [(7,), (1, 6), (2, 8), (3, 9)]:
            d = shape[0] if len(shape) == 2 else 1
            data, at = ordinary(-1, 1, shape, dtype), ordinary(-1, 1, (d, 4), dtype, 8)
            for weights in [[], [ordinary(0.2, 1, shape[-1], dtype, 9)]]:
                for method in [None, "silverman", 0.6]:
                    words = {} if method is None else {"bw_method": str(method)}
                    kde = lambda v, w: stats.gaussian_kde(v, method, *w)
                    r.case("gaussian_kde_evaluate", lambda v, x, *w: kde(v, w).evaluate(x), data, at, *weights, **words)
                    r.case("gaussian_kde_logpdf", lambda v, x, *w: kde(v, w).logpdf(x), data, at, *weights, **words)
                mean, cov = ordinary(-1, 1, d, dtype, 3), (np.eye(d) + 0.2).astype(dtype)
                r.case("gaussian_kde_integrate_gaussian", lambda v, m, c, *w: stats.gaussian_kde(v, None, *w).integrate_gaussian(m, c), data, mean, cov,
                       *weights, derive=False)
                if d == 1:
                    low, high = np.asarray(-0.5, dtype), np.asarray(0.75, dtype)
                    box = lambda v, a, b, *w: stats.gaussian_kde(v, None, *w).integrate_box_1d(a, b)
                    r.case("gaussian_kde_integrate_box_1d", box, data, low, high, *weights)
        r.case("gaussian_kde_evaluate", lambda v, x: stats.gaussian_kde(v).evaluate(x), ordinary(-1, 1, (3, 9), dtype), ordinary(-1, 1, 3, dtype))
        r.case("vq", vq, ordinary(-1, 1, (6, 2), dtype), ordinary(-1, 1, (4, 2), dtype, 8), derive=False)
        r.case("vq", vq, ordinary(-1, 1, 6, dtype), ordinary(-1, 1, 3, dtype, 8), derive=False)
    r.case("vq", vq, integers((5, 3), "int32"), integers((2, 3), "int32", 8), derive=False)
    r.case("gaussian_kde_evaluate", lambda v, x: stats.gaussian_kde(v).evaluate(x), np.array([1, 2, 5], np.int32), np.array([0.5, 2]))


GROUPS = [rank_operations, density_operations]
