//! Recomputation: what reverse mode keeps of a function, and what it computes again.

use std::ffi::{c_char, c_void};

use jaxrs_data::{Result, Type, bail};
use jaxrs_ir::Prim;
use jaxrs_ir::prims::{Policy, PolicyRule};
use jaxrs_transform::{self as transform, CheckpointOptions};

use crate::args::{Handles, In, List, Opaque, Out, Shared, Text};
use crate::array::ArrayBody;
use crate::bytes::{BytesBody, BytesHandle};
use crate::control::{run, value};
use crate::drops::{DropFn, Userdata};
use crate::function::{FnBody, FnHandle, values};
use crate::gate::{Status, gate};
use crate::program::{Aval, aval, types};
use crate::results::ResultsBody;
use crate::scope::ScopeBody;
use crate::transforms::transformed;

const ALLOW_CSE: u32 = 1;

/// Whether what is computed again is kept apart from what was computed before.
fn keeps_apart(flags: u32) -> Result<bool> {
    if flags & !ALLOW_CSE != 0 {
        bail!(InvalidArgument, "flags has unknown bits: {flags:#x}");
    }
    Ok(flags & ALLOW_CSE == 0)
}

fn checkpoint_options(policy: &Text, len: usize, flags: u32) -> Result<CheckpointOptions> {
    let prevent_cse = keeps_apart(flags)?;
    let text = policy.get(len, "policy")?;
    let policy: Option<Result<Policy>> = (!text.is_empty()).then(|| text.parse());
    Ok(CheckpointOptions { policy: policy.transpose()?, prevent_cse })
}

/// The same function, of which reverse mode keeps the arguments and what a policy lets it keep, and computes the
/// rest again.
///
/// `policy` is UTF-8, one of JAX's checkpoint_policies as it is written there: "dots_saveable",
/// "save_only_these_names('a', 'b')", "save_from_both_policies(dots_saveable, save_any_names_but_these('c'))";
/// nothing is kept with none (a length of 0). Names are those of jaxrs_checkpoint_name; policies that move
/// values to another device give JAXRS_ERR_UNIMPLEMENTED. `flags` is 0, or JAXRS_CHECKPOINT_ALLOW_CSE where the
/// compiler need not keep apart what is computed again, as in the body of jaxrs_scan. The caller owns `*out`. Any
/// thread.
#[unsafe(no_mangle)]
pub extern "C" fn jaxrs_checkpoint(
    f: Shared<FnBody>,
    policy: Text,
    policy_len: usize,
    flags: u32,
    out: Out<*mut FnHandle>,
) -> Status {
    transformed(&f, &out, |f| {
        let options = checkpoint_options(&policy, policy_len, flags)?;
        Ok(transform::checkpoint_with(f, options))
    })
}

/// `jaxrs_policy_fn`: whether the results of an operation may be kept.
pub type PolicyFn = unsafe extern "C" fn(
    userdata: *mut c_void,
    primitive: *const c_char,
    primitive_len: usize,
    params: *const c_char,
    params_len: usize,
    operands: *const Aval,
    n_operands: usize,
) -> u32;

/// The parameters of a primitive, as programs print them.
fn params_text(prim: &Prim) -> String {
    let params = prim.params().into_iter().map(|(name, value)| format!("{name}={value}"));
    params.collect::<Vec<_>>().join(" ")
}

fn asked(call: PolicyFn, userdata: Userdata) -> PolicyRule {
    PolicyRule::new(move |prim: &Prim, inputs: &[Type]| {
        let (name, params) = (prim.name(), params_text(prim));
        let avals: Vec<Aval> = inputs.iter().map(aval).collect();
        // SAFETY: the caller promised a function of this type; texts and types live until it returns.
        let answer = unsafe {
            call(
                userdata.object(),
                name.as_ptr().cast(),
                name.len(),
                params.as_ptr().cast(),
                params.len(),
                avals.as_ptr(),
                avals.len(),
            )
        };
        answer != 0
    })
}

/// As jaxrs_checkpoint, with a policy of the caller's: reverse mode may keep the results of operations for which
/// `policy` gives anything but 0.
///
/// `policy` is called while the function is differentiated, in any thread, and must not unwind. `drop(userdata)` runs
/// exactly once, as for jaxrs_fn_new; it may be NULL. A program with such a policy has no portable form. The caller owns
/// `*out`. Any thread.
#[unsafe(no_mangle)]
pub extern "C" fn jaxrs_checkpoint_with(
    f: Shared<FnBody>,
    policy: Option<PolicyFn>,
    userdata: Opaque,
    drop: Option<DropFn>,
    flags: u32,
    out: Out<*mut FnHandle>,
) -> Status {
    let userdata = Userdata::new(userdata, drop);
    gate(|| {
        let out = out.null("out")?;
        let f = f.get("f")?;
        let engine = f.engine()?;
        let userdata = userdata.queued(&engine.drops);
        let Some(policy) = policy else {
            bail!(InvalidArgument, "policy is NULL, but a callback is needed");
        };
        let options = CheckpointOptions {
            policy: Some(Policy::Rule(asked(policy, userdata))),
            prevent_cse: keeps_apart(flags)?,
        };
        let checkpointed = transform::checkpoint_with(f.function(), options);
        out.set(FnBody::handle(checkpointed, engine).into_raw());
        Ok(())
    })
}

/// `x` with a name that policies of jaxrs_checkpoint may speak of; appended to `r`.
///
/// `name` is UTF-8. Everything is borrowed. Any thread.
#[unsafe(no_mangle)]
pub extern "C" fn jaxrs_checkpoint_name(
    s: Shared<ScopeBody>,
    x: In<ArrayBody>,
    name: Text,
    name_len: usize,
    r: Shared<ResultsBody>,
) -> Status {
    run(&s, &r, |scope, engine| {
        let (x, name) = (value(engine, &x, "x")?, name.get(name_len, "name")?);
        Ok(vec![transform::checkpoint_name(scope, x, name)?])
    })
}

/// The values of `xs`, none of which the compiler uses, moves or merges with another before all of them are
/// there; appended to `r`.
///
/// Everything is borrowed. Any thread.
#[unsafe(no_mangle)]
pub extern "C" fn jaxrs_optimization_barrier(
    s: Shared<ScopeBody>,
    xs: Handles<ArrayBody>,
    n: usize,
    r: Shared<ResultsBody>,
) -> Status {
    run(&s, &r, |scope, engine| {
        transform::optimization_barrier(scope, &values(engine, &xs, n, "xs")?)
    })
}

/// What the pullback of `f` holds for arguments of these types: how many arrays, how many bytes in all, and a
/// line for each array that says its type and where it comes from: `f32[3] output of sin`.
///
/// Nothing is computed. The caller owns `*text`. Any thread.
#[unsafe(no_mangle)]
pub extern "C" fn jaxrs_saved_residuals(
    f: Shared<FnBody>,
    s: Shared<ScopeBody>,
    avals: List<Aval>,
    n: usize,
    count: Out<usize>,
    bytes: Out<usize>,
    text: Out<*mut BytesHandle>,
) -> Status {
    gate(|| {
        let text = text.null("text")?;
        let (count, bytes) = (count.cleared("count", 0)?, bytes.cleared("bytes", 0)?);
        let (f, s) = (f.get("f")?, s.get("s")?);
        let engine = f.engine()?;
        engine.check_same(s.engine(), "s")?;
        let types = types(&avals, n, "avals")?;
        let saved = transform::saved_residuals(f.function(), s.scope()?, &types)?;
        let lines: Vec<String> = saved.iter().map(ToString::to_string).collect();
        count.set(saved.len());
        bytes.set(saved.iter().map(|residual| residual.size_bytes()).sum());
        text.set(BytesBody::text(&lines.join("\n")).into_raw());
        Ok(())
    })
}
