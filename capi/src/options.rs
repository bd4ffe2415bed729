//! Option structs, which may be smaller or larger than the ones that this library knows.

use jaxrs_data::{Result, bail};

use crate::args::{List, Out};

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

/// Fills in a struct whose size the caller has set: fields that the caller's lacks are left out.
pub fn write<T: Options>(out: &Out<T>, name: &str, make: impl FnOnce(u32) -> T) -> Result<()> {
    if out.as_ptr().is_null() {
        bail!(InvalidArgument, "{name} is NULL, but a place for the result is needed");
    }
    // SAFETY: the caller promises a struct that starts with its size.
    let theirs = unsafe { out.as_ptr().cast::<u32>().read() };
    if !(size_of::<u32>()..=1 << 16).contains(&(theirs as usize)) {
        bail!(InvalidArgument, "{name}->struct_size is {theirs}, which is no size of that struct");
    }
    let value = make(theirs);
    let known = (theirs as usize).min(size_of::<T>());
    let from = (&raw const value).cast::<u8>();
    // SAFETY: both hold `known` bytes, by their sizes, and do not overlap.
    unsafe { out.as_ptr().cast::<u8>().copy_from_nonoverlapping(from, known) };
    Ok(())
}

/// A device in C. There is one, and NULL stands for it.
#[repr(C)]
pub struct Device {
    _opaque: [u8; 0],
}
