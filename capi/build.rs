//! How the shared library is linked: its name for run time, that it is never unloaded, and that functions of equal code
//! are one function.

use std::path::PathBuf;
use std::process::{Command, Stdio};

/// Folds functions of equal code: 3 MB of the library, as LLVM has many of them. Nothing here compares addresses of functions.
const FOLD: &str = "-Wl,--icf=all";

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    // Before 1.0 each minor version has its own name.
    let major = env!("CARGO_PKG_VERSION_MAJOR");
    let minor = env!("CARGO_PKG_VERSION_MINOR");
    let series = if major == "0" { format!("0.{minor}") } else { major.to_owned() };
    println!("cargo:rustc-cdylib-link-arg=-Wl,-soname,libjaxrs.so.{series}");
    // Worker threads and destructors of threads outlive whoever would unload the library.
    println!("cargo:rustc-cdylib-link-arg=-Wl,-z,nodelete");
    if variable("PROFILE") == "release" && links_with(FOLD) {
        println!("cargo:rustc-cdylib-link-arg={FOLD}");
    }
}

fn variable(name: &str) -> String {
    std::env::var(name).unwrap_or_default()
}

/// Whether the linker that this build uses, LLD or another one, knows a flag: it links an empty library with it.
fn links_with(flag: &str) -> bool {
    let folder = PathBuf::from(variable("OUT_DIR"));
    let source = folder.join("empty.rs");
    if std::fs::write(&source, "").is_err() {
        return false;
    }
    let mut rustc = Command::new(variable("RUSTC"));
    rustc.args([
        "--crate-type",
        "cdylib",
        "--crate-name",
        "empty",
        "--target",
        &variable("TARGET"),
    ]);
    rustc.args(variable("CARGO_ENCODED_RUSTFLAGS").split('\x1f').filter(|flag| !flag.is_empty()));
    if let Ok(linker) = std::env::var("RUSTC_LINKER") {
        rustc.args(["-C", &format!("linker={linker}")]);
    }
    rustc.args(["-C", &format!("link-arg={flag}")]).arg("--out-dir").arg(&folder).arg(&source);
    rustc.stdout(Stdio::null()).stderr(Stdio::null());
    rustc.status().is_ok_and(|status| status.success())
}
