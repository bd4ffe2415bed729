"""Runs exported programs by XLA: run_programs.py DIR K N, every N-th of them from the K-th on.

For each line of DIR/programs.tsv, a name and the types of inputs, it reads NAME.mlir and NAME.mlirbc, which have to be the
same module, runs it on the inputs in NAME.in, and writes the results to NAME.out, or what went wrong to NAME.error.
Where a program ends the process, another run goes on after it.
"""
import os
import pathlib
import sys
import time

# Most of the time goes into machine code that runs once.
os.environ.setdefault("XLA_FLAGS", "--xla_backend_optimization_level=0 --xla_llvm_disable_expensive_passes=true")

import jax
import ml_dtypes
import numpy as np

jax.config.update("jax_enable_x64", True)

from jax._src.interpreters import mlir  # noqa: E402
from jax._src.lib import lapack, xla_client  # noqa: E402
from jax._src.lib.mlir import ir  # noqa: E402
from jax._src.lib.mlir.dialects import hlo  # noqa: E402

lapack._lapack.initialize()  # finds LAPACK's routines
DEVICE = jax.devices("cpu")[0]


def dtype(name):
    return np.dtype(getattr(ml_dtypes, name, None) or name)


def arrays(types, data):
    """The arrays that lie behind one another in some bytes."""
    offset = 0
    for text in types:
        name, dims = text[:-1].split("[")
        shape = tuple(int(n) for n in dims.split(",") if n)
        kind = dtype(name)
        n = int(np.prod(shape)) if shape else 1
        yield np.frombuffer(data, kind, n, offset).reshape(shape)
        offset += n * kind.itemsize
    assert offset == len(data), f"{len(data)} bytes of inputs, but types of {offset}"


def run(folder, name, types):
    with mlir.make_ir_context():
        text = ir.Module.parse((folder / f"{name}.mlir").read_text())
        portable = (folder / f"{name}.mlirbc").read_bytes()
        code = ir.Module.parse(hlo.deserialize_portable_artifact_str(portable))
        if str(code) != str(text):
            (folder / f"{name}.text").write_text(str(text))
            (folder / f"{name}.code").write_text(str(code))
            raise ValueError("text and bytecode are different modules")
        options = xla_client.CompileOptions()
        program = DEVICE.client.compile_and_load(code, xla_client.DeviceList((DEVICE,)), options)
        inputs = [jax.device_put(x, DEVICE) for x in arrays(types, (folder / f"{name}.in").read_bytes())]
        outputs = program.execute_sharded(inputs).disassemble_into_single_device_arrays()
        return b"".join(np.ascontiguousarray(np.asarray(x[0])).tobytes() for x in outputs)


def main(folder, first, step):
    lines = (folder / "programs.tsv").read_text().splitlines()[first::step]
    start = shown = time.monotonic()
    for k, line in enumerate(lines):
        name, types = line.split("\t")
        out, problem = folder / f"{name}.out", folder / f"{name}.error"
        if out.exists() or problem.exists():
            continue
        problem.write_text("it ended XLA's process")
        try:
            out.write_bytes(run(folder, name, types.split()))
            problem.unlink()
        except Exception as error:
            problem.write_text(f"{type(error).__name__}: {error}")
        if time.monotonic() - shown > 20:
            shown = time.monotonic()
            print(f"   stablehlo: {k + 1} of {len(lines)} programs, {shown - start:.0f} s", flush=True)


main(pathlib.Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
