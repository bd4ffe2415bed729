//! The one gate that calls from C pass: no error is lost, and no panic crosses the boundary.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, PanicHookInfo, catch_unwind};
use std::sync::Once;

use jaxrs_data::{Error, ErrorKind, Result};

use crate::error::{ErrorHandle, error_handle};
use crate::handle::Handle;

/// What fallible functions return: null, or an error that the caller owns.
pub type Status = *mut ErrorHandle;

// The one thread-local of this library: it lives only while a call is inside the gate.
thread_local! {
    /// How many gates this thread is inside of.
    static DEPTH: Cell<u32> = const { Cell::new(0) };
    /// Where the panic that is being caught came from.
    static PANIC: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Inside a gate a panic is noted, not printed; elsewhere the host's own hook is asked.
pub(crate) fn install_hook() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let previous = std::panic::take_hook();
        std::panic::set_hook(Box::new(
            move |info| {
                if DEPTH.get() > 0 { note(info) } else { previous(info) }
            },
        ));
    });
}

fn note(info: &PanicHookInfo<'_>) {
    let place = info.location().map(ToString::to_string).unwrap_or_default();
    let backtrace = std::backtrace::Backtrace::force_capture();
    PANIC.with(|panic| {
        if let Ok(mut panic) = panic.try_borrow_mut() {
            *panic = Some(format!("at {place}\n{backtrace}"));
        }
    });
}

struct Inside;

impl Inside {
    fn enter() -> Inside {
        DEPTH.set(DEPTH.get() + 1);
        Inside
    }
}

impl Drop for Inside {
    fn drop(&mut self) {
        DEPTH.set(DEPTH.get().saturating_sub(1));
    }
}

#[cold]
fn caught(payload: &(dyn Any + Send)) -> Error {
    let message = payload
        .downcast_ref::<&str>()
        .map(|message| (*message).to_owned())
        .or_else(|| payload.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "no message".to_owned());
    let place = PANIC.with(|panic| panic.try_borrow_mut().ok().and_then(|mut panic| panic.take()));
    let error = Error::new(
        ErrorKind::Internal,
        format_args!("the library panicked, which is a bug in it: {message}"),
    );
    match place {
        Some(place) => error.context(place),
        None => error,
    }
}

/// Runs the body of a fallible function.
pub fn gate(body: impl FnOnce() -> Result<()>) -> Status {
    let _inside = Inside::enter();
    match catch_unwind(AssertUnwindSafe(body)) {
        Ok(Ok(())) => std::ptr::null_mut(),
        Ok(Err(error)) => error_handle(error),
        Err(payload) => error_handle(caught(&*payload)),
    }
}

/// Runs the body of a function that cannot fail; `otherwise` stands for its result if it panics.
pub fn guard<T>(otherwise: T, body: impl FnOnce() -> T) -> T {
    let _inside = Inside::enter();
    catch_unwind(AssertUnwindSafe(body)).unwrap_or(otherwise)
}

/// A result handle of a function that cannot fail.
pub fn null<B: crate::handle::Body>() -> *mut Handle<B> {
    std::ptr::null_mut()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::handle::Owned;

    /// The error behind a status.
    fn error(status: Status) -> Owned<crate::error::ErrorBody> {
        // SAFETY: the gate gives null or an error that its caller owns.
        unsafe { Owned::from_raw(status) }.unwrap()
    }

    #[test]
    fn a_panic_becomes_an_error_that_says_where() {
        install_hook();
        let error = error(gate(|| panic!("the sky falls")));
        assert_eq!(error.code(), ErrorKind::Internal as u32);
        assert!(error.text().contains("the sky falls"), "{}", error.text());
        assert!(error.text().contains("gate.rs"), "{}", error.text());
        // The next call is none the worse.
        assert!(gate(|| Ok(())).is_null());
        assert_eq!(guard(7, || panic!("again")), 7);
    }

    #[test]
    fn an_error_passes_unchanged() {
        let error = error(gate(|| Err(Error::new(ErrorKind::Shape, "too long").context("in f"))));
        assert_eq!(error.code(), ErrorKind::Shape as u32);
        assert_eq!(error.text(), "Shape: too long\n  in f");
    }
}
