"""Laws over all primitives, element types and transforms."""
from cargo import RECORDED, SNAPSHOTS, cargo_test, flags, integration_tests


def cases():
    yield cargo_test("laws", "--lib", *flags(integration_tests() - RECORDED - SNAPSHOTS), "laws")
