"""Printed programs against what is committed."""
from cargo import cargo_test


def cases():
    yield cargo_test("snapshots", "--workspace", "--lib", "--tests", "snapshots")
