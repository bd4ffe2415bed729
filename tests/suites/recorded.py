"""Values that JAX computed, and that JAX still computes them."""
import stablehlo
from cargo import RECORDED, cargo_test, flags
from case import ROOT, TARGET, Case, must

COMMITTED = ROOT / "tests/recorded"
# Recording all takes most of an hour; these have a bit of everything and no function that libraries round differently.
AGAIN = ["choosing", "structural", "indexing"]


def cases():
    yield cargo_test("recorded values", *flags(RECORDED))
    folder = TARGET / "recorded"
    folder.mkdir(parents=True, exist_ok=True)
    must(stablehlo.python(), COMMITTED / "record.py", folder, *AGAIN)
    for group in AGAIN:
        yield Case.of(f"{group} recorded again", difference(folder, f"{group}.jsonl"))


def difference(folder, name):
    """The first line of a recorded file that is not what was committed."""
    again, committed = ((path / name).read_text().splitlines() for path in (folder, COMMITTED))
    if len(again) != len(committed):
        return f"{name} has {len(committed)} rows; recorded again, {len(again)}"
    pairs = enumerate(zip(again, committed), 1)
    return next((f"{name}:{row} has\n{old}\nrecorded again\n{new}" for row, (new, old) in pairs if new != old), "")
