//! How the shared library is linked: its name for run time, and that it is never unloaded.

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    // Before 1.0 each minor version has its own name.
    let major = env!("CARGO_PKG_VERSION_MAJOR");
    let minor = env!("CARGO_PKG_VERSION_MINOR");
    let series = if major == "0" { format!("0.{minor}") } else { major.to_owned() };
    println!("cargo:rustc-cdylib-link-arg=-Wl,-soname,libjaxrs.so.{series}");
    // Worker threads and destructors of threads outlive whoever would unload the library.
    println!("cargo:rustc-cdylib-link-arg=-Wl,-z,nodelete");
}
