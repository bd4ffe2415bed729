//! The engine that commands run on.

use std::sync::Arc;

use jaxrs_data::Result;
use jaxrs_ir::prims::LogSink;
use jaxrs_llvm::{LlvmBackend, LlvmOptions, Machine};
use jaxrs_reference::ReferenceBackend;
use jaxrs_runtime::Pool;
use jaxrs_transform::{Context, ContextOptions};

/// What programs print, which goes where the command's own output does not.
struct Prints {
    is_json: bool,
}

impl LogSink for Prints {
    #[allow(clippy::print_stdout, clippy::print_stderr, reason = "a program for terminals")]
    fn log(&self, level: u32, text: &str) {
        match (level, self.is_json) {
            (0, false) => println!("{text}"),
            (0, true) => eprintln!("{text}"),
            _ => {}
        }
    }
}

/// An engine that compiles; 0 threads stand for as many as there are cores. What programs print goes to the standard output,
/// or where that is a JSON document to the standard error output.
pub(crate) fn context(threads: usize, is_json: bool) -> Result<Context> {
    Ok(Context::new(ContextOptions {
        compiler: Some(Arc::new(LlvmBackend::new(Pool::new(threads), LlvmOptions::default())?)),
        eager: Some(Arc::new(ReferenceBackend::default())),
        log: Some(Arc::new(Prints { is_json })),
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
