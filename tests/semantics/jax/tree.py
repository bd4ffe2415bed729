"""`jax.tree`: the functions of `jax.tree_util` by short names."""
from .tree_util import tree_all as all, tree_flatten as flatten, tree_leaves as leaves, tree_map as map
from .tree_util import tree_reduce as reduce, tree_structure as structure, tree_transpose as transpose
from .tree_util import tree_unflatten as unflatten
