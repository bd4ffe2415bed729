"""NumPy's functions as JAX has them: indexing."""
import jax.numpy as jnp
import numpy as np

from recording import NAMES, integers, ordinary


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


GROUPS = [numpy_indexing]
