"""Programs that are exported, run by JAX's own tools: the samples of all primitives, and programs, against our evaluator."""
import concurrent.futures
import json
import os
import re
import shutil
import subprocess
import sys

from case import ROOT, TARGET, Case, command, must
from exports import npy

JAX = "jax==0.10.2"
# What jax.export needs to read files.
FLATBUFFERS = "flatbuffers==25.12.19"
ENVIRONMENT = TARGET / "tools/jax"
FOLDER = TARGET / "stablehlo"
SAMPLES = ["cargo", "run", "--quiet", "--package", "jaxrs-stablehlo", "--example", "samples", "--"]
# Of the programs that JAX exported: loops that end by a condition, neighbours of numbers, updates by a function, and LAPACK's
# own routines have no derivative in JAX, either (a QR decomposition has one, which is not in its module).
WITHOUT_DERIVATIVE = {"while", "vmapped_while", "remainder", "scatter_apply", "scatter_apply_batched", "decompositions", "sparse_rows"}
COUNTS = re.compile(r"^(\d+) passed, (\d+) failed$", re.M)


def python():
    """The Python of an environment with JAX, which is installed where it is not there yet."""
    interpreter = ENVIRONMENT / "bin/python"
    has = f"import importlib.metadata as m; exit(any('{{}}=={{}}'.format(p, m.version(p)) not in ('{JAX}', '{FLATBUFFERS}') for p in ('jax', 'flatbuffers')))"
    is_there = [interpreter, "-c", has]
    if not interpreter.exists() or command(*is_there)[0]:
        print(f"   stablehlo: installing {JAX} and {FLATBUFFERS}", flush=True)
        shutil.rmtree(ENVIRONMENT, ignore_errors=True)
        must(sys.executable, "-m", "venv", ENVIRONMENT)
        must(interpreter, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", JAX, FLATBUFFERS)
    return interpreter


def run_part(interpreter, k, n):
    """Runs every n-th program; where one ends the process, another run goes on after it. Gives what went wrong."""
    for _ in range(20):
        done = subprocess.run([interpreter, ROOT / "tests/stablehlo/run_programs.py", FOLDER, str(k), str(n)],
                              stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, errors="replace", timeout=1800)
        if done.returncode == 0:
            return ""
    return f"exit status {done.returncode}\n{done.stderr}"


def run_all(interpreter):
    """Runs what is in the folder, a part on each of a few processors."""
    n = min(os.cpu_count() or 1, 4)
    with concurrent.futures.ThreadPoolExecutor(n) as threads:
        return "\n".join(filter(None, threads.map(lambda k: run_part(interpreter, k, n), range(n))))


def exported(interpreter):
    """Files of jax.export that are written here, called by JAX."""
    folder = TARGET / "stablehlo_exported"
    shutil.rmtree(folder, ignore_errors=True)
    must("cargo", "build", "--quiet", "--package", "jaxrs-cli")
    listed = []
    for line in (ROOT / "tests/exports/programs.jsonl").read_text().splitlines():
        program = json.loads(line)
        place = folder / program["name"]
        place.mkdir(parents=True)
        (place / "program.mlir").write_text(program["pretty"])
        files = {side: [place / f"{side}{k}.npy" for k in range(len(program[side]))] for side in ("inputs", "outputs")}
        for side, paths in files.items():
            for path, array in zip(paths, program[side]):
                path.write_bytes(npy(array))
        for file, order in [("program", 0), *([] if program["name"] in WITHOUT_DERIVATIVE else [("program.vjp", 1)])]:
            exported = place / f"{file}.jaxexport"
            must(TARGET / "debug/jaxrs", "save", place / "program.mlir", "--vjp-order", str(order), "--out", exported)
            listed.append("\t".join(map(str, [exported, *files["inputs"]])) + "\t=" + "\t".join(map(str, files["outputs"])))
    (folder / "list").write_text("".join(line + "\n" for line in listed))
    status, output = command(interpreter, ROOT / "tests/stablehlo/run_exported.py", folder / "list")
    counts = COUNTS.search(output)
    if status or not counts:
        return Case.failure("files of jax.export", output)
    return Case("files of jax.export", int(counts[1]), int(counts[2]), output)


def cases():
    interpreter = python()
    yield exported(interpreter)
    shutil.rmtree(FOLDER, ignore_errors=True)
    must(*SAMPLES, "write", FOLDER)
    yield Case.of("XLA runs to the end", run_all(interpreter))
    status, output = command(*SAMPLES, "compare", FOLDER)
    counts = COUNTS.search(output)
    if status or not counts:
        yield Case.failure("comparison", output)
        return
    print("   stablehlo: " + re.search(r"^rows .*", output, re.M).group(), flush=True)
    yield Case("samples and programs", int(counts[1]), int(counts[2]), output)
