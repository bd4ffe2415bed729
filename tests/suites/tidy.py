"""Formatting, lints, and that generated files are fresh."""
from case import case


def cases():
    yield case("sources are formatted", "cargo", "fmt", "--all", "--check")
    yield case("generated files are fresh", "cargo", "xtask", "check")
    yield case("clippy has nothing to say", "cargo", "clippy", "--workspace", "--all-targets", "--quiet", "--", "-D", "warnings")
