"""Records Taylor series that JAX computes: taylor.py [FOLDER] (here by default) writes taylor.txt.

A case a line, with bars between its parts: the program as jaxrs prints it; its operands; their terms, from order 1 on; its
result; the result's terms. Operands have semicolons between them, terms slashes, elements spaces. All numbers are f64.
"""
import os
import pathlib
import sys

os.environ["JAX_PLATFORMS"] = "cpu"
import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jax.experimental.jet import jet

jax.config.update("jax_enable_x64", True)
ORDER = 4


def program(inputs, *equations, n=None):
    """Scalars or vectors a, b, ...; the last equation defines the result z."""
    kind = "f64[]" if n is None else f"f64[{n}]"
    names = " ".join(f"{name}:{kind}" for name in "abc"[:inputs])
    return f"{{ lambda ; {names}. let {'; '.join(equations)} in (z,) }}"


def unary():
    anywhere = ["sin", "cos", "tan", "sinh", "cosh", "tanh", "asinh", "atan", "exp", "exp2", "expm1", "logistic", "erf", "erfc",
                "cbrt", "neg", "abs", "sign", "floor", "square"]
    inside = {"log": 1.3, "log1p": 0.4, "sqrt": 1.7, "rsqrt": 1.7, "asin": 0.4, "acos": 0.4, "atanh": 0.4, "acosh": 1.7,
              "erf_inv": 0.4}
    missing = {"tan", "atan", "exp2", "cbrt", "asin", "acos"}  # no rule in JAX: through what they are made of
    made_of = {"tan": lambda x: jnp.sin(x) / jnp.cos(x), "exp2": lambda x: jnp.exp(x * np.log(2)),
               "atan": lambda x: lax.atan2(x, jnp.ones_like(x)), "cbrt": lambda x: jnp.sign(x) * lax.pow(jnp.abs(x), 1 / 3),
               "asin": lambda x: lax.atan2(x, jnp.sqrt(1 - x * x)), "acos": lambda x: lax.atan2(jnp.sqrt(1 - x * x), x)}
    points = {**{op: [0.7, -1.3] for op in anywhere}, **{op: [x] for op, x in inside.items()}}
    for op, xs in points.items():
        fn = made_of[op] if op in missing else getattr(lax, op)
        for x in xs:
            yield program(1, f"z:f64[] = {op} a"), fn, [x]


def binary():
    for op in ["add", "sub", "mul", "div", "pow", "atan2", "max", "min", "rem"]:
        yield program(2, f"z:f64[] = {op} a b"), getattr(lax, op), [1.7, 0.6]
    for op in ["max", "min"]:
        yield program(2, f"z:f64[] = {op} a b"), getattr(lax, op), [0.5, 0.5]
    yield program(1, "z:f64[] = pow a 2.5:f64[]"), lambda x: lax.pow(x, 2.5), [1.3]
    yield program(1, "z:f64[] = pow 2.5:f64[] a"), lambda x: lax.pow(2.5, x), [1.3]
    for y in [-2, -1, 0, 1, 2, 3, 6]:
        yield program(1, f"z:f64[] = integer_pow[y={y}] a"), lambda x, y=y: lax.integer_pow(x, y), [1.3]


def vectors():
    x, y = [0.5, -1.25, 2.0], [1.5, 0.75, -0.5]
    one = lambda *equations: program(1, *equations, n=3)
    two = lambda *equations: program(2, *equations, n=3)
    for op in ["sum", "max", "min"]:
        yield one(f"z:f64[] = reduce_{op}[axes=(0,)] a"), getattr(jnp, op), [x]
    for op in ["cumsum", "cumprod", "cummax", "cummin"]:
        yield one(f"z:f64[3] = {op}[axis=0 reverse=false] a"), lambda x, op=op: getattr(lax, op)(x), [x]
    dot = "dot_general[dimension_numbers=((0,), (0,), (), ()) preferred_element_type=None]"
    yield two(f"z:f64[] = {dot} a b"), lambda x, y: lax.dot(x, y), [x, y]
    yield two("c:f64[3] = mul a b; d:f64[3] = sin c; z:f64[3] = div d b"), lambda x, y: jnp.sin(x * y) / y, [x, y]
    yield one("z:f64[3] = clamp -1.0:f64[] a 1.0:f64[]"), lambda x: lax.clamp(jnp.full(3, -1.0), x, jnp.ones(3)), [x]
    yield one("z:f64[3] = rev[dimensions=(0,)] a"), lambda x: lax.rev(x, (0,)), [x]
    yield two("z:f64[6] = concatenate[dimension=0] a b"), lambda x, y: lax.concatenate([x, y], 0), [x, y]


def text(x):
    return " ".join(repr(float(v)) for v in np.asarray(x).reshape(-1))


def main():
    folder = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parent)
    lines = []
    for k, (source, fn, inputs) in enumerate([*unary(), *binary(), *vectors()]):
        rng = np.random.default_rng(k)
        inputs = [np.asarray(x, np.float64) for x in inputs]
        series = [[rng.uniform(-1, 1, np.shape(x)).round(3) for _ in range(ORDER)] for x in inputs]
        result, terms = jet(fn, inputs, series)
        parts = [source, "; ".join(map(text, inputs)), "; ".join(" / ".join(map(text, terms)) for terms in series),
                 text(result), " / ".join(map(text, terms))]
        lines.append(" | ".join(parts) + "\n")
    (folder / "taylor.txt").write_text("".join(lines))


if __name__ == "__main__":
    main()
