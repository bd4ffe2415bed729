"""Records how JAX converts from and to types of at most 8 bits: record_narrow.py [FOLDER] (here by default).

One JSON object a line: an element type, the values of its codes (as bits of f64, in hexadecimal), and codes of floats and
integers. JAX has no arrays of 6-bit floats on the CPU; those are recorded from ml_dtypes, from which JAX has its types.
"""
import json
import os
import pathlib
import sys

os.environ["JAX_PLATFORMS"] = "cpu"
import jax
import ml_dtypes
import numpy as np
from jax import lax

jax.config.update("jax_enable_x64", True)

FLOATS = ["float4_e2m1fn", "float6_e2m3fn", "float6_e3m2fn", "float8_e3m4", "float8_e4m3", "float8_e4m3b11fnuz", "float8_e4m3fn",
          "float8_e4m3fnuz", "float8_e5m2", "float8_e5m2fnuz", "float8_e8m0fnu"]
INTS = ["int2", "int4", "uint2", "uint4"]


def bits_of(name):
    return int(name.lstrip("uintfloa").split("_")[0])


def short(name):
    return name.replace("float", "f").replace("uint", "u").replace("int", "i")


def convert(x, dtype):
    if "float6" in np.dtype(dtype).name or "float6" in x.dtype.name:
        with np.errstate(all="ignore"):
            return x.astype(np.float32).astype(dtype)
    return np.asarray(lax.convert_element_type(x, dtype))


def codes(x):
    return "".join(f"{code:02x}" for code in x.view(np.uint8).reshape(-1))


def singles(values):
    """Floats that are hard to round: all values, what lies between neighbours, and close beside either; random ones."""
    finite = np.unique(values[np.isfinite(values)]).astype(np.float32)
    middles = ((finite[1:].astype(np.float64) + finite[:-1]) / 2).astype(np.float32)
    exact = np.concatenate([finite, middles, finite[-1:] * np.float32(1.25), finite[:1] * np.float32(1.25)])
    near = np.concatenate([exact, np.nextafter(exact, np.float32(np.inf)), np.nextafter(exact, np.float32(-np.inf))])
    special = np.array([0.0, -0.0, np.inf, -np.inf, np.nan, -np.nan, 1e-30, -1e-30, 3e38, -3e38, 1e-45], np.float32)
    random = np.random.default_rng(5).integers(0, 1 << 32, 128, dtype=np.uint32).view(np.float32)
    return np.concatenate([near, special, random])


def row(name):
    dtype = np.dtype(getattr(ml_dtypes, name))
    every = np.arange(1 << bits_of(name), dtype=np.uint8).view(dtype)
    values = convert(every, np.float64)
    x = singles(values)
    if "float6" in name:
        x = x[~np.isnan(x)]  # ml_dtypes gives -0 or 0, by the sign; JAX, for the like type of 4 bits, always -0
    integers = np.concatenate([np.arange(-300, 301), [2**31 - 1, -(2**31), 70000, -70000]]).astype(np.int32)
    return {"dtype": short(name), "values": [f"{v:016x}" for v in values.view(np.uint64)],
              "singles": [f"{v:08x}" for v in x.view(np.uint32)], "codes": codes(convert(x, dtype)),
              "integers": [int(v) for v in integers], "integer_codes": codes(convert(integers, dtype))}


def main():
    folder = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else pathlib.Path(__file__).parent
    with open(folder / "narrow.jsonl", "w") as out:
        for name in INTS + FLOATS:
            out.write(json.dumps(row(name), separators=(",", ":")) + "\n")


main()
