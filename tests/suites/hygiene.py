"""What the library must not do to its host: each check in a process of its own."""
from c_programs import built
from case import ROOT, case


def cases():
    program = built("hygiene", [ROOT / "tests/c/hygiene.c"])
    for check in ["handlers", "descriptors", "environment", "output", "threads", "fork", "exit", "contexts"]:
        yield case(f"hygiene of {check}", program, check)
