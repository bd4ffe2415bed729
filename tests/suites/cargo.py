"""Runs `cargo test` and reads its counts."""
import functools
import json
import re

from case import Case, command, must

RESULT = re.compile(r"^test result: \w+\. (\d+) passed; (\d+) failed", re.M)
FAILED = re.compile(r"^test (.+) \.\.\. FAILED$", re.M)

# Integration tests by what they are about; the others are unit tests.
RECORDED = {"recorded"}
SNAPSHOTS = {"testdata", "snapshot"}
LAWS = {"laws", "samples"}


@functools.cache
def integration_tests():
    """The names of the integration tests of all crates."""
    metadata = json.loads(must("cargo", "metadata", "--no-deps", "--format-version", "1", "--quiet"))
    return {target["name"] for package in metadata["packages"] for target in package["targets"] if "test" in target["kind"]}


def flags(names):
    return [flag for name in sorted(names) for flag in ("--test", name)]


def cargo_test(name, *args):
    """All tests that `cargo test --workspace args` runs, as one case with their counts."""
    status, output = command("cargo", "test", "--workspace", "--no-fail-fast", *args)
    counts = RESULT.findall(output)
    passed, failed = sum(int(p) for p, _ in counts), sum(int(f) for _, f in counts)
    if status and not failed:
        return Case(name, passed, 1, output)
    return Case(name, passed, failed, "\n".join(FAILED.findall(output)) + "\n" + failures(output))


def failures(output):
    """What the failed tests printed."""
    return "\n".join(re.findall(r"^---- .*?(?=^failures:|^----|\Z)", output, re.M | re.S))
