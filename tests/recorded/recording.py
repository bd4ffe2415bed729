"""How rows are written: see record.py."""
import json
import os

# The same numbers on every x86-64 machine with AVX2: approximations like rsqrtps differ by maker, sums by vector width.
os.environ |= {"JAX_PLATFORMS": "cpu", "XLA_FLAGS": "--xla_cpu_max_isa=AVX2 --xla_cpu_enable_platform_dependent_math=false"}
import jax
import numpy as np

jax.config.update("jax_enable_x64", True)

NAMES = {"bool": "bool", "int8": "i8", "int16": "i16", "int32": "i32", "int64": "i64", "uint8": "u8", "uint16": "u16", "uint32": "u32",
         "uint64": "u64", "float16": "f16", "bfloat16": "bf16", "float32": "f32", "float64": "f64", "complex64": "c64", "complex128": "c128"}
SPECIAL = [0.0, -0.0, 1.0, -1.0, 0.5, -2.5, 3.0, np.inf, -np.inf, np.nan, 1e-3, 40.0]
FLOATS, INTS = ["float32", "float64"], ["int32", "int64", "uint8", "uint32"]


def number(x):
    if isinstance(x, (np.bool_, np.integer)):
        return x.item()
    if isinstance(x, np.complexfloating):
        return [number(x.real), number(x.imag)]
    return float(str(x)) if np.isfinite(x) else str(x)


def is_key(x):
    return jax.numpy.issubdtype(getattr(x, "dtype", None), jax.dtypes.prng_key)


def key_text(words):
    """The words of a key as one number, the first lowest."""
    return hex(sum(int(word) << (32 * k) for k, word in enumerate(words)))


def array(x):
    if is_key(x):
        words = np.asarray(jax.random.key_data(x))
        return {"dtype": str(x.dtype), "shape": list(x.shape), "data": [key_text(w) for w in words.reshape(-1, words.shape[-1])]}
    x = np.asarray(x)
    return {"dtype": NAMES[x.dtype.name], "shape": list(x.shape), "data": [number(v) for v in x.reshape(-1)]}


def is_float(x):
    return not is_key(x) and np.issubdtype(np.asarray(x).dtype, np.inexact)


def direction(x, seed):
    """A tangent of `x` that is the same in every recording."""
    part = np.random.default_rng(seed).uniform(-1, 1, np.shape(x))
    if np.iscomplexobj(x):
        part = part + 1j * np.random.default_rng(seed + 50).uniform(-1, 1, np.shape(x))
    return part.astype(np.asarray(x).dtype)


class Recorder:
    def __init__(self, folder, name):
        self.out = open(folder / f"{name}.jsonl", "w")

    def case(self, op, fn, *inputs, derive=True, wrt=None, backwards=True, **params):
        """`fn(*inputs)` is the operation with these parameters; derivatives are by the inputs `wrt`, or by all floats, both
        ways unless JAX refuses to go `backwards`."""
        inputs = [x if is_key(x) else np.asarray(x) for x in inputs]
        outputs = as_tuple(fn(*inputs))
        row = {"op": op, "params": params, "inputs": list(map(array, inputs)), "outputs": list(map(array, outputs))}
        if derive and any(map(is_float, inputs)) and all(map(is_float, outputs)):
            row |= derivatives(fn, inputs, wrt, backwards)
        self.out.write(json.dumps(row, separators=(",", ":")) + "\n")


def as_tuple(x):
    return tuple(x) if isinstance(x, (tuple, list)) else (x,)


def derivatives(fn, inputs, wrt, backwards=True):
    where = [i for i, x in enumerate(inputs) if is_float(x) and (wrt is None or i in wrt)]

    def of_floats(*floats):
        full = list(inputs)
        for i, x in zip(where, floats):
            full[i] = x
        return as_tuple(fn(*full))

    floats = [inputs[i] for i in where]
    tangents = [direction(x, 1 + k) for k, x in enumerate(floats)]
    outputs, jvp = jax.jvp(of_floats, floats, tangents)
    spread = lambda values: [array(values[where.index(i)]) if i in where else None for i in range(len(inputs))]
    forwards = {"tangents": spread(tangents), "jvp": list(map(array, jvp))}
    if not backwards:
        return forwards
    cotangents = [direction(y, 101 + k) for k, y in enumerate(outputs)]
    vjp = jax.vjp(of_floats, *floats)[1](tuple(cotangents))
    return forwards | {"cotangents": list(map(array, cotangents)), "vjp": spread(vjp)}


def ordinary(low, high, shape, dtype, seed=7):
    return np.random.default_rng(seed).uniform(low, high, shape).astype(dtype)


def integers(shape, dtype, seed=7):
    low = 0 if dtype.startswith("u") else -5
    return np.random.default_rng(seed).integers(low, 9, shape).astype(dtype)
