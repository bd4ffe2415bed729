"""Calls files of jax.export by JAX: run_exported.py LIST

Each line of LIST is tab-separated: a file, then the files with its inputs, `=`, and those with what it has to give (.npy).
A file that ends in `.vjp.jaxexport` is differentiated, too: it has to give the derivatives that JAX's own function has, which is
that of its folder's name in tests/exports/record.py. Prints a line for each that gives something else, and closes with
`N passed, N failed`.
"""
import pathlib
import sys

import jax
import ml_dtypes
import numpy as np
from jax import export

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "exports"))
from record import PROGRAMS  # noqa: E402

# Bits of types that .npy has no words for.
VOID = {2: ml_dtypes.bfloat16}
TOLERANCE = {"float16": 5e-3, "bfloat16": 3e-2, "float32": 3e-5, "float64": 1e-9, "complex64": 3e-5, "complex128": 1e-9}


def array(path):
    x = np.load(path)
    return x.view(VOID[x.dtype.itemsize]) if x.dtype.kind == "V" else x


def problem(file, inputs, expected):
    exported = export.deserialize(bytearray(pathlib.Path(file).read_bytes()))
    got = jax.tree.leaves(exported.call(*map(array, inputs)))
    if len(got) != len(expected):
        return f"{len(got)} results in place of {len(expected)}"
    for k, (x, path) in enumerate(zip(got, expected)):
        wrong = difference(np.asarray(x), array(path))
        if wrong:
            return f"result {k} {wrong}"
    return derivatives(exported, PROGRAMS[pathlib.Path(file).parent.name][0], inputs) if ".vjp." in file else ""


def derivatives(exported, fn, inputs):
    """What is wrong with the derivative at the inputs."""
    sides = []
    for f in (exported.call, jax.jit(fn)):
        out, pullback = jax.vjp(lambda *a: tuple(jax.tree.leaves(f(*a))), *map(array, inputs))
        sides.append(pullback(tuple(map(cotangent, out))))
    for k, (x, y) in enumerate(zip(*sides)):
        if y.dtype != jax.dtypes.float0 and (wrong := difference(np.asarray(x), np.asarray(y))):
            return f"derivative by argument {k} {wrong}"
    return ""


def cotangent(y):
    """Other numbers for each element, as much cancels for equal ones."""
    if not jax.numpy.issubdtype(y.dtype, np.inexact):
        return np.zeros(y.shape, jax.dtypes.float0)
    return np.linspace(0.5, 2, y.size).reshape(y.shape).astype(y.dtype)


def difference(x, y):
    """What is wrong with an array."""
    if x.dtype != y.dtype or x.shape != y.shape:
        return f"is {x.dtype}{list(x.shape)} in place of {y.dtype}{list(y.shape)}"
    rtol = TOLERANCE.get(y.dtype.name, 0)
    wide = np.result_type(y.dtype, np.float64) if rtol else y.dtype
    finite = np.abs(y[np.isfinite(y)]).astype(np.float64) if rtol else np.zeros(0)
    if not np.allclose(x.astype(wide), y.astype(wide), rtol, rtol * finite.max(initial=0) / 10, equal_nan=True):
        return f"is {x} in place of {y}"
    return ""


def main(listed):
    passed = failed = 0
    for line in pathlib.Path(listed).read_text().splitlines():
        given, expected = line.split("\t=")
        file, *inputs = given.split("\t")
        try:
            wrong = problem(file, inputs, expected.split())
        except Exception as error:
            wrong = f"{type(error).__name__}: {error}"
        passed, failed = passed + (not wrong), failed + bool(wrong)
        if wrong:
            print(f"{file}: {wrong}")
    print(f"{passed} passed, {failed} failed")


main(sys.argv[1])
