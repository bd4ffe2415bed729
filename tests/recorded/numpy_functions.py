"""NumPy's functions as JAX has them: indexing, numbers, shapes, search and sets, statistics."""
import jax.numpy as jnp
import numpy as np

from recording import FLOATS, NAMES, SPECIAL, integers, ordinary


def indexed(text):
    """What an index in text says, of an array (or of its `at`) and the arrays that stand for each @."""
    parts = text.split("@")
    text = "".join(part + f"a[{k}]" for k, part in enumerate(parts[:-1])) + parts[-1]
    return eval(f"lambda x, a: x[{text}]") if text.strip() else lambda x, a: x[()]


def numpy_indexing(r):
    x = ordinary(-2, 2, (4, 3, 2), "float32")
    ids, two, negative = np.array([2, 0, 2], np.int32), np.array([[1], [-1]], np.int64), np.array([-1, -3], np.int32)
    beyond, scalar = np.array([0, 7, -9], np.int32), np.int32(-2)
    mask, rows, none = x[:, :, 0] > 0, np.array([True, False, True, True]), np.zeros((4,), bool)
    for text, arrays in [
        ("", ()), ("...", ()), ("1", ()), ("-1", ()), ("9", ()), ("1, 2, 1", ()), ("1:3", ()), ("::2", ()), ("::-1", ()), ("-2::-2, 1:", ()),
        (":, ::-2, ::3", ()), ("3:1", ()), ("1:1, 0", ()), ("7:-9:-1", ()), ("..., 0", ()), ("0, ..., -2:", ()), ("None, 1, None, ..., None", ()),
        (":, None, 1:, 2", ()), ("5:, 0", ()), ("@", (ids,)), ("@", (two,)), ("@", (beyond,)), ("@", (scalar,)), ("0, @", (scalar,)), ("@, 1:3", (scalar,)),
        ("@, ::-1", (ids,)), ("::2, @", (negative,)), ("@, @", (ids, np.array([0, 1, 2], np.uint8))), ("@, :, @", (ids, two)), (":, @, @", (two[:, 0], negative)),
        ("1, @", (ids,)), ("1, :, @", (ids,)), ("@, None, @", (two, two)), ("None, @, ::2, 1", (ids,)), ("..., @, None", (ids,)),
        ("@, ..., 0", (ids,)), ("@, 1:3, ::-2", (ids,)), ("@", (mask,)), ("@", (rows,)), ("@, 1", (mask,)), (":, :, @", (np.array([True, False]),)),
        ("@, @", (rows, np.array([0, 1, 0], np.int32))), ("@", (none,)), ("@", (np.bool_(True),)), ("@", (np.bool_(False),)), ("@, 1", (np.bool_(True),)),
        ("@", (np.zeros((0,), np.int32),)), ("@", (np.zeros((0, 2), np.int32),)),
    ]:
        index = indexed(text)
        r.case("getitem", lambda v, *a: index(jnp.asarray(v), a), x, *arrays, index=text)
    for mode in ["fill", "clip", "promise_in_bounds"]:
        r.case("getitem", lambda v, a: jnp.asarray(v).at[a].get(mode=mode), x, beyond if mode != "promise_in_bounds" else ids, index="@", mode=mode)
    for fill in [0.0, -1.5, 3.0]:
        r.case("getitem", lambda v, a: jnp.asarray(v).at[a, 1].get(mode="fill", fill_value=fill), x, beyond, index="@, 1", mode="fill", fill_value=fill)
    for dtype in ["int32", "uint8", "bool"]:
        r.case("getitem", lambda v, a: jnp.asarray(v).at[a].get(mode="fill"), integers((3,), dtype).astype(dtype), beyond, index="@", mode="fill")
    r.case("getitem", lambda v, a: jnp.asarray(v)[jnp.nonzero(a, size=3, fill_value=4)], x, rows, index="@", size=3)
    r.case("getitem", lambda v: jnp.asarray(v)[None], np.float32(2), index="None")
    r.case("getitem", lambda v: jnp.asarray(v)[..., 1:], np.zeros((0, 3), np.float32), index="..., 1:")
    numpy_updates(r, x, ids, two, beyond, mask, rows)


def numpy_updates(r, x, ids, two, beyond, mask, rows):
    kinds = ["set", "add", "subtract", "multiply", "divide", "power", "min", "max"]
    for text, shape, arrays in [
        ("", (), ()), ("1", (3, 2), ()), ("1:3, ::2", (2,), ()), ("::-1, 0", (4, 2), ()), ("..., ::-2", (3, 1), ()), ("None, 2", (1, 3, 2), ()),
        ("@", (2, 3, 2), (np.array([3, 1], np.int32),)), ("@, 1:3", (), (np.int32(-2),)), ("@, :, @", (3, 3), (ids, np.array([1, 0, 1]))),
        ("@, ::-1", (3, 2), (two[:1, 0],)), ("@", (), (mask,)), ("@, 1", (3, 2), (rows,)), ("@", (4, 3, 2), (np.bool_(True),)), ("@", (), (np.zeros((0,), np.int32),)),
    ]:
        index = indexed(text)
        updates = ordinary(0.5, 2, shape, "float32", 5)
        for kind in kinds if len(shape) < 3 else ["set", "add"]:
            base = abs(x) + np.float32(0.5) if kind == "power" else x
            derive = kind not in ("min", "max", "multiply", "divide", "power") or not arrays
            r.case(f"at_{kind}", lambda v, u, *a: getattr(index(jnp.asarray(v).at, a), kind)(u), base, updates, *arrays,
                   derive=derive and kind not in ("min", "max"), index=text)
    many = np.array([0, 2, 0, 9, -1], np.int32)
    for kind in kinds:
        if kind != "set":
            r.case(f"at_{kind}", lambda v, u, a: getattr(jnp.asarray(v).at[a], kind)(u), abs(x[:, 0, 0]), ordinary(0.5, 2, (5,), "float32", 5), many,
                   derive=False, index="@")
    for mode in ["drop", "clip"]:
        r.case("at_add", lambda v, u, a: jnp.asarray(v).at[a].add(u, mode=mode), x, np.float32(2), beyond, index="@", mode=mode)
    whole = integers((4, 3), "int32")
    r.case("at_set", lambda v, u: jnp.asarray(v).at[1].set(u), whole, np.float32(2.75), index="1")
    r.case("at_add", lambda v, u: jnp.asarray(v).at[1:, ::2].add(u), whole, np.int64(3), index="1:, ::2")
    r.case("at_divide", lambda v, u: jnp.asarray(v).at[1].divide(u), whole, np.int32(2), index="1")
    r.case("at_set", lambda v, u, a: jnp.asarray(v).at[jnp.nonzero(a, size=3, fill_value=4)].set(u), x, np.float32(9), rows, index="@", size=3)
    r.case("at_set", lambda v, u, a: jnp.asarray(v).at[a].set(u, unique_indices=True), x, np.float32(9), np.array([1, 3], np.int32), index="@", unique_indices=True)



def call(r, op, *inputs, derive=True, ours={}, name=None, **options):
    """A function of jax.numpy with options; `ours` are our words for those whose words differ."""
    fn = getattr(jnp, name or op)
    r.case(op, lambda *a: fn(*a, **options), *inputs, derive=derive, **{k: v for k, v in {**options, **ours}.items() if v is not None})


def numpy_numbers(r):
    special = np.array(SPECIAL, np.float32)
    left, right = (np.array(x, np.float32) for x in zip(*[(a, b) for a in SPECIAL[:10] for b in SPECIAL[:10]]))
    x, y = ordinary(0.5, 3, (2, 3), "float32"), ordinary(-2, 2, (3,), "float32", 8)
    for op in ["fmax", "fmin", "copysign", "heaviside", "divmod", "isclose", "array_equiv"]:
        call(r, op, left, right, derive=False)
        call(r, op, x, y, derive=op not in ("heaviside", "divmod"))
        call(r, op, integers(4, "int32"), integers(4, "int32", 9) | 1)
    call(r, "float_power", x, y)
    call(r, "float_power", integers(4, "int32"), integers(4, "int32", 9) % 3)
    call(r, "logaddexp2", x, y)
    call(r, "logaddexp2", left, right, derive=False)
    call(r, "logaddexp2", (x + 1j * y).astype("complex64"), (x - 2j).astype("complex64"), derive=False)
    for op in ["gcd", "lcm"]:
        for dtype in ["int32", "int64", "uint8"]:
            call(r, op, np.array([0, 0, 12, 18, 7, 30], dtype), np.array([0, 5, 18, 12, 13, 45], dtype))
        call(r, op, np.array([-12, 9], np.int32), np.array([[18], [-6]], np.int64))
    for op in ["deg2rad", "rad2deg", "positive", "modf", "rint", "frexp", "signbit", "spacing", "isneginf", "isposinf", "nan_to_num"]:
        for dtype in FLOATS:
            call(r, op, special.astype(dtype), derive=False)
            call(r, op, ordinary(-3, 3, (2, 3), dtype), derive=op not in ("spacing", "frexp", "modf", "rint"))
        call(r, op, integers(4, "int32"))
    # Numbers below the smallest normal one: XLA takes them for 0 elsewhere.
    call(r, "spacing", np.array([1e-40, -3e-45, 1e-38], np.float32), derive=False)
    r.case("ldexp", jnp.ldexp, x, integers((2, 3), "int32"))
    r.case("ldexp", jnp.ldexp, special, np.array([3, -2, 200, -200, 5, 0, 1, 2, 3, 4, 5, 120], np.int32), derive=False)
    call(r, "nan_to_num", special, derive=False, nan=1.5, posinf=7.0, neginf=-7.0)
    call(r, "nan_to_num", (special + 1j * special[::-1]).astype("complex64"), derive=False)
    for op in ["isclose", "allclose"]:
        for options in [{}, {"rtol": 0.0, "atol": 0.1}, {"equal_nan": True}]:
            call(r, op, np.array([1, np.nan, np.inf, 2], np.float32), np.array([1.000001, np.nan, np.inf, 2.05], np.float32), derive=False, **options)
        call(r, op, np.array([1, 2], np.int32), np.array([1, 2], np.int32))
    for other in [x, x + 1, x[:1], x[0, 0]]:
        call(r, "array_equal", x, other, derive=False)
        call(r, "array_equiv", x, other, derive=False)
    call(r, "array_equal", np.array([np.nan, 1]), np.array([np.nan, 1]), equal_nan=True, derive=False)
    for v in [x, (x * 1j).astype("complex64"), integers(3, "int32")]:
        call(r, "iscomplexobj", v, derive=False)
        call(r, "isrealobj", v, derive=False)


def numpy_shapes(r):
    scalar, row, x = np.float32(2), ordinary(-2, 2, (3,), "float32"), ordinary(-2, 2, (2, 3), "float32")
    cube, whole, square = ordinary(-2, 2, (2, 3, 4), "float32"), integers((2, 3), "int32"), ordinary(-2, 2, (3, 3), "float32")
    for op in ["atleast_1d", "atleast_2d", "atleast_3d"]:
        for v in [scalar, row, x, cube]:
            call(r, op, v)
    for op in ["hstack", "vstack", "dstack", "column_stack"]:
        r.case(op, lambda *a: getattr(jnp, op)(a), row, row)
        r.case(op, lambda *a: getattr(jnp, op)(a), x, x * 2, whole)
        r.case(op, lambda *a: getattr(jnp, op)(a), scalar, scalar)
    r.case("block", lambda a, b, c, d: jnp.block([[a, b], [c, d]]), x, x[:, :1], row[None], row[None, :1], rows=(2, 2))
    r.case("block", lambda a, b: jnp.block([a, b]), row, row)
    call(r, "broadcast_arrays", row, x[:, :1], scalar)
    for axis in [None, 0, 1]:
        call(r, "append", x, x[:, :3] * 2, axis=axis)
        call(r, "delete", x, np.array([0, -1] if axis == 1 else [1]), axis=axis)
        call(r, "delete", x, np.array([1]), axis=axis, assume_unique_indices=True)
        call(r, "insert", x, np.array([1, 0], np.int32), np.float32(9), axis=axis)
        call(r, "insert", x, np.int32(-1), row[:2 if axis == 1 else 3] if axis is not None else row, axis=axis)
        call(r, "roll", x, ours={"shift": 2, "axis": axis}, shift=2, axis=axis)
        call(r, "repeat", x, ours={"repeats": 2}, repeats=2, axis=axis)
        r.case("take", lambda v, i: jnp.take(v, i, axis), x, np.array([1, 0, 1], np.int32), **({} if axis is None else {"axis": axis}))
    call(r, "delete", row, np.array([True, False, True]))
    call(r, "insert", row, np.array([2, 0, 2], np.int32), row)
    for op in ["matrix_transpose", "fliplr", "flipud"]:
        call(r, op, x)
        call(r, op, cube)
    r.case("mT", lambda v: v.mT, jnp.asarray(cube))
    for k in [-1, 0, 1, 2, 3]:
        call(r, "rot90", x, k=k)
        call(r, "rot90", cube, k=k, axes=(2, 0))
    for axis, start in [(2, 0), (0, 2), (1, -1), (0, 3)]:
        call(r, "rollaxis", cube, axis=axis, start=start)
    for shape in [(2, 2), (7,), (0, 3)]:
        call(r, "resize", x, new_shape=shape, ours={"shape": shape, "new_shape": None})
    for trim in ["fb", "f", "b"]:
        call(r, "trim_zeros", np.array([0, 0, 1, 0, 2, 0], np.float32), trim=trim)
    for sections, axis in [(2, 1), (4, 2), (5, 2)]:
        r.case("array_split", lambda v: jnp.array_split(v, sections, axis), cube, sections=sections, axis=axis)
    for op, sections in [("hsplit", 3), ("vsplit", 2), ("dsplit", 4)]:
        r.case(op, lambda v: getattr(jnp, op)(v, sections), cube, sections=sections)
    r.case("hsplit", lambda v: jnp.hsplit(v, 3), row, sections=3)
    widths = ((1, 2), (3, 0))
    for v in [x, whole]:
        for mode in ["constant", "edge", "linear_ramp", "maximum", "minimum", "mean", "median", "reflect", "symmetric", "wrap", "empty"]:
            r.case("numpy_pad", lambda v: jnp.pad(v, widths, mode), v, low=(1, 3), high=(2, 0), mode=mode)
    for mode in ["reflect", "symmetric", "wrap"]:
        r.case("numpy_pad", lambda v: jnp.pad(v, ((5, 7), (8, 4)), mode), x, low=(5, 8), high=(7, 4), mode=mode)
        if mode != "wrap":
            r.case("numpy_pad", lambda v: jnp.pad(v, ((5, 3), (2, 4)), mode, reflect_type="odd"), x, low=(5, 2), high=(3, 4), mode=mode, reflect_type="odd")
    r.case("numpy_pad", lambda v: jnp.pad(v, widths, constant_values=1.5), x, low=(1, 3), high=(2, 0), constant_values=1.5)
    r.case("numpy_pad", lambda v: jnp.pad(v, widths, "linear_ramp", end_values=4), x, low=(1, 3), high=(2, 0), mode="linear_ramp", end_values=4.0)
    r.case("numpy_pad", lambda v: jnp.pad(v, widths, "mean", stat_length=2), x, low=(1, 3), high=(2, 0), mode="mean", stat_length=2)
    r.case("identity", lambda: jnp.identity(3), n=3)
    r.case("empty_like", lambda v: jnp.zeros_like(v), x)
    numpy_grids(r, row, x, cube, whole, square)


def numpy_grids(r, row, x, cube, whole, square):
    for offset in [-1, 0, 1, 5]:
        call(r, "diagonal", cube, offset=offset)
        call(r, "diagonal", cube, offset=offset, axis1=2, axis2=0)
        call(r, "diagonal", square, offset=offset)
        call(r, "diagflat", x[:, :2], k=offset)
    r.case("diag_indices", lambda: jnp.diag_indices(3, 3), n=3, ndim=3)
    call(r, "diag_indices_from", square, derive=False)
    for k in [-1, 0, 2]:
        for op in ["tril_indices", "triu_indices"]:
            r.case(op, lambda: getattr(jnp, op)(3, k, 4), n=3, k=k, m=4)
            call(r, op + "_from", x, k=k, derive=False)
        r.case("tri", lambda: jnp.tri(3, 4, k), n=3, m=4, k=k)
    for values in [np.float32(9), row[:2]]:
        r.case("fill_diagonal", lambda v, u: jnp.fill_diagonal(v, u, inplace=False), x, values)
    r.case("fill_diagonal", lambda v, u: jnp.fill_diagonal(v, u, inplace=False), ordinary(-1, 1, (2, 2, 2), "float32"), np.float32(9))
    for n, increasing in [(None, False), (4, True), (2, False)]:
        r.case("vander", lambda v: jnp.vander(v, n, increasing), row, n=-1 if n is None else n, increasing=increasing)
    for indexing in ["xy", "ij"]:
        for sparse in [False, True]:
            call(r, "meshgrid", row, row[:2], x[0, :1], indexing=indexing, sparse=sparse)
    r.case("indices", lambda: jnp.indices((2, 3)), dimensions=(2, 3))
    r.case("mgrid", lambda: jnp.mgrid[1:4, 0:6:2], start=(1, 0), stop=(4, 6), step=(1, 2))
    r.case("ogrid", lambda: jnp.ogrid[1:4, 0:6:2], start=(1, 0), stop=(4, 6), step=(1, 2))
    call(r, "ix_", np.array([2, 0]), np.array([1, 1, 0]))
    call(r, "kron", x, row)
    call(r, "kron", x, square)
    for a, b in [(row, square), (x, x[:1]), (x[:, :2], row), (x[:, :2], x[:1, :2])]:
        call(r, "cross", a, b)
    r.case("cross", lambda a, b: jnp.cross(a, b, 0, 1, 0), square, square * 2, axisa=0, axisb=1, axisc=0)
    for dtype in ["int32", "uint8"]:
        call(r, "unravel_index", np.array([0, 5, 11, 12, 100], dtype), shape=(3, 4))
    call(r, "unravel_index", np.array([-1, -12, -13, -50]), shape=(3, 4))
    for mode, order in [("raise", "C"), ("raise", "F"), ("wrap", "C"), ("clip", "C")]:
        places = (np.array([0, 2]), np.array([3, 1])) if mode == "raise" else (np.array([0, 5]), np.array([-3, 9]))
        r.case("ravel_multi_index", lambda *a: jnp.ravel_multi_index(a, (3, 4), mode, order), *places, dims=(3, 4), mode=mode, order=order)
    for axis in [0, 1]:
        r.case("put_along_axis", lambda v, i, u: jnp.put_along_axis(v, i, u, axis, inplace=False), x, np.argsort(x, axis)[: 1 if axis == 0 else 2, : 3 if axis == 0 else 1], np.float32(9), axis=axis)
    r.case("place", lambda v, m, u: jnp.place(v, m, u, inplace=False), x, x > 0, row)
    for mode in ["clip", "wrap", None]:
        r.case("put", lambda v, i, u: jnp.put(v, i, u, mode, inplace=False), x, np.array([0, 8, -1, 2]), ordinary(-1, 1, 4, "float32"), derive=False, **({"mode": mode} if mode else {}))
    for start, stop, dtype in [(np.float32(-1), np.float32(2), None), (np.int32(0), np.int32(7), "int32"), (row, row * 2, None), (np.complex64(1 + 2j), np.complex64(3), None)]:
        for num, endpoint in [(5, True), (4, False), (1, True), (0, True)]:
            options = {} if dtype is None else {"dtype": dtype}
            ours = {} if dtype is None else {"dtype": NAMES[dtype]}
            r.case("linspace", lambda a, b: jnp.linspace(a, b, num, endpoint, **options), start, stop, num=num, endpoint=endpoint, **ours)
    r.case("linspace", lambda a, b: jnp.linspace(a, b, 4, axis=-1), row, x, num=4, axis=-1)
    r.case("logspace", lambda a, b: jnp.logspace(a, b, 4, base=2.0), row, x, num=4, base=2.0)
    r.case("geomspace", lambda a, b: jnp.geomspace(a, b, 4, axis=1), abs(row), abs(row) * 8, num=4, axis=1)
    r.case("geomspace", lambda a, b: jnp.geomspace(a, b, 3, endpoint=False), np.float32(-1), np.float32(-8), num=3, endpoint=False)


def numpy_search(r):
    x = np.array([[3, 0, 1], [0, 3, 2]], np.float32)
    hard = np.array([np.nan, 1, -0.0, 0.0, np.inf, np.nan, -np.inf, 1], np.float32)
    whole = np.array([4, 2, 2, 7, 4, 4], np.int32)
    for v in [x, whole, whole > 3]:
        for options in [{}, {"size": 3}, {"size": 8, "fill_value": -1.0}]:
            theirs = {**options, **({"fill_value": -1} if "fill_value" in options else {})}
            for op in ["nonzero", "flatnonzero", "argwhere"]:
                r.case(op, lambda a: getattr(jnp, op)(a, **theirs), v, derive=False, **options)
        call(r, "count_nonzero", v, derive=False)
    call(r, "count_nonzero", x, derive=False, axis=(0,), ours={"axes": (0,), "axis": None}, keepdims=True)
    r.case("select", lambda a, b, c, d, e: jnp.select([a, b], [c, d], e), x > 2, x > 0, x, -x, np.float32(7))
    for mode in ["raise", "wrap", "clip"]:
        r.case("choose", lambda i, *c: jnp.choose(i, c, mode=mode), np.array([0, 2, 1]) if mode == "raise" else np.array([-1, 5, 1]), x, x * 2, x[:1] + 5, mode=mode)
    condition = np.array([True, False, True])
    for options in [{"axis": 1}, {"axis": 1, "size": 2}, {"axis": 1, "size": 3, "fill_value": 9.0}]:
        r.case("compress", lambda c, v: jnp.compress(c, v, **options), condition, x, **options)
    r.case("compress", jnp.compress, condition, x)
    r.case("extract", jnp.extract, x > 1, x)
    r.case("extract", lambda c, v: jnp.extract(c, v, size=4, fill_value=2), x > 1, x, size=4, fill_value=2.0)
    ordered = np.sort(hard)
    for side in ["left", "right"]:
        call(r, "searchsorted", ordered, hard, side=side, derive=False)
        call(r, "searchsorted", np.sort(whole), np.array([[0, 2, 3], [4, 7, 9]], np.int32), side=side)
        call(r, "searchsorted", np.zeros((0,), np.float32), hard, side=side, derive=False)
        for bins in [np.array([0, 1, 2.5], np.float32), np.array([2.5, 1, 0], np.float32)]:
            call(r, "digitize", x, bins, right=side == "left", derive=False)
    r.case("bincount", lambda v: jnp.bincount(v, length=6), whole, length=6)
    r.case("bincount", lambda v, w: jnp.bincount(v, w, length=9), np.array([4, -2, 2, 70, 4, 4], np.int32), ordinary(0, 1, 6, "float32"), length=9)
    everything = dict(return_index=True, return_inverse=True, return_counts=True)
    for v in [hard, whole, x]:
        for options in [{}, {"size": 4}, {"size": 9, "fill_value": 5.0}, {"equal_nan": False}]:
            r.case("unique", lambda a: jnp.unique(a, **everything, **options), v, derive=False, **everything, **options)
        for op in ["unique_all", "unique_counts", "unique_inverse", "unique_values"]:
            r.case(op, lambda a: getattr(jnp, op)(a, size=4) if op == "unique_values" else tuple(getattr(jnp, op)(a, size=4)), v, derive=False, size=4)
    rows = np.array([[1, 2], [0, 5], [1, 2], [0, 3]], np.int32)
    for axis in [0, 1]:
        r.case("unique", lambda a: jnp.unique(a, axis=axis, **everything), rows, axis=axis, **everything)
    r.case("unique", lambda a: jnp.unique(a, size=2, fill_value=3, **everything), np.zeros((0,), np.int32), size=2, fill_value=3.0, **everything)
    for invert in [False, True]:
        call(r, "isin", x, np.array([3, 1, 9], np.int32), invert=invert, derive=False)
    a, b = np.array([3, 1, 4, 1, 5, 9, 2], np.int32), np.array([2, 7, 1, 8, 1], np.int32)
    for options in [{}, {"size": 4}, {"size": 12}, {"size": 9, "fill_value": 6.0}]:
        theirs = {**options, **({"fill_value": 6} if "fill_value" in options else {})}
        for op in ["union1d", "setdiff1d", "setxor1d", "intersect1d"]:
            r.case(op, lambda u, v: getattr(jnp, op)(u, v, **theirs), a, b, **options)
        r.case("intersect1d", lambda u, v: jnp.intersect1d(u, v, return_indices=True, **theirs), a, b, return_indices=True, **options)
        for op in ["setdiff1d", "setxor1d", "intersect1d"]:
            r.case(op, lambda u, v: getattr(jnp, op)(u, v, assume_unique=True, **theirs), a[:3], b[:4], assume_unique=True, **options)
    r.case("lexsort", lambda *k: jnp.lexsort(k), np.array([3, 1, 2, 0]), np.array([1, 0, 1, 0], np.float32), derive=False)
    r.case("lexsort", lambda *k: jnp.lexsort(k, axis=0), x, -x, derive=False, axis=0)
    for v in [x, hard, whole, whole.astype(np.uint8)]:
        for kth in [0, 1, -1]:
            r.case("partition", lambda a: jnp.partition(a, kth), v, derive=False, kth=kth)
            r.case("argpartition", lambda a: jnp.argpartition(a, kth), v, derive=False, kth=kth)
    r.case("partition", lambda a: jnp.partition(a, 1, 0), x, derive=False, kth=1, axis=0)
    call(r, "sort_complex", np.array([3, -1 + 2j, -1 - 1j, 0], np.complex64), derive=False)
    call(r, "sort_complex", whole)
    bits = integers((2, 11), "int32") > 2
    for order in ["big", "little"]:
        for axis in [None, 0, 1]:
            options = {"bitorder": order} | ({} if axis is None else {"axis": axis})
            call(r, "packbits", bits, **options)
            call(r, "unpackbits", integers((2, 3), "uint8"), **options)
        call(r, "unpackbits", integers((2, 3), "uint8"), bitorder=order, axis=1, count=11)


def numpy_statistics(r):
    x, whole = ordinary(-2, 2, (3, 4), "float32"), integers((3, 4), "int32")
    holes = np.where(x > 1, np.nan, x).astype(np.float32)
    holes[1] = np.nan
    for axes in [(), (0,), (1,), (0, 1)]:
        axis = axes or None
        for keepdims in [False, True]:
            words = {"axes": axes, "axis": None}
            call(r, "ptp", x, axis=axis, keepdims=keepdims, ours=words)
            for op in ["nanmax", "nanmin", "nansum", "nanprod", "nanmean", "nanvar", "nanstd"]:
                call(r, op, holes, axis=axis, keepdims=keepdims, ours=words, derive=False)
            call(r, "median", x, axis=axis, keepdims=keepdims, ours=words)
            call(r, "nanmedian", holes, axis=axis, keepdims=keepdims, ours=words, derive=False)
        for op in ["ptp", "nanmax", "nanmean", "nanvar", "median"]:
            call(r, op, whole, axis=axis, ours=words)
    for op in ["nansum", "nanmean", "nanvar"]:
        call(r, op, np.where(x > 1, np.nan, x).astype(np.float32), axis=1, ours={"axes": (1,), "axis": None}, derive=op == "nansum")
    call(r, "nanvar", x, ddof=1, ours={"ddof": 1.0})
    for axis in [None, 0, 1]:
        for op in ["nancumsum", "nancumprod", "nanargmax", "nanargmin"]:
            call(r, op, holes, axis=axis, derive=False)
    for method in ["linear", "lower", "higher", "midpoint", "nearest"]:
        for q in [np.float32(0.3), np.array([0, 0.25, 1, 0.6], np.float32)]:
            for axes in [(), (0,), (1,), (0, 1)]:
                axis = (axes or None) if len(axes) != 1 else axes[0]
                r.case("quantile", lambda v, p: jnp.quantile(v, p, axis, method=method), x, q, derive=method == "linear", axes=axes, method=method)
                r.case("nanquantile", lambda v, p: jnp.nanquantile(v, p, axis, method=method), holes, q, derive=False, axes=axes, method=method)
    r.case("quantile", lambda v, p: jnp.quantile(v, p, 1), holes, np.float32(0.5), derive=False, axes=(1,))
    r.case("quantile", lambda v, p: jnp.quantile(v, p, 1, keepdims=True), x, np.array([0.1, 0.2], np.float32), axes=(1,), keepdims=True)
    r.case("percentile", lambda v, p: jnp.percentile(v, p, 0), x, np.array([10, 99], np.float32), axes=(0,))
    r.case("percentile", jnp.percentile, whole, np.int32(30))
    r.case("nanpercentile", lambda v, p: jnp.nanpercentile(v, p, 0), holes, np.float32(40), derive=False, axes=(0,))
    weights = ordinary(0.1, 2, (3, 4), "float32", 9)
    r.case("average", lambda v: jnp.average(v, 1), x, axes=(1,))
    r.case("average", lambda v, w: jnp.average(v, weights=w), x, weights)
    r.case("average", lambda v, w: jnp.average(v, 0, w, returned=True), x, weights, axes=(0,), returned=True)
    r.case("average", lambda v, w: jnp.average(v, 1, w), x, weights[0], axes=(1,))
    r.case("average", lambda v, w: jnp.average(v, (1, 0), w), x, weights.T.copy(), axes=(1, 0))
    for op in ["cov", "corrcoef"]:
        fn = getattr(jnp, op)
        r.case(op, fn, x)
        r.case(op, fn, x[0], derive=op == "cov")
        r.case(op, lambda a, b: fn(a, b), x, weights)
        r.case(op, lambda a: fn(a, rowvar=False), x, rowvar=False)
    r.case("cov", lambda v: jnp.cov(v, ddof=0), x, ddof=0.0)
    r.case("corrcoef", jnp.corrcoef, (x + 1j * weights).astype(np.complex64), derive=False)
    numpy_histograms(r, x, whole, weights)
    numpy_calculus(r, x, whole, weights)


def numpy_histograms(r, x, whole, weights):
    for options in [{}, {"bins": 4}, {"bins": 3, "range": (-1.0, 1.5)}]:
        ours = {"bins": options.get("bins", 10)} | ({"low": -1.0, "high": 1.5} if "range" in options else {})
        r.case("histogram_bin_edges", lambda v: jnp.histogram_bin_edges(v, **options), x, derive=False, **ours)
    r.case("histogram_bin_edges", jnp.histogram_bin_edges, np.ones(3, np.float32), derive=False)
    edges = np.array([-2, -0.5, 0, 1, 2], np.float32)
    edges[-1] = x.max()
    for density in [False, True]:
        r.case("histogram", lambda v, e: jnp.histogram(v, e, density=density)[0], x, edges, derive=False, density=density)
        r.case("histogram", lambda v, e, w: jnp.histogram(v, e, weights=w, density=density)[0], x, edges, weights, derive=False, density=density)
        r.case("histogram2d", lambda u, v, e, f: jnp.histogram2d(u, v, [e, f], density=density)[0], x[0], x[1], edges, edges[:3], derive=False, density=density)
        r.case("histogramdd", lambda v, e, f, g: jnp.histogramdd(v, [e, f, g], density=density)[0], x[:, :3], edges, edges[:3], edges[1:], derive=False, density=density)


def numpy_calculus(r, x, whole, weights):
    row, places = x[0], np.array([0, 0.5, 2, 2.5], np.float32)
    for n, axis in [(1, -1), (2, 0), (3, 1), (0, 1)]:
        r.case("diff", lambda v: jnp.diff(v, n, axis), x, n=n, axis=axis)
    r.case("diff", jnp.diff, whole > 2)
    call(r, "ediff1d", x)
    r.case("gradient", jnp.gradient, x)
    r.case("gradient", lambda v: [jnp.gradient(v, axis=1)], x, axes=(1,))
    r.case("gradient", lambda v, h: jnp.gradient(v, h), x, np.float32(0.5))
    r.case("gradient", lambda v, h: [jnp.gradient(v, h, axis=1)], x, places, axes=(1,))
    r.case("gradient", lambda v, g, h: jnp.gradient(v, g, h), x, np.float32(2), places)
    for axis in [-1, 0]:
        r.case("trapezoid", lambda v: jnp.trapezoid(v, dx=0.5, axis=axis), x, dx=0.5, axis=axis)
        r.case("trapezoid", lambda v, u: jnp.trapezoid(v, u, axis=axis), x, weights, axis=axis)
    r.case("trapezoid", jnp.trapezoid, x, places)
    r.case("unwrap", jnp.unwrap, (x * 4).astype(np.float32))
    r.case("unwrap", lambda v: jnp.unwrap(v, axis=0, period=3.0, discont=2.0), x * 3, axis=0, period=3.0, discont=2.0)
    at = np.array([-1, 0, 0.2, 1, 2.2, 2.5, 7], np.float32)
    for left, right in [(None, None), (-3.0, 4.0), ("extrapolate", "extrapolate")]:
        ours = {} if left is None else {"left": str(left), "right": str(right)}
        r.case("interp", lambda v, p, f: jnp.interp(v, p, f, left, right), at, places, row, derive=False, **ours)
    r.case("interp", jnp.interp, at[2:5], places, row)
    r.case("interp", lambda v, p, f: jnp.interp(v, p, f, period=3), at, places, row, derive=False, period=3.0)
    for op in ["cumulative_sum", "cumulative_prod"]:
        for initial in [False, True]:
            r.case(op, lambda v: getattr(jnp, op)(v, axis=1, include_initial=initial), x, axis=1, include_initial=initial)
            r.case(op, lambda v: getattr(jnp, op)(v, include_initial=initial), whole[0].astype(np.uint8), include_initial=initial)
    z = (x + 1j * weights).astype(np.complex64)
    r.case("vecdot", jnp.vecdot, x, weights)
    r.case("vecdot", lambda a, b: jnp.vecdot(a, b, axis=0), z, x, axis=0)
    r.case("matvec", jnp.matvec, x, row)
    r.case("vecmat", jnp.vecmat, z[:, 0], x)
    p, q = np.array([2, -1, 0.5], np.float32), np.array([1, 3, 0, 2, -1], np.float32)
    r.case("polyval", jnp.polyval, q, x)
    r.case("polyval", jnp.polyval, np.array([1, 2, 3], np.int32), whole)
    r.case("polyval", jnp.polyval, x, row)
    for op in ["polyadd", "polysub", "polymul"]:
        for a, b in [(p, q), (q, p), (p, p)]:
            call(r, op, a, b)
    r.case("polydiv", jnp.polydiv, q, p)
    r.case("polydiv", jnp.polydiv, p, q)
    for m in [0, 1, 2, 4]:
        r.case("polyder", lambda v: jnp.polyder(v, m), q, m=m)
        r.case("polyint", lambda v: jnp.polyint(v, m), q, m=m)
    r.case("polyint", lambda v, k: jnp.polyint(v, 2, k), q, p[:2], m=2)
    r.case("poly", jnp.poly, q)
    for m in [0, 1, 2, 7]:
        for op in ["bartlett", "blackman", "hamming", "hanning"]:
            r.case(op, lambda: getattr(jnp, op)(m), m=m)
        r.case("kaiser", lambda: jnp.kaiser(m, 8.5), m=m, beta=8.5)


def numpy_einsum(r):
    x, y, z = (ordinary(-1, 1, shape, "float32", i) for i, shape in enumerate([(2, 3, 4), (4, 5), (5, 2)]))
    for subscripts, arrays in [("...j,jk->...k", (x, y)), ("...j,jk", (x, y)), ("i...->...", (x,)), ("...", (x,)), ("...ij->...ji", (x,)), ("i...j,j...->i...", (x, ordinary(-1, 1, (4, 3), "float32"))),
                               ("...k,...k->...", (x, x[:1])), ("...k,...k->...k", (x, x[0])), ("abc,cd,de->abe", (x, y, z)), ("abc,cd,da->b", (x, y, z)),
                               ("ab,bc,ca,ab->", (z, ordinary(-1, 1, (2, 3), "float32"), ordinary(-1, 1, (3, 5), "float32"), z)), ("ii...->...", (ordinary(-1, 1, (3, 3, 2), "float32"),))]:
        r.case("einsum", lambda *a: jnp.einsum(subscripts, *a), *arrays, subscripts=subscripts)


GROUPS = [numpy_einsum, numpy_indexing, numpy_numbers, numpy_shapes, numpy_search, numpy_statistics]
