//! Traces, bind, and the transforms of jaxrs.
//!
//! A [`Scope`] says where an operation goes: the eager root of a [`Context`], or an active trace. Scopes
//! form an immutable tree; nothing here is global or thread-local, so operations of one trace may come
//! from any thread. A [`Function`] is what transforms take and give: from a scope and values to values.
//!
//! In reading order: [`Context`] and [`Scope`]; [`Function`]; the transforms, a file each; control flow.
//! `dispatch.rs` is the one place where the language meets devices.
#![forbid(unsafe_code)]

mod aot;
mod array;
mod axis_env;
mod backward;
mod batch;
mod bind;
mod callback;
mod checkify;
mod checkpoint;
mod collective;
mod context;
mod control;
mod custom;
mod custom_vmap;
mod debug;
mod dispatch;
mod frame;
mod function;
mod fwd_and_bwd;
mod grad;
mod jacobian;
mod jet;
mod jit;
mod jvp;
mod key_reuse;
mod krylov;
mod linear;
mod linearize;
mod memory;
pub mod portable;
mod profile;
mod reference;
mod residuals;
mod settings;
mod spmd;
mod stage;
mod subprogram;
mod tracer;

pub use aot::{Cost, Executable, Memory, compile, header};
pub use array::{as_array, infer_scope, is_tracer, to_array, value_from_array};
pub use batch::{VmapOptions, vmap};
pub use callback::{Callback, debug_callback, debug_print, ffi_call, io_callback, pure_callback};
pub use checkify::{CheckSet, check, check_failure, checkify, debug_check};
pub use checkpoint::{
    CheckpointOptions, SavedFrom, SavedResidual, checkpoint, checkpoint_name, checkpoint_with,
    optimization_barrier, saved_residuals, stop_gradient,
};
pub use collective::{
    all_gather, all_to_all, axis_index, axis_size, pmax, pmean, pmin, ppermute, psum, psum_scatter,
    pvary,
};
pub use context::{Context, ContextOptions, Stats};
pub use control::{
    AssociativeScanOptions, ScanOptions, UNROLL_ALL, associative_scan, cond, fori_loop, map,
    platform_dependent, scan, switch, while_loop,
};
pub use custom::{
    CustomOptions, custom_gradient, custom_jvp, custom_jvp_with, custom_jvps, custom_vjp,
    custom_vjp_with,
};
pub use custom_vmap::{BatchedResults, VmapRule, custom_vmap, sequential_vmap};
pub use frame::Scope;
pub use function::Function;
pub use fwd_and_bwd::{FwdAndBwd, fwd_and_bwd};
pub use grad::{ALL_BUT_FIRST, DiffOptions, grad, value_and_grad};
pub use jacobian::{hessian, jacfwd, jacrev};
pub use jet::{JetOptions, jet};
pub use jit::{JitOptions, jit};
pub use jvp::jvp;
pub use krylov::{KrylovOptions, bicgstab, cg, gmres};
pub use linear::{
    SolveOptions, Solver, closure_convert, custom_linear_solve, custom_root, linear_call,
    linear_transpose,
};
pub use linearize::{linearize, linearize_with_aux, vjp, vjp_with_aux};
pub use memory::{MemoryLimit, Pressure};
pub use reference::{Ref, new_ref, run_state};
pub use settings::{RankPromotion, Settings};
pub use spmd::{Mesh, PartitionSpec, PmapOptions, ShardMapOptions, pmap, shard_map, smap};
pub use stage::{ClosedJaxpr, eval_shape, function_from_jaxpr, make_jaxpr};
