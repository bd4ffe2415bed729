//! Errors: what went wrong, in one sentence and in detail, with the caller's own object where there is one.

use std::ffi::{CString, c_char, c_void};
use std::fmt::Write;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use jaxrs_data::{Error, ErrorKind};

use crate::args::{In, List, Opaque, Out, Shared, Text};
use crate::drops::DropFn;
use crate::gate::{guard, null};
use crate::handle::{Body, Handle, Owned};

/// The code of an error: `jaxrs_code`.
pub type Code = u32;

/// An error in C.
pub type ErrorHandle = Handle<ErrorBody>;

/// What an error handle holds.
pub struct ErrorBody {
    error: Error,
    message: CString,
    detail: OnceLock<CString>,
}

impl Body for ErrorBody {
    const TAG: u64 = u64::from_le_bytes(*b"jx error");
    const NAME: &'static str = "jaxrs_error";
}

#[cfg(test)]
impl ErrorBody {
    pub(crate) fn code(&self) -> Code {
        self.error.kind() as u32
    }

    pub(crate) fn text(&self) -> String {
        detail(&self.error).to_string_lossy().into_owned()
    }
}

/// Errors that are alive. They may be made without a context, so all contexts count the same.
static LIVE: AtomicU64 = AtomicU64::new(0);

pub(crate) fn live_errors() -> u64 {
    LIVE.load(Ordering::Relaxed)
}

impl Drop for ErrorBody {
    fn drop(&mut self) {
        LIVE.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Text for C, which has no NUL inside.
pub(crate) fn c_string(text: &str) -> CString {
    let bytes: Vec<u8> = text.bytes().map(|byte| if byte == 0 { b'?' } else { byte }).collect();
    CString::new(bytes).unwrap_or_default()
}

/// An error as C holds it.
#[cold]
pub(crate) fn error_handle(error: Error) -> *mut ErrorHandle {
    LIVE.fetch_add(1, Ordering::Relaxed);
    let message = c_string(error.message());
    Owned::new(ErrorBody { error, message, detail: OnceLock::new() }).into_raw()
}

/// The engine's error behind one that a callback returned; the reference is taken over.
pub(crate) fn take_error(raw: *mut ErrorHandle) -> Error {
    // SAFETY: callbacks return null or an error that they own.
    match unsafe { Owned::from_raw(raw) } {
        Some(handle) => handle.error.clone(),
        None => Error::new(
            ErrorKind::InvalidArgument,
            "a callback returned something that is not a jaxrs_error",
        ),
    }
}

fn detail(error: &Error) -> CString {
    let mut text = format!("{:?}: {}", error.kind(), error.message());
    for frame in error.frames() {
        // Writing to a string cannot fail.
        let _ = write!(text, "\n  {frame}");
    }
    c_string(&text)
}

/// The caller's object inside an error.
struct Payload {
    tag: Opaque,
    object: Opaque,
    drop: Option<DropFn>,
}

impl Drop for Payload {
    fn drop(&mut self) {
        if let Some(drop) = self.drop {
            // SAFETY: the caller promised that `drop` takes this object; it is called once.
            unsafe { drop(self.object.0) };
        }
    }
}

fn kind(code: Code) -> ErrorKind {
    use ErrorKind::*;
    const KINDS: [ErrorKind; 18] = [
        InvalidArgument,
        Shape,
        Dtype,
        TracerEscaped,
        TracerScope,
        Concretization,
        Callback,
        Unimplemented,
        OutOfMemory,
        Compile,
        Device,
        Io,
        Incompatible,
        Cancelled,
        Forked,
        WouldDeadlock,
        Internal,
        Check,
    ];
    KINDS.into_iter().find(|&kind| kind as u32 == code).unwrap_or(Callback)
}

fn new_error(code: Code, msg: &Text, msg_len: usize) -> Error {
    match msg.get(msg_len, "msg") {
        Ok(message) => Error::new(kind(code), message),
        Err(error) => error,
    }
}

/// Makes an error, for a callback to return.
///
/// `code` is one of JAXRS_ERR_*, and JAXRS_ERR_CALLBACK stands for any other; `msg` is UTF-8. The caller owns
/// the result. Any thread.
#[unsafe(no_mangle)]
pub extern "C" fn jaxrs_error_new(code: Code, msg: Text, msg_len: usize) -> *mut ErrorHandle {
    guard(null(), || error_handle(new_error(code, &msg, msg_len)))
}

/// As jaxrs_error_new, with an object of the caller's: the error carries it unchanged through every
/// transform.
///
/// `payload_tag` is an address that only the caller uses; jaxrs_error_payload asks for it. `drop` runs
/// exactly once, when the last owner of the error lets go, on any thread. The caller owns the result.
#[unsafe(no_mangle)]
pub extern "C" fn jaxrs_error_new_with_payload(
    code: Code,
    msg: Text,
    msg_len: usize,
    payload_tag: List<c_void>,
    payload: Opaque,
    drop: Option<DropFn>,
) -> *mut ErrorHandle {
    guard(null(), || {
        let tag = Opaque(payload_tag.as_ptr().cast_mut());
        let payload = Arc::new(Payload { tag, object: payload, drop });
        error_handle(new_error(code, &msg, msg_len).with_payload(payload))
    })
}

/// The code of an error; JAXRS_OK for NULL. Any thread.
#[unsafe(no_mangle)]
pub extern "C" fn jaxrs_error_code(e: In<ErrorBody>) -> Code {
    guard(0, || match e.live() {
        Some(e) => e.error.kind() as u32,
        None if e.is_null() => 0,
        None => ErrorKind::InvalidArgument as u32,
    })
}

/// One sentence: operation, what was needed, what came.
///
/// Borrowed from `e`, UTF-8, NUL-terminated; empty for NULL. `len` may be NULL. Any thread.
#[unsafe(no_mangle)]
pub extern "C" fn jaxrs_error_message(e: In<ErrorBody>, len: Out<usize>) -> *const c_char {
    guard(c"".as_ptr(), || text(e.live().map(|e| &e.message), &len))
}

/// The message, the code, and what the error passed on its way: operations, traces, and for a bug of the
/// library its backtrace.
///
/// Borrowed from `e`, UTF-8, NUL-terminated; empty for NULL. `len` may be NULL. Any thread.
#[unsafe(no_mangle)]
pub extern "C" fn jaxrs_error_detail(e: In<ErrorBody>, len: Out<usize>) -> *const c_char {
    guard(c"".as_ptr(), || text(e.live().map(|e| e.detail.get_or_init(|| detail(&e.error))), &len))
}

fn text(text: Option<&CString>, len: &Out<usize>) -> *const c_char {
    let text = text.map_or(c"", |text| text);
    len.set_if_wanted(text.to_bytes().len());
    text.as_ptr()
}

/// The object that an error carries, if it was made with this tag; else NULL. Borrowed from `e`. Any thread.
#[unsafe(no_mangle)]
pub extern "C" fn jaxrs_error_payload(e: In<ErrorBody>, payload_tag: List<c_void>) -> *mut c_void {
    guard(std::ptr::null_mut(), || {
        let payload = e.live().and_then(|e| e.error.payload()?.downcast_ref::<Payload>());
        match payload {
            Some(payload) if payload.tag.0.cast_const() == payload_tag.as_ptr() => payload.object.0,
            _ => std::ptr::null_mut(),
        }
    })
}

/// Gives up an error. NULL is allowed. Any thread.
#[unsafe(no_mangle)]
pub extern "C" fn jaxrs_error_release(e: Shared<ErrorBody>) {
    guard((), || drop(e.take()));
}
