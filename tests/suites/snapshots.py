"""Programs as text against what is committed."""
from cargo import SNAPSHOTS, cargo_test, flags


def cases():
    yield cargo_test("snapshots", *flags(SNAPSHOTS))
