"""Programs that are saved in one language and loaded in another: each gives the same, to the last bit."""
import shutil

import go
import julia
import node
from c_programs import PREFIX, built, install, pkg_config
from case import ROOT, TARGET, Case, must

SOURCES = ROOT / "tests/languages"
FOLDER = TARGET / "languages"


def c():
    program = built("exchange", [SOURCES / "exchange.c"])
    return [program], {}


def cpp():
    program = FOLDER / "exchange_cpp"
    must("g++", "-std=c++17", "-O1", SOURCES / "exchange.cpp", "-o", program, *pkg_config("--cflags", "--libs"), f"-Wl,-rpath,{PREFIX}/lib")
    return [program], {}


def in_go():
    """A module of its own beside the binding."""
    go.PROGRAM = go.go()
    folder = FOLDER / "go"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(SOURCES / "go", folder)
    (folder / "go.mod").write_text(f"module exchange\n\ngo 1.24\n\nrequire jaxrs.example/go v0.0.0\n\nreplace jaxrs.example/go => {go.SOURCES}\n")
    must(go.PROGRAM, "build", "-o", FOLDER / "exchange_go", ".", cwd=folder, env=go.environment())
    return [FOLDER / "exchange_go"], {}


def in_node():
    """In a folder where the package of the binding is installed."""
    must(node.SOURCES / "build.sh", PREFIX, node.FOLDER / "package")
    folder = node.package()
    shutil.copy(SOURCES / "exchange.js", folder)
    return ["node", "exchange.js"], {"cwd": folder}


def in_julia():
    julia.PROGRAM = julia.julia()
    line, options = julia.run(SOURCES / "exchange.jl")
    return line, options


LANGUAGES = {"C": c, "C++": cpp, "Go": in_go, "JavaScript": in_node, "Julia": in_julia}


def cases():
    install()
    FOLDER.mkdir(parents=True, exist_ok=True)
    programs = {name: make() for name, make in LANGUAGES.items()}
    files = {name: FOLDER / f"{name}.jaxrs" for name in programs}
    for name, (line, options) in programs.items():
        files[name].unlink(missing_ok=True)
        must(*line, "save", files[name], **options)
    line, options = programs["C"]
    expected = must(*line, "load", files["C"], **options)
    for name, (line, options) in programs.items():
        printed = must(*line, "load", *files.values(), **options).splitlines(keepends=True)
        for k, saved_in in enumerate(files):
            got = printed[k] if k < len(printed) else "nothing"
            yield Case.of(f"what {saved_in} saves, {name} runs", "" if got == expected else f"got {got}expected {expected}")
