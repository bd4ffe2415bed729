//! Lists of arrays: what functions with any number of results fill.

use jaxrs_data::Result;
use jaxrs_ir::Value;
use parking_lot::Mutex;
use std::sync::Arc;

use crate::args::{In, Out, Shared};
use crate::array::{ArrayBody, ArrayHandle};
use crate::context::Engine;
use crate::gate::{Status, gate, guard, null};
use crate::handle::{Body, Handle, Owned};

/// A list of arrays in C.
pub type ResultsHandle = Handle<ResultsBody>;

/// What a list handle holds.
#[derive(Default)]
pub struct ResultsBody(Mutex<Vec<Owned<ArrayBody>>>);

impl Body for ResultsBody {
    const TAG: u64 = u64::from_le_bytes(*b"jx reslt");
    const NAME: &'static str = "jaxrs_results";
}

impl ResultsBody {
    /// Appends values.
    pub(crate) fn extend(&self, values: impl IntoIterator<Item = Value>, engine: &Arc<Engine>) {
        self.0.lock().extend(values.into_iter().map(|value| ArrayBody::handle(value, engine)));
    }

    /// The values so far, which must be of one context; the list is empty after.
    pub(crate) fn take(&self, engine: &Engine) -> Result<Vec<Value>> {
        let arrays = std::mem::take(&mut *self.0.lock());
        arrays
            .iter()
            .map(|array| {
                engine.check_same(array.engine(), "a result")?;
                Ok(array.value().clone())
            })
            .collect()
    }
}

/// A new, empty list. The caller owns `*out`. Any thread.
#[unsafe(no_mangle)]
pub extern "C" fn jaxrs_results_new(out: Out<*mut ResultsHandle>) -> Status {
    gate(|| {
        out.null("out")?.set(Owned::new(ResultsBody::default()).into_raw());
        Ok(())
    })
}

/// Appends an array; the list takes its own reference. One thread at a time.
#[unsafe(no_mangle)]
pub extern "C" fn jaxrs_results_push(r: Shared<ResultsBody>, a: Shared<ArrayBody>) -> Status {
    gate(|| {
        let (r, a) = (r.get("r")?, a.get("a")?);
        r.0.lock().push(Owned::retain(a));
        Ok(())
    })
}

/// The number of arrays; 0 for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn jaxrs_results_len(r: In<ResultsBody>) -> usize {
    guard(0, || r.live().map_or(0, |r| r.0.lock().len()))
}

/// Array `i`, which the caller owns a reference to; NULL if there is none.
#[unsafe(no_mangle)]
pub extern "C" fn jaxrs_results_get(r: In<ResultsBody>, i: usize) -> *mut ArrayHandle {
    guard(null(), || {
        let array = r.live().and_then(|r| r.0.lock().get(i).cloned());
        array.map_or(null(), Owned::into_raw)
    })
}

/// Empties the list. One thread at a time.
#[unsafe(no_mangle)]
pub extern "C" fn jaxrs_results_clear(r: Shared<ResultsBody>) {
    guard((), || {
        if let Ok(r) = r.get("r") {
            // Dropped outside of the lock: a destructor of the caller's may come back here.
            let arrays = std::mem::take(&mut *r.0.lock());
            drop(arrays);
        }
    });
}

/// Gives up a list and its references. NULL is allowed. Any thread.
#[unsafe(no_mangle)]
pub extern "C" fn jaxrs_results_release(r: Shared<ResultsBody>) {
    guard((), || drop(r.take()));
}
