"""`jax.flatten_util`."""
from . import numpy as jnp
from ._convert import asarray
from .tree_util import tree_flatten, tree_unflatten


def ravel_pytree(tree):
    """The leaves one after another, and the function that takes such an array apart again."""
    leaves, structure = tree_flatten(tree)
    leaves = [asarray(leaf) for leaf in leaves]
    flat = jnp.concatenate([leaf.ravel() for leaf in leaves])

    def unravel(vector):
        starts = [0]
        for leaf in leaves:
            starts.append(starts[-1] + leaf.size)
        parts = [vector[a:b].reshape(leaf.shape).astype(leaf.dtype) for a, b, leaf in zip(starts, starts[1:], leaves)]
        return tree_unflatten(structure, parts)
    return flat, unravel
