"""The Node binding: its tests, its types, and its package in an empty folder with the examples."""
import re
import shutil

from c_programs import PREFIX, built, install
from case import ROOT, TARGET, Case, case, command, must

SOURCES = ROOT / "bindings/node"
FOLDER = TARGET / "node"
TOOLS = TARGET / "tools/typescript"
NPM = ["--silent", "--no-fund", "--no-audit"]


def typescript():
    """The compiler of types, fetched once."""
    if not (TOOLS / "node_modules/typescript").exists():
        TOOLS.mkdir(parents=True, exist_ok=True)
        must("npm", "install", *NPM, "--prefix", TOOLS, "typescript@5", "@types/node@20")
    return ["node", TOOLS / "node_modules/typescript/bin/tsc", "--typeRoots", TOOLS / "node_modules/@types", "-p", SOURCES]


def tests():
    """The counts of the tests, which run on the sources."""
    files = sorted((SOURCES / "test").glob("*.test.js"))
    status, output = command("node", "--expose-gc", "--test", "--test-reporter=tap", *files, cwd=SOURCES,
                             env={"JAXRS_ADDON": str(FOLDER / "package/native/jaxrs.node")})
    counts = {name: re.search(rf"^# {name} (\d+)$", output, re.M) for name in ("pass", "fail")}
    if not all(counts.values()):
        return Case.failure("tests", f"exit status {status}, and no counts\n{output}")
    return Case("tests", int(counts["pass"][1]), int(counts["fail"][1]) or int(status != 0), output)


def package():
    """The package, installed in an empty folder without a network."""
    archive = must("npm", "pack", "--silent", "--pack-destination", FOLDER, cwd=FOLDER / "package").split()[-1]
    empty = FOLDER / "empty"
    shutil.rmtree(empty, ignore_errors=True)
    empty.mkdir()
    (empty / "package.json").write_text('{"private": true, "type": "module"}\n')
    must("npm", "install", *NPM, "--offline", FOLDER / archive, cwd=empty)
    return empty


def examples(folder):
    digits = folder / "digits.csv"
    digits.write_text(must("gunzip", "-c", ROOT / "examples/data/digits.csv.gz"))
    shutil.copy(SOURCES / "examples/hello_grad.js", folder)
    printed = must("node", "hello_grad.js", cwd=folder)
    yield Case.of("hello_grad prints what it prints in C",
                  "" if printed == must(built("hello_grad", [ROOT / "examples/hello_grad.c"])) else printed)
    yield case("the examples and the test of types compile", *typescript(), "--outDir", folder)
    yield case("train_digits", "node", "examples/train_digits.js", digits, "6", cwd=folder)
    yield case("pendulum", "node", "examples/pendulum.js", "500", "500", cwd=folder)
    readme = (SOURCES / "README.md").read_text()
    for part in [(SOURCES / "examples/hello_grad.js").read_text(), printed]:
        yield Case.of("the README shows hello_grad and its output", "" if part in readme else f"the README lacks\n{part}")


def cases():
    install()
    shutil.rmtree(FOLDER / "package", ignore_errors=True)
    must(SOURCES / "build.sh", PREFIX, FOLDER / "package")
    yield tests()
    yield from examples(package())
