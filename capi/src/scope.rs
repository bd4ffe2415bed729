//! Scopes: where operations go.

use std::ffi::{c_char, c_void};
use std::sync::Arc;

use jaxrs_data::{DType, Result, bail};
use jaxrs_ir::Value;
use jaxrs_transform::{RankPromotion, Scope, Settings, infer_scope};

use crate::args::{Handles, List, Out, Shared, Text, flag};
use crate::array::ArrayBody;
use crate::context::{DEBUG_FLAGS, Engine, with_debug_flags};
use crate::gate::{Status, gate, guard, null};
use crate::handle::{Body, Handle, Owned};
use crate::options::{self, Options};

/// A scope in C.
pub type ScopeHandle = Handle<ScopeBody>;

/// What a scope handle holds.
pub struct ScopeBody {
    scope: Scope,
    engine: Arc<Engine>,
    /// Whether it was inferred from operands, so that what it leaves out is unknown.
    is_inferred: bool,
}

impl Body for ScopeBody {
    const TAG: u64 = u64::from_le_bytes(*b"jx scope");
    const NAME: &'static str = "jaxrs_scope";
}

impl ScopeBody {
    pub(crate) fn new(scope: Scope, engine: Arc<Engine>) -> ScopeBody {
        ScopeBody { scope, engine, is_inferred: false }
    }

    /// The engine's scope, for an operation with effects: those have to happen where the program says.
    pub(crate) fn scope_for_effects(&self, operation: &str) -> Result<&Scope> {
        if self.is_inferred && !self.scope.is_eager() {
            bail!(
                TracerScope,
                "{operation} has an effect and needs the scope that the traced function was given, not one \
                 that was inferred from operands"
            );
        }
        self.scope()
    }

    /// The engine's scope, unless this is a forked child.
    pub(crate) fn scope(&self) -> Result<&Scope> {
        self.engine.check()?;
        Ok(&self.scope)
    }

    pub(crate) fn engine(&self) -> &Arc<Engine> {
        &self.engine
    }
}

/// One more reference to a scope. NULL stays NULL. Any thread.
#[unsafe(no_mangle)]
pub extern "C" fn jaxrs_scope_retain(s: Shared<ScopeBody>) -> *mut ScopeHandle {
    guard(null(), || s.retained())
}

/// Gives up a scope. NULL is allowed. Any thread.
#[unsafe(no_mangle)]
pub extern "C" fn jaxrs_scope_release(s: Shared<ScopeBody>) {
    guard((), || drop(s.take()));
}

/// `jaxrs_scope_config`.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct ScopeConfig {
    struct_size: u32,
    set_mask: u32,
    device: *const c_void,
    default_float: u32,
    matmul_precision: u32,
    prng_impl: u32,
    name: *const c_char,
    name_len: usize,
    debug_flags: u32,
    dtype_promotion: u32,
    rank_promotion: u32,
    threefry_partitionable: u32,
}

// SAFETY: numbers and pointers, the first of them a `u32`.
unsafe impl Options for ScopeConfig {}

const SET_DEVICE: u32 = 1;
const SET_DEFAULT_FLOAT: u32 = 2;
const SET_MATMUL_PRECISION: u32 = 4;
const SET_NAME: u32 = 16;
const SET_DEBUG: u32 = 32;
const SET_DTYPE_PROMOTION: u32 = 64;
const SET_RANK_PROMOTION: u32 = 128;
const SET_THREEFRY_PARTITIONABLE: u32 = 256;
/// All that can be set.
const SETTABLE: u32 = SET_DEVICE
    | SET_DEFAULT_FLOAT
    | SET_MATMUL_PRECISION
    | SET_NAME
    | SET_DEBUG
    | SET_DTYPE_PROMOTION
    | SET_RANK_PROMOTION
    | SET_THREEFRY_PARTITIONABLE;

/// A scope like another, with settings changed.
///
/// `cfg->set_mask` says which fields count. `name` is appended to the name stack of operations, which errors show.
/// `default_float` (JAXRS_F32 or JAXRS_F64) decides how wide numbers without a stated type are. `debug_flags` are
/// JAXRS_DEBUG_*, and replace those that were set. `dtype_promotion` and `rank_promotion` are JAXRS_PROMOTION_*: with
/// JAXRS_PROMOTION_STRICT element types that are not weak promote to none but themselves, and arrays of different
/// ranks broadcast in silence, with a warning in the log, or not at all. `device` is NULL, the only one.
/// `matmul_precision` is JAXRS_PRECISION_*; this processor computes products in their own precision whatever is
/// asked, as JAX's does. With `threefry_partitionable` 0 (it is 1 without that) random numbers of Threefry-2x32 are those
/// of JAX's first way to draw them, where an element depends on how many there are. Functions that are traced in the scope inherit its settings. The caller owns `*out`. Any
/// thread.
#[unsafe(no_mangle)]
pub extern "C" fn jaxrs_scope_with(
    s: Shared<ScopeBody>,
    cfg: List<ScopeConfig>,
    out: Out<*mut ScopeHandle>,
) -> Status {
    gate(|| {
        let out = out.null("out")?;
        let s = s.get("s")?;
        cfg.get(1, "cfg")?;
        let cfg = options::read(&cfg, "cfg")?;
        if cfg.set_mask & !SETTABLE != 0 {
            bail!(Unimplemented, "cfg->set_mask is {:#x}, which has unknown bits", cfg.set_mask);
        }
        if cfg.set_mask & SET_DEVICE != 0 && !cfg.device.is_null() {
            bail!(InvalidArgument, "cfg->device is not a device of this context");
        }
        if cfg.set_mask & SET_MATMUL_PRECISION != 0 && cfg.matmul_precision > 2 {
            bail!(
                InvalidArgument,
                "cfg->matmul_precision is {}, which is none of JAXRS_PRECISION_*",
                cfg.matmul_precision
            );
        }
        let mut scope = s.scope()?.clone();
        if cfg.set_mask & SET_NAME != 0 {
            scope = scope.with_name(Text::new(cfg.name).required(cfg.name_len, "cfg->name")?);
        }
        let (engine, is_inferred) = (s.engine.clone(), s.is_inferred);
        let scope = scope.with_settings(settings(&cfg, scope.settings())?);
        out.set(Owned::new(ScopeBody { scope, engine, is_inferred }).into_raw());
        Ok(())
    })
}

fn settings(cfg: &ScopeConfig, mut settings: Settings) -> Result<Settings> {
    if cfg.set_mask & SET_DEFAULT_FLOAT != 0 {
        settings.wide_defaults = match cfg.default_float {
            float if float == DType::F32 as u32 => false,
            float if float == DType::F64 as u32 => true,
            other => {
                bail!(Dtype, "cfg->default_float is {other}, but JAXRS_F32 or JAXRS_F64 is needed")
            }
        };
    }
    if cfg.set_mask & SET_DTYPE_PROMOTION != 0 {
        settings.strict_promotion = match cfg.dtype_promotion {
            0 => false,
            1 => true,
            other => {
                bail!(InvalidArgument, "cfg->dtype_promotion is {other}, but 0 or 1 is needed")
            }
        };
    }
    if cfg.set_mask & SET_RANK_PROMOTION != 0 {
        settings.rank_promotion = match cfg.rank_promotion {
            0 => RankPromotion::Allow,
            2 => RankPromotion::Warn,
            3 => RankPromotion::Raise,
            other => {
                bail!(InvalidArgument, "cfg->rank_promotion is {other}, but 0, 2 or 3 is needed")
            }
        };
    }
    if cfg.set_mask & SET_THREEFRY_PARTITIONABLE != 0 {
        settings.original_threefry = !flag(cfg.threefry_partitionable, "threefry_partitionable")?;
    }
    if cfg.set_mask & SET_DEBUG != 0 {
        if cfg.debug_flags & !DEBUG_FLAGS != 0 {
            bail!(InvalidArgument, "cfg->debug_flags has unknown bits: {:#x}", cfg.debug_flags);
        }
        settings = with_debug_flags(settings, cfg.debug_flags);
    }
    Ok(settings)
}

/// The deepest scope among arrays: the eager one if all are concrete; an error if they do not lie on one
/// chain.
///
/// Operations that have effects refuse an inferred scope, as constants are not staged in it. The caller owns
/// `*out`. Any thread.
#[unsafe(no_mangle)]
pub extern "C" fn jaxrs_scope_infer(
    args: Handles<ArrayBody>,
    n: usize,
    out: Out<*mut ScopeHandle>,
) -> Status {
    gate(|| {
        let out = out.null("out")?;
        let mut values: Vec<Value> = Vec::with_capacity(n.min(64));
        let mut engine: Option<Arc<Engine>> = None;
        for array in args.get(n, "args")? {
            let array = array?;
            let first = engine.get_or_insert_with(|| array.engine().clone());
            first.check_same(array.engine(), "an element of args")?;
            values.push(array.value().clone());
        }
        let Some(engine) = engine else {
            bail!(InvalidArgument, "args has no elements, so there is no scope to infer");
        };
        engine.check()?;
        let scope = infer_scope(&values)?.unwrap_or_else(|| engine.root());
        out.set(Owned::new(ScopeBody { scope, engine, is_inferred: true }).into_raw());
        Ok(())
    })
}
