//! Fourier transforms along the last axes.

use jaxrs_data::{DType, Result, bail};
use jaxrs_ir::prims::{Fft, FftType};
use jaxrs_ir::{Value, ops};
use jaxrs_transform::Scope;

use crate::operands::{convert, inexact};

/// A transform along the last axes, one to three of them; without lengths, the operand as the type that it would
/// be transformed as. `rfft` takes real numbers, which it makes floats; the others make operands complex.
///
/// The lengths are the sizes of those axes; for `irfft` of the result's, and the operand's last one has half of
/// them and one.
pub fn fft(cx: &Scope, x: &Value, fft_type: FftType, fft_lengths: &[usize]) -> Result<Value> {
    let ty = x.ty();
    let float = inexact(ty.dtype, ty.weak, cx.defaults());
    let dtype = match fft_type {
        FftType::Rfft if ty.dtype.is_complex() => {
            bail!(Dtype, "rfft takes real numbers, got {ty}")
        }
        FftType::Rfft => float,
        _ => complex_of(float),
    };
    let x = convert(cx, x, dtype, false)?;
    if fft_lengths.is_empty() {
        return Ok(x);
    }
    ops::bind1(cx, Fft { fft_type, fft_lengths: fft_lengths.into() }, &[x])
}

fn complex_of(float: DType) -> DType {
    match float {
        DType::F64 | DType::C128 => DType::C128,
        _ => DType::C64,
    }
}
