//! Contexts: an engine with its caches, threads and settings.

use std::ffi::c_void;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use jaxrs_data::{Result, bail};
use jaxrs_transform::{Context, MemoryLimit, Pressure, Scope, Settings};

use crate::args::{List, Opaque, Out, Shared, Text};
use crate::drops::{DropFn, DropQueue, Userdata};
use crate::gate::{Status, gate, guard, install_hook, null};
use crate::handle::{Body, Handle, Owned};
use crate::log::Log;
use crate::options::{self, Options};
use crate::scope::ScopeBody;
use crate::version::{ABI_VERSION, library_path};
use crate::{backends, fork};

/// A context in C.
pub type ContextHandle = Handle<ContextBody>;

/// What a context handle holds.
pub struct ContextBody {
    engine: Arc<Engine>,
    root: Owned<ScopeBody>,
}

impl Body for ContextBody {
    const TAG: u64 = u64::from_le_bytes(*b"jx ctext");
    const NAME: &'static str = "jaxrs_context";
}

impl ContextBody {
    pub(crate) fn engine(&self) -> Result<&Arc<Engine>> {
        self.engine.check()?;
        Ok(&self.engine)
    }

    pub(crate) fn drops(&self) -> &Arc<DropQueue> {
        &self.engine.drops
    }
}

/// What all handles of one context share.
pub struct Engine {
    context: Context,
    generation: u64,
    pub(crate) drops: Arc<DropQueue>,
    pub(crate) live_arrays: AtomicU64,
    pub(crate) live_fns: AtomicU64,
}

impl Engine {
    /// The engine's own context.
    pub(crate) fn context(&self) -> &Context {
        &self.context
    }

    /// The eager scope.
    pub(crate) fn root(&self) -> Scope {
        self.context.root()
    }

    /// Refuses work in a forked child, where the parent's threads are gone.
    pub(crate) fn check(&self) -> Result<()> {
        if self.generation == fork::current() {
            return Ok(());
        }
        bail!(
            Forked,
            "a context does not work in a forked child; make one there, or start the child with exec"
        )
    }

    /// Refuses handles of another context.
    pub(crate) fn check_same(&self, other: &Arc<Engine>, name: &str) -> Result<()> {
        if std::ptr::eq(self, Arc::as_ptr(other)) {
            return Ok(());
        }
        bail!(InvalidArgument, "{name} belongs to another context")
    }
}

pub(crate) fn count(counter: &AtomicU64) -> u64 {
    counter.load(Ordering::Relaxed)
}

/// A function that gets log messages.
pub type LogFn = unsafe extern "C" fn(
    userdata: *mut c_void,
    level: u32,
    msg: *const std::ffi::c_char,
    msg_len: usize,
);

/// `jaxrs_context_options`.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct ContextOptions {
    struct_size: u32,
    flags: u32,
    num_threads: u32,
    log_level: u32,
    log: Option<LogFn>,
    log_userdata: *mut c_void,
    log_drop: Option<DropFn>,
    soft_memory_limit: u64,
    memory_pressure: Option<unsafe extern "C" fn(userdata: *mut c_void, bytes_needed: u64)>,
    memory_pressure_userdata: *mut c_void,
    cache_dir: *const std::ffi::c_char,
    cache_dir_len: usize,
    num_devices: u32,
}

// SAFETY: numbers, pointers and nullable function pointers, the first of them a `u32`.
unsafe impl Options for ContextOptions {}

const POLLED_DROPS: u32 = 1;
/// `JAXRS_DEBUG_*`, which contexts and scopes take.
pub(crate) const DEBUG_FLAGS: u32 = 2 | 4 | 8 | 16 | 32 | 64;

/// Settings with these of `JAXRS_DEBUG_*` and no others.
pub(crate) fn with_debug_flags(settings: Settings, flags: u32) -> Settings {
    let has = |bit: u32| flags & bit != 0;
    Settings {
        debug_nans: has(2),
        debug_infs: has(4),
        disable_jit: has(8),
        log_compiles: has(16),
        explain_cache_misses: has(32),
        debug_key_reuse: has(64),
        ..settings
    }
}

fn check_abi(header: u32) -> Result<()> {
    // Before 1.0 a minor version may break programs.
    if header == ABI_VERSION {
        return Ok(());
    }
    bail!(
        Incompatible,
        "this program was compiled for version {}.{} of jaxrs, but {} has version {}.{}",
        header >> 16,
        header & 0xffff,
        library_path(),
        ABI_VERSION >> 16,
        ABI_VERSION & 0xffff
    )
}

/// Makes a context.
///
/// `header_abi_version` is JAXRS_ABI_VERSION; another one than the library's gives JAXRS_ERR_INCOMPATIBLE.
/// `opts` may be NULL. Nothing is started before there is work. The caller owns `*out`. Any thread.
#[unsafe(no_mangle)]
pub extern "C" fn jaxrs_context_create(
    header_abi_version: u32,
    opts: List<ContextOptions>,
    out: Out<*mut ContextHandle>,
) -> Status {
    install_hook();
    gate(|| {
        let out = out.null("out")?;
        check_abi(header_abi_version)?;
        let opts = options::read(&opts, "opts")?;
        out.set(create(&opts)?.into_raw());
        Ok(())
    })
}

/// What is asked for memory, and when.
fn memory_limit(opts: &ContextOptions) -> MemoryLimit {
    let userdata = Opaque(opts.memory_pressure_userdata);
    let pressure = opts.memory_pressure.map(|call| {
        let ask = move |needed: u64| {
            // The closure holds the whole of `userdata`, which may go to other threads.
            let userdata: &Opaque = &userdata;
            // SAFETY: the caller promised a function of this type, for as long as the context lives.
            unsafe { call(userdata.0, needed) }
        };
        Arc::new(ask) as Pressure
    });
    MemoryLimit { soft_bytes: opts.soft_memory_limit, pressure }
}

fn create(opts: &ContextOptions) -> Result<Owned<ContextBody>> {
    let log = Userdata::new(Opaque(opts.log_userdata), opts.log_drop);
    if opts.flags & !(POLLED_DROPS | DEBUG_FLAGS) != 0 {
        bail!(InvalidArgument, "opts->flags has unknown bits: {:#x}", opts.flags);
    }
    let drops = Arc::new(DropQueue::new(opts.flags & POLLED_DROPS != 0));
    let userdata = log.queued(&drops);
    let log = opts.log.map(|call| Log { call, userdata, level: opts.log_level });
    let cache_dir = Text::new(opts.cache_dir).get(opts.cache_dir_len, "opts->cache_dir")?;
    let settings = backends::EngineSettings {
        num_threads: opts.num_threads,
        num_devices: opts.num_devices,
        debug_flags: opts.flags,
        log,
        memory: memory_limit(opts),
        cache_dir: (!cache_dir.is_empty()).then(|| cache_dir.into()),
    };
    let engine = Arc::new(Engine {
        context: backends::context(settings)?,
        generation: fork::generation(),
        drops,
        live_arrays: AtomicU64::new(0),
        live_fns: AtomicU64::new(0),
    });
    let root = Owned::new(ScopeBody::new(engine.root(), engine.clone()));
    Ok(Owned::new(ContextBody { engine, root }))
}

/// Gives up a context. Handles made in it stay valid, and keep its engine until they are released. NULL is
/// allowed. Any thread.
#[unsafe(no_mangle)]
pub extern "C" fn jaxrs_context_release(ctx: Shared<ContextBody>) {
    guard((), || drop(ctx.take()));
}

/// The scope in which operations run at once. Borrowed from `ctx`; NULL for NULL. Any thread.
#[unsafe(no_mangle)]
pub extern "C" fn jaxrs_context_scope(ctx: Shared<ContextBody>) -> *mut Handle<ScopeBody> {
    guard(null(), || ctx.get("ctx").map_or(null(), |ctx| ctx.root.as_ptr()))
}

/// Collects finished userdata pointers of a context made with JAXRS_CONTEXT_POLLED_DROPS.
///
/// Writes up to `cap` pointers to `userdata` and returns how many; the caller destroys what they point to.
/// Any thread.
#[unsafe(no_mangle)]
pub extern "C" fn jaxrs_context_poll_drops(
    ctx: Shared<ContextBody>,
    userdata: Out<*mut c_void>,
    cap: usize,
) -> usize {
    guard(0, || {
        let (Ok(ctx), false) = (ctx.get("ctx"), userdata.as_ptr().is_null()) else { return 0 };
        let waiting = std::iter::from_fn(|| ctx.engine.drops.pop()).take(cap).enumerate();
        waiting.fold(0, |_, (i, object)| {
            // SAFETY: the caller promises room for `cap` pointers, and `i` is below it.
            let place = unsafe { userdata.as_ptr().add(i) };
            // SAFETY: as above.
            unsafe { place.write(object.0) };
            i + 1
        })
    })
}

/// Waits for the effects of programs that run: what they print, and what host functions do.
///
/// Programs run to their end in the call that runs them, so that this returns at once; it is there for programs that
/// say where they rely on it. Any thread.
#[unsafe(no_mangle)]
pub extern "C" fn jaxrs_effects_barrier(ctx: Shared<ContextBody>) -> Status {
    gate(|| ctx.get("ctx")?.engine().map(drop))
}

/// Forgets compiled operations and transformed programs, and those that functions share by their keys.
///
/// What was compiled for functions that live goes with them, and files on disk stay. Any thread.
#[unsafe(no_mangle)]
pub extern "C" fn jaxrs_context_clear_caches(ctx: Shared<ContextBody>) -> Status {
    gate(|| {
        ctx.get("ctx")?.engine()?.context().clear_caches();
        Ok(())
    })
}
