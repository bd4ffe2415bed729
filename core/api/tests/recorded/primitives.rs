//! Primitives: values, and derivatives in both modes.

use std::sync::Arc;

use jaxrs_data::tolerance::{Class, difference};
use jaxrs_data::{Literal, Result, Type};
use jaxrs_ir::prims::Prim;
use jaxrs_ir::{Context as _, Value};
use jaxrs_reference::ReferenceBackend;
use jaxrs_transform::{
    Context, ContextOptions, Function, JitOptions, Scope, jit, jvp, to_array, vjp,
};

use crate::rows::{Derivatives, Row};

/// How operations begin that sum or multiply many terms.
const SUMS: [&str; 5] = ["reduce", "cum", "scatter", "conv_", "select_and"];

/// How exact an operation has to be. What is computed from both parts of complex numbers is rounded more than
/// once.
fn class(op: &str, is_complex: bool) -> Class {
    match op {
        "mul" | "square" | "abs" | "sign" if is_complex => Class::Elementary,
        _ if SUMS.iter().any(|sum| op.starts_with(sum)) => Class::Accumulated,
        // Sums of products throughout, in an order of each library's own.
        "cholesky"
        | "lu"
        | "triangular_solve"
        | "tridiagonal_solve"
        | "qr"
        | "geqrf"
        | "geqp3"
        | "householder_product"
        | "ormqr"
        | "eigh"
        | "eig"
        | "svd"
        | "schur"
        | "hessenberg"
        | "tridiagonal" => Class::Accumulated,
        // A chain of roots, logarithms and powers, each rounded.
        "random_gamma" => Class::Accumulated,
        "dot_general" | "fft" => Class::Accumulated,
        _ if ["bcoo_", "bcsr_", "coo_", "csr_", "spsolve"]
            .iter()
            .any(|layout| op.starts_with(layout)) =>
        {
            Class::Accumulated
        }
        // Both sides follow series until they no longer change.
        "igamma"
        | "igammac"
        | "igamma_grad_a"
        | "random_gamma_grad"
        | "zeta"
        | "polygamma"
        | "lgamma"
        | "digamma"
        | "bessel_i0e"
        | "bessel_i1e"
        | "expn"
        | "hyp1f1"
        | "hyp1f1_grad_a"
        | "hyp1f1_grad_b"
        | "erfc"
        | "regularized_incomplete_beta" => Class::Accumulated,
        "sin" | "cos" | "tan" | "sinh" | "cosh" | "tanh" | "asinh" | "acosh" | "atanh" | "asin"
        | "acos" | "atan" | "exp" | "exp2" | "expm1" | "log" | "log1p" | "logistic" | "erf"
        | "erf_inv" | "cbrt" | "sqrt" | "rsqrt" | "pow" | "integer_pow" | "atan2" | "div" => {
            Class::Elementary
        }
        _ => Class::Exact,
    }
}

/// Operations by definition, compiled functions through the kernel interpreter.
pub(crate) fn engine() -> Context {
    let compiler = Some(Arc::new(ReferenceBackend::new()) as _);
    Context::new(ContextOptions { compiler, ..ContextOptions::default() })
}

/// The row's results and derivatives are ours too.
pub(crate) fn agrees(row: &Row) -> Result<(), String> {
    let prim = Prim::from_params(&row.op, &row.prim_params()).map_err(message)?;
    let is_complex = row.inputs.iter().any(|x| x.ty().dtype.is_complex());
    let class = class(&row.op, is_complex);
    let types: Vec<Type> = row.inputs.iter().map(|x| x.ty().clone()).collect();
    prim.output_types(&types).map_err(message)?;
    compare(
        "definition",
        prim.evaluate(&row.inputs).map_err(message)?.iter(),
        &row.outputs,
        class,
    )?;
    let inputs: Vec<Value> = row.inputs.iter().cloned().map(Value::literal).collect();
    let f = Function::new(row.op.as_str(), move |scope, xs| Ok(scope.bind(&prim, xs)?.to_vec()));
    let context = engine();
    let compiled = jit(&f, JitOptions::default()).call(&context.root(), &inputs);
    compare("compiled", literals(compiled)?.iter(), &row.outputs, class)?;
    match &row.derivatives {
        Some(derivatives) => derivatives_agree(&context.root(), &f, row, derivatives),
        None => Ok(()),
    }
}

/// The function of the floating-point operands alone, with the others in place.
fn of_floats(f: &Function, row: &Row, derivatives: &Derivatives) -> Function {
    let (f, floats): (_, Vec<bool>) =
        (f.clone(), derivatives.tangents.iter().map(Option::is_some).collect());
    let fixed: Vec<Value> = row.inputs.iter().map(|x| Value::literal(x.clone())).collect();
    Function::new("of_floats", move |scope, given| {
        let mut given = given.iter();
        let all: Vec<Value> = std::iter::zip(&fixed, &floats)
            .map(|(fixed, &is_float)| {
                is_float.then(|| given.next()).flatten().unwrap_or(fixed).clone()
            })
            .collect();
        f.call(scope, &all)
    })
}

pub(crate) fn derivatives_agree(
    scope: &Scope,
    f: &Function,
    row: &Row,
    derivatives: &Derivatives,
) -> Result<(), String> {
    let f = of_floats(f, row, derivatives);
    let values =
        |literals: Vec<Literal>| literals.into_iter().map(Value::literal).collect::<Vec<_>>();
    let is_float = |(x, t): (&Literal, &Option<Literal>)| t.is_some().then(|| x.clone());
    let primals =
        values(row.inputs.iter().zip(&derivatives.tangents).filter_map(is_float).collect());
    let tangents = values(derivatives.tangents.iter().flatten().cloned().collect());
    let both: Vec<Literal> = row.outputs.iter().chain(&derivatives.jvp).cloned().collect();
    let forward = jvp(&f).call(scope, &[primals.clone(), tangents].concat());
    compare("jvp", literals(forward)?.iter(), &both, Class::Accumulated)?;
    let Some(cotangents) = derivatives.cotangents.clone() else { return Ok(()) };
    let cotangents = values(cotangents);
    let backward =
        vjp(&f, scope, &primals).and_then(|(_, pullback)| pullback.call(scope, &cotangents));
    let expected: Vec<Literal> = derivatives.vjp.iter().flatten().cloned().collect();
    compare("vjp", literals(backward)?.iter(), &expected, Class::Accumulated)
}

fn message(err: jaxrs_data::Error) -> String {
    err.message().to_owned()
}

/// What the values are.
pub(crate) fn literals(values: Result<Vec<Value>>) -> Result<Vec<Literal>, String> {
    let literal = |value: &Value| to_array(value)?.to_literal();
    values.and_then(|values| values.iter().map(literal).collect()).map_err(message)
}

/// Says how results differ from what is expected.
pub(crate) fn compare<'a>(
    how: &str,
    got: impl ExactSizeIterator<Item = &'a Literal>,
    expected: &[Literal],
    class: Class,
) -> Result<(), String> {
    if got.len() != expected.len() {
        return Err(format!("{how}: {} results instead of {}", got.len(), expected.len()));
    }
    let differs = |(got, expected): (&Literal, &Literal)| difference(got, expected, class);
    match got.zip(expected).find_map(differs) {
        Some(difference) => Err(format!("{how}: {difference}")),
        None => Ok(()),
    }
}
