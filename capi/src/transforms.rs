//! Transforms: from functions to functions. Indices count arguments, which are flat.

use std::ffi::{c_char, c_void};
use std::sync::Arc;

use jaxrs_data::{Result, bail};
use jaxrs_transform::{self as transform, DiffOptions, Function, JitOptions, VmapOptions};

use crate::args::{Handles, List, Out, Shared, Text};
use crate::array::ArrayBody;
use crate::function::{FnBody, FnHandle, no_text, values};
use crate::gate::{Status, gate};
use crate::options::{self, Options};
use crate::results::ResultsBody;
use crate::scope::ScopeBody;

/// `jaxrs_diff_options`.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct DiffOptionsC {
    struct_size: u32,
    flags: u32,
    argnums: *const u32,
    n_argnums: usize,
    n_aux: usize,
}

// SAFETY: numbers and pointers, the first of them a `u32`.
unsafe impl Options for DiffOptionsC {}

/// `jaxrs_vmap_options`.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct VmapOptionsC {
    struct_size: u32,
    flags: u32,
    in_axes: *const i64,
    n_in_axes: usize,
    out_axes: *const i64,
    n_out_axes: usize,
    axis_size: i64,
    axis_name: *const c_char,
    axis_name_len: usize,
    spmd_axis_name: *const c_char,
    spmd_axis_name_len: usize,
}

// SAFETY: as above.
unsafe impl Options for VmapOptionsC {}

/// `jaxrs_jit_options`.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct JitOptionsC {
    struct_size: u32,
    flags: u32,
    donate: *const u32,
    n_donate: usize,
    device: *const c_void,
    compiler_options: *const c_char,
    compiler_options_len: usize,
}

// SAFETY: as above.
unsafe impl Options for JitOptionsC {}

fn no_flags(flags: u32) -> Result<()> {
    if flags != 0 {
        bail!(InvalidArgument, "o->flags has unknown bits: {flags:#x}");
    }
    Ok(())
}

fn indices(raw: *const u32, n: usize, name: &str) -> Result<Vec<usize>> {
    distinct(List::new(raw).get(n, name)?, name)
}

/// Numbers of arguments, each named once.
pub(crate) fn distinct(indices: &[u32], name: &str) -> Result<Vec<usize>> {
    let mut indices: Vec<usize> = indices.iter().map(|&index| index as usize).collect();
    let all = indices.clone();
    indices.sort_unstable();
    if let Some(twice) = indices.windows(2).find(|pair| pair.first() == pair.last()) {
        bail!(
            InvalidArgument,
            "{name} names argument {:?} twice",
            twice.first().copied().unwrap_or(0)
        );
    }
    Ok(all)
}

const DIFF_HOLOMORPHIC: u32 = 1;
const DIFF_ALLOW_INT: u32 = 2;

pub(crate) fn diff_options(o: &List<DiffOptionsC>) -> Result<DiffOptions> {
    let o = options::read(o, "o")?;
    if o.flags & !(DIFF_HOLOMORPHIC | DIFF_ALLOW_INT) != 0 {
        bail!(InvalidArgument, "o->flags has unknown bits: {:#x}", o.flags);
    }
    Ok(DiffOptions {
        argnums: indices(o.argnums, o.n_argnums, "argnums")?,
        n_aux: o.n_aux,
        holomorphic: o.flags & DIFF_HOLOMORPHIC != 0,
        allow_int: o.flags & DIFF_ALLOW_INT != 0,
    })
}

fn axes(raw: *const i64, n: usize, name: &str) -> Result<Vec<Option<i64>>> {
    let axes = List::new(raw).get(n, name)?;
    Ok(axes.iter().map(|&axis| (axis != jaxrs_api::table::AXIS_NONE).then_some(axis)).collect())
}

/// A name, if one is given.
fn name(raw: *const c_char, len: usize, what: &str) -> Result<Option<Arc<str>>> {
    let text = Text::new(raw).get(len, what)?;
    Ok((!text.is_empty()).then(|| text.into()))
}

pub(crate) fn vmap_options(o: &List<VmapOptionsC>) -> Result<VmapOptions> {
    let o = options::read(o, "o")?;
    no_flags(o.flags)?;
    Ok(VmapOptions {
        in_axes: axes(o.in_axes, o.n_in_axes, "in_axes")?,
        out_axes: axes(o.out_axes, o.n_out_axes, "out_axes")?,
        axis_size: usize::try_from(o.axis_size).ok().filter(|&size| size > 0),
        axis_name: name(o.axis_name, o.axis_name_len, "axis_name")?,
        spmd_axis_name: name(o.spmd_axis_name, o.spmd_axis_name_len, "spmd_axis_name")?,
    })
}

const JIT_INLINE: u32 = 1;
/// Arguments are never taken out of a compiled function, so that this is how it is anyway.
const JIT_KEEP_UNUSED: u32 = 2;

pub(crate) fn jit_options(o: &List<JitOptionsC>) -> Result<JitOptions> {
    let o = options::read(o, "o")?;
    if o.flags & !(JIT_INLINE | JIT_KEEP_UNUSED) != 0 {
        bail!(InvalidArgument, "o->flags has unknown bits: {:#x}", o.flags);
    }
    no_text(o.compiler_options, o.compiler_options_len, "compiler_options")?;
    if !o.device.is_null() {
        bail!(InvalidArgument, "o->device is not a device of this context");
    }
    let donate = indices(o.donate, o.n_donate, "donate")?;
    Ok(JitOptions { donate, inline: o.flags & JIT_INLINE != 0 })
}

/// Puts out a transform of a function.
pub(crate) fn transformed(
    f: &Shared<FnBody>,
    out: &Out<*mut FnHandle>,
    transform: impl FnOnce(&Function) -> Result<Function>,
) -> Status {
    gate(|| {
        let out = out.null("out")?;
        let f = f.get("f")?;
        let engine = f.engine()?;
        out.set(FnBody::handle(transform(f.function())?, engine).into_raw());
        Ok(())
    })
}

/// The gradient of a function with one real scalar result: gives gradients, then auxiliary results.
///
/// `o->argnums` (the first argument without a list) says with respect to which arguments, `o->n_aux` how many of
/// the last results are only passed on (JAXRS_AUX_REST: all but the first). With JAXRS_DIFF_HOLOMORPHIC in
/// `o->flags` arguments and result are complex, with JAXRS_DIFF_ALLOW_INT arguments may be integers, whose
/// derivative is false. `o` may be NULL. The caller owns `*out`. Any thread.
#[unsafe(no_mangle)]
pub extern "C" fn jaxrs_grad(
    f: Shared<FnBody>,
    o: List<DiffOptionsC>,
    out: Out<*mut FnHandle>,
) -> Status {
    transformed(&f, &out, |f| Ok(transform::grad(f, diff_options(&o)?)))
}

/// As jaxrs_grad: gives the value, auxiliary results, then gradients. The caller owns `*out`. Any thread.
#[unsafe(no_mangle)]
pub extern "C" fn jaxrs_value_and_grad(
    f: Shared<FnBody>,
    o: List<DiffOptionsC>,
    out: Out<*mut FnHandle>,
) -> Status {
    transformed(&f, &out, |f| Ok(transform::value_and_grad(f, diff_options(&o)?)))
}

/// The Jacobian by forward mode: for each result and, within it, each argument of `o->argnums`, an array whose
/// shape is the result's followed by the argument's; then auxiliary results.
///
/// `o` may be NULL. The caller owns `*out`. Any thread.
#[unsafe(no_mangle)]
pub extern "C" fn jaxrs_jacfwd(
    f: Shared<FnBody>,
    o: List<DiffOptionsC>,
    out: Out<*mut FnHandle>,
) -> Status {
    transformed(&f, &out, |f| Ok(transform::jacfwd(f, diff_options(&o)?)))
}

/// As jaxrs_jacfwd, by reverse mode. The caller owns `*out`. Any thread.
#[unsafe(no_mangle)]
pub extern "C" fn jaxrs_jacrev(
    f: Shared<FnBody>,
    o: List<DiffOptionsC>,
    out: Out<*mut FnHandle>,
) -> Status {
    transformed(&f, &out, |f| Ok(transform::jacrev(f, diff_options(&o)?)))
}

/// Second derivatives: forward mode over reverse mode.
///
/// `o` may be NULL. The caller owns `*out`. Any thread.
#[unsafe(no_mangle)]
pub extern "C" fn jaxrs_hessian(
    f: Shared<FnBody>,
    o: List<DiffOptionsC>,
    out: Out<*mut FnHandle>,
) -> Status {
    transformed(&f, &out, |f| Ok(transform::hessian(f, diff_options(&o)?)))
}

/// Forward mode: from (x..., dx...) to (y..., dy...). The caller owns `*out`. Any thread.
#[unsafe(no_mangle)]
pub extern "C" fn jaxrs_jvp(f: Shared<FnBody>, out: Out<*mut FnHandle>) -> Status {
    transformed(&f, &out, |f| Ok(transform::jvp(f)))
}

/// The function for many examples at once.
///
/// `o->in_axes` and `o->out_axes` say along which axis examples lie, JAXRS_AXIS_NONE that all share a value; one
/// entry stands for all, no list for axis 0. `o->axis_size` (0 or -1: unset) is needed where no argument is
/// mapped. `o` may be NULL. The caller owns `*out`. Any thread.
#[unsafe(no_mangle)]
pub extern "C" fn jaxrs_vmap(
    f: Shared<FnBody>,
    o: List<VmapOptionsC>,
    out: Out<*mut FnHandle>,
) -> Status {
    transformed(&f, &out, |f| Ok(transform::vmap(f, vmap_options(&o)?)))
}

/// The function, traced and compiled once for each combination of argument types.
///
/// Types count with their weakness, and so do settings of the scope. What the function's userdata holds is a
/// constant to it: for static arguments make a function for each of their values. Memory of arguments in `o->donate`
/// is taken over where a result has room in it; an array that was given away gives an error when it is used again,
/// another one stays. `o->flags` is 0, JAXRS_JIT_INLINE or JAXRS_JIT_KEEP_UNUSED. `o` may be NULL. The caller owns
/// `*out`. Any thread; compiling happens in calls.
#[unsafe(no_mangle)]
pub extern "C" fn jaxrs_jit(
    f: Shared<FnBody>,
    o: List<JitOptionsC>,
    out: Out<*mut FnHandle>,
) -> Status {
    transformed(&f, &out, |f| Ok(transform::jit(f, jit_options(&o)?)))
}

/// The same function, of which reverse mode keeps the arguments only and computes again what it needs.
///
/// `policy` is 0; jaxrs_checkpoint has others. The caller owns `*out`. Any thread.
#[unsafe(no_mangle)]
pub extern "C" fn jaxrs_remat(f: Shared<FnBody>, policy: u32, out: Out<*mut FnHandle>) -> Status {
    transformed(&f, &out, |f| match policy {
        0 => Ok(transform::checkpoint(f)),
        _ => bail!(InvalidArgument, "policy is 0, got {policy}"),
    })
}

/// `f` with a forward derivative of its own, `rule`: (x..., dx...) to (y..., dy...).
///
/// The caller owns `*out`. Any thread.
#[unsafe(no_mangle)]
pub extern "C" fn jaxrs_custom_jvp(
    f: Shared<FnBody>,
    rule: Shared<FnBody>,
    out: Out<*mut FnHandle>,
) -> Status {
    transformed(&f, &out, |f| Ok(transform::custom_jvp(f, rule.get("rule")?.function())))
}

/// `f` with a reverse derivative of its own: `fwd` takes x... to (y..., residual...), and `bwd` takes
/// (residual..., ct...) to dx...; `n_outputs` is the number of results y.
///
/// The caller owns `*out`. Any thread.
#[unsafe(no_mangle)]
pub extern "C" fn jaxrs_custom_vjp(
    f: Shared<FnBody>,
    fwd: Shared<FnBody>,
    bwd: Shared<FnBody>,
    n_outputs: usize,
    out: Out<*mut FnHandle>,
) -> Status {
    transformed(&f, &out, |f| {
        let (fwd, bwd) = (fwd.get("fwd")?, bwd.get("bwd")?);
        Ok(transform::custom_vjp(f, fwd.function(), bwd.function(), n_outputs))
    })
}

type Linear = fn(
    &Function,
    &jaxrs_transform::Scope,
    &[jaxrs_ir::Value],
) -> Result<(Vec<jaxrs_ir::Value>, Function)>;

fn evaluated(
    f: &Shared<FnBody>,
    s: &Shared<ScopeBody>,
    x: (&Handles<ArrayBody>, usize),
    y: &Shared<ResultsBody>,
    out: (&Out<*mut FnHandle>, &str),
    transform: Linear,
) -> Status {
    gate(|| {
        let place = out.0.null(out.1)?;
        let (f, s) = (f.get("f")?, s.get("s")?);
        let y = y.get("y")?;
        let engine = f.engine()?;
        engine.check_same(s.engine(), "s")?;
        let inputs = values(engine, x.0, x.1, "x")?;
        let (outputs, linear) = transform(f.function(), s.scope()?, &inputs)?;
        y.extend(outputs, engine);
        place.set(FnBody::handle(linear, engine).into_raw());
        Ok(())
    })
}

/// Evaluates `f` at `x`: appends its results to `y` and puts out its pullback, from cotangents of the results
/// to cotangents of the arguments.
///
/// The pullback may be called any number of times, as long as `s` is active. The caller owns `*pullback`. Any
/// thread.
#[unsafe(no_mangle)]
pub extern "C" fn jaxrs_vjp(
    f: Shared<FnBody>,
    s: Shared<ScopeBody>,
    x: Handles<ArrayBody>,
    n: usize,
    y: Shared<ResultsBody>,
    pullback: Out<*mut FnHandle>,
) -> Status {
    evaluated(&f, &s, (&x, n), &y, (&pullback, "pullback"), transform::vjp)
}

/// Evaluates `f` at `x`: appends its results to `y` and puts out its pushforward, from tangents of the
/// arguments to tangents of the results.
///
/// The pushforward may be called any number of times, as long as `s` is active. The caller owns
/// `*pushforward`. Any thread.
#[unsafe(no_mangle)]
pub extern "C" fn jaxrs_linearize(
    f: Shared<FnBody>,
    s: Shared<ScopeBody>,
    x: Handles<ArrayBody>,
    n: usize,
    y: Shared<ResultsBody>,
    pushforward: Out<*mut FnHandle>,
) -> Status {
    evaluated(&f, &s, (&x, n), &y, (&pushforward, "pushforward"), transform::linearize)
}
