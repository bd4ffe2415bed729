"""The Go binding: its tests plain and under the race detector, its examples, and a program of a user's."""
import json
import os
import pathlib
import re
import shutil
import tempfile

from c_programs import PREFIX, built, install
from case import ROOT, TARGET, Case, case, command, must

SOURCES = ROOT / "bindings/go"
# What the binding asks for, and what is fetched where there is no such version.
NEEDED, FETCHED = (1, 24), "v0.0.1-go1.24.6.linux-amd64"
OFFLINE = {"GOPROXY": "off", "GOFLAGS": "-mod=mod -buildvcs=false", "GOTOOLCHAIN": "local"}
CONSUMER = """package main

import jx "jaxrs.example/go"

func main() {
\tctx := jx.Must(jx.New())
\tcube := func(_ *jx.Scope, x *jx.Array) *jx.Array { return jx.Mul(jx.Mul(x, x), x) }
\tif jx.Must(jx.Must(jx.Jit1(jx.Grad1(cube).At).Call(ctx.Const(2))).Item()) != 12 {
\t\tpanic("another gradient")
\t}
}
"""


def version(program):
    status, output = command(program, "version")
    found = re.search(r"go(\d+)\.(\d+)", output)
    return (int(found[1]), int(found[2])) if status == 0 and found else (0, 0)


def go():
    """A Go that is new enough: that of the machine, or one that an older Go fetches."""
    for program in ["go", "/usr/local/go/bin/go"]:
        if version(program) >= NEEDED:
            return program
    folder = TARGET / "tools/go"
    program = folder / f"golang.org/toolchain@{FETCHED}/bin/go"
    if not program.exists():
        must("go", "mod", "download", f"golang.org/toolchain@{FETCHED}", env={"GOMODCACHE": str(folder), "GOFLAGS": ""})
        for tool in [*program.parent.glob("*"), *program.parents[1].glob("pkg/tool/*/*")]:
            tool.chmod(0o755)
    return program


def environment(prefix=PREFIX, **more):
    return {**OFFLINE, "PKG_CONFIG_PATH": f"{prefix}/lib/pkgconfig", "CGO_LDFLAGS": f"-Wl,-rpath,{prefix}/lib", "CGO_ENABLED": "1",
            "PATH": f"{pathlib.Path(shutil.which(str(PROGRAM)) or PROGRAM).parent}:{os.environ['PATH']}", **more}


def tests(name, *flags, **more):
    """The counts of the tests of a run."""
    status, output = command(PROGRAM, "test", "-json", "-count=1", *flags, ".", cwd=SOURCES, env=environment(**more))
    ended, lines = {}, []
    for line in output.splitlines():
        try:
            event = json.loads(line)
        except ValueError:
            lines.append(line)
            continue
        lines.append(event.get("Output", "").rstrip())
        if event.get("Test") and event["Action"] in ("pass", "fail"):
            ended[event["Test"]] = event["Action"]
    failed = sum(action == "fail" for action in ended.values())
    return Case(name, len(ended) - failed, failed or int(status != 0), "\n".join(filter(None, lines)))


def examples():
    folder = TARGET / "go"
    folder.mkdir(parents=True, exist_ok=True)
    digits = folder / "digits.csv"
    digits.write_text(must("gunzip", "-c", ROOT / "examples/data/digits.csv.gz"))
    must(PROGRAM, "build", "-o", f"{folder}/", "./examples/...", cwd=SOURCES, env=environment())
    printed = must(folder / "hello_grad")
    yield Case.of("hello_grad prints what it prints in C",
                  "" if printed == must(built("hello_grad", [ROOT / "examples/hello_grad.c"])) else printed)
    yield case("train_digits", folder / "train_digits", digits, 6)
    yield case("pendulum", folder / "pendulum", 500, 500)
    readme = (SOURCES / "README.md").read_text()
    for part in [(SOURCES / "examples/hello_grad/main.go").read_text(), printed]:
        yield Case.of("the README shows hello_grad and its output", "" if part in readme else f"the README lacks\n{part}")


def consumer():
    """A module of its own, with the library at another place than where it was installed."""
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        prefix = folder / "moved"
        shutil.copytree(PREFIX, prefix, symlinks=True)
        (folder / "main.go").write_text(CONSUMER)
        (folder / "go.mod").write_text("module consumer\n\ngo 1.24\n\nrequire jaxrs.example/go v0.0.0\n\n"
                                       f"replace jaxrs.example/go => {SOURCES}\n")
        return case("a module that requires the binding runs", PROGRAM, "run", ".", cwd=folder, env=environment(prefix))


def cases():
    global PROGRAM
    PROGRAM = go()
    install()
    yield Case.of("the sources are formatted", must("gofmt", "-l", ".", cwd=SOURCES, env=environment()))
    yield case("go vet", PROGRAM, "vet", "./...", cwd=SOURCES, env=environment())
    yield tests("tests")
    yield tests("tests under the race detector", "-race", JAXRS_CALLS="20000", GOEXPERIMENT="cgocheck2")
    yield from examples()
    yield consumer()
