//! Option structs, which may be smaller or larger than the ones that this library knows.

use jaxrs_data::{Result, bail};

use crate::args::List;

/// A struct of plain numbers and pointers whose first field is its size in bytes; all zeros is its default.
///
/// # Safety
///
/// The type is `repr(C)`, starts with a `u32`, and may be made of any bytes that C puts into it.
pub unsafe trait Options: Copy {}

/// Reads options: null stands for the defaults; fields that the caller's struct lacks are zero, and those
/// that ours lacks must be.
pub fn read<T: Options>(options: &List<T>, name: &str) -> Result<T> {
    let raw = options.as_ptr();
    let mut ours = std::mem::MaybeUninit::<T>::zeroed();
    if raw.is_null() {
        // SAFETY: all zeros is a value of the type, by its trait.
        return Ok(unsafe { ours.assume_init() });
    }
    if !raw.cast::<u32>().is_aligned() {
        bail!(InvalidArgument, "{name} is not aligned as a struct is");
    }
    // SAFETY: the caller promises a struct that starts with its size.
    let theirs = unsafe { raw.cast::<u32>().read() } as usize;
    if !(size_of::<u32>()..=1 << 16).contains(&theirs) {
        bail!(InvalidArgument, "{name}->struct_size is {theirs}, which is no size of that struct");
    }
    let known = theirs.min(size_of::<T>());
    // SAFETY: the caller promises as many bytes as the struct says it has.
    let bytes = unsafe { std::slice::from_raw_parts(raw.cast::<u8>(), theirs) };
    if bytes.iter().skip(known).any(|&byte| byte != 0) {
        bail!(InvalidArgument, "{name} sets options that this version of jaxrs does not know");
    }
    // SAFETY: both hold `known` bytes and do not overlap.
    unsafe { ours.as_mut_ptr().cast::<u8>().copy_from_nonoverlapping(raw.cast(), known) };
    // SAFETY: the rest is zero, and any bytes make a value of the type, by its trait.
    Ok(unsafe { ours.assume_init() })
}

/// A device in C. There is one, and NULL stands for it.
#[repr(C)]
pub struct Device {
    _opaque: [u8; 0],
}
