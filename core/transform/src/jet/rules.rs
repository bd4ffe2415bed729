//! What operations make of series.

use jaxrs_data::{Error, Result, Type};
use jaxrs_ir::prims::Binary;
use jaxrs_ir::{Atom, Cx, Jaxpr, Prim, Tangent, Value, ops};

use super::control;
use super::series::{Series, leibniz};
use crate::bind::is_differentiable;

/// Applies a program to series.
pub(super) fn eval(
    cx: Cx<'_>,
    jaxpr: &Jaxpr,
    inputs: &[Series],
    order: usize,
) -> Result<Vec<Series>> {
    let mut values: Vec<Option<Series>> = vec![None; jaxpr.types.len()];
    for (var, input) in jaxpr.invars.iter().zip(inputs) {
        values[var.0 as usize] = Some(input.clone());
    }
    let read = |values: &[Option<Series>], atom: &Atom| match atom {
        Atom::Literal(literal) => Ok(Series::constant(&Value::literal(literal.clone()), order)),
        Atom::Var(var) => values[var.0 as usize]
            .clone()
            .ok_or_else(|| Error::internal("a variable is used before its equation")),
    };
    for eqn in &jaxpr.eqns {
        let operands: Vec<Series> =
            eqn.inputs.iter().map(|atom| read(&values, atom)).collect::<Result<_>>()?;
        let results = apply(cx, &eqn.prim, &operands, order)
            .map_err(|err| err.context(format_args!("in the series of {}", eqn.prim.name())))?;
        for (var, series) in eqn.outputs.iter().zip(results) {
            values[var.0 as usize] = Some(series);
        }
    }
    jaxpr.outputs.iter().map(|atom| read(&values, atom)).collect()
}

/// Applies an operation to series.
fn apply(cx: Cx<'_>, prim: &Prim, inputs: &[Series], order: usize) -> Result<Vec<Series>> {
    if inputs.iter().all(Series::is_constant) {
        let primals: Vec<Value> = inputs.iter().map(|series| series.primal.clone()).collect();
        let outputs = cx.bind(prim, &primals)?;
        return Ok(outputs.iter().map(|value| Series::constant(value, order)).collect());
    }
    match prim {
        Prim::Binary(Binary::Div) => Ok(vec![quotient(cx, &inputs[0], &inputs[1])?]),
        Prim::Binary(Binary::Pow) if !inputs[1].is_constant() => {
            Ok(vec![power(cx, &inputs[0], &inputs[1], order)?])
        }
        Prim::Binary(Binary::Mul) | Prim::DotGeneral(_) | Prim::ConvGeneralDilated(_) => {
            Ok(vec![product(cx, prim, &inputs[0], &inputs[1])?])
        }
        Prim::Call(call) => control::call(cx, call, inputs, order),
        Prim::Cond(cond) => control::cond(cx, cond, inputs, order),
        Prim::Scan(scan) => control::scan(cx, scan, inputs, order),
        Prim::While(w) => control::while_loop(cx, w, inputs, order),
        // As in JAX, functions with rules of their own are what they compute.
        prim => match prim.inlined() {
            Some(jaxpr) => eval(cx, jaxpr, inputs, order),
            None => by_derivative(cx, prim, inputs, order),
        },
    }
}

/// What is linear in each of two operands.
fn product(cx: Cx<'_>, prim: &Prim, x: &Series, y: &Series) -> Result<Series> {
    let f = |x: &Value, y: &Value| ops::bind1(cx, prim.clone(), &[x.clone(), y.clone()]);
    let primal = f(&x.primal, &y.primal)?;
    let ty = primal.ty().clone();
    let term = |k: usize| leibniz(cx, k, 0..=k, &ty, |j| x.derivative(j), |j| y.derivative(j), &f);
    let terms = (1..=x.terms.len()).map(term).collect::<Result<_>>()?;
    Ok(Series { primal, terms })
}

/// From `q y = x`: `q⁽ᵏ⁾ = (x⁽ᵏ⁾ − Σ C(k, j) q⁽ʲ⁾ y⁽ᵏ⁻ʲ⁾) / y` over `j < k`.
fn quotient(cx: Cx<'_>, x: &Series, y: &Series) -> Result<Series> {
    let times = |x: &Value, y: &Value| ops::mul(cx, x, y);
    let over = |value: &Value| ops::div(cx, value, &y.primal);
    let primal = over(&x.primal)?;
    let ty = primal.ty().clone();
    let mut q = Series { primal, terms: Vec::new() };
    for k in 1..=x.terms.len() {
        let known = leibniz(cx, k, 0..k, &ty, |j| q.derivative(j), |j| y.derivative(j), &times)?;
        let known = known.map(&ty, |value| ops::neg(cx, value))?;
        let rest = x.derivative(k).add(cx, &known)?;
        q.terms.push(rest.map(&ty, over)?);
    }
    Ok(q)
}

/// Where the exponent varies, `exp(y log x)`; the value is that of the operation.
fn power(cx: Cx<'_>, x: &Series, y: &Series, order: usize) -> Result<Series> {
    use jaxrs_ir::prims::Unary;
    let inputs = [x.primal.clone(), y.primal.clone()];
    let primal = ops::bind1(cx, Binary::Pow, &inputs)?;
    let log = apply(cx, &Unary::Log.into(), std::slice::from_ref(x), order)?;
    let exponent = product(cx, &Binary::Mul.into(), y, &log[0])?;
    let power = apply(cx, &Unary::Exp.into(), &[exponent], order)?;
    Ok(Series { primal, terms: power[0].terms.clone() })
}

/// By the forward derivative: `y'` is a program of `x` and `x'`.
fn by_derivative(cx: Cx<'_>, prim: &Prim, inputs: &[Series], order: usize) -> Result<Vec<Series>> {
    let primals: Vec<Value> = inputs.iter().map(|series| series.primal.clone()).collect();
    let outputs = cx.bind(prim, &primals)?;
    let varies: Vec<bool> = inputs.iter().map(|series| !series.is_constant()).collect();
    let (jaxpr, has_tangent) = derivative(cx, prim, &primals, &varies)?;
    let mut operands: Vec<Series> = inputs.iter().map(Series::shortened).collect();
    for (series, _) in inputs.iter().zip(&varies).filter(|&(_, &varies)| varies) {
        operands.push(series.differentiated(cx)?);
    }
    let mut found = eval(cx, &jaxpr, &operands, order - 1)?.into_iter();
    let with_terms =
        outputs.iter().zip(has_tangent).map(|(value, has_tangent)| {
            match if has_tangent { found.next() } else { None } {
                None => Series::constant(value, order),
                Some(y) => {
                    let terms = std::iter::once(Tangent::Value(y.primal)).chain(y.terms).collect();
                    Series { primal: value.clone(), terms }
                }
            }
        });
    Ok(with_terms.collect())
}

/// `(x…, x'…) → y'…`, for operands that vary and results that do, and which results do.
fn derivative(
    cx: Cx<'_>,
    prim: &Prim,
    primals: &[Value],
    varies: &[bool],
) -> Result<(Jaxpr, Vec<bool>)> {
    let types: Vec<Type> = primals.iter().map(|value| value.ty().clone()).collect();
    let moving = types.iter().zip(varies).filter(|&(_, &varies)| varies);
    let all: Vec<Type> = types.iter().chain(moving.map(|(ty, _)| ty)).cloned().collect();
    let mut has_tangent = Vec::new();
    let jaxpr = cx.stage(&all, &mut |cx, values| {
        let (primals, tangents) = values.split_at(types.len());
        let mut tangents = tangents.iter();
        let tangent =
            |(ty, &varies): (&Type, &bool)| match if varies { tangents.next() } else { None } {
                Some(value) => Tangent::Value(value.clone()),
                None => Tangent::Zero(ty.clone()),
            };
        let tangents: Vec<Tangent> = types.iter().zip(varies).map(tangent).collect();
        let jvp = prim.jvp(cx, primals, &tangents)?;
        let varying = |tangent: &Tangent| is_differentiable(tangent.ty()) && !tangent.is_zero();
        has_tangent = jvp.tangents.iter().map(varying).collect();
        let found = jvp.tangents.iter().filter(|&tangent| varying(tangent));
        Ok(found.filter_map(Tangent::value).cloned().collect())
    })?;
    let keep = vec![true; jaxpr.invars.len()];
    Ok((jaxpr.without_dead_code(&keep), has_tangent))
}
