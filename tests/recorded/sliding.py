"""What JAX computes where windows slide over arrays."""
import jax.numpy as jnp
import numpy as np
from jax import lax
from jax._src.lax import windowed_reductions as internal

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


# Sizes of an array, and windows on it.
WINDOWS = [((6,), {"window_dimensions": (3,)}),
           ((7,), {"window_dimensions": (3,), "window_strides": (2,), "padding": ((1, 2),)}),
           ((7,), {"window_dimensions": (2,), "window_strides": (3,), "padding": ((-1, 1),)}),
           ((5,), {"window_dimensions": (3,), "base_dilation": (2,), "padding": ((2, 1),)}),
           ((4, 5), {"window_dimensions": (2, 2), "window_strides": (2, 2)}),
           ((4, 5), {"window_dimensions": (3, 2), "window_strides": (2, 1), "padding": ((1, 1), (0, 1))}),
           ((2, 3), {"window_dimensions": (1, 3)}),
           ((0, 3), {"window_dimensions": (1, 2)})]
GAPS = [((7,), {"window_dimensions": (2,), "window_dilation": (3,), "padding": ((1, 1),)}),
        ((3, 4), {"window_dimensions": (2, 2), "window_strides": (2, 1), "padding": ((3, 0), (1, 2)), "base_dilation": (3, 1),
                  "window_dilation": (1, 2)})]
TIES = np.array([1, 3, 3, -np.inf, -np.inf, -np.inf, 2, 2, np.nan, 0, 5], np.float32)


def complete(options):
    rank = len(options["window_dimensions"])
    ones = {key: (1,) * rank for key in ["window_strides", "base_dilation", "window_dilation"]}
    return {**ones, "padding": ((0, 0),) * rank, **options}


def has_transpose(options):
    """Whether JAX can transpose a selection from such windows."""
    return all(d == 1 for d in options["window_dilation"]) and all(low >= 0 for low, high in options["padding"])


def windows(r):
    for op in ["sum", "max", "min"]:
        fn = getattr(internal, f"_reduce_window_{op}")
        for shape, options in WINDOWS + GAPS:
            options = complete(options)
            for dtype in [*FLOATS, "int32"]:
                derive = op == "sum" or has_transpose(options)
                derive = derive and 0 not in shape
                r.case(f"reduce_window_{op}", lambda x: fn(x, **options), values(shape, dtype, 7), derive=derive, **options)
        options = complete({"window_dimensions": (3,), "window_strides": (2,), "padding": ((1, 1),)})
        r.case(f"reduce_window_{op}", lambda x: fn(x, **options), TIES, derive=op == "sum", **options)
        r.case(f"reduce_window_{op}", lambda x: fn(x, **options), TIES[:8], derive=True, **options)
        for dtype in ["uint8", "bool", "complex64"]:
            if (op, dtype) != ("sum", "bool"):
                r.case(f"reduce_window_{op}", lambda x: fn(x, **options), values((7,), dtype, 7), derive=op == "sum", **options)


def selections(r):
    for select, prim in [("ge", lax.ge_p), ("le", lax.le_p)]:
        for shape, options in WINDOWS + GAPS:
            options = complete(options)
            for dtype in FLOATS:
                given, x = ordinary(-1, 1, shape, dtype, 9), values(shape, dtype, 7)
                derive = has_transpose(options) and 0 not in shape
                gather = lambda t: internal._select_and_gather_add(t, x, prim, **options)
                record = lambda t, x: internal._select_and_gather_add(t, x, prim, **options)
                r.case("select_and_gather_add", record, given, x, derive=derive, select_prim=select, **options)
                if not has_transpose(options) or any(d > 1 for d in options["base_dilation"]):
                    continue
                rest = {key: options[key] for key in ["window_dimensions", "window_strides", "padding"]}
                source = ordinary(-1, 1, gather(given).shape, dtype, 10)
                record = lambda s, x: internal._select_and_scatter_add(s, x, prim, **rest)
                r.case("select_and_scatter_add", record, source, x, derive=0 not in shape, select_prim=select, **rest)
        options = complete({"window_dimensions": (3,), "window_strides": (2,), "padding": ((1, 1),)})
        rest = {key: options[key] for key in ["window_dimensions", "window_strides", "padding"]}
        for hard in [TIES, -TIES]:
            r.case("select_and_gather_add", lambda t, x: internal._select_and_gather_add(t, x, prim, **options),
                   ordinary(-1, 1, 11, "float32"), hard, derive=False, select_prim=select, **options)
            r.case("select_and_scatter_add", lambda s, x: internal._select_and_scatter_add(s, x, prim, **rest),
                   ordinary(-1, 1, 6, "float32"), hard, derive=False, select_prim=select, **rest)
        for dtype in ["int32", "uint8"]:
            r.case("select_and_scatter_add", lambda s, x: internal._select_and_scatter_add(s, x, prim, **rest),
                   integers(6, dtype, 9), integers(11, dtype), select_prim=select, **rest)


def running(r):
    """Running reductions from both ends, with ties, zeros, NaN and infinities."""
    hard = np.array([[1, 2, 2, 0, 3, 3], [0, 0, -1, 5, 0, 2]], np.float32)
    edges = np.array([1, -np.inf, 2, np.inf, 0, np.nan, 1], np.float32)
    for op in ["cumsum", "cumprod", "cummax", "cummin", "cumlogsumexp"]:
        for axis in [0, 1]:
            for reverse in [False, True]:
                fn = lambda x: getattr(lax, op)(x, axis, reverse)
                for dtype in [*FLOATS, "complex64", "complex128"]:
                    if dtype.startswith("complex") and op in ["cummax", "cummin"]:
                        continue
                    r.case(op, fn, values((3, 5), dtype, 7), axis=axis, reverse=reverse)
                r.case(op, fn, hard, axis=axis, reverse=reverse)
        for reverse in [False, True]:
            fn = lambda x: getattr(lax, op)(x, 0, reverse)
            r.case(op, fn, edges, derive=False, axis=0, reverse=reverse)
            r.case(op, fn, np.array([-np.inf, -np.inf, 1, -np.inf], np.float32), derive=op == "cumlogsumexp", axis=0, reverse=reverse)
            r.case(op, fn, np.zeros(0, np.float32), axis=0, reverse=reverse)
            r.case(op, fn, np.float32([2.5]), axis=0, reverse=reverse)


def window_operations(r):
    """Operations of the table on windows."""
    x, w = ordinary(-2, 2, (2, 3, 5), "float32"), ordinary(-1, 1, (4, 3, 2), "float32", 8)
    image, kernel = ordinary(-2, 2, (1, 4, 5, 2), "float32"), ordinary(-1, 1, (3, 2, 2, 3), "float32", 8)
    words = lambda numbers: tuple(numbers.replace("->", ",").split(",")) if numbers else None
    flat = lambda pads: tuple(n for pair in pads for n in pair)

    def conv(a, b, dimension_numbers="", pads=None, padding="VALID", preferred=None, **options):
        strides = options.get("window_strides", (1,) * (a.ndim - 2))
        fn = lambda a, b: lax.conv_general_dilated(a, b, **{**options, "window_strides": strides}, padding=pads or padding,
                                                   dimension_numbers=words(dimension_numbers), preferred_element_type=preferred)
        extra = {"pads": flat(pads)} if pads else {"padding": padding}
        extra |= {"preferred_element_type": NAMES[preferred]} if preferred else {}
        r.case("conv_general_dilated", fn, a, b, dimension_numbers=dimension_numbers, **options, **extra)

    conv(x, w)
    conv(x, w, padding="SAME")
    conv(x, w, padding="SAME_LOWER", window_strides=(2,))
    conv(x, w, padding="same", window_strides=(3,), rhs_dilation=(2,))
    conv(x, w, pads=((2, -1),), lhs_dilation=(2,))
    conv(x, ordinary(-1, 1, (6, 1, 2), "float32", 8), feature_group_count=3)
    conv(x, w, batch_group_count=2)
    conv(x, w, preferred="float64")
    conv(image, kernel, "NHWC,HWIO->NHWC", padding="SAME")
    conv(image, kernel, "NHWC,HWIO,NCHW", window_strides=(2, 1), padding="SAME_LOWER")
    conv(ordinary(-2, 2, (5, 1, 2, 4), "float32"), kernel, "WNCH,HWIO->HNWC")

    def transpose(a, b, dimension_numbers="", pads=None, padding="SAME", **options):
        strides = options.get("strides", (1,) * (a.ndim - 2))
        fn = lambda a, b: lax.conv_transpose(a, b, **{**options, "strides": strides}, padding=pads or padding,
                                             dimension_numbers=words(dimension_numbers))
        extra = {"pads": flat(pads)} if pads else {"padding": padding}
        r.case("conv_transpose", fn, a, b, dimension_numbers=dimension_numbers, **options, **extra)

    for padding in ["SAME", "VALID"]:
        for stride in [1, 2, 4]:
            transpose(image, kernel, strides=(stride, 2), padding=padding)
    transpose(image, kernel, pads=((1, 2), (0, 1)), strides=(2, 2))
    transpose(image, kernel, pads=((1, 2), (0, 1)), strides=(2, 2), use_consistent_padding=True)
    transpose(image, kernel, strides=(2, 3), rhs_dilation=(2, 1))
    transpose(image, ordinary(-1, 1, (3, 2, 3, 2), "float32", 8), strides=(2, 1), transpose_kernel=True)
    transpose(x, w, "NCW,OIW->NWC", strides=(2,))
    transpose(x.transpose(0, 2, 1), w.transpose(2, 1, 0), strides=(2,))

    for numbers in ["", "NHWC,HWIO->NHWC"]:
        a = image if numbers else image.transpose(0, 3, 1, 2)
        for options in [{}, {"window_strides": (2, 1), "rhs_dilation": (1, 2)}]:
            strides = options.get("window_strides", (1, 1))
            fn = lambda a: lax.conv_general_dilated_patches(a, (2, 3), **{**options, "window_strides": strides}, padding="SAME",
                                                            dimension_numbers=words(numbers))
            r.case("conv_general_dilated_patches", fn, a, filter_shape=(2, 3), padding="SAME", dimension_numbers=numbers, **options)
    local = lambda a, b: lax.conv_general_dilated_local(a, b, (1, 1), "VALID", (2, 2), dimension_numbers=("NHWC", "HWIO", "NHWC"))
    r.case("conv_general_dilated_local", local, image, ordinary(-1, 1, (3, 4, 8, 3), "float32", 8), filter_shape=(2, 2),
           dimension_numbers="NHWC,HWIO->NHWC")
    local = lambda a, b: lax.conv_general_dilated_local(a, b, (2,), "VALID", (2,))
    r.case("conv_general_dilated_local", local, x, ordinary(-1, 1, (4, 6, 2), "float32", 8), filter_shape=(2,), window_strides=(2,))

    long, short = ordinary(-2, 2, 7, "float32"), ordinary(-1, 1, 4, "float32", 8)
    turned = (long + 1j * ordinary(-2, 2, 7, "float32", 9)).astype("complex64")
    for op, fn in [("convolve", jnp.convolve), ("correlate", jnp.correlate)]:
        for mode in ["full", "same", "valid"]:
            for a, b in [(long, short), (short, long), (long, short[:3]), (turned, short), (short, turned), (long, integers(3, "int32"))]:
                r.case(op, lambda a, b: fn(a, b, mode=mode), a, b, mode=mode)
    r.case("convolve", lambda a, b: jnp.convolve(a, b, preferred_element_type="int32"), integers(5, "int32"), integers(2, "int32"),
           preferred_element_type="i32")


GROUPS = [convolutions, windows, selections, running, window_operations]
