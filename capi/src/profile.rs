//! Records of what takes time.

use crate::args::{Out, Shared};
use crate::bytes::{BytesBody, BytesHandle};
use crate::context::ContextBody;
use crate::gate::{Status, gate};

/// Begins a record of what a context does, anew: traces, compilations, runs of programs, single operations.
///
/// Any thread; all threads are recorded.
#[unsafe(no_mangle)]
pub extern "C" fn jaxrs_profile_start(ctx: Shared<ContextBody>) -> Status {
    gate(|| {
        ctx.get("ctx")?.engine()?.context().start_profile();
        Ok(())
    })
}

/// Ends the record, and gives it as JSON in Chrome's trace event format, for chrome://tracing or Perfetto.
///
/// Its events have the categories `trace`, `lower`, `codegen`, `run` and `operation`. The caller owns `*out`. Any
/// thread.
#[unsafe(no_mangle)]
pub extern "C" fn jaxrs_profile_stop(
    ctx: Shared<ContextBody>,
    out: Out<*mut BytesHandle>,
) -> Status {
    gate(|| {
        let out = out.null("out")?;
        let text = ctx.get("ctx")?.engine()?.context().stop_profile();
        out.set(BytesBody::text(&text).into_raw());
        Ok(())
    })
}
