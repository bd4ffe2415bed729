"""`jax.random`."""
from . import _dtypes
from ._array import apply, is_array
from ._convert import asarray, full
from ._library import OPERATIONS
from ._table import finder

IMPLS = {"fry": "threefry2x32", "rbg": "rbg", "urbg": "unsafe_rbg", "fry4": "threefry4x32", "phx2": "philox2x32",
         "phx4": "philox4x32"}
_find = finder("jax.random", {"t": "random_t", "PRNGKey": "random_prng_key"}, "random_")


def __getattr__(name):
    """A function of the table; where it needs a shape, scalars are drawn without one."""
    run = _find(name)
    description = OPERATIONS.get(f"random_{name}", {"attributes": [], "operands": []})
    needs_shape = any(a["name"] == "shape" and "default" not in a for a in description["attributes"])
    n = len(description["operands"])

    def draw(*args, **kwargs):
        if needs_shape and len(args) <= n and "shape" not in kwargs:
            kwargs["shape"] = ()
        return run(*args, **kwargs)
    return draw


def key(seed, impl=None):
    return apply("random_key", seed=seed, generator=impl)


def key_impl(keys):
    return IMPLS[keys.dtype.name.removeprefix("key<").removesuffix(">")]


def split(key, num=2):
    return apply("random_split", key, num=num) if isinstance(num, int) else apply("random_split_shape", key, shape=num)


def fold_in(key, data):
    return apply("random_fold_in", key, data if is_array(data) else full(data, _dtypes.BY_NAME["uint32"]))


def uniform(key, shape=(), dtype=None, minval=0.0, maxval=1.0):
    return apply("random_uniform", key, shape=shape, dtype=dtype, low=minval, high=maxval)


def randint(key, shape, minval, maxval, dtype=None):
    return apply("random_randint", key, minval, maxval, shape=shape, dtype=dtype)


def permutation(key, x, axis=0, independent=False):
    if isinstance(x, int):
        return apply("random_permutation", key, n=x)
    return apply("random_shuffle", key, x, axis=axis, independent=independent)


def choice(key, a, shape=(), replace=True, p=None):
    from . import numpy
    values = numpy.arange(a) if isinstance(a, int) else asarray(a)
    return apply("random_choice", key, values, *([] if p is None else [p]), shape=shape, replace=replace)


def bernoulli(key, p=0.5, shape=None):
    return apply("random_bernoulli", key, p, shape=shape)
