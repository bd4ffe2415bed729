"""Trees of containers: flattening, paths, and mapping over them."""
import dataclasses
import functools

from ._library import Refused

REGISTERED = {}  # class -> (to children and the rest, from the rest and children, names of children)


class Leaf:
    """The structure of a leaf."""

    def __eq__(self, other):
        return isinstance(other, Leaf)

    __hash__ = object.__hash__
    num_leaves = 1


@dataclasses.dataclass(frozen=True)
class Node:
    """The structure of a container: its class, what tells it from others of the class, and its children's structures."""
    kind: object
    rest: object
    children: tuple

    @property
    def num_leaves(self):
        return sum(child.num_leaves for child in self.children)


LEAF = Leaf()


def parts(tree):
    """Class, rest and children, or None for a leaf."""
    kind = type(tree)
    if tree is None:
        return kind, None, ()
    if kind in (list, tuple):
        return kind, None, tuple(tree)
    if isinstance(tree, dict):
        try:
            keys = tuple(sorted(tree))
        except TypeError:
            raise Refused(f"ValueError: keys of a dict that cannot be sorted: {list(tree)}") from None
        return kind, keys, tuple(tree[key] for key in keys)
    if isinstance(tree, tuple) and hasattr(kind, "_fields"):
        return kind, None, tuple(tree)
    if kind in REGISTERED:
        children, rest = REGISTERED[kind][0](tree)
        return kind, rest, tuple(children)
    return None


def rebuilt(kind, rest, children):
    if kind is type(None):
        return None
    if kind in (list, tuple):
        return kind(children)
    if kind in REGISTERED:
        return REGISTERED[kind][1](rest, children)
    if issubclass(kind, dict):
        return kind(zip(rest, children))
    return kind(*children)


def tree_flatten(tree, is_leaf=None):
    found = None if is_leaf and is_leaf(tree) else parts(tree)
    if found is None:
        return [tree], LEAF
    kind, rest, children = found
    flat = [tree_flatten(child, is_leaf) for child in children]
    return [leaf for leaves, _ in flat for leaf in leaves], Node(kind, rest, tuple(s for _, s in flat))


def tree_unflatten(structure, leaves):
    leaves = iter(leaves)

    def build(node):
        return next(leaves) if isinstance(node, Leaf) else rebuilt(node.kind, node.rest, [build(c) for c in node.children])
    return build(structure)


def tree_leaves(tree, is_leaf=None):
    return tree_flatten(tree, is_leaf)[0]


def tree_structure(tree, is_leaf=None):
    return tree_flatten(tree, is_leaf)[1]


def flatten_up_to(structure, tree):
    """The subtrees of `tree` at the leaves of `structure`."""
    if isinstance(structure, Leaf):
        return [tree]
    found = parts(tree)
    if found is None or found[:2] != (structure.kind, structure.rest) or len(found[2]) != len(structure.children):
        raise Refused(f"ValueError: a tree {tree!r} where the structure is {structure}")
    return [leaf for s, child in zip(structure.children, found[2]) for leaf in flatten_up_to(s, child)]


def tree_map(f, tree, *rest, is_leaf=None):
    leaves, structure = tree_flatten(tree, is_leaf)
    columns = [leaves, *(flatten_up_to(structure, other) for other in rest)]
    return tree_unflatten(structure, [f(*row) for row in zip(*columns)])


def tree_transpose(outer, inner, tree):
    rows = [tree_leaves(part) for part in flatten_up_to(outer, tree)]
    return tree_unflatten(inner, [tree_unflatten(outer, column) for column in zip(*rows)])


def broadcast_prefix(prefix, tree, is_leaf=lambda x: x is None):
    """The leaves of a prefix, each as often as the tree has leaves under it."""
    leaves, structure = tree_flatten(prefix, is_leaf)
    subtrees = flatten_up_to(structure, tree)
    return [leaf for leaf, sub in zip(leaves, subtrees) for _ in tree_leaves(sub)]


def key_names(kind, rest, n):
    if hasattr(kind, "_fields"):
        return [f".{name}" for name in kind._fields]
    if kind in REGISTERED:
        return [f".{name}" for name in REGISTERED[kind][2]]
    return [f"[{key!r}]" for key in (rest if rest is not None else range(n))]


def tree_leaves_with_path(tree):
    found = parts(tree)
    if found is None:
        return [((), tree)]
    kind, rest, children = found
    names = key_names(kind, rest, len(children))
    return [((name, *path), leaf) for name, child in zip(names, children) for path, leaf in tree_leaves_with_path(child)]


def keystr(path):
    return "".join(path)


def register_dataclass(cls):
    fields = dataclasses.fields(cls)
    data = [f.name for f in fields if not f.metadata.get("static")]
    static = [f.name for f in fields if f.metadata.get("static")]

    def flatten(x):
        return [getattr(x, name) for name in data], tuple(getattr(x, name) for name in static)

    def unflatten(rest, children):
        return cls(**dict(zip(static, rest)), **dict(zip(data, children)))
    REGISTERED[cls] = (flatten, unflatten, data)
    return cls


def tree_reduce(f, tree):
    return functools.reduce(f, tree_leaves(tree))


def tree_all(tree):
    return all(tree_leaves(tree))
