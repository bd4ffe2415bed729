//! The engine that commands run on.

use std::sync::Arc;

use jaxrs_data::Result;
use jaxrs_llvm::{LlvmBackend, LlvmOptions, Machine};
use jaxrs_reference::ReferenceBackend;
use jaxrs_runtime::Pool;
use jaxrs_transform::{Context, ContextOptions};

/// An engine that compiles; 0 threads stand for as many as there are cores.
pub(crate) fn context(threads: usize) -> Result<Context> {
    Ok(Context::new(ContextOptions {
        compiler: Some(Arc::new(LlvmBackend::new(Pool::new(threads), LlvmOptions::default())?)),
        eager: Some(Arc::new(ReferenceBackend::default())),
        ..ContextOptions::default()
    }))
}

/// What compiles, on one thread.
pub(crate) fn compiler() -> Result<LlvmBackend> {
    LlvmBackend::new(Pool::new(1), LlvmOptions::default())
}

/// The machine that code is made for.
pub(crate) fn machine() -> Result<Machine> {
    Ok(compiler()?.machine())
}
