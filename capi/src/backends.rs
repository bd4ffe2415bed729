//! Which back ends a context has.

use std::sync::Arc;

use jaxrs_data::Result;
use jaxrs_reference::ReferenceBackend;
use jaxrs_transform::{Context, ContextOptions};

/// An engine with the back ends of this library.
pub(crate) fn context(num_threads: u32) -> Result<Context> {
    let _ = num_threads;
    let eager = Arc::new(ReferenceBackend::default());
    Ok(Context::new(ContextOptions {
        compiler: Some(eager.clone()),
        eager: Some(eager),
        wide_defaults: false,
    }))
}
