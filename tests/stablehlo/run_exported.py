"""Calls files of jax.export by JAX: run_exported.py LIST

Each line of LIST is tab-separated: a file, then the files with its inputs, `=`, and those with what it has to give (.npy).
Prints a line for each that gives something else, and closes with `N passed, N failed`.
"""
import pathlib
import sys

import jax

jax.config.update("jax_enable_x64", True)

import ml_dtypes  # noqa: E402
import numpy as np  # noqa: E402
from jax import export  # noqa: E402

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
        x, y = np.asarray(x), array(path)
        if x.dtype != y.dtype or x.shape != y.shape:
            return f"result {k} is {x.dtype}{list(x.shape)} in place of {y.dtype}{list(y.shape)}"
        rtol = TOLERANCE.get(y.dtype.name, 0)
        wide = np.result_type(y.dtype, np.float64) if rtol else y.dtype
        finite = np.abs(y[np.isfinite(y)]).astype(np.float64) if rtol else np.zeros(0)
        if not np.allclose(x.astype(wide), y.astype(wide), rtol, rtol * finite.max(initial=0) / 10, equal_nan=True):
            return f"result {k} is {x} in place of {y}"
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
