"""Installs the release library once, and compiles C programs against it as a user would."""
import functools

from case import ROOT, TARGET, must

PREFIX = TARGET / "install"
PROGRAMS = TARGET / "c_tests"
WARNINGS = ["-Wall", "-Wextra", "-Wpedantic", "-Werror"]


@functools.cache
def install():
    must("cargo", "xtask", "install", "--prefix", PREFIX)
    return PREFIX


def pkg_config(*args, prefix=PREFIX):
    return must("pkg-config", *args, "jaxrs", env={"PKG_CONFIG_PATH": str(prefix / "lib/pkgconfig")}).split()


def built(name, sources, flags=()):
    """The path of a program from C sources, linked to the installed library."""
    prefix = install()
    PROGRAMS.mkdir(parents=True, exist_ok=True)
    program = PROGRAMS / name
    must("cc", "-std=c11", "-D_GNU_SOURCE", "-g", "-O1", *WARNINGS, *flags, "-I", ROOT / "examples", "-o", program,
         *sources, *pkg_config("--cflags", "--libs", prefix=prefix), f"-Wl,-rpath,{prefix}/lib", "-lm", "-lpthread")
    return program
