//! Which back ends a context has: native code for compiled functions, an interpreter for single operations.

use std::sync::Arc;

use jaxrs_data::Result;
use jaxrs_llvm::{LlvmBackend, LlvmOptions};
use jaxrs_reference::ReferenceBackend;
use jaxrs_runtime::Pool;
use jaxrs_transform::{Context, ContextOptions};

/// An engine with the back ends of this library; 0 threads stand for as many as there are cores.
pub(crate) fn context(num_threads: u32) -> Result<Context> {
    let pool = Pool::new(num_threads as usize);
    Ok(Context::new(ContextOptions {
        compiler: Some(Arc::new(LlvmBackend::new(pool, LlvmOptions::default())?)),
        eager: Some(Arc::new(ReferenceBackend::default())),
        wide_defaults: false,
    }))
}
