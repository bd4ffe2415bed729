//! Checks of a program's own values, and errors as data.

use jaxrs_data::{Error, ErrorKind, Result, bail};
use jaxrs_transform::{self as transform, CheckSet};

use crate::args::{Handles, In, Out, Shared, Text};
use crate::array::ArrayBody;
use crate::bytes::{BytesBody, BytesHandle};
use crate::context::ContextBody;
use crate::function::{FnBody, FnHandle, values};
use crate::gate::{Status, gate};
use crate::host::names;
use crate::scope::ScopeBody;
use crate::transforms::transformed;

const CHECK_DEBUG: u32 = 1;

/// Checks that a truth value holds.
///
/// `fmt`, `names` and `args` say what is wrong where it does not, as for jaxrs_debug_print. Where operations run
/// at once it fails with JAXRS_ERR_CHECK; in a traced function jaxrs_checkify makes data of it, without which
/// jaxrs_jit refuses to compile it. `flags` is 0, or JAXRS_CHECK_DEBUG for a check that does nothing where
/// jaxrs_checkify does not look for it. `s` must not be an inferred scope. Everything is borrowed. Any thread.
#[unsafe(no_mangle)]
pub extern "C" fn jaxrs_check(
    s: Shared<ScopeBody>,
    pred: In<ArrayBody>,
    fmt: Text,
    fmt_len: usize,
    names: Text,
    names_len: usize,
    args: Handles<ArrayBody>,
    n: usize,
    flags: u32,
) -> Status {
    gate(|| {
        let (s, pred) = (s.get("s")?, pred.get("pred")?);
        s.engine().check_same(pred.engine(), "pred")?;
        let inputs = values(s.engine(), &args, n, "args")?;
        let format = fmt.required(fmt_len, "fmt")?;
        let names = self::names(&names, names_len)?;
        let scope = s.scope_for_effects("jaxrs_check")?;
        match flags {
            0 => transform::check(scope, pred.value(), format, &names, &inputs),
            CHECK_DEBUG => transform::debug_check(scope, pred.value(), format, &names, &inputs),
            _ => bail!(InvalidArgument, "flags has unknown bits: {flags:#x}"),
        }
    })
}

fn check_set(checks: u32) -> Result<CheckSet> {
    if checks & !15 != 0 {
        bail!(InvalidArgument, "checks has unknown bits: {checks:#x}");
    }
    let has = |bit: u32| checks & bit != 0;
    Ok(CheckSet { user: has(1), nan: has(2), index: has(4), div: has(8) })
}

/// The function that gives, after its results, an error: which check failed first, as i32 (0 if none did), and
/// the values that its message speaks of, as u32.
///
/// `checks` says what is looked for: JAXRS_CHECK_USER, _NAN, _INDEX, _DIV, or several of them. The function runs to
/// its end whatever fails. The error goes through every transform; jaxrs_check_message reads it. The caller owns
/// `*out`. Any thread.
#[unsafe(no_mangle)]
pub extern "C" fn jaxrs_checkify(
    f: Shared<FnBody>,
    checks: u32,
    out: Out<*mut FnHandle>,
) -> Status {
    transformed(&f, &out, |f| Ok(transform::checkify(f, check_set(checks)?)))
}

fn failure(
    ctx: &Shared<ContextBody>,
    code: &In<ArrayBody>,
    values: &In<ArrayBody>,
) -> Result<Option<String>> {
    let (ctx, code, values) = (ctx.get("ctx")?, code.get("code")?, values.get("values")?);
    let engine = ctx.engine()?;
    engine.check_same(code.engine(), "code")?;
    engine.check_same(values.engine(), "values")?;
    transform::check_failure(engine.context(), code.value(), values.value())
}

/// What an error of a function made by jaxrs_checkify says; `*out` is NULL if there is none.
///
/// `code` and `values` are the last two results; under vmap they have an axis more, and the message has a line for
/// each example that failed. The caller owns `*out`. Any thread.
#[unsafe(no_mangle)]
pub extern "C" fn jaxrs_check_message(
    ctx: Shared<ContextBody>,
    code: In<ArrayBody>,
    values: In<ArrayBody>,
    out: Out<*mut BytesHandle>,
) -> Status {
    gate(|| {
        let out = out.null("out")?;
        if let Some(message) = failure(&ctx, &code, &values)? {
            out.set(BytesBody::text(&message).into_raw());
        }
        Ok(())
    })
}

/// As jaxrs_check_message, but an error comes back as one of code JAXRS_ERR_CHECK. Any thread.
#[unsafe(no_mangle)]
pub extern "C" fn jaxrs_check_throw(
    ctx: Shared<ContextBody>,
    code: In<ArrayBody>,
    values: In<ArrayBody>,
) -> Status {
    gate(|| match failure(&ctx, &code, &values)? {
        Some(message) => Err(Error::new(ErrorKind::Check, message)),
        None => Ok(()),
    })
}
