//! Contexts: caches, back ends and settings.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use jaxrs_data::promote::Defaults;
use jaxrs_ir::prims::{LogSink, Sink};
use jaxrs_runtime::Backend;

use crate::callback::HostFunctions;
use crate::checkify::Failures;
use crate::dispatch::Dispatch;
use crate::frame::Frame;
use crate::jit::KeyedEntries;
use crate::key_reuse::UsedKeys;
use crate::memory::MemoryLimit;
use crate::profile::Profile;
use crate::subprogram::Memo;
use crate::{Scope, Settings};

/// What a context is made of.
#[derive(Clone, Default)]
pub struct ContextOptions {
    /// What runs compiled functions, and large or hot operations.
    pub compiler: Option<Arc<dyn Backend>>,
    /// What runs single operations at once. Where both are missing, programs are evaluated by definition.
    pub eager: Option<Arc<dyn Backend>>,
    /// Whether numbers without a stated type are 64 bits wide.
    pub wide_defaults: bool,
    /// How scopes are set, unless [`Scope::with_settings`] says otherwise.
    pub settings: Settings,
    /// Where programs print, and where the engine says what it does.
    pub log: Option<Arc<dyn LogSink>>,
    /// How much memory arrays may take before somebody is asked to let go of some.
    pub memory: MemoryLimit,
    /// How many devices `pmap` and `shard_map` may use; 0 stands for 1. They are all this process: see
    /// [`shard_map`](crate::shard_map).
    pub n_devices: usize,
}

/// The engine: back ends, caches, settings. Clones share it.
#[derive(Clone)]
pub struct Context {
    root: Arc<Frame>,
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

/// The state that all frames of a context share.
#[derive(Default)]
pub(crate) struct Shared {
    pub(crate) settings: Settings,
    pub(crate) used_keys: UsedKeys,
    pub(crate) sink: Sink,
    pub(crate) host_functions: HostFunctions,
    pub(crate) failures: Failures,
    pub(crate) n_devices: usize,
    pub(crate) counters: Counters,
    pub(crate) dispatch: Dispatch,
    pub(crate) memo: Memo,
    pub(crate) keyed: KeyedEntries,
}

#[derive(Default)]
pub(crate) struct Counters {
    pub(crate) tracers: AtomicU64,
    pub(crate) live_tracers: AtomicU64,
    pub(crate) traces: AtomicU64,
    pub(crate) compiles: AtomicU64,
    pub(crate) compile_ns: AtomicU64,
    pub(crate) cache_hits: AtomicU64,
    pub(crate) profile: Profile,
}

/// Counts one more, and gives the number before.
pub(crate) fn count(counter: &AtomicU64) -> u64 {
    counter.fetch_add(1, Ordering::Relaxed)
}

impl Context {
    /// A new engine.
    pub fn new(options: ContextOptions) -> Context {
        let shared = Shared {
            settings: Settings {
                wide_defaults: options.wide_defaults || options.settings.wide_defaults,
                ..options.settings
            },
            sink: Sink(options.log.clone()),
            n_devices: options.n_devices.max(1),
            dispatch: Dispatch::new(options),
            ..Shared::default()
        };
        Context { root: Frame::root(Arc::new(shared)) }
    }

    pub(crate) fn of(frame: &Arc<Frame>) -> Context {
        Context { root: frame.outermost().clone() }
    }

    /// The scope in which operations run at once.
    pub fn root(&self) -> Scope {
        Scope::of(self.root.clone())
    }

    /// What has been done so far.
    pub fn stats(&self) -> Stats {
        let counters = &self.root.shared.counters;
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Stats {
            traces: read(&counters.traces),
            compiles: read(&counters.compiles),
            compile_ns: read(&counters.compile_ns),
            cache_hits: read(&counters.cache_hits),
            live_tracers: read(&counters.live_tracers),
        }
    }

    /// The element types of numbers without a stated type.
    pub fn defaults(&self) -> Defaults {
        self.root.shared.settings.defaults()
    }

    /// How many devices `pmap` and `shard_map` may use.
    pub fn n_devices(&self) -> usize {
        self.root.shared.n_devices
    }

    /// Forgets compiled operations and transformed programs, and those that functions share by their keys. What
    /// functions themselves know goes with them.
    pub fn clear_caches(&self) {
        let shared = self.shared();
        shared.dispatch.clear();
        shared.memo.clear();
        shared.keyed.clear();
    }

    /// Does what needs so many bytes, for which others are asked to let go of theirs if need be; perhaps twice.
    pub fn with_room<T>(
        &self,
        bytes: usize,
        run: impl Fn() -> jaxrs_data::Result<T>,
    ) -> jaxrs_data::Result<T> {
        self.root.shared.dispatch.room().with(bytes as u64, true, run)
    }

    pub(crate) fn shared(&self) -> &Shared {
        &self.root.shared
    }

    /// Whether two handles are of one engine.
    pub fn is_same(&self, other: &Context) -> bool {
        Arc::ptr_eq(&self.root, &other.root)
    }
}
