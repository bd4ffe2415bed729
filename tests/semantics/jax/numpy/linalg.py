"""`jax.numpy.linalg`."""
from .._array import apply
from .._library import OPERATIONS
from .._table import finder

__getattr__ = finder("jax.numpy.linalg", {"norm": "linalg_norm" if "linalg_norm" in OPERATIONS else "norm"})


def svd(a, full_matrices=True, compute_uv=True):
    found = apply("svd", a, full_matrices=full_matrices, compute_uv=compute_uv)
    return found if compute_uv else found[0]
