"""`cargo cinstall` installs what `cargo xtask install` does, but for the CMake package and the command that only the latter has."""
import os
import pathlib
import tempfile

from c_programs import install
from case import ROOT, TARGET, Case, case, must
from symbols import dynamic, exported

# The newest release that the toolchain of this workspace can build.
VERSION = "0.10.24+cargo-0.98.0"
TOOLS = TARGET / "tools"
# What is not of the library in C.
COMMAND = ("lib/cmake/", "bin/", "share/man/", "share/bash-completion/", "share/zsh/", "share/fish/", "lib/libjaxrs_standalone.a")


def cargo_c():
    """The environment in which cargo knows its subcommand. Built without optimisation: it runs once."""
    if not (TOOLS / "bin/cargo-cinstall").exists():
        must("cargo", "install", "--quiet", "--debug", "--locked", "cargo-c", "--version", VERSION, "--root", TOOLS)
    return {"PATH": f"{TOOLS / 'bin'}:{os.environ['PATH']}"}


def files(prefix):
    names = {str(path.relative_to(prefix)) for path in prefix.rglob("*") if not path.is_dir()}
    return {name for name in names if not name.startswith(COMMAND)}


def differences(ours, theirs):
    yield "file names", files(ours), files(theirs)
    for name in ["include/jaxrs/jaxrs.h", "share/jaxrs/jaxrs_api.json"]:
        yield name, (ours / name).read_bytes(), (theirs / name).read_bytes()
    libraries = [prefix / "lib/libjaxrs.so" for prefix in (ours, theirs)]
    yield "exported symbols", *(exported(library, "-D") for library in libraries)
    for tag in ["SONAME", "NEEDED"]:
        yield tag, *(dynamic(library, tag) for library in libraries)


def cases():
    environment = cargo_c()
    with tempfile.TemporaryDirectory() as folder:
        installed = case("cargo cinstall works", "cargo", "cinstall", "--manifest-path", "capi/Cargo.toml", "--release",
                         "--no-default-features", "--features", "llvm-static", "--prefix", "/usr", "--libdir", "lib",
                         "--destdir", folder, env=environment, cwd=ROOT)
        yield installed
        if installed.passed:
            for what, ours, theirs in differences(install(), pathlib.Path(folder) / "usr"):
                problem = "" if ours == theirs else f"cargo xtask install has {ours!r:.2000}\ncargo cinstall has {theirs!r:.2000}"
                yield Case.of(f"both installations agree in {what}", problem)
