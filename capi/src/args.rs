//! What C hands us: pointers that the caller promises to be null or valid.
//!
//! Values of these types come from C alone, through the parameters of exported functions. Reading them is
//! where this library trusts its caller; everything after is checked.

use std::ffi::c_char;
use std::marker::PhantomData;

use jaxrs_data::{Result, bail};

use crate::handle::{Body, Handle, Owned};

/// `const T*` or `T*` of a handle type: borrowed for the call.
#[repr(transparent)]
pub struct In<B: Body>(*const Handle<B>);

/// As [`In`]; written without `const` in C, since calling through it may change what it stands for.
#[repr(transparent)]
pub struct Shared<B: Body>(*mut Handle<B>);

/// `T* const*`: borrowed handles.
#[repr(transparent)]
pub struct Handles<B: Body>(*const *mut Handle<B>);

/// `T**` or `T*`: where a result goes.
#[repr(transparent)]
pub struct Out<T>(*mut T);

/// `const T*`: numbers, or one struct.
#[repr(transparent)]
pub struct List<T>(*const T);

/// `const char*`: UTF-8 with a length.
#[repr(transparent)]
pub struct Text(*const c_char);

/// `void*` of the caller's, which we only hand back.
#[repr(transparent)]
#[derive(Clone, Copy)]
pub struct Opaque(pub(crate) *mut std::ffi::c_void);

// SAFETY: the pointer is only handed back; the caller promises that its functions may be called from any
// thread.
unsafe impl Send for Opaque {}
// SAFETY: as above.
unsafe impl Sync for Opaque {}

fn checked<'a, B: Body>(raw: *const Handle<B>, name: &str) -> Result<&'a Handle<B>> {
    // SAFETY: the caller promises that pointers to handles are null or were given out by this library.
    let Some(handle) = (unsafe { raw.as_ref() }) else {
        bail!(InvalidArgument, "{name} is NULL, but a {} is needed", B::NAME);
    };
    if !handle.is_live() {
        bail!(InvalidArgument, "{name} is not a {} (already released?)", B::NAME);
    }
    Ok(handle)
}

impl<B: Body> In<B> {
    /// The handle.
    pub fn get<'a>(&self, name: &str) -> Result<&'a Handle<B>> {
        checked(self.0, name)
    }

    /// The handle, where null and dead ones are treated alike.
    pub fn live<'a>(&self) -> Option<&'a Handle<B>> {
        checked(self.0, "").ok()
    }

    /// Whether the pointer is null.
    pub fn is_null(&self) -> bool {
        self.0.is_null()
    }
}

impl<B: Body> Shared<B> {
    /// The handle.
    pub fn get<'a>(&self, name: &str) -> Result<&'a Handle<B>> {
        checked(self.0, name)
    }

    /// The handle; nothing for null.
    pub fn optional<'a>(&self, name: &str) -> Result<Option<&'a Handle<B>>> {
        if self.0.is_null() { Ok(None) } else { self.get(name).map(Some) }
    }

    /// One more reference, returned as a pointer; null stays null.
    pub fn retained(&self) -> *mut Handle<B> {
        match checked(self.0.cast_const(), "") {
            Ok(handle) => Owned::retain(handle).into_raw(),
            Err(_) => std::ptr::null_mut(),
        }
    }

    /// Takes the reference that the caller gives up; nothing for null and dead handles.
    pub fn take(&self) -> Option<Owned<B>> {
        // SAFETY: the caller promises that pointers to handles are null or were given out by this library.
        unsafe { Owned::from_raw(self.0) }
    }
}

impl<B: Body> Handles<B> {
    /// The handles, of which some may be null.
    pub fn optional<'a>(
        &self,
        n: usize,
        name: &'static str,
    ) -> Result<impl ExactSizeIterator<Item = Result<Option<&'a Handle<B>>>>> {
        let pointers = List::<*mut Handle<B>>(self.0).get(n, name)?;
        Ok(pointers.iter().map(move |&raw| Shared(raw).optional(name)))
    }

    /// The handles.
    pub fn get<'a>(
        &self,
        n: usize,
        name: &'static str,
    ) -> Result<impl ExactSizeIterator<Item = Result<&'a Handle<B>>>> {
        let pointers = List::<*mut Handle<B>>(self.0).get(n, name)?;
        Ok(pointers.iter().enumerate().map(move |(i, &raw)| match raw.is_null() {
            true => bail!(InvalidArgument, "{name}[{i}] is NULL, but a {} is needed", B::NAME),
            false => checked(raw, name),
        }))
    }
}

impl<T> List<T> {
    /// Elements that a struct points to.
    pub(crate) fn new(raw: *const T) -> List<T> {
        List(raw)
    }

    /// The elements; a list of none may be null.
    pub fn get<'a>(&self, n: usize, name: &str) -> Result<&'a [T]> {
        if n == 0 {
            return Ok(&[]);
        }
        if self.0.is_null() {
            bail!(InvalidArgument, "{name} is NULL, but {n} elements are announced");
        }
        let bytes = n.checked_mul(size_of::<T>());
        if bytes.is_none_or(|bytes| bytes > isize::MAX as usize) || !self.0.is_aligned() {
            bail!(InvalidArgument, "{name} with {n} elements is no list that memory can hold");
        }
        // SAFETY: the caller promises `n` elements; pointer and size were checked.
        Ok(unsafe { std::slice::from_raw_parts(self.0, n) })
    }

    /// One struct; null for none.
    pub fn as_ptr(&self) -> *const T {
        self.0
    }
}

impl Text {
    /// Text that a struct points to.
    pub(crate) fn new(raw: *const c_char) -> Text {
        Text(raw)
    }

    /// Whether the pointer is null.
    pub fn is_null(&self) -> bool {
        self.0.is_null()
    }

    /// The text.
    pub fn get<'a>(&self, len: usize, name: &str) -> Result<&'a str> {
        let bytes = List::<u8>(self.0.cast()).get(len, name)?;
        match std::str::from_utf8(bytes) {
            Ok(text) => Ok(text),
            Err(_) => bail!(InvalidArgument, "{name} is not UTF-8"),
        }
    }

    /// As [`Text::get`], where null is refused even for a length of 0.
    pub fn required<'a>(&self, len: usize, name: &str) -> Result<&'a str> {
        if self.0.is_null() {
            bail!(InvalidArgument, "{name} is NULL, but text is needed");
        }
        self.get(len, name)
    }
}

impl<T> Out<T> {
    /// The place of the result, cleared.
    pub fn cleared<'a>(&self, name: &str, empty: T) -> Result<Place<'a, T>> {
        if self.0.is_null() {
            bail!(InvalidArgument, "{name} is NULL, but a place for the result is needed");
        }
        let place = Place { raw: self.0, lifetime: PhantomData };
        place.set(empty);
        Ok(place)
    }

    /// Writes elements one after another, of which the caller has room for `capacity`; null has room for none.
    pub fn write(
        &self,
        name: &str,
        capacity: usize,
        elements: impl ExactSizeIterator<Item = T>,
    ) -> Result<()> {
        if self.0.is_null() && capacity > 0 {
            bail!(InvalidArgument, "{name} is NULL, but room for {capacity} elements is announced");
        }
        if elements.len() > capacity {
            let needed = elements.len();
            bail!(
                InvalidArgument,
                "{name} has room for {capacity} elements, but {needed} are written"
            );
        }
        for (i, element) in elements.enumerate() {
            // SAFETY: the caller promises room for as many elements as it has announced.
            let place = unsafe { self.0.add(i) };
            // SAFETY: as above; the pointer is not null.
            unsafe { place.write(element) };
        }
        Ok(())
    }

    /// Writes, unless the caller passed null.
    pub fn set_if_wanted(&self, value: T) {
        if !self.0.is_null() {
            // SAFETY: the caller promises that the pointer is null or valid for a write.
            unsafe { self.0.write(value) };
        }
    }

    /// The raw pointer, for structs that say their own size.
    pub fn as_ptr(&self) -> *mut T {
        self.0
    }
}

impl<B: Body> Out<*mut Handle<B>> {
    /// The place of a handle, set to null.
    pub fn null<'a>(&self, name: &str) -> Result<Place<'a, *mut Handle<B>>> {
        self.cleared(name, std::ptr::null_mut())
    }
}

/// A place that C waits for a result at.
pub struct Place<'a, T> {
    raw: *mut T,
    lifetime: PhantomData<&'a T>,
}

impl<T> Place<'_, T> {
    /// Writes the result.
    pub fn set(&self, value: T) {
        // SAFETY: it is not null, and the caller promises that it is valid for a write.
        unsafe { self.raw.write(value) };
    }
}

/// Reads a `uint32_t` that stands for yes or no.
pub fn flag(value: u32, name: &str) -> Result<bool> {
    match value {
        0 | 1 => Ok(value == 1),
        _ => bail!(InvalidArgument, "{name} is 0 or 1, got {value}"),
    }
}
