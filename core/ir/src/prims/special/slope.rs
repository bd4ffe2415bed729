//! Partial derivatives, written as JAX writes them, so that they agree at singular points too.

use jaxrs_data::{DType, Result, bail};
use jaxrs_kernel::Compare;

use super::Special;
use crate::prims::{Binary, Unary, not_differentiable};
use crate::{Cx, Value, ops};

/// What a tangent `t` of operand `k` adds to that of the result `y`.
pub(super) fn term(
    function: Special,
    cx: Cx<'_>,
    k: usize,
    x: &[Value],
    y: &Value,
    t: &Value,
) -> Result<Value> {
    let factor = match (function, k) {
        (Special::BesselI0e, _) => i0e(cx, &x[0], y)?,
        (Special::BesselI1e, _) => i1e(cx, &x[0], y)?,
        (Special::Polygamma, 1) => {
            let order = ops::offset(cx, &x[0], 1.0)?;
            ops::bind1(cx, Special::Polygamma, &[order, x[1].clone()])?
        }
        (Special::Expn, 1) => {
            let order = ops::offset(cx, &x[0], -1.0)?;
            ops::neg(cx, &ops::bind1(cx, Special::Expn, &[order, x[1].clone()])?)?
        }
        // JAX holds the order fixed.
        (Special::Expn, _) => ops::scalar_like(&x[0], 0.0),
        (Special::Hyp1f1, 0) => ops::bind1(cx, Special::Hyp1f1GradA, x)?,
        (Special::Hyp1f1, 1) => ops::bind1(cx, Special::Hyp1f1GradB, x)?,
        (Special::Hyp1f1, _) => {
            let (a, b) = (ops::offset(cx, &x[0], 1.0)?, ops::offset(cx, &x[1], 1.0)?);
            let next = ops::bind1(cx, Special::Hyp1f1, &[a, b, x[2].clone()])?;
            ops::mul(cx, &ops::div(cx, &x[0], &x[1])?, &next)?
        }
        (Special::Igamma, 0) => ops::bind1(cx, Special::IgammaGradA, x)?,
        (Special::Igamma, _) => density(cx, &x[0], &x[1])?,
        (Special::Igammac, 0) => ops::neg(cx, &ops::bind1(cx, Special::IgammaGradA, x)?)?,
        (Special::Igammac, _) => ops::neg(cx, &density(cx, &x[0], &x[1])?)?,
        (Special::RegularizedIncompleteBeta, 2) => beta_density(cx, &x[0], &x[1], &x[2])?,
        (Special::Polygamma | Special::RegularizedIncompleteBeta, _) => {
            bail!(Unimplemented, "{} has no derivative by operand {k}", function.row().0)
        }
        // The last three have programs instead.
        (
            Special::Zeta
            | Special::IgammaGradA
            | Special::RandomGammaGrad
            | Special::Hyp1f1GradA
            | Special::Hyp1f1GradB,
            _,
        ) => return Err(not_differentiable(&function)),
    };
    ops::mul(cx, t, &factor)
}

fn i0e(cx: Cx<'_>, x: &Value, y: &Value) -> Result<Value> {
    let first = ops::bind1(cx, Special::BesselI1e, std::slice::from_ref(x))?;
    let sign = ops::unary(cx, Unary::Sign, x)?;
    ops::sub(cx, &first, &ops::mul(cx, &sign, y)?)
}

/// Within a rounding of 0 the slope is ½.
fn i1e(cx: Cx<'_>, x: &Value, y: &Value) -> Result<Value> {
    let epsilon = ops::scalar_like(x, epsilon(x.ty().dtype));
    let size = ops::unary(cx, Unary::Abs, x)?;
    let is_apart = ops::compare(cx, Compare::Gt, &size, &epsilon)?;
    let safe = ops::select(cx, &is_apart, x, &epsilon)?;
    let zeroth = ops::bind1(cx, Special::BesselI0e, std::slice::from_ref(&safe))?;
    let sign = ops::unary(cx, Unary::Sign, &safe)?;
    let sum = ops::add(cx, &sign, &ops::div(cx, &ops::scalar_like(x, 1.0), &safe)?)?;
    let slope = ops::sub(cx, &zeroth, &ops::mul(cx, y, &sum)?)?;
    ops::select(cx, &is_apart, &slope, &ops::scalar_like(x, 0.5))
}

fn epsilon(dtype: DType) -> f64 {
    match dtype {
        DType::F16 => 2f64.powi(-10),
        DType::BF16 => 2f64.powi(-7),
        DType::F64 => f64::EPSILON,
        _ => f32::EPSILON.into(),
    }
}

/// The density of the gamma distribution: e^(−x + (a − 1) ln x)/Γ(a).
fn density(cx: Cx<'_>, a: &Value, x: &Value) -> Result<Value> {
    let power = ops::mul(cx, &ops::offset(cx, a, -1.0)?, &ops::unary(cx, Unary::Log, x)?)?;
    let exponent = ops::sub(cx, &power, x)?;
    ops::unary(cx, Unary::Exp, &ops::sub(cx, &exponent, &ops::unary(cx, Unary::Lgamma, a)?)?)
}

/// The density of the beta distribution.
fn beta_density(cx: Cx<'_>, a: &Value, b: &Value, x: &Value) -> Result<Value> {
    let lgamma = |x: &Value| ops::unary(cx, Unary::Lgamma, x);
    let both = ops::add(cx, &lgamma(a)?, &lgamma(b)?)?;
    let beta = ops::sub(cx, &both, &lgamma(&ops::binary(cx, Binary::Add, a, b)?)?)?;
    let right = ops::unary(cx, Unary::Log1p, &ops::neg(cx, x)?)?;
    let right = ops::mul(cx, &ops::offset(cx, b, -1.0)?, &right)?;
    let left = ops::unary(cx, Unary::Log, x)?;
    let left = ops::mul(cx, &ops::offset(cx, a, -1.0)?, &left)?;
    ops::unary(cx, Unary::Exp, &ops::sub(cx, &ops::add(cx, &right, &left)?, &beta)?)
}

/// Hard and ordinary operands of functions whose domains are not all alike.
#[cfg(any(test, feature = "testing"))]
pub(super) fn samples() -> Vec<crate::prims::Sample> {
    use jaxrs_data::tolerance::Class;
    use jaxrs_data::{Literal, Scalar, Type};

    use crate::prims::Sample;
    let row = |dtype, values: &[f64]| {
        let values: Vec<Scalar> = values.iter().map(|&v| Scalar::Float(v)).collect();
        Literal::from_scalars(Type::new(dtype, [values.len()]), &values)
    };
    let sample = |function: Special, inputs: Vec<Literal>| Sample {
        prim: function.into(),
        inputs,
        class: Class::Accumulated,
        smooth: false,
    };
    let mut samples = Vec::new();
    for dtype in [DType::F32, DType::F64, DType::F16, DType::BF16] {
        let orders = [0.0, 1.0, 2.0, 3.0, 5.0, 1.0, 2.0, 1.5, -1.0];
        let points = [0.5, -0.5, 2.25, 7.5, 1.0, 0.0, -1.0, 1.0, 1.0];
        samples.push(sample(Special::Polygamma, vec![row(dtype, &orders), row(dtype, &points)]));
        let whole = row(dtype, &[1.0, 2.0, 3.0]);
        let smooth = sample(Special::Polygamma, vec![whole, row(dtype, &[0.75, 2.0, 3.5])]);
        samples.push(Sample { smooth: true, ..smooth });
        let orders = row(dtype, &[1.0, 2.0, 3.0, 5.0, 1.0, 2.0, 0.0, 1.0]);
        let arguments = row(dtype, &[0.25, 0.75, 2.0, 1.5, 12.0, 0.0, 1.0, -1.0]);
        samples.push(sample(Special::Expn, vec![orders, arguments]));
        let orders = row(dtype, &[2.0, 3.0, 2.0]);
        // Differences would move the order, which derivatives hold fixed: recorded values hold this one.
        samples.push(sample(Special::Expn, vec![orders, row(dtype, &[0.75, 2.0, 3.5])]));
        let exponents = [2.0, 3.0, 1.5, 1.0, 4.0, 2.0, 3.0, 2.5, 0.5];
        samples.push(sample(Special::Zeta, vec![row(dtype, &exponents), row(dtype, &points)]));
        let shapes = [0.25, 1.0, 2.5, 9.0, 0.0, 3.0, 20.0, 12.0];
        let arguments = [0.125, 2.0, 0.5, 12.0, 1.5, 0.0, 8.0, 11.0];
        for function in
            [Special::Igamma, Special::Igammac, Special::IgammaGradA, Special::RandomGammaGrad]
        {
            samples.push(sample(function, vec![row(dtype, &shapes), row(dtype, &arguments)]));
        }
        let a = [0.5, 2.0, 8.0, 1.0, 0.0, 3.0, f64::INFINITY, 0.25];
        let b = [0.5, 3.0, 2.5, 1.0, 2.0, 0.0, 2.0, 4.0];
        let x = [0.25, 0.75, 0.5, 1.0, 0.5, 0.5, 0.5, 0.0];
        let inputs = vec![row(dtype, &a), row(dtype, &b), row(dtype, &x)];
        samples.push(sample(Special::RegularizedIncompleteBeta, inputs));
    }
    samples
}
