//! Which back ends a context has: native code for compiled functions, an interpreter for single operations.

use std::path::PathBuf;
use std::sync::Arc;

use jaxrs_compile::{CompileOptions, compile};
use jaxrs_data::{Result, bail};
use jaxrs_ir::Jaxpr;
use jaxrs_ir::prims::LogSink;
use jaxrs_llvm::{LlvmBackend, LlvmOptions};
use jaxrs_reference::ReferenceBackend;
use jaxrs_runtime::{Backend, Pool};
use jaxrs_transform::{
    ClosedJaxpr, Context, ContextOptions, MemoryLimit, Settings, header, to_array,
};

use crate::context::with_debug_flags;
use crate::log::Log;

/// What an engine is made with.
pub(crate) struct EngineSettings {
    pub(crate) num_threads: u32,
    pub(crate) num_devices: u32,
    /// `JAXRS_DEBUG_*`.
    pub(crate) debug_flags: u32,
    pub(crate) log: Option<Log>,
    pub(crate) memory: MemoryLimit,
    /// Where compiled programs are kept.
    pub(crate) cache_dir: Option<PathBuf>,
}

/// An engine with the back ends of this library; 0 threads stand for as many as there are cores.
pub(crate) fn context(settings: EngineSettings) -> Result<Context> {
    let EngineSettings { num_threads, num_devices, debug_flags, log, memory, cache_dir } = settings;
    let pool = Pool::new(num_threads as usize);
    let options = LlvmOptions { cache_dir, ..LlvmOptions::default() };
    Ok(Context::new(ContextOptions {
        compiler: Some(Arc::new(LlvmBackend::new(pool, options)?)),
        eager: Some(Arc::new(ReferenceBackend::default())),
        wide_defaults: false,
        settings: with_debug_flags(Settings::default(), debug_flags),
        log: log.map(|log| Arc::new(log) as Arc<dyn LogSink>),
        memory,
        n_devices: num_devices as usize,
    }))
}

/// What a program is compiled to, at two stages.
pub(crate) struct Texts {
    /// Loops over memory.
    pub(crate) kernel: String,
    /// LLVM's instructions, before its own passes.
    pub(crate) llvm: String,
}

/// Compiles a program, for people to read.
pub(crate) fn texts(jaxpr: &Jaxpr) -> Result<Texts> {
    let options = LlvmOptions { keep_text: true, ..LlvmOptions::default() };
    let backend = LlvmBackend::new(Pool::new(1), options)?;
    let options = CompileOptions { target: backend.target().clone(), ..CompileOptions::default() };
    let program = compile(jaxpr, &options)?;
    let kernel = program.to_string();
    let llvm = backend.load(Arc::new(program))?.describe();
    Ok(Texts { kernel, llvm })
}

/// An object of a program, which needs no library, and its header.
pub(crate) fn object(program: &ClosedJaxpr, symbol: &str) -> Result<(Vec<u8>, String)> {
    let backend = LlvmBackend::new(Pool::new(1), LlvmOptions::default())?;
    let consts = program.consts.iter().map(|value| to_array(value)?.to_literal());
    let consts = consts.collect::<Result<Vec<_>>>()?;
    let options = CompileOptions { target: backend.target().clone(), ..CompileOptions::default() };
    let kernels = compile(&program.jaxpr, &options)?;
    let standalone = backend.standalone(&kernels, &consts, symbol)?;
    if !standalone.routines.is_empty() {
        let routines = standalone.routines.join(", ");
        bail!(
            Unimplemented,
            "{symbol} calls {routines}, which the command `jaxrs aot` links into its object"
        );
    }
    let machine = backend.machine();
    let (processor, features) = (&machine.processor, &machine.features);
    let header = header(symbol, program, kernels.arena_bytes, processor, features);
    Ok((standalone.object, header))
}
