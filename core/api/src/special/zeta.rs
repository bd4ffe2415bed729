//! Hurwitz' zeta function, with its derivatives.

use jaxrs_data::{DType, Error, Result};
use jaxrs_ir::prims::Special;
use jaxrs_ir::{Value, ops};
use jaxrs_transform::{Function, Scope, custom_jvp};

use super::reals;
use crate::formula::Term;

/// (2k)!/B(2k) for k = 1, 2, …
const DENOMINATORS: [f64; 16] = [
    12.0,
    -720.0,
    30240.0,
    -1209600.0,
    47900160.0,
    -1307674368000.0 / 691.0,
    74724249600.0,
    -10670622842880000.0 / 3617.0,
    5109094217170944000.0 / 43867.0,
    -802857662698291200000.0 / 174611.0,
    14101100039391805440000.0 / 77683.0,
    -1693824136731743669452800000.0 / 236364091.0,
    186134520519971831808000000.0 / 657931.0,
    -37893265687455865519472640000000.0 / 3392780147.0,
    759790291646040068357842010112000000.0 / 1723168255201.0,
    -134196726836183700385281186201600000000.0 / 7709321041217.0,
];

/// Hurwitz' zeta function: Σ (q + k)^−x. Derivatives, and the value beside them, come from the Euler–Maclaurin
/// formula with more terms.
pub fn zeta(cx: &Scope, x: &Value, q: &Value) -> Result<Value> {
    let operands = reals(cx, "zeta", [x, q])?;
    let function = Function::new("zeta", |cx: &Scope, x: &[Value]| {
        Ok(vec![ops::bind1(cx, Special::Zeta, x)?])
    });
    let rule = Function::new("zeta_jvp", |cx: &Scope, x: &[Value]| {
        let series = Function::new("zeta_series", |cx: &Scope, x: &[Value]| match x {
            [x, q] => Ok(vec![series(&Term::new(cx, x), &Term::new(cx, q), x.ty().dtype).done()?]),
            _ => Err(Error::internal("zeta takes 2 operands")),
        });
        jaxrs_transform::jvp(&series).call(cx, x)
    });
    let mut results = custom_jvp(&function, &rule).call(cx, &operands)?;
    results.pop().ok_or_else(|| Error::internal("zeta gave no result"))
}

/// F. Johansson, "Rigorous high-precision computation of the Hurwitz zeta function and its derivatives" (2013),
/// equations 3 to 5.
fn series<'a>(s: &Term<'a>, a: &Term<'a>, dtype: DType) -> Term<'a> {
    let n_terms = if dtype == DType::F64 { 16 } else { 8 };
    let max = if dtype == DType::F64 { f64::MAX } else { f32::MAX.into() };
    let negative = -s;
    let terms = (0..n_terms).map(|k| (a + f64::from(k)).power(&negative));
    let sum = terms.reduce(|sum, term| sum + term).unwrap_or_else(|| s.constant(0.0));
    let end = a + f64::from(n_terms);
    let integral = end.power(&(1.0 - s)) / (s - 1.0);
    let (mut product, mut corrections) = (s / &end, s.constant(0.5));
    for (k, denominator) in DENOMINATORS[..n_terms as usize].iter().enumerate() {
        if k > 0 {
            for j in [2 * k - 1, 2 * k] {
                product = product * ((s + j as f64) / &end);
            }
        }
        corrections = corrections + product.min(&product.constant(max)) / *denominator;
    }
    sum + integral + end.power(&negative) * corrections
}
