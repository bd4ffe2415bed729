"""Records programs as portable artifacts of older versions: record_versions.py > versions.jsonl

As record.py, with `bytecode` only. Every version of VHLO since 1.0 is there, and before it those with which the version of MLIR's
bytecode changes (0 to 6). Needs JAX 0.10 (the CPU suffices).
"""
import base64
import json

from jax._src.interpreters import mlir
from jax._src.lib.mlir import ir
from jax._src.lib.mlir.dialects import hlo

from record import PROGRAMS, record

NAMES = ["mlp", "while", "gather"]
VERSIONS = ["0.9.0", "0.10.0", "0.12.0", "0.14.0", "0.15.0", *(f"1.{minor}.0" for minor in range(18))]

for name in NAMES:
    program = record(name, *PROGRAMS[name])
    for version in VERSIONS:
        with mlir.make_ir_context():
            artifact = hlo.serialize_portable_artifact(ir.Module.parse(program["pretty"]), version)
        print(json.dumps({"name": f"{name} at {version}", "bytecode": base64.b64encode(artifact).decode(),
                          "inputs": program["inputs"], "outputs": program["outputs"]}))
