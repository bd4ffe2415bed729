"""Writes unary.tsv and binary.tsv anew: values and derivatives at hard points, from JAX.

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


for path, rows in (("unary.tsv", unary()), ("binary.tsv", binary())):
    with open(path, "w") as file:
        file.writelines("\t".join(row) + "\n" for row in rows)
