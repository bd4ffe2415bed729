//! Handles from outside: counts, tags, panics, text, attributes, polled drops.

use std::ffi::{CStr, c_char, c_void};
use std::ptr::{null, null_mut};

/// The library as C sees it: pointers and numbers.
mod c {
    use super::*;

    macro_rules! functions {
        ($($name:ident($($param:ident: $kind:ty),*) -> $returns:ty;)*) => {
            $(#[allow(clippy::too_many_arguments, reason = "C's functions have as many as they have")]
            pub(crate) fn $name($($param: $kind),*) -> $returns {
                use jaxrs as _;
                unsafe extern "C" {
                    #[link_name = stringify!($name)]
                    fn exported($($param: $kind),*) -> $returns;
                }
                // SAFETY: the header declares the function with these parameters.
                unsafe { exported($($param),*) }
            })*
        };
    }

    functions! {
        jaxrs_context_create(version: u32, options: *const u8, out: *mut *mut c_void) -> *mut c_void;
        jaxrs_context_release(ctx: *mut c_void) -> ();
        jaxrs_context_scope(ctx: *mut c_void) -> *mut c_void;
        jaxrs_context_poll_drops(ctx: *mut c_void, drops: *mut *mut c_void, cap: usize) -> usize;
        jaxrs_array_full_f64(s: *mut c_void, v: f64, dtype: u32, shape: *const i64, ndim: usize, out: *mut *mut c_void) -> *mut c_void;
        jaxrs_array_release(a: *mut c_void) -> ();
        jaxrs_array_retain(a: *mut c_void) -> *mut c_void;
        jaxrs_array_is_weak(a: *mut c_void) -> u32;
        jaxrs_array_dtype(a: *mut c_void) -> u32;
        jaxrs_array_item_f64(a: *mut c_void, out: *mut f64) -> *mut c_void;
        jaxrs_error_code(e: *mut c_void) -> u32;
        jaxrs_error_message(e: *mut c_void, len: *mut usize) -> *const c_char;
        jaxrs_error_release(e: *mut c_void) -> ();
        jaxrs_op_mul(s: *mut c_void, x: *mut c_void, y: *mut c_void, out: *mut *mut c_void) -> *mut c_void;
        jaxrs_fn_new(ctx: *mut c_void, name: *const c_char, len: usize, f: *const c_void, userdata: *mut c_void, drop: *const c_void, opts: *const c_void, out: *mut *mut c_void) -> *mut c_void;
        jaxrs_fn_release(f: *mut c_void) -> ();
        jaxrs_fn_call(f: *mut c_void, s: *mut c_void, args: *const *mut c_void, n: usize, r: *mut c_void) -> *mut c_void;
        jaxrs_results_new(out: *mut *mut c_void) -> *mut c_void;
        jaxrs_results_release(r: *mut c_void) -> ();
        jaxrs_api_json(len: *mut usize) -> *const c_char;
        jaxrs_api_hash() -> u64;
    }

    pub(crate) fn text(raw: *const c_char) -> String {
        // SAFETY: the library's texts are NUL-terminated.
        unsafe { CStr::from_ptr(raw) }.to_string_lossy().into_owned()
    }

    /// A function pointer that takes one pointer.
    pub(crate) fn erased(f: unsafe extern "C" fn(*mut c_void)) -> *const c_void {
        f as *const c_void
    }
}

/// `JAXRS_F32`.
const F32: u32 = 12;

struct Context(*mut c_void);

impl Context {
    fn new() -> Context {
        let mut ctx = null_mut();
        check(c::jaxrs_context_create(1, null(), &mut ctx));
        Context(ctx)
    }

    fn scope(&self) -> *mut c_void {
        c::jaxrs_context_scope(self.0)
    }

    fn scalar(&self, value: f64, dtype: u32) -> *mut c_void {
        let mut array = null_mut();
        check(c::jaxrs_array_full_f64(self.scope(), value, dtype, null(), 0, &mut array));
        array
    }
}

impl Drop for Context {
    fn drop(&mut self) {
        c::jaxrs_context_release(self.0);
    }
}

/// The call succeeded.
#[track_caller]
fn check(error: *mut c_void) {
    assert!(error.is_null(), "{}", c::text(c::jaxrs_error_message(error, null_mut())));
}

/// The call failed with this code, and its message contains the text.
#[track_caller]
fn refused(error: *mut c_void, code: u32, part: &str) {
    let message = c::text(c::jaxrs_error_message(error, null_mut()));
    assert_eq!(c::jaxrs_error_code(error), code, "{message}");
    assert!(message.contains(part), "{message:?} does not contain {part:?}");
    c::jaxrs_error_release(error);
}

#[test]
fn a_handle_of_another_kind_is_refused() {
    let cx = Context::new();
    let (x, mut out) = (cx.scalar(2.0, F32), null_mut());
    refused(c::jaxrs_op_mul(x, x, x, &mut out), 1, "s is not a jaxrs_scope");
    refused(c::jaxrs_op_mul(cx.scope(), cx.scope(), x, &mut out), 1, "x is not a jaxrs_array");
    assert!(out.is_null());
    c::jaxrs_array_release(x);
}

#[test]
fn references_are_counted() {
    let cx = Context::new();
    let x = cx.scalar(2.0, F32);
    assert_eq!(c::jaxrs_array_retain(x), x);
    c::jaxrs_array_release(x);
    let mut value = 0.0;
    check(c::jaxrs_array_item_f64(x, &mut value));
    assert_eq!(value, 2.0);
    c::jaxrs_array_release(x);
    assert!(c::jaxrs_array_retain(null_mut()).is_null());
}

#[test]
fn a_number_without_an_element_type_takes_that_of_the_other_operand() {
    let cx = Context::new();
    let (weak, half, mut out) = (cx.scalar(3.0, 0), cx.scalar(2.0, 13), null_mut());
    assert_eq!((c::jaxrs_array_is_weak(weak), c::jaxrs_array_dtype(weak)), (1, F32));
    check(c::jaxrs_op_mul(cx.scope(), weak, half, &mut out));
    assert_eq!((c::jaxrs_array_is_weak(out), c::jaxrs_array_dtype(out)), (0, 13));
    [weak, half, out].into_iter().for_each(c::jaxrs_array_release);
}

#[test]
fn arrays_outlive_the_handle_of_their_context() {
    let cx = Context::new();
    let x = cx.scalar(2.0, F32);
    drop(cx);
    let mut value = 0.0;
    check(c::jaxrs_array_item_f64(x, &mut value));
    assert_eq!(value, 2.0);
    c::jaxrs_array_release(x);
}

unsafe extern "C" fn never(_: *mut c_void) {
    panic!("a polled destructor must not be called");
}

unsafe extern "C" fn fails(_: *mut c_void) {}

#[test]
fn polled_drops_wait_for_the_caller() {
    // struct_size, flags: JAXRS_CONTEXT_POLLED_DROPS
    let options = [8u32, 1];
    let mut raw = null_mut();
    check(c::jaxrs_context_create(1, options.as_ptr().cast(), &mut raw));
    let cx = Context(raw);
    let (mut mine, mut f) = (7u32, null_mut());
    let userdata: *mut c_void = (&raw mut mine).cast();
    let (callback, drop) = (c::erased(fails), c::erased(never));
    check(c::jaxrs_fn_new(cx.0, c"f".as_ptr(), 1, callback, userdata, drop, null(), &mut f));
    let mut drops = [null_mut(); 4];
    assert_eq!(c::jaxrs_context_poll_drops(cx.0, drops.as_mut_ptr(), 4), 0);
    c::jaxrs_fn_release(f);
    assert_eq!(c::jaxrs_context_poll_drops(cx.0, drops.as_mut_ptr(), 4), 1);
    assert_eq!(drops[0], userdata);
    assert_eq!(c::jaxrs_context_poll_drops(cx.0, drops.as_mut_ptr(), 4), 0);
}

#[test]
fn a_function_of_another_context_is_refused() {
    let (one, two) = (Context::new(), Context::new());
    let (mut f, mut r) = (null_mut(), null_mut());
    let callback = c::erased(fails);
    check(c::jaxrs_fn_new(one.0, c"f".as_ptr(), 1, callback, null_mut(), null(), null(), &mut f));
    check(c::jaxrs_results_new(&mut r));
    refused(c::jaxrs_fn_call(f, two.scope(), null(), 0, r), 1, "another context");
    c::jaxrs_results_release(r);
    c::jaxrs_fn_release(f);
}

#[test]
fn the_description_is_what_its_hash_says() {
    let mut len = 0;
    let text = c::text(c::jaxrs_api_json(&mut len));
    assert_eq!(text.len(), len);
    assert!(text.starts_with("{\n  \"version\": \"0.1.0\"") && text.contains("\"jaxrs_op_add\""));
    let hash = text.bytes().fold(0xcbf2_9ce4_8422_2325u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    assert_eq!(c::jaxrs_api_hash(), hash);
}
