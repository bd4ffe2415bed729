//! Distributions: densities, distribution functions and their inverses, as `jax.scipy.stats` has them.
//!
//! Operands are promoted and broadcast as NumPy does. Out of the support a density is 0 (its logarithm −∞); where
//! parameters make no sense, it is NaN.

mod continuous;
mod discrete;
mod extreme;
mod kde;
mod multivariate;
mod normal;
mod ranks;

pub use continuous::*;
pub use discrete::*;
pub use extreme::*;
pub use kde::*;
pub use multivariate::*;
pub use normal::*;
pub use ranks::*;

use jaxrs_data::Result;
use jaxrs_ir::Value;
use jaxrs_transform::Scope;

use crate::formula::Term;
use crate::operands::{aligned, promoted_inexact};
use crate::special;

/// Operands as floats of one type and shape.
fn floats<'a, const N: usize>(
    cx: &'a Scope,
    name: &str,
    operands: [&Value; N],
) -> Result<[Term<'a>; N]> {
    let operands = aligned(cx, name, promoted_inexact(cx, operands)?)?;
    Ok(operands.each_ref().map(|x| Term::new(cx, x)))
}

/// A special function of two operands.
fn both<'a>(
    f: fn(&Scope, &Value, &Value) -> Result<Value>,
    x: &Term<'a>,
    y: &Term<'a>,
) -> Term<'a> {
    x.with(y, f)
}

fn xlogy<'a>(x: &Term<'a>, y: &Term<'a>) -> Term<'a> {
    both(special::xlogy, x, y)
}

fn xlog1py<'a>(x: &Term<'a>, y: &Term<'a>) -> Term<'a> {
    both(special::xlog1py, x, y)
}

fn gammaln<'a>(x: &Term<'a>) -> Term<'a> {
    x.map(special::gammaln)
}

fn betaln<'a>(x: &Term<'a>, y: &Term<'a>) -> Term<'a> {
    both(special::betaln, x, y)
}

/// Whether a probability is none.
fn no_probability<'a>(q: &Term<'a>) -> Term<'a> {
    q.is_nan().or(&q.below(0.0)).or(&q.above(1.0))
}

/// The exponential of a function, or its logarithm.
macro_rules! through {
    ($($(#[$doc:meta])* $name:ident($($operand:ident),*) => $of:ident: $op:ident;)*) => {
        $($(#[$doc])*
        pub fn $name(cx: &Scope, $($operand: &Value),*) -> Result<Value> {
            crate::numpy::$op(cx, &$of(cx, $($operand),*)?)
        })*
    };
}
use through;
