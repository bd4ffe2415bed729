//! Errors as data.
//!
//! `checkify(f)` gives beside the results of `f` an error: the number of the check that failed first, 0 if
//! none did, and the values that its message speaks of. The messages are the context's, which gives every
//! check a number of its own; so an error is two arrays, and goes through every transform.

mod automatic;
mod failures;
mod functionalize;
mod payload;

use jaxrs_data::{DType, Literal, Result, Scalar, Shape, Type, bail};
use jaxrs_ir::format::Format;
use jaxrs_ir::prims::Check;
use jaxrs_ir::{Context as _, Jaxpr, Prim, Value, ops};

pub(crate) use self::failures::Failures;
use self::functionalize::{Functionalizer, State};
use crate::frame::during;
use crate::{Context, Function, Scope, to_array};

/// Which errors are looked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct CheckSet {
    /// What the program checks itself.
    pub user: bool,
    /// NaNs that operations give.
    pub nan: bool,
    /// Indices out of bounds.
    pub index: bool,
    /// Divisors that are zero.
    pub div: bool,
}

impl CheckSet {
    /// What the program checks itself.
    pub const USER: CheckSet = CheckSet { user: true, nan: false, index: false, div: false };
    /// NaNs and zero divisors.
    pub const FLOAT: CheckSet = CheckSet { user: false, nan: true, index: false, div: true };
    /// All that operations may do wrong.
    pub const AUTOMATIC: CheckSet = CheckSet { user: false, nan: true, index: true, div: true };
    /// Everything.
    pub const ALL: CheckSet = CheckSet { user: true, nan: true, index: true, div: true };
}

fn bind_check(
    scope: &Scope,
    predicate: &Value,
    format: &str,
    names: &[&str],
    values: &[Value],
    debug: bool,
) -> Result<()> {
    let prim = Check { format: Format::new(format, names)?, debug };
    let inputs: Vec<Value> =
        [predicate.clone()].into_iter().chain(values.iter().cloned()).collect();
    scope.bind(&prim.into(), &inputs).map(drop)
}

/// Checks that a truth value holds; if not, the format with the values, of which the last are called by
/// `names`, says what is wrong. Outside of traced programs it fails at once.
pub fn check(
    scope: &Scope,
    predicate: &Value,
    format: &str,
    names: &[&str],
    values: &[Value],
) -> Result<()> {
    bind_check(scope, predicate, format, names, values, false)
}

/// As [`check`], but does nothing where [`checkify`] does not look for it.
pub fn debug_check(
    scope: &Scope,
    predicate: &Value,
    format: &str,
    names: &[&str],
    values: &[Value],
) -> Result<()> {
    bind_check(scope, predicate, format, names, values, true)
}

/// The function that gives, after its results, the error: `i32[]` and `u32[n]`, for
/// [`check_failure`]. The first check that fails counts; the function runs to its end.
pub fn checkify(function: &Function, set: CheckSet) -> Function {
    let function = function.clone();
    Function::new(
        format!("checkify({})", function.name()),
        move |scope: &Scope, inputs: &[Value]| {
            let types: Vec<Type> = inputs.iter().map(|value| value.ty().clone()).collect();
            let traced =
                scope.trace(&function, &types).map_err(during("checkify", function.name()))?;
            let functionalizer =
                Functionalizer::new(&scope.frame.shared.failures, set, &traced.jaxpr);
            let state = functionalizer.no_error(scope)?;
            let operands = traced.operands(inputs);
            let (State { code, payload }, mut outputs) =
                functionalizer.program(scope, &traced.jaxpr, state, &operands)?;
            outputs.extend([code, payload]);
            Ok(outputs)
        },
    )
}

/// What an error that [`checkify`] gave says; nothing if there is none. Errors of several examples say at
/// which index each is.
pub fn check_failure(context: &Context, code: &Value, payload: &Value) -> Result<Option<String>> {
    let (code, payload) = (to_array(code)?.to_literal()?, to_array(payload)?.to_literal()?);
    let (shape, rows) = (&code.ty().shape, &payload.ty().shape);
    let fits = code.ty().dtype == DType::I32
        && payload.ty().dtype == DType::U32
        && rows.rank() == shape.rank() + 1
        && rows.starts_with(shape);
    if !fits {
        bail!(
            InvalidArgument,
            "an error is of types i32[…] and u32[…,n], got {} and {}",
            code.ty(),
            payload.ty()
        );
    }
    let n_words = rows.last().copied().unwrap_or(0);
    let mut lines = Vec::new();
    for position in 0..shape.numel() {
        let number = code.get(position).as_i64();
        if number == 0 {
            continue;
        }
        let words: Vec<u32> =
            (0..n_words).map(|k| payload.get(position * n_words + k).as_i64() as u32).collect();
        let message = context.shared().failures.message(number, &words)?;
        lines.push(match shape.rank() {
            0 => message,
            _ => format!("at mapped index {}: {message}", index_text(shape, position)),
        });
    }
    Ok((!lines.is_empty()).then(|| lines.join("\n")))
}

fn index_text(shape: &Shape, position: usize) -> String {
    let index: Vec<String> = shape.unravel(position).iter().map(ToString::to_string).collect();
    index.join(", ")
}

/// Refuses programs with checks that nobody functionalized: compiled code has no other way to fail.
pub(crate) fn refuse_checks(jaxpr: &Jaxpr) -> Result<()> {
    for eqn in &jaxpr.eqns {
        if let Prim::Check(check) = &eqn.prim
            && !check.debug
        {
            return Err(check.not_functionalized());
        }
        eqn.prim.programs().into_iter().try_for_each(|jaxpr| refuse_checks(jaxpr))?;
    }
    Ok(())
}

/// An integer scalar.
fn int(value: i64, dtype: DType) -> Value {
    Value::literal(Literal::scalar(dtype, Scalar::Int(value)))
}

/// Whether either holds.
fn or(cx: jaxrs_ir::Cx<'_>, a: &Value, b: &Value) -> Result<Value> {
    ops::binary(cx, jaxrs_ir::prims::Binary::Or, a, b)
}
