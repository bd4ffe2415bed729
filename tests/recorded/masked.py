"""Reductions of the elements that a mask picks, and from a value to start with: JAX's `where` and `initial`."""
import jax.numpy as jnp
import numpy as np
from jax import nn

from recording import SPECIAL, integers, ordinary

FROM_ANY = {"reduce_sum": jnp.sum, "reduce_prod": jnp.prod, "nansum": jnp.nansum, "nanprod": jnp.nanprod}
FROM_ONE = {"reduce_max": jnp.max, "reduce_min": jnp.min, "nanmax": jnp.nanmax, "nanmin": jnp.nanmin}
PLAIN = {"mean": jnp.mean, "nanmean": jnp.nanmean, "all": jnp.all, "any": jnp.any}
SPREAD = {"var": jnp.var, "std": jnp.std, "nanvar": jnp.nanvar, "nanstd": jnp.nanstd}

X = ordinary(-2, 2, (3, 4), "float32")
SOME = np.array([[True, False, True, True], [False, False, True, False], [True, True, False, True]])
MOST = np.array([[True, True, True, False], [True, False, True, True], [False, True, True, True]])
COLUMNS, NONE = np.array([True, False, True, True]), np.array([[True], [False], [True]])
WAYS = [(None, (), False), (0, (0,), True), (1, (1,), False), ((0, 1), (0, 1), True)]


def masked_operations(r):
    for op, fn in {**FROM_ANY, **FROM_ONE, **PLAIN, **SPREAD}.items():
        fixed = {"initial": np.float32(0.25)} if op in FROM_ONE else {}
        for axis, axes, keepdims in WAYS:
            for mask in [SOME, COLUMNS, NONE, np.bool_(True)]:
                spread = op in SPREAD and (mask is NONE and axis == 1)
                case(r, op, fn, X, mask, axis, axes, keepdims, derive=not spread, **fixed)
        case(r, op, fn, np.zeros((0, 3), np.float32), np.zeros((0, 3), bool), 0, (0,), False, derive=op in FROM_ANY, **fixed)
        types(r, op, fn)
    starts(r)
    for op, fn in SPREAD.items():
        for ddof in [1, 3]:
            run = lambda v, m: fn(v, 1, ddof=ddof, where=m)
            r.case(f"{op}_where", run, X, SOME, derive=False, axes=(1,), ddof=float(ddof))
            r.case(f"{op}_where", lambda v, m: fn(v, ddof=ddof, where=m), X, SOME, ddof=float(ddof))
    functions(r)


def case(r, op, fn, x, mask, axis, axes, keepdims, derive=True, **options):
    run = lambda v, m, *start: fn(v, axis, keepdims=keepdims, where=m, **({"initial": start[0]} if start else {}))
    r.case(f"{op}_where", run, x, mask, *options.values(), derive=derive, axes=axes, keepdims=keepdims)


def types(r, op, fn):
    """Other element types, and what is not a number."""
    special = np.array(SPECIAL, np.float32).reshape(3, 4)
    for x in [integers((3, 4), "int8"), integers((3, 4), "int32"), integers((3, 4), "uint8"), X > 0, X.astype("float64"),
              X.astype("float16"), X.astype(jnp.bfloat16), (X + 1j * X[::-1]).astype("complex64"), special]:
        real = not np.issubdtype(x.dtype, np.complexfloating)
        fixed = {"initial": np.asarray(1, x.dtype)} if op in FROM_ONE else {}
        derive = x.dtype == np.float64 or (not real and op not in FROM_ONE and "std" not in op)
        case(r, op, fn, x, SOME, 1, (1,), False, derive=derive, **fixed)


def starts(r):
    for op, fn in {**FROM_ANY, **FROM_ONE}.items():
        for x, initial in [(X, np.float32(1.5)), (X, np.int32(2)), (X, np.float64(-3.5)), (X, np.float32(-np.inf)), (X, np.float32(np.nan)),
                           (integers((3, 4), "int32"), np.int32(5)), (integers((3, 4), "int8"), np.float32(2.75)), (X > 0, np.bool_(True)),
                           (X.astype("float16"), np.float32(0.1)), (np.zeros((2, 0), np.float32), np.float32(3)), (X, np.bool_(True))]:
            derive = x.dtype == np.float32 and np.isfinite(np.float64(initial)) and (x.size or op in FROM_ANY)
            case(r, op, fn, x, np.bool_(True), 1, (1,), False, derive=bool(derive), initial=initial)
        case(r, op, fn, X, SOME, (0, 1), (0, 1), False, initial=np.float32(0.5))


def functions(r):
    b = ordinary(-1, 2, (3, 4), "float32", 8)
    low = np.array([[-np.inf, -np.inf, 3, 1], [0, 1, -np.inf, 2], [1e4, 2, 1, -1e4]], np.float32)
    for axis, axes in [(-1, (-1,)), (0, (0,)), (None, ())]:
        for op, fn in [("softmax", nn.softmax), ("log_softmax", nn.log_softmax)]:
            for mask in [SOME, COLUMNS, np.bool_(True)]:
                r.case(f"{op}_where", lambda v, m: fn(v, axis, m), X, mask, derive=op == "softmax" or mask.ndim == 0, axes=axes)
            r.case(f"{op}_where", lambda v, m: fn(v, axis, m), low, SOME, derive=False, axes=axes)
            r.case(f"{op}_where", lambda v, m: fn(v, axis, m), X, NONE, derive=False, axes=axes)
            r.case(f"{op}_where", lambda v, m: fn(v, axis, m), X.astype("float16"), SOME, derive=False, axes=axes)
        over = axes if axes != (-1,) else (1,)
        for mask in [SOME, COLUMNS]:
            for x in [X, X.astype("float64")]:
                r.case("logsumexp_where", lambda v, m: nn.logsumexp(v, axis, where=m), x, mask, axes=over)
                r.case("logmeanexp_where", lambda v, m: nn.logmeanexp(v, axis, where=m), x, mask, axes=over)
                r.case("logsumexp_where", lambda v, m, f: nn.logsumexp(v, axis, abs(f), where=m), x, mask, abs(b), axes=over)
                r.case("logsumexp_where", lambda v, m, f: nn.logsumexp(v, axis, f, return_sign=True, where=m), x, mask, b, axes=over, return_sign=True)
                # The variance of one element is 0, by which rounding errors are divided.
                several = MOST if mask is SOME else mask
                r.case("standardize_where", lambda v, m: nn.standardize(v, axis, where=m), x, several, axes=axes)
        r.case("logsumexp_where", lambda v, m: nn.logsumexp(v, axis, where=m, keepdims=True), low, SOME, derive=False, axes=over, keepdims=True)
        r.case("logsumexp_where", lambda v, m, f: nn.logsumexp(v, axis, f, where=m), low, SOME, -b, derive=False, axes=over)
        r.case("logsumexp_where", lambda v, m: nn.logsumexp(v, axis, where=m), (X + 1j * b).astype("complex64"), SOME, axes=over)
        r.case("logsumexp_where", lambda v, m, f: nn.logsumexp(v, axis, f), integers((3, 4), "int32"), np.bool_(True), b, derive=False, axes=over)
    mean, variance = ordinary(-1, 1, (3, 1), "float32", 5), ordinary(0.5, 1, (3, 1), "float32", 6)
    r.case("standardize_where", lambda v, m, u: nn.standardize(v, mean=u, where=m), X, SOME, mean)
    r.case("standardize_where", lambda v, m, u, w: nn.standardize(v, -1, u, w, 0.1, m), X, SOME, mean, variance, epsilon=0.1)


GROUPS = [masked_operations]
