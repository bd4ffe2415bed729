"""A package like JAX over libjaxrs.so, as far as the programs of semantics.tsv go.

Everything that is computed, traced or transformed is, by the library; here stand JAX's calling conventions: trees, static
arguments, operators, keys of `x[key]`.
"""
import contextlib as _contextlib

from . import _methods, _scope
from . import custom_batching, custom_derivatives, debug, dtypes, experimental, export, flatten_util, lax, nn, numpy, ops, random, scipy, sharding, tree
from . import ad_checkpoint, checkpoint_policies, image, tree_util
from ._callback import pure_callback
from ._custom import checkpoint, custom_gradient, custom_jvp, custom_vjp
from ._diff import fwd_and_bwd, grad, hessian, jacfwd, jacrev, jvp, linearize, value_and_grad, vjp
from ._equations import closure_convert, linear_transpose
from ._jaxpr import ShapeDtypeStruct, eval_shape, make_jaxpr
from ._jit import jit
from ._library import Missing as _Missing
from ._references import freeze, new_ref
from ._scope import CONFIG as config
from ._vmap import Mesh as _Mesh, P, pmap, shard_map, vmap


def make_mesh(shape, names, axis_types=None):
    return _Mesh(shape, names)


def block_until_ready(tree):
    return tree


def effects_barrier():
    """Callbacks have run when a call returns."""


def debug_nans(value):
    return config.during("debug_nans", value)


def debug_key_reuse(value):
    return config.during("debug_key_reuse", value)


def numpy_dtype_promotion(value):
    return config.during("dtype_promotion", value)


def numpy_rank_promotion(value):
    return config.during("rank_promotion", value)


def disable_jit(value=True):
    return config.during("disable_jit", value)


def __getattr__(name):
    if name.startswith("__"):
        raise AttributeError(name)
    raise _Missing(f"jax.{name}")
