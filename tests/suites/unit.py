"""The tests of all Rust crates but those of the suites laws, snapshots and recorded."""
from cargo import RECORDED, SNAPSHOTS, cargo_test, flags, integration_tests


def cases():
    others = flags(integration_tests() - RECORDED - SNAPSHOTS)
    yield cargo_test("unit tests", "--lib", "--bins", *others, "--", "--skip", "laws")
