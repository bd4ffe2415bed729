"""The manual builds without warnings, its examples run, and the README shows what is so."""
import re

from c_programs import built, install
from cargo import cargo_test
from case import ROOT, Case, case, command


def readme_blocks(language):
    return re.findall(rf"^```{language}\n(.*?)^```", (ROOT / "README.md").read_text(), re.M | re.S)


def readme_program_is_the_example():
    source = (ROOT / "examples/hello_grad.c").read_text()
    return "" if source in readme_blocks("c") else "the README does not contain examples/hello_grad.c"


def readme_output_is_real():
    status, output = command(built("hello_grad", [ROOT / "examples/hello_grad.c"]))
    shown = readme_blocks("text")
    return "" if status == 0 and output in shown else f"hello_grad gave {status} and\n{output}\nwhich the README does not show"


def cases():
    yield case("the manual builds without warnings", "cargo", "doc", "--workspace", "--no-deps", "--quiet",
               env={"RUSTDOCFLAGS": "-D warnings"})
    tests = cargo_test("examples in the manual", "--doc")
    if tests.passed + tests.failed:
        yield tests
    install()
    yield Case.of("the README shows examples/hello_grad.c", readme_program_is_the_example())
    yield Case.of("the README shows the output of hello_grad", readme_output_is_real())
