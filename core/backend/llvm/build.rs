//! Stands in for initializers of targets, and finds the static archives of what LLVM needs, so that a release
//! depends on the C library alone.

use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

/// What LLVM is built with; `llvm-config` names them as shared libraries.
const LIBRARIES: [&str; 4] = ["stdc++", "z", "zstd", "ffi"];

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-changed=initializers.c");
    cc::Build::new().file("initializers.c").compile("jaxrs_initializers");
    if env::var_os("CARGO_FEATURE_STATIC").is_none() {
        return;
    }
    let Some(out) = env::var_os("OUT_DIR").map(PathBuf::from) else { return };
    let dir = out.join("static");
    if fs::create_dir_all(&dir).is_err() {
        return;
    }
    // A folder with nothing but the archives: the linker takes them before any shared library.
    LIBRARIES.iter().for_each(|library| link(&dir, library));
    println!("cargo:rustc-link-search=native={}", dir.display());
}

fn link(dir: &Path, library: &str) {
    let name = format!("lib{library}.a");
    let compiler = env::var("CC").unwrap_or_else(|_| "cc".to_owned());
    let answer = Command::new(compiler).arg(format!("-print-file-name={name}")).output();
    let path = answer.ok().and_then(|answer| String::from_utf8(answer.stdout).ok());
    let Some(path) = path.and_then(|path| fs::canonicalize(path.trim()).ok()) else {
        println!("cargo:warning=no static {name}: the release will need the shared library");
        return;
    };
    let place = dir.join(name);
    let _ = fs::remove_file(&place);
    if let Err(error) = symlink(path, place) {
        println!("cargo:warning=cannot link to a static archive: {error}");
    }
}
