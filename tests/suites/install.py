"""The installed files work from another place than where they were installed."""
import pathlib
import shutil
import tempfile

from c_programs import PREFIX, install, pkg_config
from case import ROOT, Case, case, must

SOURCES = ROOT / "tests/install"
FILES = {
    "include/jaxrs/jaxrs.h", "lib/libjaxrs.a", "lib/libjaxrs.so", "lib/libjaxrs.so.0.1", "lib/libjaxrs.so.0.1.0",
    "lib/pkgconfig/jaxrs.pc", "lib/cmake/jaxrs/jaxrs-config.cmake", "lib/cmake/jaxrs/jaxrs-config-version.cmake",
    "share/jaxrs/jaxrs_api.json", "bin/jaxrs", "lib/libjaxrs_standalone.a", "share/man/man1/jaxrs.1", "share/bash-completion/completions/jaxrs",
    "share/zsh/site-functions/_jaxrs", "share/fish/vendor_completions.d/jaxrs.fish",
    *(f"include/jaxrs/{path.name}" for path in (ROOT / "bindings/cpp/include/jaxrs").glob("*.hpp")),
}


def file_problems(prefix):
    there = {str(path.relative_to(prefix)) for path in prefix.rglob("*") if not path.is_dir()}
    return "\n".join([f"missing: {f}" for f in sorted(FILES - there)] + [f"unexpected: {f}" for f in sorted(there - FILES)])


def machine_paths(prefix):
    texts = [path for path in prefix.rglob("*") if path.suffix in {".pc", ".cmake", ".h", ".hpp", ".json"}]
    return "\n".join(f"{path.name} names {PREFIX}" for path in texts if str(PREFIX) in path.read_text())


def with_pkg_config(prefix, folder):
    program = folder / "with_pkg_config"
    must("cc", SOURCES / "consumer.c", "-o", program, *pkg_config("--cflags", "--libs", prefix=prefix), f"-Wl,-rpath,{prefix}/lib")
    return case("a pkg-config consumer builds and runs", program)


def with_static(prefix, folder):
    """Beside a second static Rust library; both bring a standard library."""
    must("rustc", "--edition", "2024", "--crate-type", "staticlib", "-o", folder / "libother.a", SOURCES / "other.rs")
    program = folder / "static"
    libs = [flag for flag in pkg_config("--static", "--libs-only-l", prefix=prefix) if flag != "-ljaxrs"]
    must("cc", SOURCES / "beside_rust.c", "-o", program, *pkg_config("--cflags", prefix=prefix), prefix / "lib/libjaxrs.a",
         folder / "libother.a", *libs)
    return case("the static library links beside another Rust library", program)


def with_cmake(prefix, folder):
    build = folder / "build"
    yield case("CMake finds the package", "cmake", "-S", SOURCES, "-B", build, f"-DCMAKE_PREFIX_PATH={prefix}")
    yield case("CMake consumers build", "cmake", "--build", build)
    yield case("the CMake consumer of the shared library runs", build / "shared")
    yield case("the CMake consumer of the static library runs", build / "static")


SORTED = "{ lambda ; a:f32[4]. let b:f32[4] = sort[dimension=0 is_stable=true num_keys=1] a in (b,) }"


def the_command(prefix, folder):
    """Runs without what it was built from, and finds the archive of its routines; shells and manuals find theirs."""
    (folder / "sorted.jaxpr").write_text(SORTED)
    jaxrs = prefix / "bin/jaxrs"
    yield case("the installed command shows a program", jaxrs, "show", folder / "sorted.jaxpr", "--as", "assembly")
    yield case("the installed command makes objects with routines", jaxrs, "aot", folder / "sorted.jaxpr", "-o", folder / "sorted")
    needed = must("readelf", "-d", jaxrs)
    yield Case.of("the installed command needs no LLVM beside it", "LLVM" in needed and needed)
    yield case("the installed manual page is one", "groff", "-man", "-ww", "-Tutf8", "-z", prefix / "share/man/man1/jaxrs.1")
    listed = must("bash", "-c", 'source "$1"; COMP_WORDS=(jaxrs gr); COMP_CWORD=1; _jaxrs; echo "${COMPREPLY[@]}"', "bash",
                  prefix / "share/bash-completion/completions/jaxrs").strip()
    yield Case.of("bash completes the installed command", listed != "grad" and listed)


def cases():
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        prefix = folder / "moved"
        shutil.copytree(install(), prefix, symlinks=True)
        yield Case.of("the expected files are installed", file_problems(prefix))
        yield Case.of("no installed text names the build's folder", machine_paths(prefix))
        for consumer in [with_pkg_config, with_static]:
            try:
                yield consumer(prefix, folder)
            except RuntimeError as error:
                yield Case.failure(consumer.__name__, str(error))
        yield from with_cmake(prefix, folder)
        yield from the_command(prefix, folder)
