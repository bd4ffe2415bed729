"""The Julia binding: its tests, also with all bounds checked, and its examples."""
import os
import re
import shutil

from c_programs import PREFIX, built, install
from case import ROOT, TARGET, Case, case, command, must

SOURCES = ROOT / "bindings/julia"
FOLDER = TARGET / "julia"
NEEDED = (1, 5)


def julia():
    """The Julia of the machine if it is new enough, or the one that tests/setup has unpacked."""
    for program in [shutil.which("julia"), TARGET / "tools/julia/bin/julia"]:
        status, output = command(program or "julia", "--version")
        found = re.search(r"julia version (\d+)\.(\d+)", output)
        if status == 0 and found and (int(found[1]), int(found[2])) >= NEEDED:
            return program
    raise RuntimeError(f"there is no Julia {'.'.join(map(str, NEEDED))} or newer; tests/setup installs one")


def environment(prefix=PREFIX, **more):
    # Compiled files of the package go to a folder of the build.
    return {"JAXRS_LIBRARY": str(prefix / "lib/libjaxrs.so"), "JULIA_DEPOT_PATH": str(FOLDER / "depot"),
            "JULIA_LOAD_PATH": f"{SOURCES}{os.pathsep}@stdlib", **more}


def run(*args, **more):
    return [PROGRAM, "--startup-file=no", "--color=no", *args], {"env": environment(**more), "timeout": 900}


def tests(name, *args, **more):
    """The counts of the tests of a run."""
    line, options = run(*args, **more)
    status, output = command(*line, **options)
    found = re.search(r"^(\d+) passed, (\d+) failed$", output, re.M)
    if not found:
        return Case.failure(name, f"exit status {status}, and no counts\n{output}")
    return Case(name, int(found[1]), int(found[2]) or int(status != 0), output)


def example(name, *args):
    line, options = run(SOURCES / f"examples/{name}.jl", *args)
    return case(name, *line, **options)


def examples():
    digits = FOLDER / "digits.csv"
    digits.write_text(must("gunzip", "-c", ROOT / "examples/data/digits.csv.gz"))
    line, options = run(SOURCES / "examples/hello_grad.jl")
    printed = must(*line, **options)
    yield Case.of("hello_grad prints what it prints in C",
                  "" if printed == must(built("hello_grad", [ROOT / "examples/hello_grad.c"])) else printed)
    yield example("train_digits", digits, 6)
    yield example("pendulum", 500, 500)
    readme = (SOURCES / "README.md").read_text()
    for part in [(SOURCES / "examples/hello_grad.jl").read_text(), printed]:
        yield Case.of("the README shows hello_grad and its output", "" if part in readme else f"the README lacks\n{part}")


def cases():
    global PROGRAM
    PROGRAM = julia()
    install()
    FOLDER.mkdir(parents=True, exist_ok=True)
    main = SOURCES / "test/runtests.jl"
    # What calls many different functions once runs faster than it compiles.
    yield tests("arrays, transforms and programs", "--compile=min", main, "arrays", "transforms", "programs")
    yield tests("conformance and errors", main, "conformance", "errors", "chain_rules")
    yield tests("threads and memory, with bounds checked", "--check-bounds=yes", main, "threads", "memory", JULIA_NUM_THREADS="3")
    yield from examples()
