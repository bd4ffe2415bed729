"""Laws over all primitives, element types and transforms, and every sample by each way to run it."""
from cargo import LAWS, cargo_test, flags


def cases():
    yield cargo_test("laws of the rules", "--lib", "laws")
    yield cargo_test("laws of the transforms", *flags(LAWS))
