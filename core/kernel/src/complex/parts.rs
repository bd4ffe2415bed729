//! Complex functions, computed at once: each real operation is rounded as the parts' type has it.

use jaxrs_data::{DType, Scalar};

use super::{Formulas, Reals};
use crate::math;
use crate::scalar::{Compare, ScalarOp};

/// Real numbers of a type, held as doubles; 1 and 0 are truth values too.
#[derive(Clone, Copy, Debug)]
pub struct Parts {
    /// `F32` or `F64`.
    pub dtype: DType,
}

impl Reals for Parts {
    type Value = f64;

    fn dtype(&self) -> DType {
        self.dtype
    }

    fn number(&mut self, value: f64) -> f64 {
        self.round(value)
    }

    fn op(&mut self, op: ScalarOp, args: &[f64]) -> f64 {
        let value = match *args {
            [a] => of_one(op, a),
            [a, b] => of_two(op, a, b),
            [c, a, b] => {
                if c != 0.0 {
                    a
                } else {
                    b
                }
            }
            _ => f64::NAN,
        };
        self.round(value)
    }

    fn is_negative(&mut self, x: f64) -> f64 {
        truth(x.is_sign_negative() && !x.is_nan())
    }
}

impl Parts {
    fn round(self, value: f64) -> f64 {
        if self.dtype == DType::F32 { (value as f32).into() } else { value }
    }
}

fn truth(holds: bool) -> f64 {
    f64::from(u8::from(holds))
}

fn of_one(op: ScalarOp, a: f64) -> f64 {
    match op {
        ScalarOp::Neg => -a,
        ScalarOp::Abs => a.abs(),
        ScalarOp::Sqrt => a.sqrt(),
        ScalarOp::Exp => a.exp(),
        ScalarOp::Expm1 => a.exp_m1(),
        ScalarOp::Log => a.ln(),
        ScalarOp::Log1p => a.ln_1p(),
        ScalarOp::Sin => a.sin(),
        ScalarOp::Cos => a.cos(),
        ScalarOp::Tan => a.tan(),
        ScalarOp::Sinh => a.sinh(),
        ScalarOp::Cosh => a.cosh(),
        ScalarOp::Asinh => math::asinh(a),
        ScalarOp::IsFinite => truth(a.is_finite()),
        _ => f64::NAN,
    }
}

fn of_two(op: ScalarOp, a: f64, b: f64) -> f64 {
    match op {
        ScalarOp::Add => a + b,
        ScalarOp::Sub => a - b,
        ScalarOp::Mul => a * b,
        ScalarOp::Div => a / b,
        ScalarOp::Pow => a.powf(b),
        ScalarOp::Atan2 => a.atan2(b),
        ScalarOp::Max | ScalarOp::Min if a.is_nan() || b.is_nan() => f64::NAN,
        ScalarOp::Max => a.max(b),
        ScalarOp::Min => a.min(b),
        ScalarOp::And => truth(a != 0.0 && b != 0.0),
        ScalarOp::Or => truth(a != 0.0 || b != 0.0),
        ScalarOp::Compare(compare) => truth(match compare {
            Compare::Eq => a == b,
            Compare::Ne => a != b,
            Compare::Lt => a < b,
            Compare::Le => a <= b,
            Compare::Gt => a > b,
            Compare::Ge => a >= b,
        }),
        _ => f64::NAN,
    }
}

/// A function of one element of a complex type; a real one for [`ScalarOp::Abs`]. None if there is no such
/// function.
pub fn unary(op: ScalarOp, dtype: DType, x: Scalar) -> Option<Scalar> {
    let mut parts = Parts { dtype: dtype.real_part() };
    let mut formulas = Formulas(&mut parts);
    if op == ScalarOp::Abs {
        return Some(Scalar::Float(formulas.magnitude(x.as_complex())));
    }
    let (re, im) = formulas.unary(op, x.as_complex())?;
    Some(Scalar::Complex(re, im))
}

/// A function of two elements of a complex type. None if there is no such function.
pub fn binary(op: ScalarOp, dtype: DType, x: Scalar, y: Scalar) -> Option<Scalar> {
    let mut parts = Parts { dtype: dtype.real_part() };
    let (re, im) = Formulas(&mut parts).binary(op, x.as_complex(), y.as_complex())?;
    Some(Scalar::Complex(re, im))
}
