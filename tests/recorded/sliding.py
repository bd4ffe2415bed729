"""What JAX computes where windows slide over arrays."""
import jax
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


def program(fn, *inputs, key="jaxpr"):
    """The program of scalars that an operation holds, as JAX prints it."""
    held = jax.make_jaxpr(fn)(*inputs).eqns[-1].params[key]
    return " ".join(str(held).split())


def reducers(r):
    """Reductions by programs."""
    mix = lambda a, b: a * 0.5 + b
    both = lambda a, b: (a[0] * b[0], jnp.maximum(a[1], b[1]))
    first = lambda a, b: (jnp.where(a[0] >= b[0], a[0], b[0]), jnp.where(a[0] >= b[0], a[1], b[1]))
    product = lambda a, b: a * b
    for dtype in FLOATS:
        x, y = ordinary(0.5, 2, (3, 4), dtype), ordinary(-1, 1, (3, 4), dtype, 8)
        two, low = np.asarray(2, dtype), np.asarray(-9, dtype)
        place, none = integers((3, 4), "int32"), np.int32(-1)
        for axes in [(0,), (1,), (0, 1), ()]:
            one = lambda x, i: lax.reduce(x, i, product, axes)
            r.case("reduce", one, x, two, derive=bool(axes), wrt=[0], dimensions=axes, jaxpr=program(one, x, two))
            two_at_once = lambda x, y, i, j: lax.reduce((x, y), (i, j), both, axes)
            r.case("reduce", two_at_once, x, y, two, low, derive=bool(axes), wrt=[0, 1], dimensions=axes, jaxpr=program(two_at_once, x, y, two, low))
        ordered = lambda x, i: lax.reduce(x, i, mix, (0,))
        r.case("reduce", ordered, x, two, derive=False, dimensions=(0,), jaxpr=program(ordered, x, two))
        chosen = lambda x, p, i, n: lax.reduce((x, p), (i, n), first, (1,))
        r.case("reduce", chosen, x, place, low, none, derive=False, dimensions=(1,), jaxpr=program(chosen, x, place, low, none))
        for shape, options in WINDOWS + GAPS:
            options = complete(options)
            x, y = ordinary(0.5, 2, shape, dtype), integers(shape, "int32")
            # With several axes the order of elements is XLA's own.
            fn = lambda x, i: lax.reduce_window(x, i, mix if len(shape) == 1 else product, **options)
            r.case("reduce_window", fn, x, two, derive=False, jaxpr=program(fn, x, two), **options)
            fn = lambda x, p, i, n: lax.reduce_window((x, p), (i, n), first, **options)
            r.case("reduce_window", fn, x, y, low, none, derive=False, jaxpr=program(fn, x, y, low, none), **options)
    for dtype in ["int32", "uint8", "complex64"]:
        x, two = values((3, 4), dtype, 7), np.asarray(2, dtype)
        one = lambda x, i: lax.reduce(x, i, product, (1,))
        r.case("reduce", one, x, two, wrt=[0], dimensions=(1,), jaxpr=program(one, x, two))
    empty, two = np.zeros((0, 3), np.float32), np.float32(2)
    one = lambda x, i: lax.reduce(x, i, product, (0,))
    r.case("reduce", one, empty, two, derive=False, dimensions=(0,), jaxpr=program(one, empty, two))
    for select in [lambda a, b: a >= b, lambda a, b: a < b]:
        for scatter in [jnp.add, lambda a, b: a - 2 * b]:
            for shape, options in WINDOWS[:3] + WINDOWS[4:7]:
                rest = {key: complete(options)[key] for key in ["window_dimensions", "window_strides", "padding"]}
                if any(low < 0 for low, high in rest["padding"]):
                    continue
                x, init = ordinary(-2, 2, shape, "float32"), np.float32(1)
                windows = internal._reduce_window_sum(x, **complete(options)).shape
                fn = lambda x, s, i: internal._select_and_scatter(x, select, rest["window_dimensions"], rest["window_strides"],
                                                                  rest["padding"], s, i, scatter)
                source = ordinary(-1, 1, windows, "float32", 9)
                r.case("select_and_scatter", fn, x, source, init, derive=False, **rest,
                       select_jaxpr=program(fn, x, source, init, key="select_jaxpr"),
                       scatter_jaxpr=program(fn, x, source, init, key="scatter_jaxpr"))


def largest(r):
    """The largest and smallest elements along an axis."""
    hard = np.array([[0, -0.0, np.nan, 1, 1, np.nan, np.inf, -0.0, 0, -np.inf, 2.5], [3, 3, 3, 1, 1, 1, 2, 2, 2, 0, 0]], np.float32)
    for dtype in [*FLOATS, "int32", "int64", "uint8", "uint32", "bool"]:
        x = values((4, 5), dtype, 7)
        for axis, k in [(0, 2), (1, 3), (1, 5), (0, 0)]:
            r.case("top_k", lambda v: lax.top_k(v, k, axis=axis), x, k=k, axis=axis)
    for k in [1, 4, 11]:
        r.case("top_k", lambda v: lax.top_k(v, k), hard, k=k, axis=1)
    many = ordinary(-2, 2, (2, 200), "float32").round(1)
    r.case("top_k", lambda v: lax.top_k(v, 20), many, k=20, axis=1)
    for is_max, fn in [(True, lax.approx_max_k), (False, lax.approx_min_k)]:
        for dtype in FLOATS:
            for axis, k in [(0, 2), (0, 1), (1, 3), (1, 1), (1, 5)]:
                x = values((4, 5), dtype, 7)
                r.case("approx_top_k", lambda v: fn(v, k, axis), x, k=k, reduction_dimension=axis, is_max_k=is_max)
        # Which of equal elements come first is not said.
        r.case("approx_top_k", lambda v: fn(v, 20, 1), ordinary(-2, 2, (2, 200), "float32"), k=20, reduction_dimension=1, is_max_k=is_max)
        infinite = np.array([[1, np.inf, 0.5, -np.inf, -2, 7]], np.float32)
        r.case("approx_top_k", lambda v: fn(v, 6, 1), infinite, k=6, reduction_dimension=1, is_max_k=is_max)


def ragged(r):
    """Products of groups of rows, of scaled operands, of a matrix with itself."""
    sizes = np.array([2, 0, 3, 1], np.int32)
    for dtype in FLOATS:
        x, y = ordinary(-2, 2, (7, 3), dtype), ordinary(-2, 2, (4, 3, 5), dtype, 8)
        r.case("ragged_dot", lax.ragged_dot, x, y, sizes)
        r.case("ragged_dot", lax.ragged_dot, x[:6], y, sizes.astype("int64"))

    def general(lhs, rhs, sizes, lhs_contracting, rhs_contracting, lhs_batch, rhs_batch, lhs_ragged, rhs_group=None):
        numbers = lax.RaggedDotDimensionNumbers(((lhs_contracting, rhs_contracting), (lhs_batch, rhs_batch)), [lhs_ragged],
                                                [] if rhs_group is None else [rhs_group])
        fn = lambda a, b, g: lax.ragged_dot_general(a, b, g, numbers)
        extra = {} if rhs_group is None else {"rhs_group": rhs_group}
        # JAX differentiates where the ragged axis is free.
        r.case("ragged_dot_general", fn, lhs, rhs, sizes, derive=rhs_group is not None, lhs_contracting=lhs_contracting, rhs_contracting=rhs_contracting,
               lhs_batch=lhs_batch, rhs_batch=rhs_batch, lhs_ragged=lhs_ragged, **extra)

    several = np.array([[2, 0, 3, 1], [1, 1, 1, 1]], np.int32)
    for dtype in FLOATS:
        make = lambda shape, seed=7: ordinary(-2, 2, shape, dtype, seed)
        general(make((7, 3)), make((4, 3, 5), 8), sizes, (1,), (1,), (), (), 0, 0)
        general(make((3, 7)), make((3, 5, 4), 8), sizes, (0,), (0,), (), (), 1, 2)
        general(make((2, 7, 3)), make((4, 2, 3, 5), 8), sizes, (2,), (2,), (0,), (1,), 1, 0)
        general(make((2, 7, 3)), make((4, 2, 3, 5), 8), several, (2,), (2,), (0,), (1,), 1, 0)
        general(make((2, 7, 3)), make((4, 3, 5), 8), several, (2,), (1,), (), (), 1, 0)
        general(make((3, 7)), make((5, 7), 8), sizes, (1,), (1,), (), (), 1)
        general(make((2, 3, 7)), make((2, 7, 5), 8), sizes, (2,), (1,), (0,), (0,), 2)
        general(make((2, 3, 7)), make((2, 7, 5), 8), several, (2,), (1,), (0,), (0,), 2)
        general(make((7, 3, 2)), make((2, 7, 5), 8), several, (2, 0), (0, 1), (), (), 0)
        general(make((6, 3, 2)), make((6, 2, 5), 8), sizes, (2,), (1,), (0,), (0,), 0)
        general(make((7, 3)), make((4, 3, 5), 8), np.array([0, 0, 0, 0], np.int32), (1,), (1,), (), (), 0, 0)
        general(make((0, 3)), make((4, 3, 5), 8), np.array([0, 0, 0, 0], np.int32), (1,), (1,), (), (), 0, 0)

    # Numbers of few bits: XLA now and then leaves out the rounding of scaled operands.
    for dtype in FLOATS:
        for batch in [(), (2,)]:
            for k, left_k, right_k in [(8, 4, 2), (8, 1, 4), (6, 3, 1), (12, 4, 6), (4, 2, 2)]:
                make = lambda *shape, seed=7: (integers((*batch, *shape), "int32", seed) / 8).astype(dtype)
                n, b = len(batch), tuple(range(len(batch)))
                dims = (((n + 1,), (n + 1,)), (b, b))
                fn = lambda a, b, s, t: lax.scaled_dot(a, b, lhs_scale=s, rhs_scale=t, dimension_numbers=dims, preferred_element_type=jnp.float32)
                r.case("scaled_dot", fn, make(3, k), make(5, k, seed=8), make(3, left_k, seed=9), make(5, right_k, seed=10), derive=False,
                       lhs_contracting=(n + 1,), rhs_contracting=(n + 1,), lhs_batch=b, rhs_batch=b, preferred_element_type="f32")
    for dtype in FLOATS:
        for shape in [(3, 4), (2, 3, 2), (1, 1), (3, 0), (5, 2)]:
            c = ordinary(-1, 1, (*shape[:-1], shape[-2]), dtype, 8)
            for alpha, beta in [(1.0, 0.0), (0.5, 2.0)]:
                fn = lambda a, c: lax.linalg.symmetric_product(a, c, alpha=alpha, beta=beta)
                r.case("symmetric_product", fn, ordinary(-2, 2, shape, dtype), c, derive=False, alpha=alpha, beta=beta)


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

    flat_axes = {"window_dimensions": (2, 1, 3), "window_strides": (1, 1, 2)}
    for op, monoid, start in [("sum", lax.add, 0.0), ("max", lax.max, -np.inf), ("min", lax.min, np.inf)]:
        for extra in [{}, {"padding": "SAME"}, {"padding": "SAME_LOWER", "window_dilation": (1, 1, 2)}]:
            fn = lambda a: lax.reduce_window(a, start, monoid, **{"padding": "VALID", **flat_axes, **extra})
            r.case(f"reduce_window_{op}", fn, x, derive="window_dilation" not in extra or op == "sum", **flat_axes, **extra)
        pads = ((1, 0), (0, 0), (2, 1))
        fn = lambda a: lax.reduce_window(a, start, monoid, padding=pads, base_dilation=(2, 1, 1), **flat_axes)
        r.case(f"reduce_window_{op}", fn, x, pads=flat(pads), base_dilation=(2, 1, 1), **flat_axes)

    def pooled(monoid, start, padding, strides):
        window = {"window_dimensions": (1, 2, 3, 1), "window_strides": (1, *strides, 1), "padding": padding}
        return lambda a: lax.reduce_window(a, start, monoid, **window)

    for strides in [(1, 1), (2, 1)]:
        for padding in ["VALID", "SAME"]:
            total, count = pooled(lax.add, 0.0, padding, strides), np.ones_like(image)
            options = {"window_shape": (2, 3), "strides": strides, "padding": padding}
            r.case("max_pool", pooled(lax.max, -np.inf, padding, strides), image, **options)
            r.case("min_pool", pooled(lax.min, np.inf, padding, strides), image, **options)
            r.case("avg_pool", lambda a: total(a) / 6, image, **options)
            r.case("avg_pool", lambda a: total(a) / total(count), image, count_include_pad=False, **options)
    for axis, reverse in [(0, False), (-1, True)]:
        r.case("cumlogsumexp", lambda a: lax.cumlogsumexp(a, axis % 3, reverse), x, axis=axis, reverse=reverse)

    long, short = ordinary(-2, 2, 7, "float32"), ordinary(-1, 1, 4, "float32", 8)
    turned = (long + 1j * ordinary(-2, 2, 7, "float32", 9)).astype("complex64")
    for op, fn in [("convolve", jnp.convolve), ("correlate", jnp.correlate)]:
        for mode in ["full", "same", "valid"]:
            for a, b in [(long, short), (short, long), (long, short[:3]), (turned, short), (short, turned), (long, integers(3, "int32"))]:
                r.case(op, lambda a, b: fn(a, b, mode=mode), a, b, mode=mode)
    r.case("convolve", lambda a, b: jnp.convolve(a, b, preferred_element_type="int32"), integers(5, "int32"), integers(2, "int32"),
           preferred_element_type="i32")


GROUPS = [convolutions, windows, selections, running, reducers, largest, ragged, window_operations]
