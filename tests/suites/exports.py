"""`jaxrs run` over programs that JAX exported, in each form; recorded by tests/exports/record*.py."""
import base64
import json
import math
import shutil
import struct

from case import ROOT, TARGET, Case, command, must

FOLDER = TARGET / "exports"
FORMS = {"pretty": "mlir", "generic": "mlir", "bytecode": "mlirbc", "file": "jaxexport"}
BINARY = {"bytecode", "file"}

# Of NumPy: the word for an element type, and Python's letter for its parts.
TYPES = {
    "bool": ("|b1", "?"), "int8": ("|i1", "b"), "int16": ("<i2", "h"), "int32": ("<i4", "i"), "int64": ("<i8", "q"),
    "uint8": ("|u1", "B"), "uint16": ("<u2", "H"), "uint32": ("<u4", "I"), "uint64": ("<u8", "Q"), "bfloat16": ("<V2", "H"),
    "float16": ("<f2", "e"), "float32": ("<f4", "f"), "float64": ("<f8", "d"), "complex64": ("<c8", "f"), "complex128": ("<c16", "d"),
}
TOLERANCE = {"f": 3e-5, "d": 1e-9, "e": 5e-3}


def npy(array):
    shape = "(" + "".join(f"{n}, " for n in array["shape"]) + ")"
    header = f"{{'descr': '{TYPES[array['dtype']][0]}', 'fortran_order': False, 'shape': {shape}, }}"
    header += " " * (-(len(header) + 11) % 64) + "\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode() + base64.b64decode(array["data"])


def numbers(data, dtype):
    letter = TYPES[dtype][1]
    return struct.unpack(f"<{len(data) // struct.calcsize(letter)}{letter}", data)


def difference(expected, content):
    """What is wrong with a file, or nothing."""
    header, data = content[10:10 + content[8] + 256 * content[9]].decode(), content[10 + content[8] + 256 * content[9]:]
    descr, letter = TYPES[expected["dtype"]]
    shape = tuple(expected["shape"])
    if f"'{descr}'" not in header or f"'shape': {shape}," not in header:
        return f"{header.strip()} in place of {descr} {shape}"
    want, got = numbers(base64.b64decode(expected["data"]), expected["dtype"]), numbers(data, expected["dtype"])
    tolerance = TOLERANCE.get(letter, 0)
    scale = max((abs(x) for x in want if isinstance(x, float) and math.isfinite(x)), default=0)
    for k, (x, y) in enumerate(zip(want, got)):
        same = x == y or (x != x and y != y)
        if not same and not (tolerance and abs(x - y) <= tolerance * (abs(x) + 0.1 * scale)):
            return f"element {k} is {y} in place of {x}"
    return "" if len(want) == len(got) else f"{len(got)} elements in place of {len(want)}"


def written(recorded, program, form):
    """The folder of a program, and the line of the list that runs it."""
    folder = FOLDER / recorded / form / program["name"]
    folder.mkdir(parents=True)
    source = folder / f"program.{FORMS[form]}"
    content = program[form]
    source.write_bytes(base64.b64decode(content) if form in BINARY else content.encode())
    inputs = [folder / f"in{k}.npy" for k in range(len(program["inputs"]))]
    for path, array in zip(inputs, program["inputs"]):
        path.write_bytes(npy(array))
    return folder, "\t".join(map(str, [source, folder, *inputs]))


def problem(program, folder):
    status = folder / "status"
    if not status.exists():
        return "it was not run: the command ended before"
    if status.read_text() != "ok":
        return status.read_text()
    for k, expected in enumerate(program["outputs"]):
        wrong = difference(expected, (folder / f"out{k}.npy").read_bytes())
        if wrong:
            return f"output {k}: {wrong}"
    return ""


def cases():
    must("cargo", "build", "--quiet", "--package", "jaxrs-cli")
    shutil.rmtree(FOLDER, ignore_errors=True)
    for recorded in ("programs", "exported", "versions"):
        lines = (ROOT / f"tests/exports/{recorded}.jsonl").read_text().splitlines()
        yield from of_programs(recorded, [json.loads(line) for line in lines])


def of_programs(recorded, all_programs):
    for form in FORMS:
        programs = [program for program in all_programs if form in program]
        if not programs:
            continue
        places = [written(recorded, program, form) for program in programs]
        batch = FOLDER / f"{recorded}.{form}.list"
        batch.write_text("".join(line + "\n" for _, line in places))
        status, output = command(TARGET / "debug/jaxrs", "run", "--batch", batch)
        yield Case.of(f"the batch of {recorded} as {form}", status and f"exit status {status}\n{output}")
        for program, (folder, _) in zip(programs, places):
            yield Case.of(f"{program['name']} as {form}", problem(program, folder))
