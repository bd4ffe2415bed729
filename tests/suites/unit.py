"""The tests of all Rust crates but those of the suites laws, snapshots and recorded."""
from cargo import LAWS, RECORDED, SNAPSHOTS, cargo_test, flags, integration_tests


def cases():
    others = flags(integration_tests() - RECORDED - SNAPSHOTS - LAWS)
    yield cargo_test("unit tests", "--lib", "--bins", *others, "--", "--skip", "laws")
