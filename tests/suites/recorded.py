"""Values that JAX computed (tests/recorded)."""
from cargo import cargo_test


def cases():
    yield cargo_test("recorded values", "--package", "jaxrs-api", "--test", "recorded")
