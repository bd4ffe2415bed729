"""Programs that are exported, run by JAX's own tools: the samples of all primitives, and programs, against our evaluator."""
import concurrent.futures
import os
import re
import shutil
import subprocess
import sys

from case import ROOT, TARGET, Case, command, must

JAX = "jax==0.10.2"
ENVIRONMENT = TARGET / "tools/jax"
FOLDER = TARGET / "stablehlo"
SAMPLES = ["cargo", "run", "--quiet", "--package", "jaxrs-stablehlo", "--example", "samples", "--"]
COUNTS = re.compile(r"^(\d+) passed, (\d+) failed$", re.M)


def python():
    """The Python of an environment with JAX, which is installed where it is not there yet."""
    interpreter = ENVIRONMENT / "bin/python"
    is_there = [interpreter, "-c", f"import importlib.metadata as m; exit('jax=={{}}'.format(m.version('jax')) != '{JAX}')"]
    if not interpreter.exists() or command(*is_there)[0]:
        print(f"   stablehlo: installing {JAX}", flush=True)
        shutil.rmtree(ENVIRONMENT, ignore_errors=True)
        must(sys.executable, "-m", "venv", ENVIRONMENT)
        must(interpreter, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", JAX)
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


def cases():
    interpreter = python()
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
