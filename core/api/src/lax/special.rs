//! Special functions, as primitives.

use jaxrs_data::Result;
use jaxrs_ir::prims::Special;
use jaxrs_ir::{Value, ops};
use jaxrs_transform::Scope;

macro_rules! special {
    ($($(#[$doc:meta])* $name:ident($($x:ident),*) => $op:ident;)*) => {$(
        $(#[$doc])*
        pub fn $name(cx: &Scope, $($x: &Value),*) -> Result<Value> {
            let operands = [$($x),*].map(Value::clone);
            ops::bind1(cx, Special::$op, &operands)
        }
    )*};
}

special! {
    /// e^−|x| I₀(x), I₀ the modified Bessel function.
    bessel_i0e(x) => BesselI0e;
    /// e^−|x| I₁(x), I₁ the modified Bessel function.
    bessel_i1e(x) => BesselI1e;
    /// Hurwitz' zeta function: Σ (q + k)^−x.
    zeta(x, q) => Zeta;
    /// The m-th derivative of digamma, for whole m.
    polygamma(m, x) => Polygamma;
    /// The regularized lower incomplete gamma function.
    igamma(a, x) => Igamma;
    /// The regularized upper incomplete gamma function.
    igammac(a, x) => Igammac;
    /// The derivative of the regularized lower incomplete gamma function by `a`.
    igamma_grad_a(a, x) => IgammaGradA;
    /// The derivative by `a` of a sample `x` of the gamma distribution of shape `a`.
    random_gamma_grad(a, x) => RandomGammaGrad;
    /// The regularized incomplete beta function.
    betainc(a, b, x) => RegularizedIncompleteBeta;
}
