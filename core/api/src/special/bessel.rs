//! Bessel functions of integer order.

use jaxrs_data::{Result, bail};
use jaxrs_ir::prims::Binary;
use jaxrs_ir::{Value, ops};
use jaxrs_kernel::Compare;
use jaxrs_transform::{Function, ScanOptions, Scope, scan};

use super::real;
use crate::formula::Term;

/// J₀ to J_v of z, along a new first axis, by `n_iter` steps of the recurrence downwards (Sh. Zhang and J. Jin,
/// "Computation of Special Functions", 1996).
pub fn bessel_jn(cx: &Scope, z: &Value, v: i64, n_iter: i64) -> Result<Value> {
    let z = real(cx, "bessel_jn", z)?;
    let counts = (usize::try_from(v), usize::try_from(n_iter));
    let (Ok(v), Ok(n_iter)) = counts else {
        bail!(InvalidArgument, "bessel_jn needs v and n_iter of at least 0, got {v} and {n_iter}");
    };
    if v > n_iter {
        bail!(InvalidArgument, "bessel_jn needs n_iter of at least v, got {n_iter} and {v}");
    }
    let full = |value: f64| ops::full(cx, z.ty(), jaxrs_data::Scalar::Float(value));
    let carry = [full(0.0)?, full(1e-16)?, full(0.0)?];
    let of = z.clone();
    let step = Function::new("bessel_jn", move |cx: &Scope, x: &[Value]| downwards(cx, &of, x));
    let orders = ops::iota(cx, z.ty().dtype, &[n_iter + 1].into(), 0)?;
    let options = ScanOptions { reverse: true, ..ScanOptions::default() };
    let results = scan(cx, &step, &carry, &[orders], options)?;
    let (sum, all) = (Term::new(cx, &results[2]), &results[3]);
    let first = ops::squeeze(cx, &ops::slice_in_dim(cx, all, 0, 0, 1)?, [0])?;
    let asked = ops::slice_in_dim(cx, all, 0, 0, v + 1)?;
    let scale = (sum - Term::new(cx, &first)).done()?;
    let scale = ops::broadcast_in_dim(cx, &scale, asked.shape(), 1..asked.ty().rank())?;
    ops::binary(cx, Binary::Div, &asked, &scale)
}

/// From J_{k+2}, J_{k+1} and twice the sum of even orders so far, each but for a common factor, to those of one order
/// less, and J_k.
fn downwards(cx: &Scope, z: &Value, x: &[Value]) -> Result<Vec<Value>> {
    let terms: Vec<Term<'_>> = x.iter().map(|x| Term::new(cx, x)).collect();
    let [before, last, sum, order] = &terms[..] else { return Ok(Vec::new()) };
    let next = 2.0 * (order + 1.0) * last / Term::new(cx, z) - before;
    let next = next.done()?;
    let rest = ops::binary(cx, Binary::Rem, &x[3], &ops::scalar_like(&x[3], 2.0))?;
    let is_even = ops::compare(cx, Compare::Eq, &rest, &ops::scalar_like(&rest, 0.0))?;
    let more = (sum + 2.0 * Term::new(cx, &next)).done()?;
    let is_even = ops::broadcast_in_dim(cx, &is_even, next.shape(), [])?;
    let sum = ops::select(cx, &is_even, &more, &x[2])?;
    Ok(vec![x[1].clone(), next.clone(), sum, next])
}
