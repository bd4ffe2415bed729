"""The `jaxrs` command: formats of arrays, JSON, errors with their places, completions and the manual."""
import json
import os
import pty
import re
import shutil
import struct
import subprocess
import zipfile

from arrays import elements, npy, npz, raw, values
from case import ROOT, TARGET, Case, command, must

FOLDER = TARGET / "cli"
JAXRS = TARGET / "debug/jaxrs"
SUMS = """{ lambda ; a:f32[2,3] b:i32[3] c:f64[]. let
    d:f32[2] = reduce_sum[axes=(1,)] a
    e:i32[3] = add b b
    f:f64[] = neg c
  in (d, e, f) }"""
INPUTS = [("f32", [2, 3]), ("i32", [3]), ("f64", [])]
LOSS = "{ lambda ; a:f32[3]. let b:f32[3] = sin a; c:f32[] = reduce_sum[axes=(0,)] b in (c,) }"
UNRANKED = """module {
  func.func @main(%arg0: tensor<*xf32>) -> tensor<*xf32> {
    return %arg0 : tensor<*xf32>
  }
}"""
ANY_SIZE = ROOT / "core/stablehlo/testdata/any_size.jaxexport"
TREES = ROOT / "core/stablehlo/testdata/trees.jaxexport"


def jaxrs(*args, status=0):
    """What a command writes, which has to end with a status."""
    got, output = command(JAXRS, *args)
    if got != status:
        raise AssertionError(f"jaxrs {' '.join(map(str, args))}: exit status {got} in place of {status}: {output}")
    return output


def answer(*args, status=0):
    return json.loads(jaxrs(*args, "--json", status=status))


def expect(holds, what=""):
    if not holds:
        raise AssertionError(what or "it does not hold")


def written(name, content):
    path = FOLDER / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def safetensors(arrays):
    header, data = {"__metadata__": {"of": "a test"}}, b""
    for name, (dtype, shape, content) in arrays.items():
        header[name] = {"dtype": dtype.upper(), "shape": shape, "data_offsets": [len(data), len(data) + len(content)]}
        data += content
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data


class Arrays:
    """The inputs of SUMS in each format, and its results."""

    def __init__(self):
        self.program = written("sums.jaxpr", SUMS)
        self.raw = [raw(dtype, values(dtype, shape, k)) for k, (dtype, shape) in enumerate(INPUTS)]
        self.npy = [npy(dtype, shape, data) for (dtype, shape), data in zip(INPUTS, self.raw)]
        self.files = [written(f"in{k}.npy", content) for k, content in enumerate(self.npy)]
        jaxrs("run", self.program, *self.files, "--out", FOLDER / "npy")
        self.results = [(FOLDER / f"npy/out{k}.npy").read_bytes() for k in range(3)]

    def same(self, *files):
        jaxrs("run", self.program, *files, "--out", FOLDER / "again")
        expect([(FOLDER / f"again/out{k}.npy").read_bytes() for k in range(3)] == self.results, "other results")


def npz_goes_in():
    a = Arrays()
    names = list(zip(("z", "y", "x"), a.npy))
    a.same(written("stored.npz", npz(names)))
    a.same(written("deflated.npz", npz(names, zipfile.ZIP_DEFLATED)))
    a.same(a.files[0], written("rest.npz", npz(names[1:])))
    said = jaxrs("run", a.program, written("few.npz", npz(names[:2])), "--out", FOLDER, status=1)
    expect("takes 3 arrays, got 2 in 1 files" in said, said)
    damaged = bytearray(npz(names))
    damaged[damaged.index(b"NUMPY") + 9] ^= 4
    expect("damaged" in jaxrs("run", a.program, written("damaged.npz", bytes(damaged)), "--out", FOLDER, status=1))


def npz_comes_out():
    a = Arrays()
    jaxrs("run", a.program, *a.files, "--out", FOLDER / "out.npz")
    with zipfile.ZipFile(FOLDER / "out.npz") as archive:
        expect(archive.testzip() is None and archive.namelist() == ["out0.npy", "out1.npy", "out2.npy"])
        expect([archive.read(name) for name in archive.namelist()] == a.results)


def safetensors_go_in_and_out():
    a = Arrays()
    given = {f"in{k}": (dtype, shape, data) for k, ((dtype, shape), data) in enumerate(zip(INPUTS, a.raw))}
    a.same(written("in.safetensors", safetensors(dict(reversed(given.items())))))
    ten = {f"in{k + 9}": v for k, v in enumerate(given.values())}  # in9 comes before in10
    a.same(written("ten.safetensors", safetensors(ten)))
    jaxrs("run", a.program, *a.files, "--out", FOLDER / "out.safetensors")
    file = (FOLDER / "out.safetensors").read_bytes()
    size = struct.unpack("<Q", file[:8])[0]
    header, data = json.loads(file[8:8 + size]), file[8 + size:]
    for k, result in enumerate(a.results):
        entry = header[f"out{k}"]
        expect(data[slice(*entry["data_offsets"])] == elements(result), f"out{k}")
    expect([header[f"out{k}"]["dtype"] for k in range(3)] == ["F32", "I32", "F64"])
    expect(header["out1"]["shape"] == [3] and header["out2"]["shape"] == [])
    wrong = dict(given, in1=("f32", [3], a.raw[1]))
    said = jaxrs("run", a.program, written("wrong.safetensors", safetensors(wrong)), "--out", FOLDER, status=1)
    expect("in1 holds f32[3], but elements of i32 are needed" in said, said)


def saved_programs_run():
    a = Arrays()
    saved = FOLDER / "sums.jaxrs"
    jaxrs("save", a.program, "--out", saved)
    jaxrs("run", saved, *a.files, "-o", FOLDER / "of_saved")
    expect([(FOLDER / f"of_saved/out{k}.npy").read_bytes() for k in range(3)] == a.results)
    loss = written("loss.jaxpr", LOSS)
    jaxrs("grad", loss, "--out", FOLDER / "gradient.jaxrs")
    expect(jaxrs("show", FOLDER / "gradient.jaxrs") == jaxrs("grad", loss), "the gradient as text and saved")
    expect("f32[7,3]" in jaxrs("vmap", loss, "--size=7"))
    for file, kind in (("later_major", "incompatible"), ("damaged", "invalid_argument")):
        got = answer("show", ROOT / f"tests/programs/{file}.jaxrs", status=1)["error"]
        expect(got["kind"] == kind and "saved program" in got["message"], str(got))


def all_answer_in_json():
    a = Arrays()
    files = answer("run", a.program, *a.files, "--out", FOLDER / "json")["files"]
    expect([file["type"] for file in files] == ["f32[2]", "i32[3]", "f64[]"], str(files))
    expect(all(os.path.exists(file["path"]) for file in files))
    expect(answer("run", a.program, *a.files, "-o", FOLDER / "j.npz")["files"][0]["types"] == ["f32[2]", "i32[3]", "f64[]"])
    bench = answer("bench", a.program, *a.files)
    expect(bench["runs"] > 0 and 0 < bench["fastest_seconds"] <= bench["run_seconds"], str(bench))
    environment = answer("env")
    expect(environment["threads"] > 0 and environment["llvm"].startswith("19.") and environment["features"], str(environment))
    expect(answer("show", a.program)["text"] == jaxrs("show", a.program))
    listed = written("list", f"{a.program}\t{FOLDER / 'listed'}\t" + "\t".join(map(str, a.files)) + f"\n{FOLDER / 'none'}\t{FOLDER}\n")
    statuses = [program["status"] for program in answer("run", "--batch", listed)["programs"]]
    expect(statuses[0] == "ok" and statuses[1].startswith("error cannot read"), str(statuses))
    seconds = answer("run", "--batch", listed)["programs"][0]["seconds"]
    expect(set(seconds) == {"read", "trace", "compile", "run"} and all(0 < s < 60 for s in seconds.values()), str(seconds))


def all_stages_are_shown():
    loss = written("loss.jaxpr", LOSS)
    for stage, needed in {"jaxpr": "lambda", "stablehlo": "func.func", "graph": "digraph", "kernels": "kernel \"", "llvm": "define", "assembly": "ret", "ptx": ".target sm_80"}.items():
        text = jaxrs("show", loss, "--as", stage)
        expect(needed in text, f"{stage}: {text}")
        jaxrs("show", loss, "--as", stage, "--out", FOLDER / "shown")
        expect((FOLDER / "shown").read_text().rstrip() == text.rstrip())
    expect(".target sm_90\n" in jaxrs("show", loss, "--as", "ptx", "--processor", "sm_90"))
    expect("sm_70, sm_72" in jaxrs("show", loss, "--as", "ptx", "--processor", "sm_3", status=1))
    expect("jaxpr, stablehlo, graph, kernels, llvm, assembly, ptx, export, got nonsense" in jaxrs("show", loss, "--as", "nonsense", status=1))


def errors_say_their_place():
    for name, text, place in [("unranked.mlir", UNRANKED, (2, 33)), ("broken.jaxpr", "{ lambda ; a:f32[].\n  let b:f32[] = sine a in (b,) }", (2, 17)),
                              ("deep.mlir", "module {\n" + "(" * 100000, None)]:
        path = written(name, text)
        status, output = command(JAXRS, "show", path)
        expect(status in (1, 3), f"{name}: exit status {status}")
        error = answer("show", path, status=status)["error"]
        expect(error["message"] == output.strip().replace("\n", " ") or len(output) > 200, output)
        if place:
            expect((error.get("line"), error.get("column")) == place, str(error))
    expect(command(JAXRS, "show", FOLDER / "unranked.mlir")[0] == 3, "types of unknown rank are unsupported")


def files_of_jax_export_are_programs():
    expect("in_tree (({'b': [*, None], 'w': *},), {'k': *})" in jaxrs("show", TREES, "--as", "export"))
    expect("no file of jax.export" in jaxrs("show", written("loss.jaxpr", LOSS), "--as", "export", status=1))
    x = written("x.npy", npy("f32", [3, 4], raw("f32", values("f32", [3, 4], 0))))
    jaxrs("run", ANY_SIZE, x, "--out", FOLDER / "any_size")
    expect("(6, 2)" in (FOLDER / "any_size/out0.npy").read_bytes()[:128].decode("latin-1"))
    # For what is not run there are no arrays that have shapes.
    said = jaxrs("show", ANY_SIZE, status=3)
    expect("argument 0 is f32[?,4]" in said and "--shapes" in said, said)
    expect("f32[10,2]" in jaxrs("show", ANY_SIZE, "--shapes", "[5,4]"))
    expect("got shapes" not in jaxrs("vmap", ANY_SIZE, "--shapes=[5,4]", "--size", "7"))
    for shapes, needed in (("[5,3]", "takes (f32[?,4]), got (f32[5,3])"), ("[5,4],[]", "takes 1 arguments, got 2 shapes"),
                           ("5x4", "shapes like [8,4],[]"), ("[0,4]", "Expected value >= 1 for dimension variable 'b'")):
        expect(needed in jaxrs("show", ANY_SIZE, "--shapes", shapes, status=1), needed)
    jaxrs("save", ANY_SIZE, "--shapes", "[3,4]", "--out", FOLDER / "three.jaxexport")
    jaxrs("run", FOLDER / "three.jaxexport", x, "--out", FOLDER / "three")
    expect((FOLDER / "three/out0.npy").read_bytes() == (FOLDER / "any_size/out0.npy").read_bytes())


def programs_print():
    text = LOSS.replace("c:f32[] =", 'debug_print[fmt="sines: {}" names="" ordered=true] b; c:f32[] =')
    x = written("three.npy", npy("f32", [3], raw("f32", [0.0, 0.0, 0.0])))
    for program in (written("prints.jaxpr", text), FOLDER / "prints.jaxrs"):
        said = jaxrs("run", program, x, "--out", FOLDER / "printed")
        expect(said == "sines: [0. 0. 0.]\n", repr(said))
        if program.suffix == ".jaxpr":
            jaxrs("save", program, "--out", FOLDER / "prints.jaxrs")
    done = subprocess.run([JAXRS, "run", program, x, "--out", FOLDER / "printed", "--json"], capture_output=True, text=True)
    expect(json.loads(done.stdout)["files"] and done.stderr == "sines: [0. 0. 0.]\n", done.stderr)


def what_is_not_understood_is_said():
    for args, needed in [(["frobnicate"], "no command 'frobnicate'"), (["show", "--nonsense"], "--as, --processor, --shapes, --out, --json, got --nonsense"),
                         (["run", "-x"], "got -x"), (["env", "--json=yes"], "--json takes no value"), (["vmap", "x", "--size"], "a value after --size")]:
        expect(needed in jaxrs(*args, status=2), needed)
    expect("takes no here" in jaxrs("env", "here", status=1))
    error = json.loads(jaxrs("env", "--json", "--nonsense", status=2))["error"]
    expect(error["kind"] == "invalid_argument")


def commands():
    """The commands and their options, as the help tells."""
    names = re.findall(r"^  jaxrs (\w+)", jaxrs("help"), re.M)
    return {name: re.findall(r"^  (?:-\w, )?--(\w+)", jaxrs(name, "--help"), re.M) for name in names}


def completions_know_all():
    table = commands()
    expect({"run", "show", "aot", "man"} <= set(table) and "batch" in table["run"], str(table))
    for shell in ("bash", "zsh", "fish"):
        text = jaxrs("completions", shell)
        path = written(f"jaxrs.{shell}", text)
        must(shell, "-n", path)
        for name, options in table.items():
            expect(re.search(rf"\b{name}\b", text), f"{shell}: {name}")
            for option in options:
                expect(re.search(rf"(--|-l ){option}\b", text), f"{shell}: {name} --{option}")
    expect("bash, zsh, fish, got csh" in jaxrs("completions", "csh", status=1))


def completed(*words):
    """What bash makes of the last word."""
    script = """source "$1"; shift; COMP_WORDS=(jaxrs "$@"); COMP_CWORD=$#; _jaxrs; printf '%s\\n' "${COMPREPLY[@]}" """
    return must("bash", "-c", script, "bash", FOLDER / "jaxrs.bash", *words).split()


def bash_completes():
    (FOLDER / "jaxrs.bash").write_text(jaxrs("completions", "bash"))
    expect(completed("s") == ["show", "save"], str(completed("s")))
    expect(completed("show", "--as", "k") == ["kernels"])
    expect(completed("show", "--processor", "sm_9") == ["sm_90", "sm_90a"])
    expect(completed("show", "--") == ["--as", "--processor", "--shapes", "--out", "--json"], str(completed("show", "--")))
    expect(completed("completions", "z") == ["zsh"])
    expect(f"{FOLDER}/jaxrs.bash" in completed("run", f"{FOLDER}/jaxrs."))


def the_manual_has_all():
    page = written("jaxrs.1", jaxrs("man"))
    status, warnings = command("groff", "-man", "-ww", "-Tutf8", "-z", page)
    expect(status == 0 and not warnings, warnings)
    text = must("groff", "-man", "-Tascii", "-P-cbou", page)
    for name, options in commands().items():
        expect(f"jaxrs {name}" in text, name)
        for option in options:
            expect(f"--{option}" in text, f"{name} --{option}")


def terminal(*args):
    """What a command writes to its error stream, where that is a terminal."""
    leader, follower = pty.openpty()
    done = subprocess.Popen([str(JAXRS), *map(str, args)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=follower)
    os.close(follower)
    text = b""
    while True:
        try:
            part = os.read(leader, 4096)
        except OSError:  # nobody has the other end any more
            break
        text += part
    os.close(leader)
    expect(done.wait() == 0)
    return text.decode()


def progress_is_for_terminals():
    a = Arrays()
    run = ["run", a.program, *a.files, "--out", FOLDER / "progress"]
    expect("running" in terminal(*run) and terminal(*run).endswith("\x1b[K"), repr(terminal(*run)))
    expect(terminal(*run, "--json") == "", "with JSON nothing else is written")
    expect(jaxrs(*run) == "", "without a terminal nothing is written")


CASES = [npz_goes_in, npz_comes_out, safetensors_go_in_and_out, saved_programs_run, all_answer_in_json, all_stages_are_shown,
         errors_say_their_place, files_of_jax_export_are_programs, programs_print, what_is_not_understood_is_said, completions_know_all, bash_completes, the_manual_has_all,
         progress_is_for_terminals]


def cases():
    must("cargo", "build", "--quiet", "--package", "jaxrs-cli")
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(parents=True)
    for test in CASES:
        try:
            test()
            yield Case.success(test.__name__)
        except (AssertionError, RuntimeError, OSError, KeyError, ValueError) as error:
            yield Case.failure(test.__name__, f"{type(error).__name__}: {error}")
