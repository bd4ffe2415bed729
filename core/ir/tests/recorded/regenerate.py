"""Writes the tables of this folder anew: values and derivatives at hard points, from JAX.

Run with a Python that has JAX 0.10.2, in this folder.
"""

import itertools

import jax
import numpy as np
from jax import lax

jax.config.update("jax_enable_x64", True)

UNARY = (
    "neg sign abs floor ceil exp exp2 expm1 log log1p sqrt rsqrt cbrt logistic sin cos tan asin acos"
    " atan sinh cosh tanh asinh acosh atanh erf erfc erf_inv lgamma digamma square"
).split()
FLOATS = "add sub mul div rem pow atan2 max min nextafter".split()
INTEGERS = (
    "add sub mul div rem max min and or xor shift_left shift_right_logical shift_right_arithmetic"
).split()
INTEGER_POINTS = {
    "int8": [-128, -1, 0, 1, 7, 8, 127],
    "uint8": [0, 1, 7, 8, 255],
    "int32": [-(2**31), -1, 0, 3, 31, 32, 2**31 - 1],
    "uint64": [0, 1, 63, 64, 2**64 - 1],
}


def function(name):
    names = {"and": "bitwise_and", "or": "bitwise_or", "xor": "bitwise_xor"}
    return getattr(lax, names.get(name, name))


def text(value):
    return f"{float(value):.10g}"


def slope(f, x):
    return text(jax.jvp(f, (x,), (np.float64(1),))[1])


def unary():
    points = [0.0, -0.0, 0.5, -0.5, 1.0, -1.0, 2.5, -2.5, 30.0, -30.0, np.inf, -np.inf, np.nan]
    for name, x in itertools.product(UNARY, points):
        # The limit of trigamma is 0 at inf, of which JAX makes NaN; at -inf there is none.
        if name != "digamma" or not np.isinf(x):
            f, x = function(name), np.float64(x)
            yield name, text(x), text(f(x)), slope(f, x)


def binary():
    points = [0.0, -0.0, 0.5, 1.0, -2.0, 3.5, np.inf, -np.inf, np.nan]
    for name, x, y in itertools.product(FLOATS, points, points):
        f, x, y = function(name), np.float64(x), np.float64(y)
        slopes = ("none", "none")
        if name != "nextafter":
            slopes = (slope(lambda x: f(x, y), x), slope(lambda y: f(x, y), y))
        yield name, "f64", text(x), text(y), text(f(x, y)), *slopes
    for name, (dtype, values) in itertools.product(INTEGERS, INTEGER_POINTS.items()):
        short = dtype.replace("uint", "u").replace("int", "i")
        for x, y in itertools.product(values, values):
            z = int(function(name)(np.dtype(dtype).type(x), np.dtype(dtype).type(y)))
            yield name, short, str(x), str(y), str(z), "none", "none"


def ternary():
    points = [-1.0, 0.0, 1.0, 2.0, np.nan, np.inf]
    for low, x, high in itertools.product(points, points, points):
        low, x, high = np.float64(low), np.float64(x), np.float64(high)
        slopes = (
            slope(lambda low: lax.clamp(low, x, high), low),
            slope(lambda x: lax.clamp(low, x, high), x),
            slope(lambda high: lax.clamp(low, x, high), high),
        )
        yield "clamp", text(low), text(x), text(high), text(lax.clamp(low, x, high)), *slopes


def numbers(array):
    array = np.asarray(array)
    if array.dtype == bool:
        return " ".join(str(bool(value)) for value in array.ravel())
    exact = np.issubdtype(array.dtype, np.integer)
    return " ".join(str(value) if exact else text(value) for value in array.ravel())


def reductions():
    inf, nan = np.inf, np.nan
    lines = [[1.0, 1.0, 2.0], [2.0, 0.0, 3.0], [0.0, 0.0, 3.0], [3.0, 1.0, 3.0, 3.0, 0.0]]
    lines += [[nan, 1.0], [1.0, nan, nan], [-inf, -inf], [inf, 1.0, inf, -inf], [-0.0, 0.0], [5.0]]
    lines += [[1.0] * 5, [2.0, 2.0, 1.0, 2.0, 2.0, 0.0, 2.0]]
    functions = {
        "reduce_sum[axes=(0,)]": lambda x: lax.reduce_sum(x, (0,)),
        "reduce_prod[axes=(0,)]": lambda x: lax.reduce_prod(x, (0,)),
        "reduce_max[axes=(0,)]": lambda x: lax.reduce_max(x, (0,)),
        "reduce_min[axes=(0,)]": lambda x: lax.reduce_min(x, (0,)),
        "argmax[axes=(0,) index_dtype=i32]": lambda x: lax.argmax(x, 0, np.int32),
        "argmin[axes=(0,) index_dtype=i32]": lambda x: lax.argmin(x, 0, np.int32),
    }
    for name in "cumsum cumprod cummax cummin".split():
        for reverse in (False, True):
            functions[f"{name}[axis=0 reverse={str(reverse).lower()}]"] = (
                lambda x, name=name, reverse=reverse: getattr(lax, name)(x, 0, reverse)
            )
    for y in (0, 1, 2, 3, 5, -1, -2):
        functions[f"integer_pow[y={y}]"] = lambda x, y=y: lax.integer_pow(x, y)
    for name, f in functions.items():
        for line in lines:
            x = np.array(line)
            # Forward, as the test does it: where slopes are infinite the modes differ.
            slopes = "none" if "arg" in name else numbers(jax.jacfwd(lambda x: f(x).sum())(x))
            yield name, "f64", numbers(x), numbers(f(x)), slopes


DTYPES = {
    "bool": "bool", "i8": "int8", "i16": "int16", "i32": "int32", "i64": "int64", "u8": "uint8",
    "u16": "uint16", "u32": "uint32", "u64": "uint64", "f16": "float16", "bf16": "bfloat16",
    "f32": "float32", "f64": "float64",
}  # fmt: skip


def conversions():
    inf, nan = np.inf, np.nan
    floats = [0.0, -0.0, 1.5, -1.5, 2.5, 300.7, -300.7, 65519.0, 65520.0, 3e9, -3e9, 1e20, -1e20]
    floats += [1e39, 1e-8, inf, -inf, nan]
    values = {
        "f64": floats,
        "bool": [False, True],
        "i64": [0, 1, -1, 127, 128, -129, 255, 256, 65535, 2**31, -(2**31) - 1, 2**53 + 1],
        "u64": [0, 1, 255, 256, 2**32 + 5, 2**63, 2**64 - 1],
    }
    for source, points in values.items():
        x = np.array(points, DTYPES[source])
        for target, dtype in DTYPES.items():
            y = lax.convert_element_type(x, dtype)
            if target in ("f16", "bf16"):
                y = y.astype(np.float32)
            name = f"convert_element_type[new_dtype={target} weak_type=false]"
            yield name, source, numbers(x), numbers(y), "none"


TABLES = {
    "unary.tsv": unary(),
    "binary.tsv": binary(),
    "ternary.tsv": ternary(),
    "arrays.tsv": itertools.chain(reductions(), conversions()),
}
for path, rows in TABLES.items():
    with open(path, "w") as file:
        file.writelines("\t".join(row) + "\n" for row in rows)
