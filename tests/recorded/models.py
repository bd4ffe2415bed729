"""What models are made of: activations, attention, starting values, segments, distributions."""
import jax
import jax.numpy as jnp
import numpy as np
from jax import nn, ops
from jax.nn import initializers
from jax.scipy import stats

from recording import NAMES, integers, ordinary


def activations(r):
    x, steep = ordinary(-2, 2, (2, 4), "float32"), np.array([-100, -3.5, -1, 0, 1, 3.5, 7, 100], np.float32)
    for op in ["relu6", "hard_sigmoid", "hard_silu", "hard_tanh", "celu", "selu", "glu", "log_sigmoid", "mish", "soft_sign", "sparse_plus", "sparse_sigmoid", "squareplus"]:
        r.case(op, getattr(nn, op), x)
        r.case(op, getattr(nn, op), steep, derive=op not in ("relu6", "hard_sigmoid", "hard_silu", "sparse_sigmoid"))
        r.case(op, getattr(nn, op), x.astype(np.float64))
    r.case("celu", lambda v: nn.celu(v, 0.5), x, alpha=0.5)
    r.case("squareplus", lambda v: nn.squareplus(v, 2.0), x, b=2.0)
    r.case("glu", lambda v: nn.glu(v, 0), x, axis=0)
    r.case("log1mexp", nn.log1mexp, np.array([1e-6, 0.3, 0.69, 0.7, 3, 50], np.float32))
    r.case("logmeanexp", lambda v: nn.logmeanexp(v, 1), x, axes=(1,))
    r.case("logmeanexp", lambda v: nn.logmeanexp(v, keepdims=True), x, keepdims=True)
    r.case("standardize", nn.standardize, x)
    r.case("standardize", lambda v: nn.standardize(v, 0, epsilon=0.1), x, axes=(0,), epsilon=0.1)
    r.case("standardize", lambda v, m, s: nn.standardize(v, mean=m, variance=s), x, x[0], abs(x[1]))
    attention(r)


def attention(r):
    q, k, v = (ordinary(-1, 1, shape, "float32", 3 + i) for i, shape in enumerate([(2, 3, 4, 2), (2, 5, 2, 2), (2, 5, 2, 2)]))
    mask, bias = integers((2, 1, 3, 5), "int32") > 0, ordinary(-1, 1, (1, 4, 3, 5), "float32", 6)
    r.case("dot_product_attention", nn.dot_product_attention, q, k, v)
    r.case("dot_product_attention", nn.dot_product_attention, q[0], k[0], v[0])
    r.case("dot_product_attention", lambda *a: nn.dot_product_attention(*a, is_causal=True, scale=0.3), q, k, v, is_causal=True, scale=0.3)
    r.case("dot_product_attention", lambda *a: nn.dot_product_attention(*a[:3], mask=a[3]), q, k, v, mask)
    r.case("dot_product_attention", lambda *a: nn.dot_product_attention(*a[:3], bias=a[3], local_window_size=(1, 0)), q, k, v, bias, local_window_size=(1, 0))


def starting_values(r):
    jax.config.update("jax_threefry_partitionable", True)
    key = np.asarray(jax.random.PRNGKey(5))
    for dtype in ["float32", "float64"]:
        words = {"shape": (3, 4), "dtype": NAMES[dtype]}
        for name in ["glorot_uniform", "glorot_normal", "lecun_uniform", "lecun_normal", "he_uniform", "he_normal"]:
            r.case(f"initializers_{name}", lambda k: getattr(initializers, name)()(k, (3, 4), dtype), key, **words)
        r.case("initializers_uniform", lambda k: initializers.uniform(0.5)(k, (3, 4), dtype), key, scale=0.5, **words)
        r.case("initializers_normal", lambda k: initializers.normal(0.5)(k, (3, 4), dtype), key, stddev=0.5, **words)
        r.case("initializers_truncated_normal", lambda k: initializers.truncated_normal(0.5, lower=-1.0)(k, (3, 4), dtype), key, stddev=0.5, lower=-1.0, **words)
    for mode in ["fan_in", "fan_out", "fan_avg", "fan_geo_avg"]:
        for distribution in ["normal", "truncated_normal", "uniform"]:
            fn = initializers.variance_scaling(1.5, mode, distribution, in_axis=(0, 1), out_axis=3, batch_axis=(2,))
            r.case("initializers_variance_scaling", lambda k: fn(k, (2, 1, 3, 2), "float32"), key, shape=(2, 1, 3, 2), dtype="f32", scale=1.5, mode=mode,
                   distribution=distribution, in_axis=(0, 1), out_axis=(3,), batch_axis=(2,))


def segments(r):
    ids = np.array([0, 2, 0, 5, -1, 2], np.int32)
    for data in [ordinary(-2, 2, (6,), "float32"), ordinary(-2, 2, (6, 2), "float64"), integers((6,), "int32"), integers((6,), "uint8"), integers((6,), "int32") > 2]:
        for kind in ["sum", "prod", "min", "max"]:
            if data.dtype == bool and kind in ("sum", "prod"):
                continue
            fn = getattr(ops, f"segment_{kind}")
            r.case(f"segment_{kind}", lambda v, i: fn(v, i, num_segments=4), data, ids, derive=kind == "sum", num_segments=4)
            r.case(f"segment_{kind}", lambda v, i: fn(v, i, num_segments=4, mode="clip"), data, abs(ids), derive=kind == "sum", num_segments=4, mode="clip")
    r.case("segment_sum", ops.segment_sum, ordinary(-2, 2, (6,), "float32"), ids)


SUPPORT = {"beta": (0.05, 0.95), "chi2": (0.2, 6), "expon": (0.1, 4), "gamma": (0.2, 6), "pareto": (1.1, 5), "uniform": (0.05, 0.95), "wrapcauchy": (0.1, 6), "truncnorm": (-0.9, 1.4)}
PARAMETERS = {"beta": [(0.5, 4), (0.5, 4)], "chi2": [(1, 6)], "gamma": [(0.5, 4)], "gennorm": [(0.5, 3)], "pareto": [(0.5, 3)], "t": [(1, 6)], "truncnorm": [(-1.5, -1), (1.5, 3)],
              "bernoulli": [(0.1, 0.9)], "binom": [(4, 9), (0.1, 0.9)], "betabinom": [(4, 9), (0.5, 3), (0.5, 3)], "geom": [(0.1, 0.9)], "nbinom": [(2, 6), (0.1, 0.9)], "poisson": [(0.5, 6)],
              "vonmises": [(0.5, 3)], "wrapcauchy": [(0.1, 0.9)]}
ONLY_X = {"gennorm", "vonmises", "wrapcauchy"}
FUNCTIONS = ["logpdf", "pdf", "cdf", "logcdf", "sf", "logsf", "ppf", "isf", "logpmf", "pmf"]


def distributions(r):
    for name in ["beta", "cauchy", "chi2", "expon", "gamma", "gennorm", "gumbel_l", "gumbel_r", "laplace", "logistic", "norm", "pareto", "t", "truncnorm", "uniform", "vonmises",
                 "wrapcauchy", "bernoulli", "binom", "betabinom", "geom", "nbinom", "poisson"]:
        module = getattr(stats, name)
        for function in FUNCTIONS:
            if hasattr(module, function):
                distribution(r, name, function, getattr(module, function))
    x, alpha = np.array([[0.2, 0.5], [0.3, 0.1], [0.5, 0.4]], np.float32), np.array([0.5, 2, 3], np.float32)
    for function in ["logpdf", "pdf"]:
        r.case(f"dirichlet_{function}", getattr(stats.dirichlet, function), x, alpha)
        r.case(f"dirichlet_{function}", getattr(stats.dirichlet, function), x[:2], alpha)
        r.case(f"dirichlet_{function}", getattr(stats.dirichlet, function), x * 2, alpha, derive=False)
    counts, p = np.array([2, 1, 3], np.int32), np.array([0.3, 0.3, 0.4], np.float32)
    for function in ["logpmf", "pmf"]:
        for n in [6, 5]:
            r.case(f"multinomial_{function}", getattr(stats.multinomial, function), counts, np.int32(n), p, derive=n == 6)
    r.case("poisson_entropy", stats.poisson.entropy, np.array([0, 0.5, 3, 12, 60, 150], np.float64), derive=False)


def distribution(r, name, function, fn):
    parameters = [ordinary(low, high, (4,), "float32", 20 + i) for i, (low, high) in enumerate(PARAMETERS.get(name, []))]
    if "pmf" in function or name == "bernoulli":
        parameters[:1] = [np.round(p) if name in ("binom", "betabinom", "nbinom") else p for p in parameters[:1]]
        x = np.array([0, 1, 2, 3], np.float32) if function != "ppf" else ordinary(0.05, 0.95, (4,), "float32")
        derive = False
    else:
        x = ordinary(*(0.05, 0.95) if function in ("ppf", "isf") else SUPPORT.get(name, (-2, 2)), (4,), "float32")
        # By shapes JAX itself has no derivatives of some.
        derive = not (name in ("beta", "gamma", "chi2", "gennorm") and ("cdf" in function or "sf" in function)) and name != "truncnorm"
        # JAX takes the logarithm of a scale times a whole number, of which it has no derivative.
        derive = derive and not (name.startswith("gumbel") and function == "ppf")
    # As default floats, but only as exact as its operands are.
    x = x.astype(np.float64) if name == "norm" and function in ("ppf", "isf") else x
    r.case(f"{name}_{function}", fn, x, *parameters, derive=derive)
    if function in ("ppf", "isf"):
        hard = np.array([-0.5, 0, 1, 1.5, np.nan], np.float32)
    else:
        hard = np.array([-9, -1, -0.0, 1, 9, np.inf, -np.inf, np.nan], np.float32)
        hard = hard[:5] if name in ("beta", "chi2", "gamma", "gennorm") or "pmf" in function or name == "poisson" else hard
    r.case(f"{name}_{function}", fn, hard, *[p[:1] for p in parameters], derive=False)
    if name not in ONLY_X and not (name == "bernoulli" and function in ("cdf", "ppf")):
        location = [np.float32(0.1)] if "pmf" not in function and name != "poisson" else [np.float32(1)]
        scale = [np.float32(1.25)] if "pmf" not in function and name != "poisson" else []
        r.case(f"{name}_{function}", fn, x, *parameters, *location, *scale, derive=derive and name != "uniform", wrt=[0] if name.startswith("gumbel") else None)


GROUPS = [activations, starting_values, segments, distributions]
