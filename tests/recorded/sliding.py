"""What JAX computes where windows slide over arrays: convolutions."""
import numpy as np
from jax import lax

from recording import FLOATS, NAMES, integers, ordinary


def values(shape, dtype, seed):
    if dtype == "bool":
        return integers(shape, "int32", seed) % 2 == 1
    if dtype.startswith("complex"):
        real = dtype.replace("complex64", "float32").replace("complex128", "float64")
        return (ordinary(-2, 2, shape, real, seed) + 1j * ordinary(-2, 2, shape, real, seed + 20)).astype(dtype)
    return integers(shape, dtype, seed) if "int" in dtype else ordinary(-2, 2, shape, dtype, seed)


def convolve(r, lhs_shape, rhs_shape, dtype="float32", numbers=None, preferred=None, derive=True, **options):
    n = len(lhs_shape) - 2
    numbers = numbers or (tuple(range(n + 2)),) * 3
    full = {"window_strides": (1,) * n, "padding": ((0, 0),) * n, "lhs_dilation": (1,) * n, "rhs_dilation": (1,) * n,
            "feature_group_count": 1, "batch_group_count": 1} | options
    fn = lambda x, w: lax.conv_general_dilated(x, w, dimension_numbers=lax.ConvDimensionNumbers(*numbers),
                                               preferred_element_type=preferred, **full)
    extra = {"preferred_element_type": NAMES[preferred]} if preferred else {}
    r.case("conv_general_dilated", fn, values(lhs_shape, dtype, 7), values(rhs_shape, dtype, 8), derive=derive,
           dimension_numbers=numbers, **full, **extra)


def convolutions(r):
    for dtype in [*FLOATS, "int32", "uint8", "bool", "complex64", "complex128"]:
        convolve(r, (2, 3, 5), (2, 3, 3), dtype)
        convolve(r, (1, 2, 4, 3), (2, 2, 2, 2), dtype, padding=((1, 1), (0, 1)), window_strides=(2, 1))
    for options in [{"window_strides": (2,)}, {"padding": ((2, 1),)}, {"padding": ((-1, 2),)}, {"padding": ((-1, -1),)},
                    {"lhs_dilation": (2,)}, {"rhs_dilation": (2,)}, {"lhs_dilation": (3,), "padding": ((4, 2),)},
                    {"window_strides": (3,), "padding": ((2, 2),), "lhs_dilation": (2,), "rhs_dilation": (2,)},
                    {"window_strides": (2,), "padding": ((-1, 3),), "rhs_dilation": (2,)}]:
        convolve(r, (2, 2, 7), (3, 2, 3), **options)
        convolve(r, (2, 4, 7), (6, 2, 3), feature_group_count=2, **options)
        convolve(r, (4, 2, 7), (6, 2, 3), batch_group_count=2, **options)
    convolve(r, (1, 4, 6), (4, 1, 3), feature_group_count=4)
    convolve(r, (1, 4, 6), (8, 1, 3), "complex64", feature_group_count=4)
    images = [((0, 3, 1, 2), (3, 2, 0, 1), (0, 3, 1, 2)), ((3, 0, 2, 1), (0, 3, 2, 1), (1, 2, 0, 3)), ((1, 0, 2, 3), (1, 0, 2, 3), (2, 3, 0, 1))]
    for numbers in images:
        sizes = lambda canonical, spec: tuple(canonical[spec.index(axis)] for axis in range(4))
        convolve(r, sizes((2, 3, 5, 4), numbers[0]), sizes((4, 3, 3, 2), numbers[1]), numbers=numbers, padding=((1, 1), (0, 1)))
        convolve(r, sizes((2, 4, 5, 4), numbers[0]), sizes((4, 2, 3, 2), numbers[1]), numbers=numbers, feature_group_count=2,
                 lhs_dilation=(1, 2), window_strides=(2, 1))
    convolve(r, (2, 3), (4, 3))
    convolve(r, (1, 2, 3, 2, 3), (2, 2, 2, 1, 2), padding=((1, 0), (0, 1), (0, 0)))
    convolve(r, (1, 2, 2), (2, 2, 4))
    convolve(r, (0, 2, 4), (2, 2, 3), derive=False)
    convolve(r, (1, 0, 4), (2, 0, 3), derive=False)
    convolve(r, (1, 2, 5), (3, 2, 2), preferred="float64")
    convolve(r, (1, 2, 5), (3, 2, 2), "int32", preferred="int64")


GROUPS = [convolutions]
