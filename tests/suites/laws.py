"""Laws over all primitives, element types and transforms."""
from cargo import cargo_test


def cases():
    yield cargo_test("laws", "--workspace", "--lib", "--tests", "laws")
