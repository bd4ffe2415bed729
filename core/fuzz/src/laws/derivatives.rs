//! Derivatives of programs in double precision: tangents against differences, cotangents against tangents,
//! machine code against the definition.

use jaxrs_data::{DType, ErrorKind, Literal, Result, Scalar, Type};
use jaxrs_ir::{Jaxpr, Prim, Value};
use jaxrs_transform::{Function, Scope, jvp, vjp};

use super::compiled::against;
use super::{Bench, Derived, Verdict, derive, function, is_double};
use crate::Case;
use crate::agree::{MARGIN, TRIES, computes_numbers, disturbed_runs, evaluate};
use crate::generate::takes_apart;

/// Small enough for the curvature, large enough for the rounding of doubles.
const STEP: f64 = 1e-6;

/// What differences may be off by, relative to the sizes involved.
const BY_DIFFERENCES: f64 = 1e-3;

/// What two exact ways to a derivative may differ by, relative to the sizes of the terms.
const EXACT: f64 = 1e-8;

pub(super) fn holds(bench: &Bench, case: &Case) -> Verdict {
    if !case.jaxpr.in_types().any(is_double) || !case.jaxpr.out_types().any(is_double) {
        return Ok(None);
    }
    let pushed = match tangents_of(bench, case)? {
        None => None,
        Some((derived, results)) => {
            if let Some(what) = against(bench, &derived, &results)? {
                return Ok(Some(format!("tangents in machine code: {what}\n{}", derived.jaxpr)));
            }
            Some(results)
        }
    };
    let halves = pushed.as_deref().map(|results| results.split_at(results.len() / 2));
    // Among elements that are not numbers none is the largest: as in JAX, tangents of windows may come from another one
    // than cotangents go to.
    let numbers = |values: &[Literal]| parts(values).iter().all(|x| x.is_finite());
    let is_finite = numbers(&case.inputs) && computes_numbers(&case.jaxpr, &case.inputs)?;
    if let Some((_, found)) = halves.filter(|_| case.smooth && is_finite)
        && let Some(what) = by_differences(bench, case, found)?
    {
        return Ok(Some(what));
    }
    let derived = backward(bench, case)?;
    let cotangents = evaluate(&derived.jaxpr, &derived.inputs)?;
    if let Some(what) = against(bench, &derived, &cotangents)? {
        return Ok(Some(format!("cotangents in machine code: {what}\n{}", derived.jaxpr)));
    }
    let is_defined = is_finite && (case.smooth || !is_ambiguous(&case.jaxpr));
    let told = halves.filter(|(values, _)| is_defined && numbers(values));
    Ok(told.and_then(|(_, found)| not_adjoint(case, found, &cotangents)))
}

/// A direction with components of many sizes; zero for what is not continuous.
fn direction(ty: &Type, seed: usize) -> Literal {
    let component = |k: usize| (((k + 7 * seed) * 29 % 53) as f64 - 26.0) / 16.0;
    Literal::from_fn(ty.clone(), |k| match ty.dtype {
        DType::F64 => Scalar::Float(component(k)),
        DType::C128 => Scalar::Complex(component(k), component(k + 3)),
        other => Scalar::zero(other),
    })
}

/// None for what is fixed: it makes ties, which tangents would break.
fn tangents(case: &Case) -> Vec<Literal> {
    let one = |(k, (x, &fixed)): (usize, (&Literal, &bool))| match fixed {
        true => Literal::full(x.ty().clone(), Scalar::zero(x.ty().dtype)),
        false => direction(x.ty(), k),
    };
    case.inputs.iter().zip(&case.fixed).enumerate().map(one).collect()
}

fn weights(case: &Case) -> Vec<Literal> {
    case.jaxpr.out_types().enumerate().map(|(k, ty)| direction(ty, k + 3)).collect()
}

/// From inputs and tangents to results and theirs.
fn forward(bench: &Bench, case: &Case) -> Result<Derived> {
    let f = jvp(&function(&case.jaxpr));
    derive(&bench.context.root(), &f, &[&case.inputs[..], &tangents(case)].concat())
}

/// From inputs and cotangents of results to those of inputs.
fn backward(bench: &Bench, case: &Case) -> Result<Derived> {
    let f = function(&case.jaxpr);
    let n_inputs = case.inputs.len();
    let pulled = Function::new("pulled", move |scope: &Scope, values: &[Value]| {
        let (inputs, weights) = values.split_at(n_inputs);
        let (_, pullback) = vjp(&f, scope, inputs)?;
        pullback.call(scope, weights)
    });
    derive(&bench.context.root(), &pulled, &[&case.inputs[..], &weights(case)].concat())
}

pub(super) fn derived(bench: &Bench, case: &Case) -> Vec<Derived> {
    [forward(bench, case), backward(bench, case)].into_iter().flatten().collect()
}

/// The tangents of the results, if there is forward mode: a function may have a rule for reverse mode only.
fn tangents_of(bench: &Bench, case: &Case) -> Result<Option<(Derived, Vec<Literal>)>> {
    let derived = match forward(bench, case) {
        Err(err) if err.kind() == ErrorKind::Unimplemented => return Ok(None),
        other => other?,
    };
    let results = evaluate(&derived.jaxpr, &derived.inputs)?;
    Ok(Some((derived, results)))
}

fn moved(inputs: &[Literal], tangents: &[Literal], by: f64) -> Vec<Literal> {
    let one = |(x, t): (&Literal, &Literal)| match is_double(x.ty()) {
        false => x.clone(),
        true => Literal::from_fn(x.ty().clone(), |k| {
            let (x, t) = (x.get(k), t.get(k).as_complex());
            match x {
                Scalar::Complex(re, im) => Scalar::Complex(re + by * t.0, im + by * t.1),
                real => Scalar::Float(real.as_f64() + by * t.0),
            }
        }),
    };
    inputs.iter().zip(tangents).map(one).collect()
}

/// All parts of all elements in double precision.
fn parts(literals: &[Literal]) -> Vec<f64> {
    let doubles = literals.iter().filter(|x| is_double(x.ty()));
    let of = |x: Scalar| match x {
        Scalar::Complex(re, im) => vec![re, im],
        real => vec![real.as_f64()],
    };
    doubles.flat_map(|x| x.iter()).flat_map(of).collect()
}

/// Only where differences of several steps, and those to either side, agree does anything have to.
fn by_differences(bench: &Bench, case: &Case, found: &[Literal]) -> Verdict {
    let tangents = tangents(case);
    let run = |by: f64| -> Result<Vec<f64>> {
        Ok(parts(&evaluate(&case.jaxpr, &moved(&case.inputs, &tangents, by))?))
    };
    let at = [-STEP, 0.0, STEP, -STEP / 8.0, STEP / 8.0].map(run);
    let [below, middle, above, nearer_below, nearer_above] = at;
    let (below, middle, above) = (below?, middle?, above?);
    let (nearer_below, nearer_above) = (nearer_below?, nearer_above?);
    for (i, got) in parts(found).into_iter().enumerate() {
        let slope = |a: f64, b: f64, by: f64| (a - b) / by;
        let central = slope(above[i], below[i], 2.0 * STEP);
        let others = [
            slope(above[i], middle[i], STEP),
            slope(middle[i], below[i], STEP),
            slope(nearer_above[i], nearer_below[i], STEP / 4.0),
            slope(nearer_above[i], middle[i], STEP / 8.0),
        ];
        let size = 1.0 + middle[i].abs() + central.abs();
        let is_near = |x: f64, by: f64| (x - central).abs() <= by * size;
        let is_told = others.iter().all(|&x| is_near(x, BY_DIFFERENCES / 4.0));
        // At poles, as of the derivative of asin at 1, there is nothing to compare.
        let differs = is_told && got.is_finite() && !is_near(got, BY_DIFFERENCES);
        if differs && (got - central).abs() * STEP > MARGIN * rounding(bench, case, i, middle[i]) {
            return Ok(Some(format!("tangent {i} is {got}, by differences {central}")));
        }
    }
    Ok(None)
}

/// By how much rounding may move a part of the results: smaller differences do not show.
fn rounding(bench: &Bench, case: &Case, part: usize, value: f64) -> f64 {
    let runs = disturbed_runs(&bench.exactness, (&case.jaxpr, &case.inputs), (0, TRIES));
    runs.iter().map(|results| (parts(results)[part] - value).abs()).fold(0.0, f64::max)
}

/// Whether tangents and cotangents may be those of different maps: matrices are taken apart, of which any may be
/// singular, tangents and cotangents are both rounded, or made-up constants make a solver another one backwards.
fn is_ambiguous(jaxpr: &Jaxpr) -> bool {
    let one = |prim: &Prim| {
        takes_apart(prim) || matches!(prim, Prim::ReducePrecision(_) | Prim::CustomLinearSolve(_))
    };
    let in_programs = |prim: &Prim| prim.programs().iter().any(|inner| is_ambiguous(inner));
    jaxpr.eqns.iter().any(|eqn| one(&eqn.prim) || in_programs(&eqn.prim))
}

/// Whether all is computed in double precision, programs inside included.
fn is_wide(jaxpr: &Jaxpr) -> bool {
    let mut inner = jaxpr.eqns.iter().flat_map(|eqn| eqn.prim.programs());
    jaxpr.types.iter().all(|ty| is_double(ty) || !ty.dtype.is_inexact())
        && inner.all(|program| is_wide(program))
}

/// Re(a · b) and the size of its terms, without conjugation: what transposes of complex operations go by.
fn dot(a: &[Literal], b: &[Literal]) -> (f64, f64) {
    let pairs = a.iter().zip(b).filter(|(a, _)| is_double(a.ty()));
    let elements = pairs.flat_map(|(a, b)| a.iter().zip(b.iter()));
    elements.fold((0.0, 0.0), |(sum, size), (a, b)| {
        let ((a, i), (b, j)) = (a.as_complex(), b.as_complex());
        (sum + a * b - i * j, size + (a * b).abs() + (i * j).abs())
    })
}

/// The two sides of ⟨ct, J t⟩ = ⟨Jᵀ ct, t⟩, where they differ.
fn not_adjoint(case: &Case, found: &[Literal], cotangents: &[Literal]) -> Option<String> {
    let (forward, a) = dot(found, &weights(case));
    let (backward, b) = dot(&tangents(case), cotangents);
    let is_told = (a + b).is_finite() && is_wide(&case.jaxpr);
    let is_close = (forward - backward).abs() <= EXACT * (1.0 + a + b);
    (is_told && !is_close).then(|| format!("forward {forward}, backward {backward}"))
}
