"""The public header compiles alone, twice, and in two units of one program, in every language version we promise."""
import re
import tempfile
import pathlib

from case import ROOT, Case, case

WARNINGS = ["-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Werror"]
HEADER = ROOT / "include/jaxrs/jaxrs.h"
UNIT = "#include <jaxrs/jaxrs.h>\n#include <jaxrs/jaxrs.h>\n"


def compiles(standard, folder):
    """One case for a language version: two units that include the header twice make a program."""
    cplusplus = "++" in standard
    extension, compiler = ("cpp", "g++") if cplusplus else ("c", "gcc")
    flags = WARNINGS + ([] if cplusplus else ["-Wstrict-prototypes"])
    one, two = folder / f"one.{extension}", folder / f"two.{extension}"
    one.write_text(UNIT + "int other(void);\nint main(void) { return other(); }\n")
    two.write_text(UNIT + "int other(void);\nint other(void) { return (int)sizeof(jaxrs_aval) - (int)sizeof(jaxrs_aval); }\n")
    return case(f"the header compiles as {standard}", compiler, f"-std={standard}", *flags, "-I", ROOT / "include", one, two,
                "-o", folder / "program")


def undocumented():
    """Functions of the header without a comment before them."""
    text = HEADER.read_text()
    bare = []
    for match in re.finditer(r"^[^\n/*#]*\b(jaxrs_\w+)\(", text, re.M):
        before = text[: match.start()].rstrip()
        if not before.endswith("*/") and not before.splitlines()[-1].lstrip().startswith("//"):
            bare.append(match.group(1))
    return "\n".join(bare)


def cases():
    with tempfile.TemporaryDirectory() as folder:
        for standard in ["c99", "c11", "c17", "c++11", "c++14", "c++17", "c++20"]:
            yield compiles(standard, pathlib.Path(folder))
    yield Case.of("every function of the header has a comment", undocumented())
