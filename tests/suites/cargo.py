"""Runs `cargo test` and reads its counts."""
import re

from case import Case, command

RESULT = re.compile(r"^test result: \w+\. (\d+) passed; (\d+) failed", re.M)
FAILED = re.compile(r"^test (.+) \.\.\. FAILED$", re.M)


def cargo_test(name, *args):
    """All tests that `cargo test args` runs, as one case with their counts."""
    status, output = command("cargo", "test", "--no-fail-fast", *args)
    counts = RESULT.findall(output)
    passed, failed = sum(int(p) for p, _ in counts), sum(int(f) for _, f in counts)
    if status and not failed:
        return Case(name, passed, 1, output)
    return Case(name, passed, failed, "\n".join(FAILED.findall(output)) + "\n" + failures(output))


def failures(output):
    """What the failed tests printed."""
    return "\n".join(re.findall(r"^---- .*?(?=^failures:|^----|\Z)", output, re.M | re.S))
