"""The tests of all Rust crates but those of the suites laws, snapshots and recorded."""
from cargo import cargo_test


def cases():
    yield cargo_test("unit tests", "--workspace", "--lib", "--bins", "--", "--skip", "laws", "--skip", "snapshots")
