//! The one tolerance policy of all tests: how far results may lie apart, per element type and per
//! class of operation.

use crate::narrow::Format;
use crate::{DType, Literal, Scalar};

/// How exact an operation is expected to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// Moves or selects elements, or is correctly rounded: equal bits (all NaNs are one).
    Exact,
    /// An elementary function, or a few rounded operations.
    Elementary,
    /// A sum or product of many terms.
    Accumulated,
}

/// The relative tolerance for an element type; the absolute one is the same number.
pub fn relative(dtype: DType, class: Class) -> f64 {
    let epsilon = match dtype.real_part() {
        DType::F16 => 2f64.powi(-10),
        DType::BF16 => 2f64.powi(-7),
        DType::F32 => 2f64.powi(-23),
        DType::F64 => 2f64.powi(-52),
        other => match Format::of(other) {
            Some(format) => 2f64.powi(-(format.man_bits as i32)),
            None => 0.0,
        },
    };
    match class {
        Class::Exact => 0.0,
        Class::Elementary => 16.0 * epsilon,
        Class::Accumulated => 256.0 * epsilon,
    }
}

/// Says where and by how much two arrays differ by more than the tolerance; `None` when they agree.
pub fn difference(got: &Literal, expected: &Literal, class: Class) -> Option<String> {
    if !got.ty().same_ignoring_weak(expected.ty()) {
        return Some(format!("got {}, expected {}", got.ty(), expected.ty()));
    }
    let tolerance = relative(got.ty().dtype, class);
    let differs =
        |&position: &usize| !is_close(got.get(position), expected.get(position), tolerance);
    let first = (0..got.len()).find(differs)?;
    let count = (0..got.len()).filter(differs).count();
    let (index, a, b) = (got.ty().shape.unravel(first), got.get(first), expected.get(first));
    Some(format!(
        "{count} of {} elements differ, first at {index:?}: got {a}, expected {b}",
        got.len()
    ))
}

/// Whether two elements are equal, both NaN, or within the tolerance of each other. Complex numbers are one if
/// both parts are, or by their distance: a part that is small beside the other has its rounding errors.
pub fn is_close(a: Scalar, b: Scalar, tolerance: f64) -> bool {
    let real = |a: f64, b: f64| {
        a == b
            || (a.is_nan() && b.is_nan())
            || (a - b).abs() <= tolerance * (1.0 + b.abs().min(f64::MAX))
    };
    match (a, b) {
        (Scalar::Float(a), Scalar::Float(b)) => real(a, b),
        (Scalar::Complex(a, i), Scalar::Complex(b, j)) => {
            let distance = (a - b).hypot(i - j);
            let size = b.hypot(j).min(f64::MAX);
            (real(a, b) && real(i, j)) || distance <= tolerance * (1.0 + size)
        }
        _ => a == b,
    }
}
