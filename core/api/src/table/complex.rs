//! Operations on complex numbers.

use jaxrs_ir::ops;

use super::*;
use crate::numpy;
use crate::operands::{aligned, promoted};

pub(super) static OPS: &[Op] = &[
    op!("complex", "The complex number with a real and an imaginary part, both f32 or f64.", (re, im)
    => |cx| {
        let [re, im] = aligned(cx, "complex", promoted(cx, [re, im])?)?;
        ops::complex(cx, &re, &im)
    }),
    op!("real", "The real part. Real operands stay.", (x) => |cx| numpy::real(cx, x)),
    op!("imag", "The imaginary part: zeros for real operands.", (x) => |cx| numpy::imag(cx, x)),
    op!("conj", "The complex conjugate. Real operands stay.", (x) => |cx| numpy::conj(cx, x)),
    op!("angle", "The angle between the positive real axis and each number.", (x)
        { deg: Bool = false, "whether in degrees rather than radians"; }
        => |cx| numpy::angle(cx, x, deg)),
    op!("iscomplex", "Whether the imaginary part differs from zero.", (x) => |cx| numpy::iscomplex(cx, x)),
    op!("isreal", "Whether the imaginary part is zero.", (x) => |cx| numpy::isreal(cx, x)),
];
