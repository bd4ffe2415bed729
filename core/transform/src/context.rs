//! Contexts: caches, back ends and settings.

use std::sync::Arc;

use jaxrs_data::promote::Defaults;
use jaxrs_runtime::Backend;

use crate::Scope;

/// What a context is made of.
#[derive(Clone, Default)]
pub struct ContextOptions {
    /// What runs compiled functions, and large or hot operations.
    pub compiler: Option<Arc<dyn Backend>>,
    /// What runs single operations at once. Where both are missing, programs are evaluated by definition.
    pub eager: Option<Arc<dyn Backend>>,
    /// Whether numbers without a stated type are 64 bits wide.
    pub wide_defaults: bool,
}

/// The engine: back ends, caches, settings. Clones share it.
#[derive(Clone)]
pub struct Context {
    pub(crate) options: Arc<ContextOptions>,
}

/// What a context has done so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Functions traced by `jit`.
    pub traces: u64,
    /// Programs compiled.
    pub compiles: u64,
    /// Nanoseconds spent compiling.
    pub compile_ns: u64,
    /// Calls of compiled functions and single operations that found what they needed.
    pub cache_hits: u64,
    /// Tracers that are alive.
    pub live_tracers: u64,
}

impl Context {
    /// A new engine.
    pub fn new(options: ContextOptions) -> Context {
        Context { options: Arc::new(options) }
    }

    /// The scope in which operations run at once.
    pub fn root(&self) -> Scope {
        Scope::of(self.clone())
    }

    /// What has been done so far.
    pub fn stats(&self) -> Stats {
        Stats::default()
    }

    /// The element types of numbers without a stated type.
    pub fn defaults(&self) -> Defaults {
        Defaults { wide: self.options.wide_defaults }
    }
}
