//! Versions, and the description of this interface.

use std::ffi::{CStr, c_char};

use crate::args::Out;
use crate::gate::guard;

/// `JAXRS_ABI_VERSION`.
pub(crate) const ABI_VERSION: u32 = 1;

/// The description of the interface, NUL-terminated.
const API_JSON: &str = concat!(include_str!("../../include/jaxrs/jaxrs_api.json"), "\0");

/// The file that this library was loaded from, as far as the system knows it.
pub(crate) fn library_path() -> String {
    let mut info = std::mem::MaybeUninit::<libc::Dl_info>::zeroed();
    let address: *const std::ffi::c_void = API_JSON.as_ptr().cast();
    // SAFETY: `info` is writable; any address may be asked for.
    let found = unsafe { libc::dladdr(address, info.as_mut_ptr()) };
    // SAFETY: all zeros is a value of the struct, and the system wrote one if it found the library.
    let info = unsafe { info.assume_init() };
    if found == 0 || info.dli_fname.is_null() {
        return "the library".to_owned();
    }
    // SAFETY: the system gives a NUL-terminated name that lives as long as the library.
    unsafe { CStr::from_ptr(info.dli_fname) }.to_string_lossy().into_owned()
}

/// JAXRS_ABI_VERSION of the library that is loaded. Any thread.
#[unsafe(no_mangle)]
pub extern "C" fn jaxrs_abi_version() -> u32 {
    ABI_VERSION
}

/// The library's version, such as `0.1.0`. Static, NUL-terminated. Any thread.
#[unsafe(no_mangle)]
pub extern "C" fn jaxrs_version_string() -> *const c_char {
    concat!(env!("CARGO_PKG_VERSION"), "\0").as_ptr().cast()
}

/// All functions and operations of this interface as JSON, as installed in share/jaxrs/jaxrs_api.json.
///
/// Static, NUL-terminated; `len` may be NULL. Any thread.
#[unsafe(no_mangle)]
pub extern "C" fn jaxrs_api_json(len: Out<usize>) -> *const c_char {
    guard(c"".as_ptr(), || {
        len.set_if_wanted(API_JSON.len() - 1);
        API_JSON.as_ptr().cast()
    })
}

/// A hash of jaxrs_api_json (FNV-1a), to compare with the one that a binding was generated from. Any thread.
#[unsafe(no_mangle)]
pub extern "C" fn jaxrs_api_hash() -> u64 {
    let bytes = API_JSON.as_bytes().iter().take(API_JSON.len() - 1);
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, &byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}
