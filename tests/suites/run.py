"""Runs test suites and counts their cases.

A suite is a module beside this file with a generator `cases()` that yields `Case`s. Exit status: 0 if at least one case
ran and none failed.
"""
import importlib
import pathlib
import sys
import time

# Quick ones first, so that a slip shows early.
SUITES = ["tidy", "unit", "laws", "snapshots", "recorded", "exports", "stablehlo", "cli", "aot", "ptx", "headers", "symbols", "c", "semantics", "hygiene", "install",
          "cpp", "go", "julia",
          "node", "languages", "docs", "cargo_c"]


def run_suite(name):
    passed, failed, start = 0, 0, time.monotonic()
    print(f"== {name}", flush=True)
    for case in guarded(importlib.import_module(name).cases, name):
        passed += case.passed
        failed += case.failed
        if case.failed:
            print(f"FAILED {name}: {case.name}\n{indented(case.output)}", flush=True)
    if passed + failed == 0:
        print(f"FAILED {name}: no case ran")
        failed = 1
    print(f"   {name}: {passed} passed, {failed} failed in {time.monotonic() - start:.0f} s", flush=True)
    return passed, failed


def guarded(cases, name):
    """The cases, and a failed one if the suite itself breaks."""
    from case import Case
    try:
        yield from cases()
    except Exception as error:  # a broken suite must not hide the results of the others
        yield Case.failure(f"the suite {name} broke", f"{type(error).__name__}: {error}")


def indented(text, last=80):
    return "\n".join("    " + line for line in text.rstrip().splitlines()[-last:])


def main(names):
    sys.path.insert(0, str(pathlib.Path(__file__).parent))
    if names == ["--list"]:
        print("\n".join(SUITES))
        return 0
    unknown = [name for name in names if name not in SUITES]
    if unknown:
        print(f"no suite {', '.join(unknown)}; there are: {', '.join(SUITES)}", file=sys.stderr)
        return 2
    counts = [run_suite(name) for name in names or SUITES]
    passed, failed = sum(p for p, _ in counts), sum(f for _, f in counts)
    print(f"{passed} passed, {failed} failed")
    return 0 if passed and not failed else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
