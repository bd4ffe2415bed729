"""The C API from C: every tests/c/*_test.c and what nulls.py writes, plain and under valgrind."""
import re
import sys

from c_programs import PROGRAMS, built
from case import ROOT, Case, command, must

CLOSING = re.compile(r"^(\d+) passed, (\d+) failed$", re.M)
# Bad reads and writes, and leaks. Not uses of undefined values: optimised Rust compares padding along with values where
# the outcome does not matter, which valgrind cannot know.
VALGRIND = ["valgrind", "--quiet", "--error-exitcode=99", "--leak-check=full", "--errors-for-leak-kinds=definite",
            "--undef-value-errors=no", "--fair-sched=yes"]


def counted(name, *args):
    """The case of a test program, which closes with its own counts."""
    status, output = command(*args)
    closing = CLOSING.search(output)
    if not closing:
        return Case.failure(name, f"exit status {status}, and it did not close with its counts\n{output}")
    passed, failed = int(closing[1]), int(closing[2])
    return Case(name, passed, failed or int(status != 0), output)


def nulls_test():
    """The test written from the header."""
    PROGRAMS.mkdir(parents=True, exist_ok=True)
    source = PROGRAMS / "nulls_test.c"
    source.write_text(must(sys.executable, ROOT / "tests/c/nulls.py", ROOT / "include/jaxrs/jaxrs.h"))
    return source


def cases():
    sources = [nulls_test(), *sorted((ROOT / "tests/c").glob("*_test.c"))]
    programs = [(source.stem, built(source.stem, [source], ["-I", ROOT / "tests/c", f'-DJAXRS_PROGRAMS="{ROOT}/tests/programs"'])) for source in sources]
    for name, program in programs:
        yield counted(name, program)
    for name, program in programs:
        yield counted(f"{name} under valgrind", *VALGRIND, program)
