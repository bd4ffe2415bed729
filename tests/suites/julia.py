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


def examples():
    printed = must(*run(SOURCES / "examples/hello_grad.jl")[0], env=environment())
    yield Case.of("hello_grad prints what it prints in C",
                  "" if printed == must(built("hello_grad", [ROOT / "examples/hello_grad.c"])) else printed)


def cases():
    global PROGRAM
    PROGRAM = julia()
    install()
    FOLDER.mkdir(parents=True, exist_ok=True)
    yield tests("tests", SOURCES / "test/runtests.jl")
    yield from examples()
