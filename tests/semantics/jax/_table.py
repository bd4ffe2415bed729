"""Modules whose functions are operations of the table, under the table's name or another."""
from ._array import operation
from ._library import OPERATIONS, Missing


def finder(module, names, prefix=""):
    """A module's `__getattr__`: `names` maps JAX's names to the table's where they differ."""
    def find(name):
        if name.startswith("__"):
            raise AttributeError(name)
        target = names.get(name, prefix + name)
        if target not in OPERATIONS:
            raise Missing(f"{module}.{name}")
        return operation(target)
    return find
