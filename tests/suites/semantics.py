"""JAX's semantics: the programs of tests/semantics/semantics.tsv, and of key_reuse.tsv, through the C API of the installed library.

Beside them stand lists of rows: `errors.tsv` says which error of the library stands for which exception, `inexpressible.tsv`
which programs our interface cannot say, and `open.tsv` which do not pass yet. A row that is listed there and passes fails.
"""
import json
import os
import select
import subprocess
import sys

from c_programs import install
from case import ROOT, Case

HERE = ROOT / "tests/semantics"
SECONDS = 30  # for one row
sys.path.insert(0, str(HERE))


def table(name):
    """The rows of a file, without its heading."""
    return [line.split("\t") for line in (HERE / name).read_text().splitlines()[1:]]


def lines(process):
    """The lines of a process, until it ends or says nothing for too long."""
    pending = b""
    while select.select([process.stdout], [], [], SECONDS)[0]:
        data = os.read(process.stdout.fileno(), 1 << 16)
        if not data:
            return
        *done, pending = (pending + data).split(b"\n")
        yield from done


def results(library, n):
    """What each of n rows gives. A process that ends, or hangs, costs the row that it was at."""
    found, first = {}, 0
    while first < n:
        env = {**os.environ, "JAXRS_LIBRARY": str(library)}
        process = subprocess.Popen([sys.executable, "-B", HERE / "rows.py", str(first), str(n)], env=env,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        for line in lines(process):
            message = json.loads(line)
            first = message.get("begins", first)
            if "row" in message:
                found[message["row"]], first = message, message["row"] + 1
        process.kill()
        errors = process.communicate()[1].decode(errors="replace")
        if first < n:
            found[first] = {"broken": f"the process ended or hung: exit status {process.returncode}", "where": errors[-2000:]}
            first += 1
    return found


def problem(row, result, errors):
    """What is wrong with the result of a row, or an empty text."""
    from expected import difference, read
    name, _, _, expected = row
    if "missing" in result:
        return f"missing: {result['missing']}"
    if "broken" in result:
        return f"{result['broken']}\n{result.get('where', '')}"
    raised = "code" in result
    if not expected.startswith("raises "):
        return f"{result['code']}: {result['message']}" if raised else difference(read(expected), result["value"])
    if not raised:
        return f"{expected}, got {result['value']}"
    if result["code"] == "python":
        wanted = expected.removeprefix("raises ")
        return "" if result["message"].startswith(wanted + ":") else f"{expected}, got {result['message']}"
    code, words = errors.get(name) or errors.get(expected, ("", ""))
    if code == result["code"] and words in result["message"]:
        return ""
    return f"{expected}, which stands for {code} with {words!r}; got {result['code']}: {result['message']}"


def programs():
    """The rows of all tables of programs, in the order in which rows.py counts them."""
    return [row for name in ("semantics.tsv", "key_reuse.tsv") for row in table(name)]


def library():
    """The installed library, or another one while developing."""
    return os.environ.get("JAXRS_LIBRARY") or install() / "lib/libjaxrs.so"


def cases():
    rows = programs()
    errors = {name: (code, words) for name, code, words in table("errors.tsv")}
    listed = {name: list_name for list_name in ("inexpressible.tsv", "open.tsv") for name, _ in table(list_name)}
    known = {row[0] for row in rows} | {row[3] for row in rows}
    for name in [*listed, *errors]:
        if name not in known:
            yield Case.failure(name, "is listed, but no row of a table of programs")
    found = results(library(), len(rows))
    for number, row in enumerate(rows):
        what = problem(row, found[number], errors)
        where = listed.get(row[0])
        if where and not what:
            yield Case.failure(row[0], f"passes, but is listed in {where}")
        elif not where:
            yield Case.of(row[0], what and f"{row[2]}\n{what}")


def main():
    """Prints which rows do not pass and why, as `open.tsv` has them."""
    rows, listed = programs(), dict(table("inexpressible.tsv"))
    errors = {name: (code, words) for name, code, words in table("errors.tsv")}
    found = results(library(), len(rows))
    problems = {row[0]: problem(row, found[k], errors) for k, row in enumerate(rows)}
    print("id\twhat is missing")
    for name, what in problems.items():
        if what and name not in listed:
            print(name, what.splitlines()[0][:200], sep="\t")


if __name__ == "__main__":
    main()
