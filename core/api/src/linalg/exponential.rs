//! The exponential of matrices: Padé approximants of scaled matrices, squared again (Higham 2005).

use jaxrs_data::{DType, Error, Literal, Result, Scalar, bail};
use jaxrs_ir::prims::linalg::formula;
use jaxrs_ir::{Value, ops};
use jaxrs_kernel::Compare;
use jaxrs_transform::{Function, ScanOptions, Scope, cond, jvp, scan, switch};

use super::vectorized;
use crate::numpy;
use crate::numpy::linalg::square;
use crate::operands::{constant_like, to_inexact};

/// The coefficients of the approximants of degree 3, 5, 7, 9 and 13.
const COEFFICIENTS: [&[f64]; 5] = [
    &[120.0, 60.0, 12.0, 1.0],
    &[30240.0, 15120.0, 3360.0, 420.0, 30.0, 1.0],
    &[17297280.0, 8648640.0, 1995840.0, 277200.0, 25200.0, 1512.0, 56.0, 1.0],
    &[
        17643225600.0,
        8821612800.0,
        2075673600.0,
        302702400.0,
        30270240.0,
        2162160.0,
        110880.0,
        3960.0,
        90.0,
        1.0,
    ],
    &[
        64764752532480000.0,
        32382376266240000.0,
        7771770303897600.0,
        1187353796428800.0,
        129060195264000.0,
        10559470521600.0,
        670442572800.0,
        33522128640.0,
        1323241920.0,
        40840800.0,
        960960.0,
        16380.0,
        182.0,
        1.0,
    ],
];

/// The norms up to which an approximant of each degree but the last is exact, and that which matrices are scaled
/// to.
fn bounds(dtype: DType) -> (&'static [f64], f64) {
    match dtype.real_part() {
        DType::F64 => (
            &[1.495585217958292e-2, 2.53939833006323e-1, 9.504178996162932e-1, 2.097847961257068],
            5.371920351148152,
        ),
        _ => (&[4.258730016922831e-1, 1.880152677804762], 3.92572478313866),
    }
}

/// The exponential; NaN where it takes more than `max_squarings`. Systems in between are triangular for upper
/// triangular matrices.
pub fn expm(cx: &Scope, a: &Value, upper_triangular: bool, max_squarings: i64) -> Result<Value> {
    let a = to_inexact(cx, a)?;
    square("expm", &a)?;
    let Ok(max_squarings) = usize::try_from(max_squarings) else {
        bail!(InvalidArgument, "expm needs max_squarings of at least 0, got {max_squarings}");
    };
    let of_one = move |cx: &Scope, x: &[Value]| match x {
        [a] => Ok(vec![expm_of_one(cx, a, upper_triangular, max_squarings)?]),
        _ => Err(Error::internal("expm takes 1 operand")),
    };
    Ok(vectorized(cx, "expm", &[a], &[2], of_one)?.swap_remove(0))
}

fn expm_of_one(cx: &Scope, a: &Value, upper_triangular: bool, max: usize) -> Result<Value> {
    let [p, q, squarings] = approximant(cx, a)?;
    let limit = constant_like(&squarings, max as f64);
    let too_many = ops::compare(cx, Compare::Gt, &squarings, &limit)?;
    let nan = Function::new("nan", |cx: &Scope, x: &[Value]| {
        Ok(vec![ops::full(cx, x[0].ty(), Scalar::Float(f64::NAN))?])
    });
    let compute = Function::new("expm", move |cx: &Scope, x: &[Value]| {
        let (p, q, squarings) = (&x[0], &x[1], &x[2]);
        let r = match upper_triangular {
            true => formula::triangular_solve(cx, formula::UPPER, q, p)?,
            false => numpy::linalg::solve(cx, q, p)?,
        };
        Ok(vec![squared(cx, r, squarings, max)?])
    });
    Ok(cond(cx, &too_many, &nan, &compute, &[p, q, squarings])?.swap_remove(0))
}

/// Squares as often as a number says.
fn squared(cx: &Scope, r: Value, squarings: &Value, max: usize) -> Result<Value> {
    let body = Function::new("squaring", |cx: &Scope, x: &[Value]| {
        let (r, count, step) = (&x[0], &x[1], &x[2]);
        let more = ops::compare(cx, Compare::Lt, step, count)?;
        let square = Function::new("square", |cx: &Scope, x: &[Value]| {
            Ok(vec![formula::matmul(cx, &x[0], &x[0])?])
        });
        let keep = Function::new("keep", |_: &Scope, x: &[Value]| Ok(x.to_vec()));
        let r = cond(cx, &more, &square, &keep, std::slice::from_ref(r))?.swap_remove(0);
        Ok(vec![r, count.clone()])
    });
    let steps = numpy::arange(cx, 0.0, max as f64, 1.0, squarings.ty().dtype)?;
    let carry = [r, squarings.clone()];
    Ok(scan(cx, &body, &carry, &[steps], ScanOptions::default())?.swap_remove(0))
}

/// Numerator and denominator for the scaled matrix, and the number of squarings.
fn approximant(cx: &Scope, a: &Value) -> Result<[Value; 3]> {
    let (bounds, largest) = bounds(a.ty().dtype);
    let size = numpy::linalg::matrix_norm(cx, a, "1", false)?;
    let ratio = ops::div(cx, &size, &constant_like(&size, largest))?;
    let squarings = numpy::floor(cx, &numpy::log2(cx, &ratio)?)?;
    let squarings = numpy::maximum(cx, &constant_like(&squarings, 0.0), &squarings)?;
    let power = ops::convert(cx, &squarings, a.ty().dtype)?;
    let scale = numpy::power(cx, &constant_like(&power, 2.0), &power)?;
    let a = ops::div(cx, a, &scale)?;
    let mut index: Value = Value::literal(Literal::scalar(DType::I32, Scalar::Int(0)));
    for &bound in bounds {
        let reached = ops::compare(cx, Compare::Ge, &size, &constant_like(&size, bound))?;
        index = ops::add(cx, &index, &ops::convert(cx, &reached, DType::I32)?)?;
    }
    let branch = |coefficients: &'static [f64]| {
        Function::new("pade", move |cx: &Scope, x: &[Value]| pade(cx, &x[0], coefficients))
    };
    let branches: Vec<Function> =
        COEFFICIENTS[..=bounds.len()].iter().map(|coefficients| branch(coefficients)).collect();
    let parts = switch(cx, &index, &branches, &[a])?;
    let (u, v) = (&parts[0], &parts[1]);
    Ok([ops::add(cx, u, v)?, ops::sub(cx, v, u)?, squarings])
}

/// The odd and the even part of an approximant's numerator.
fn pade(cx: &Scope, a: &Value, b: &[f64]) -> Result<Vec<Value>> {
    let identity = formula::eye(cx, a.ty().dtype, a.shape())?;
    let mut powers = vec![identity, formula::matmul(cx, a, a)?];
    let degree = b.len() - 1;
    let highest = if degree == 13 { 3 } else { degree / 2 };
    while powers.len() <= highest {
        // A⁴ and A⁸ are squares, A⁶ is A⁴ A².
        let k = powers.len();
        let (x, y) = if k == 4 { (3, 1) } else { (k - k / 2, k / 2) };
        powers.push(formula::matmul(cx, &powers[x], &powers[y])?);
    }
    let sum = |terms: &[(usize, f64)]| -> Result<Value> {
        let mut total: Option<Value> = None;
        for &(power, factor) in terms {
            let term = ops::scale(cx, &powers[power], factor)?;
            total = Some(match total {
                None => term,
                Some(total) => ops::add(cx, &total, &term)?,
            });
        }
        total.ok_or_else(|| Error::internal("an empty polynomial"))
    };
    let terms = |first: usize, range: std::ops::RangeInclusive<usize>| -> Vec<(usize, f64)> {
        range.rev().map(|k| (k, b[2 * k + first])).collect()
    };
    if degree == 13 {
        let high = |first: usize| -> Result<Value> {
            let terms = [(3, b[12 + first]), (2, b[10 + first]), (1, b[8 + first])];
            formula::matmul(cx, &powers[3], &sum(&terms)?)
        };
        let odd = ops::add(cx, &high(1)?, &sum(&terms(1, 0..=3))?)?;
        let even = ops::add(cx, &high(0)?, &sum(&terms(0, 0..=3))?)?;
        return Ok(vec![formula::matmul(cx, a, &odd)?, even]);
    }
    let odd = formula::matmul(cx, a, &sum(&terms(1, 0..=degree / 2))?)?;
    Ok(vec![odd, sum(&terms(0, 0..=degree / 2))?])
}

/// The exponential, unless only its derivative is asked for, and its derivative along `e`.
pub fn expm_frechet(cx: &Scope, a: &Value, e: &Value, compute_expm: bool) -> Result<Vec<Value>> {
    let (a, e) = (to_inexact(cx, a)?, to_inexact(cx, e)?);
    square("expm_frechet", &a)?;
    if a.ty().shape != e.ty().shape || a.ty().dtype != e.ty().dtype {
        bail!(Shape, "expm_frechet needs operands of one type, got {} and {}", a.ty(), e.ty());
    }
    let f = Function::new("expm", |cx: &Scope, x: &[Value]| Ok(vec![expm(cx, &x[0], false, 16)?]));
    let mut results = jvp(&f).call(cx, &[a, e])?;
    if !compute_expm {
        results.remove(0);
    }
    Ok(results)
}
