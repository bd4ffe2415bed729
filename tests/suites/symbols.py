"""What the release library exports and needs."""
import json
import re

from c_programs import install
from case import ROOT, Case, must

ALLOWED_NEEDS = {"libc.so.6", "libm.so.6", "libgcc_s.so.1", "ld-linux-x86-64.so.2", "ld-linux-aarch64.so.1"}
BUDGET_MB = 60  # of the shared library, stripped


def difference(left_name, left, right_name, right):
    lines = [f"in {left_name} only: {name}" for name in sorted(left - right)]
    return "\n".join(lines + [f"in {right_name} only: {name}" for name in sorted(right - left)])


def exported(library, *flags):
    lines = must("nm", *flags, "--defined-only", library).splitlines()
    return {fields[-1] for fields in map(str.split, lines) if len(fields) == 3}


def declared():
    text = re.sub(r"/\*.*?\*/|//[^\n]*|^#[^\n]*", "", (ROOT / "include/jaxrs/jaxrs.h").read_text(), flags=re.S | re.M)
    return set(re.findall(r"\b(jaxrs_\w+)\s*\(", re.sub(r"typedef[^;{]*;", "", text)))


def dynamic(library, tag):
    return set(re.findall(rf"\({tag}\).*\[(.*)\]", must("readelf", "-d", "-W", library)))


def cases():
    library = install() / "lib/libjaxrs.so"
    symbols = exported(library, "-D")
    yield Case.of("the library exports what the header declares",
                  difference("the library", symbols, "the header", declared()))
    yield Case.of("only jaxrs_ names are exported", "\n".join(s for s in symbols if not s.startswith("jaxrs_")))
    static = exported(install() / "lib/libjaxrs.a", "-g")
    yield Case.of("the static library defines the same names", difference("libjaxrs.a", static, "libjaxrs.so", symbols))
    listed = {f"jaxrs_op_{op['name']}" for op in json.loads((ROOT / "include/jaxrs/jaxrs_api.json").read_text())["ops"]}
    yield Case.of("the description lists the operations",
                  difference("the description", listed, "the library", {s for s in symbols if s.startswith("jaxrs_op_")}))
    soname = dynamic(library, "SONAME")
    yield Case.of("the library has a versioned name", "" if soname == {"libjaxrs.so.0.1"} else f"SONAME is {soname}")
    yield Case.of("the library needs libc alone", "\n".join(dynamic(library, "NEEDED") - ALLOWED_NEEDS))
    yield Case.of("the library is never unloaded",
                  "" if "NODELETE" in must("readelf", "-d", "-W", library) else "the flag NODELETE is not set")
    size = library.resolve().stat().st_size / 1e6
    yield Case.of(f"the library is below {BUDGET_MB} MB", "" if size <= BUDGET_MB else f"it has {size:.1f} MB")
