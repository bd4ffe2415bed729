"""Records files of jax.export: record_exported.py > exported.jsonl

One JSON object a line: name, `file` (what `Exported.serialize` gives, base64), `pretty` (its module as text, where that takes
the arguments that the file takes), and for some sizes inputs and outputs, as record.py has them. Most programs take arrays of
any size. Needs JAX 0.10 (the CPU suffices) and flatbuffers.

With --kept DIR it writes files for the tests of the reader instead.
"""
import base64
import json
import pathlib
import sys

import jax
import jax.numpy as jnp
import numpy as np
from jax import export, lax

from record import arange, array

SIZES = {"b": 5, "n": 6, "m": 4}


def spec(shape, dtype="float32"):
    return shape, dtype


def x_of(shape="b, 4"):
    return spec(shape)


def counted(x):
    return lax.fori_loop(0, x.shape[0], lambda i, a: a + x[i] * i, jnp.zeros(4, jnp.float32))


def running(x):
    return lax.scan(lambda c, y: (c + y, c * y), jnp.zeros(4, jnp.float32), x)


def same(x, w):
    return lax.conv_general_dilated(x, w, (2,), "SAME")


def largest(x, y):
    return lax.top_k(x, y.shape[0] // 2)


# A function, and for each argument its shape and element type.
SYMBOLIC = {
    "mlp": (lambda x, w: jnp.tanh(x @ w).sum(0), x_of(), spec("4, 3")),
    "mean": (lambda x: jnp.mean(x, axis=0), x_of()),
    "softmax": (jax.nn.softmax, x_of("b, n")),
    "reshape": (lambda x: x.reshape(-1, 2), x_of()),
    "reshape_by_size": (lambda x: x.reshape(x.shape[0] * 2, -1).T @ jnp.ones((x.shape[0] * 2, 3)), x_of()),
    "iota": (lambda x: x + jnp.arange(x.shape[0], dtype="float32")[:, None], x_of()),
    "slice": (lambda x: x[1:-1:2], x_of("b + 2, 4")),
    "half": (lambda x: x[:x.shape[0] // 2], x_of("2*b, 4")),
    "concatenate": (lambda x, y: jnp.concatenate([x, y, x]), x_of("b, 4"), x_of("n, 4")),
    "pad": (lambda x: jnp.pad(x, ((1, 2), (0, 3))), x_of()),
    "pad_by_size": (lambda x: jnp.pad(x, ((0, x.shape[1]), (1, 0))), x_of("b, n")),
    "gather": (lambda x, i: x[i], x_of("b, 4"), spec("n", "int32")),
    "scatter": (lambda x, i: x.at[i].add(1.0), x_of("b, 4"), spec("n", "int32")),
    "last": (lambda x: x[-1] * x.shape[0], x_of()),
    "convolution": (lambda x, w: lax.conv_general_dilated(x, w, (1,), "SAME"), x_of("b, 3, n"), spec("2, 3, 3")),
    "convolution_by_size": (same, x_of("b, 3, n"), spec("2, 3, 3")),
    "sort": (lambda x: jnp.sort(x, 0), x_of()),
    "argmax": (lambda x: jnp.argmax(x, 0), x_of()),
    "top_k": (lambda x: lax.top_k(x, 2), x_of()),
    "top_k_by_size": (largest, x_of("4, 2*b"), x_of("b")),
    "counted_loop": (counted, x_of()),
    "scan": (running, x_of()),
    "cumsum": (lambda x: jnp.cumsum(x, 0), x_of()),
    "cummax": (lambda x: lax.cummax(x, 0), x_of()),
    "windows": (lambda x: lax.reduce_window(x, 0.0, lax.add, (2, 1), (1, 1), "SAME"), x_of()),
    "threefry": (lambda x: jax.random.uniform(jax.random.key(0), x.shape), x_of()),
    "gradient": (jax.grad(lambda x: (jnp.sin(x) ** 2).sum()), x_of()),
    "cholesky": (lambda x: jnp.linalg.cholesky(x @ x.T + jnp.eye(x.shape[0])), x_of("b, n")),
    "qr": (lambda x: jnp.abs(jnp.linalg.qr(x)[1]), x_of("b, 4, 3")),
    "constrained": (lambda x: x * 2, x_of("2*b, m")),
    "two_of_one_size": (lambda x, y: x + y.T, x_of("b, n"), x_of("n, b")),
    "nested_calls": (lambda x: jax.jit(lambda y: jnp.cumsum(y[: y.shape[0] - 1], 0))(x + 1), x_of("b + 1, 4")),
}


def sized(shape, dtype, scope, seed):
    """An argument as it is exported, and one to call it with."""
    dims = export.symbolic_shape(shape, scope=scope)
    size = tuple(d if isinstance(d, int) else int(eval(str(d), {}, SIZES)) for d in dims)
    value = np.sin(arange(*size) * 7 + seed).astype("float32") if dtype == "float32" else arange(*size, dtype="int32") * 3 % 4
    return jax.ShapeDtypeStruct(dims, dtype), np.asarray(value, dtype)


def symbolic(fn, *specs):
    scope = export.SymbolicScope()
    avals, values = zip(*(sized(shape, dtype, scope, k) for k, (shape, dtype) in enumerate(specs)))
    return export.export(jax.jit(fn))(*avals), values


def forms():
    """Files that say what most do not."""
    x, f32 = arange(3, 2), jax.ShapeDtypeStruct((3, 2), "float32")
    tree = ({"w": f32, "b": [f32, None]},)
    value = {"w": x, "b": [x + 1, None]}
    yield "trees", export.export(jax.jit(lambda p, *, k: {"sum": p["w"] + p["b"][0], "k": (k,)}))(*tree, k=f32), [x + 1, x, x * 2], ((value,), {"k": x * 2})
    yield "unused_arguments", export.export(jax.jit(lambda a, b, c: c * 2))(f32, f32, f32), [x, x, x + 1], None
    platforms = lambda x: lax.platform_dependent(x, cpu=lambda x: x + 1, tpu=lambda x: x + 2)
    yield "platforms", export.export(jax.jit(platforms), platforms=["tpu", "cpu"])(f32), [x], None
    check = export.DisabledSafetyCheck.custom_call("something")
    yield "disabled_checks", export.export(jax.jit(jnp.sin), disabled_checks=[check])(f32), [x], None


def record(name, exported, inputs, call=None, vjp_order=0):
    args, kwargs = call or (inputs, {})
    outputs = jax.tree.leaves(exported.call(*args, **kwargs))
    kept = len(exported.module_kept_var_idx) == len(inputs) and len(exported.platforms) == 1
    module = {"pretty": exported.mlir_module()} if kept else {}
    return {"name": name, "file": base64.b64encode(exported.serialize(vjp_order=vjp_order)).decode(), **module,
            "inputs": [array(x) for x in inputs], "outputs": [array(x) for x in outputs]}


def kept(folder):
    """A file with two derivatives, one of arrays of any size, and one for another platform."""
    f32 = jax.ShapeDtypeStruct((3,), "float32")
    cube = export.export(jax.jit(lambda x, i: x ** 3 * i))(f32, jax.ShapeDtypeStruct((), "int32"))
    (folder / "derivatives.jaxexport").write_bytes(cube.serialize(vjp_order=2))
    (folder / "any_size.jaxexport").write_bytes(symbolic(*SYMBOLIC["reshape"])[0].serialize(vjp_order=1))
    (folder / "tpu.jaxexport").write_bytes(export.export(jax.jit(jnp.sin), platforms=["tpu"])(f32).serialize())
    for name, exported, *_ in forms():
        (folder / f"{name}.jaxexport").write_bytes(exported.serialize())


def main():
    if sys.argv[1:2] == ["--kept"]:
        return kept(pathlib.Path(sys.argv[2]))
    for name, (fn, *specs) in SYMBOLIC.items():
        print(json.dumps(record(name, *symbolic(fn, *specs))))
    for name, exported, inputs, call in forms():
        print(json.dumps(record(name, exported, inputs, call)))
    x = jax.ShapeDtypeStruct((3,), "float32")
    print(json.dumps(record("with_derivatives", export.export(jax.jit(lambda x: x ** 3))(x), [arange(3)], vjp_order=2)))


if __name__ == "__main__":
    main()
