"""Values that JAX computed."""
from cargo import RECORDED, cargo_test, flags


def cases():
    yield cargo_test("recorded values", *flags(RECORDED))
