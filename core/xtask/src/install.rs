//! Installs the release library, header, what build systems need to find them, and the command with its manual page and
//! completions. The result can be moved.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::check::cargo;
use crate::{Result, header, operations, output, read, root, run};

const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The name that programs look for at run time: before 1.0 each minor version has its own.
fn soname() -> String {
    let mut parts = VERSION.split('.');
    let major = parts.next().unwrap_or("0");
    match major {
        "0" => format!("libjaxrs.so.0.{}", parts.next().unwrap_or("0")),
        _ => format!("libjaxrs.so.{major}"),
    }
}

fn io<T>(path: &Path, result: std::io::Result<T>) -> Result<T> {
    result.map_err(|error| format!("{}: {error}", path.display()))
}

fn copy(from: &Path, to: &Path) -> Result {
    if let Some(folder) = to.parent() {
        io(folder, std::fs::create_dir_all(folder))?;
    }
    // Removed first: a program that runs keeps its own copy.
    let _ = std::fs::remove_file(to);
    io(from, std::fs::copy(from, to)).map(drop)
}

fn write(to: &Path, text: &str) -> Result {
    if let Some(folder) = to.parent() {
        io(folder, std::fs::create_dir_all(folder))?;
    }
    io(to, std::fs::write(to, text))
}

/// `cargo xtask install --prefix DIR`.
pub(crate) fn install(prefix: &Path) -> Result {
    run(cargo().args(["build", "--quiet", "--release"]).args(PACKAGES).args(FEATURES))?;
    let built = target_folder()?.join("release");
    let lib = prefix.join("lib");
    install_shared(&built.join("libjaxrs.so"), &lib)?;
    install_static(&built.join("libjaxrs.a"), &lib.join("libjaxrs.a"), &built)?;
    let include = root().join("include/jaxrs");
    copy(&include.join("jaxrs.h"), &prefix.join("include/jaxrs/jaxrs.h"))?;
    copy(&include.join("jaxrs_api.json"), &prefix.join("share/jaxrs/jaxrs_api.json"))?;
    install_cpp(&prefix.join("include/jaxrs"))?;
    for (template, place) in [
        ("jaxrs.pc.in", "lib/pkgconfig/jaxrs.pc"),
        ("jaxrs-config.cmake", "lib/cmake/jaxrs/jaxrs-config.cmake"),
        ("jaxrs-config-version.cmake.in", "lib/cmake/jaxrs/jaxrs-config-version.cmake"),
    ] {
        let text = read(format!("capi/packaging/{template}"))?.replace("@VERSION@", VERSION);
        write(&prefix.join(place), &text)?;
    }
    install_command(&built, prefix)
}

/// The command, the archive that `jaxrs aot` links from, and what the command itself says for manuals and shells.
fn install_command(built: &Path, prefix: &Path) -> Result {
    let command = prefix.join("bin/jaxrs");
    copy(&built.join("jaxrs"), &command)?;
    run(Command::new("strip").arg(&command))?;
    copy(&built.join(ARCHIVE), &prefix.join("lib").join(ARCHIVE))?;
    for (place, words) in [
        ("share/man/man1/jaxrs.1", &["man"][..]),
        ("share/bash-completion/completions/jaxrs", &["completions", "bash"]),
        ("share/zsh/site-functions/_jaxrs", &["completions", "zsh"]),
        ("share/fish/vendor_completions.d/jaxrs.fish", &["completions", "fish"]),
    ] {
        write(&prefix.join(place), &output(Command::new(&command).args(words))?)?;
    }
    Ok(())
}

/// The headers of the C++ binding, beside that of C.
fn install_cpp(include: &Path) -> Result {
    let folder = root().join("bindings/cpp/include/jaxrs");
    for entry in io(&folder, std::fs::read_dir(&folder))? {
        let entry = io(&folder, entry)?;
        copy(&entry.path(), &include.join(entry.file_name()))?;
    }
    Ok(())
}

/// The library, the command, and the routines that it puts into object files.
const PACKAGES: &[&str] =
    &["--package", "jaxrs-capi", "--package", "jaxrs-cli", "--package", "jaxrs-standalone"];
const FEATURES: &[&str] =
    &["--no-default-features", "--features", "jaxrs-capi/llvm-static,jaxrs-cli/llvm-static"];
/// What `jaxrs aot` looks for in `../lib`.
const ARCHIVE: &str = "libjaxrs_standalone.a";

fn target_folder() -> Result<PathBuf> {
    let metadata = output(cargo().args(["metadata", "--format-version", "1", "--no-deps"]))?;
    let (_, rest) = metadata
        .split_once("\"target_directory\":\"")
        .ok_or("cargo metadata names no target folder")?;
    let (folder, _) = rest.split_once('"').ok_or("cargo metadata is cut off")?;
    Ok(PathBuf::from(folder))
}

fn install_shared(from: &Path, lib: &Path) -> Result {
    let full = format!("libjaxrs.so.{VERSION}");
    copy(from, &lib.join(&full))?;
    run(Command::new("strip").arg("--strip-unneeded").arg(lib.join(&full)))?;
    for (link, target) in [(soname(), full), ("libjaxrs.so".to_owned(), soname())] {
        let link = lib.join(link);
        let _ = std::fs::remove_file(&link);
        io(&link, std::os::unix::fs::symlink(target, &link))?;
    }
    Ok(())
}

/// What LLVM needs beside the C library; the shared library holds it, too.
const LIBRARIES: [&str; 4] = ["stdc++", "z", "zstd", "ffi"];

/// The static archive of a library, where the compiler finds it.
fn archive(library: &str) -> Result<String> {
    let name = format!("lib{library}.a");
    let path = output(Command::new("cc").arg(format!("-print-file-name={name}")))?;
    match path.trim() {
        path if path == name => Err(format!("the compiler finds no {name}")),
        path => Ok(path.to_owned()),
    }
}

/// One relocatable object in which only `jaxrs_*` is visible, so that the archive links beside other Rust
/// libraries and other copies of LLVM. Only what the exported functions need is pulled in. Section groups are
/// dissolved: a linker would drop ours or theirs, whose symbols are not the same any more.
fn install_static(from: &Path, to: &Path, scratch: &Path) -> Result {
    let object = scratch.join("jaxrs_prelinked.o");
    let mut link = Command::new("ld");
    link.args(["-r", "--gc-sections", "--force-group-allocation", "-o"]).arg(&object);
    for function in header::functions(&operations::source()?)? {
        link.args(["-u", &function.name]);
    }
    link.arg(from);
    for library in LIBRARIES {
        link.arg(archive(library)?);
    }
    run(&mut link)?;
    // C++'s unique symbols can only be hidden once they are weak.
    let mut weaken = Command::new("objcopy");
    run(weaken.args(["--wildcard", "--weaken-symbol=_Z*", "--strip-debug"]).arg(&object))?;
    run(Command::new("objcopy")
        .args(["--wildcard", "--keep-global-symbol=jaxrs_*"])
        .args(["--remove-section=.llvmbc", "--remove-section=.llvmcmd"])
        .arg(&object))?;
    let _ = std::fs::remove_file(to);
    run(Command::new("ar").arg("rcs").arg(to).arg(&object))
}
