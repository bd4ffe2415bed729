//! Transposes, without conjugation, as JAX has them.

use jaxrs_data::{DType, Result, Scalar, Shape, Type};
use jaxrs_kernel::Compare;

use super::{Fft, FftType};
use crate::prims::Binary;
use crate::{Cx, Value, ops};

/// The cotangent of the operand. The sums' matrices are symmetric; where half a spectrum stands for a whole one,
/// those of its elements count twice that have a mirror image.
pub(super) fn cotangent(fft: &Fft, cx: Cx<'_>, operand: &Type, ct: &Value) -> Result<Value> {
    let back = |fft_type, x: &Value| {
        let fft = Fft { fft_type, fft_lengths: fft.fft_lengths.clone() };
        ops::bind1(cx, fft, std::slice::from_ref(x))
    };
    let count = fft.fft_lengths.iter().product::<usize>() as f64;
    match fft.fft_type {
        FftType::Fft | FftType::Ifft => back(fft.fft_type, ct),
        FftType::Rfft => {
            let counts = multiplicities(fft, cx, ct.ty().dtype, 1.0)?;
            let shared = by_last_axis(cx, Binary::Div, &ops::conj(cx, ct)?, &counts)?;
            ops::scale(cx, &back(FftType::Irfft, &shared)?, count)
        }
        // No number depends on the spectrum.
        FftType::Irfft if fft.fft_lengths.last() == Some(&0) => {
            ops::full(cx, operand, Scalar::Int(0))
        }
        FftType::Irfft => {
            let spectrum = back(FftType::Rfft, ct)?;
            let counts = multiplicities(fft, cx, spectrum.ty().dtype, count.recip())?;
            ops::conj(cx, &by_last_axis(cx, Binary::Mul, &spectrum, &counts)?)
        }
    }
}

/// How many elements of a whole spectrum each one of half of it stands for, times a factor.
fn multiplicities(fft: &Fft, cx: Cx<'_>, dtype: DType, factor: f64) -> Result<Value> {
    let n = fft.fft_lengths.last().copied().unwrap_or(1);
    let shape = Shape::from([n / 2 + 1]);
    let k = ops::iota(cx, DType::I64, &shape, 0)?;
    let is = |position: usize| {
        ops::compare(cx, Compare::Eq, &k, &ops::scalar(DType::I64, position as f64))
    };
    let mut is_alone = is(0)?;
    if n.is_multiple_of(2) {
        is_alone = ops::binary(cx, Binary::Or, &is_alone, &is(n / 2)?)?;
    }
    let full = |count: f64| {
        let ty = Type::new(dtype, shape.clone());
        ops::full(cx, &ty, Scalar::Float(count * factor).cast(dtype))
    };
    ops::select(cx, &is_alone, &full(1.0)?, &full(2.0)?)
}

fn by_last_axis(cx: Cx<'_>, op: Binary, x: &Value, row: &Value) -> Result<Value> {
    let last = x.ty().rank() - 1;
    let row = ops::broadcast_in_dim(cx, row, x.shape(), [last])?;
    ops::binary(cx, op, x, &row)
}
