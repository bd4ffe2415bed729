"""The C++ binding: its headers, its tests plain and under sanitizers, its examples, and programs of users."""
import concurrent.futures
import pathlib
import re
import shutil
import tempfile

from c_programs import PREFIX, built, install, pkg_config
from case import ROOT, TARGET, Case, case, command, must

SOURCES = ROOT / "bindings/cpp"
INCLUDE = ["-I", SOURCES / "include", "-I", ROOT / "include"]
WARNINGS = ["-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Werror"]
SANITIZE = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all"]
SANITIZED_RUN = {"ASAN_OPTIONS": "detect_leaks=1", "JAXRS_CALLS": "20000"}
CLOSING = re.compile(r"test cases:\s*(\d+) \|\s*(\d+) passed \|\s*(\d+) failed")


def parallel(function, items):
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        return list(pool.map(function, items))


def compile_alone(header, standard="c++17", flags=()):
    return case(f"{header.name} compiles alone as {standard} {' '.join(flags)}".strip(), "g++", f"-std={standard}", *WARNINGS, "-Wshadow", *flags,
                "-fsyntax-only", "-isystem", "/usr/include/eigen3", *INCLUDE, "-x", "c++", "-include", header, "/dev/null")


def headers():
    include = SOURCES / "include/jaxrs"
    yield from parallel(compile_alone, sorted(include.glob("*.hpp")))
    whole = include / "jaxrs.hpp"
    yield from parallel(lambda how: compile_alone(whole, *how), [("c++20",), ("c++2b",), ("c++17", ["-fno-rtti"])])


def tests(name, flags):
    """The path of the test program, of all units."""
    folder = TARGET / "cpp" / name
    folder.mkdir(parents=True, exist_ok=True)

    def unit(source):
        compiled = folder / f"{source.stem}.o"
        must("g++", "-std=c++17", "-g1", "-O0", *WARNINGS, *flags, f'-DJAXRS_CASES="{ROOT}/bindings/conformance/cases.jsonl"',
             f'-DJAXRS_PROGRAMS="{ROOT}/tests/programs"',
             *INCLUDE, "-isystem", "/usr/include/eigen3", "-c", source, "-o", compiled)
        return compiled

    program = folder / "tests"
    units = parallel(unit, sorted((SOURCES / "tests").glob("*.cpp")))
    must("g++", *flags, *units, "-o", program, *pkg_config("--libs"), f"-Wl,-rpath,{PREFIX}/lib", "-lpthread")
    return program


def counted(name, program, env=None):
    status, output = command(program, env=env)
    closing = CLOSING.search(output)
    if not closing:
        return Case.failure(name, f"exit status {status}, and it did not close with its counts\n{output}")
    return Case(name, int(closing[2]), int(closing[3]) or int(status != 0), output)


def sanitized():
    program = tests("sanitized", SANITIZE)
    yield Case.of("the sanitizer is in the program", "" if "__asan_init" in must("nm", program) else "no __asan_init")
    yield counted("tests under sanitizers", program, SANITIZED_RUN)


def example(name):
    program = TARGET / "cpp" / name
    must("g++", "-std=c++17", "-O1", *WARNINGS, SOURCES / f"examples/{name}.cpp", "-o", program, *pkg_config("--cflags", "--libs"),
         f"-Wl,-rpath,{PREFIX}/lib")
    return program


def examples():
    digits = TARGET / "cpp/digits.csv"
    digits.write_text(must("gunzip", "-c", ROOT / "examples/data/digits.csv.gz"))
    hello, train, pendulum = parallel(example, ["hello_grad", "train_digits", "pendulum"])
    printed = must(hello)
    in_c = must(built("hello_grad", [ROOT / "examples/hello_grad.c"]))
    yield Case.of("hello_grad prints what it prints in C", "" if printed == in_c else printed)
    yield case("train_digits", train, digits, 6)
    yield case("pendulum", pendulum, 500, 500)
    readme = (SOURCES / "README.md").read_text()
    for part in [(SOURCES / "examples/hello_grad.cpp").read_text(), printed]:
        yield Case.of("the README shows hello_grad and its output", "" if part in readme else f"the README lacks\n{part}")


def consumers():
    consumer = SOURCES / "tests/consumer"
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        prefix = folder / "moved"
        shutil.copytree(PREFIX, prefix, symlinks=True)
        program = folder / "with_pkg_config"
        must("g++", "-std=c++17", consumer / "consumer.cpp", "-o", program, *pkg_config("--cflags", "--libs", prefix=prefix),
             f"-Wl,-rpath,{prefix}/lib")
        yield case("a pkg-config consumer runs", program)
        for name, options in {"find_package": [], "add_subdirectory": [f"-DJAXRS_SOURCE={SOURCES}"]}.items():
            build = folder / name
            must("cmake", "-S", consumer, "-B", build, f"-DCMAKE_PREFIX_PATH={prefix}", *options)
            must("cmake", "--build", build)
            yield case(f"a consumer by {name} runs", build / "consumer")


def cases():
    install()
    yield from headers()
    yield counted("tests", tests("plain", []))
    yield from sanitized()
    yield from examples()
    yield from consumers()
