//! The functions.

use jaxrs_data::{DType, Scalar};
use jaxrs_kernel::ScalarOp;

use super::{Row, Slope, slope};

macro_rules! binary {
    ($($(#[$doc:meta])* $variant:ident,)*) => {
        /// An elementwise function of two operands of one element type.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Binary { $($(#[$doc])* $variant,)* }

        impl Binary {
            /// All of them.
            pub const ALL: &[Binary] = &[$(Binary::$variant,)*];
        }
    };
}

binary! {
    /// x + y.
    Add,
    /// x + y of tangents and cotangents.
    AddAny,
    /// x − y.
    Sub,
    /// x · y.
    Mul,
    /// x / y; integers truncate, and give −1 (all bits set) for y = 0.
    Div,
    /// x − y · trunc(x / y), with the sign of x; integers give x for y = 0.
    Rem,
    /// xʸ of floats; y may be an integer.
    Pow,
    /// The angle of the point (y, x).
    Atan2,
    /// The larger; NaN if either is, +0 over −0. Complex numbers go by real part, then imaginary part.
    Max,
    /// The smaller; NaN if either is, −0 under +0. Complex numbers go by real part, then imaginary part.
    Min,
    /// The next float from x towards y.
    Nextafter,
    /// The high half of the product of integers.
    Mulhi,
    /// Bitwise and.
    And,
    /// Bitwise or.
    Or,
    /// Bitwise exclusive or.
    Xor,
    /// x shifted towards the high end; by the width or more, and by less than 0, gives 0.
    ShiftLeft,
    /// x shifted towards the low end, zeros in; by the width or more, and by less than 0, gives 0.
    ShiftRightLogical,
    /// x shifted towards the low end, the sign in; by the width or more, and by less than 0, gives signs.
    ShiftRightArithmetic,
}

impl Binary {
    pub(super) fn row(self) -> Row {
        use Binary::*;
        use Slope::{Difference, FirstAndPartial, Flat, Partials, Product, Quotient, Sum, Unknown};
        let bits = |name, value, code| Row { name, takes: is_bits, value, slope: Flat, code };
        let shift =
            |name, value, code| Row { name, takes: DType::is_integer, value, slope: Flat, code };
        let row = |name, takes, value, code, slope| Row { name, takes, value, slope, code };
        let choice = || Partials(slope::chosen_first, slope::chosen_second);
        match self {
            Add => row("add", DType::is_number, add, ScalarOp::Add, Sum),
            AddAny => row("add_any", DType::is_number, add, ScalarOp::Add, Sum),
            Sub => row("sub", DType::is_number, sub, ScalarOp::Sub, Difference),
            Mul => row("mul", DType::is_number, mul, ScalarOp::Mul, Product),
            Div => row("div", DType::is_number, div, ScalarOp::Div, Quotient),
            Rem => row("rem", is_real, rem, ScalarOp::Rem, FirstAndPartial(slope::remainder)),
            Pow => {
                let slope = Partials(slope::base, slope::exponent);
                row("pow", DType::is_inexact, pow, ScalarOp::Pow, slope)
            }
            Atan2 => {
                let slope = Partials(slope::opposite, slope::adjacent);
                row("atan2", DType::is_inexact, atan2, ScalarOp::Atan2, slope)
            }
            Max => row("max", |dtype| !dtype.is_key(), max, ScalarOp::Max, choice()),
            Min => row("min", |dtype| !dtype.is_key(), min, ScalarOp::Min, choice()),
            Nextafter => row("nextafter", DType::is_float, nextafter, ScalarOp::NextAfter, Unknown),
            // Not one operation of kernels: `code::high_product`.
            Mulhi => row("mulhi", DType::is_integer, mulhi, ScalarOp::Mul, Flat),
            And => bits("and", |_, x, y| bitwise(x, y, |x, y| x & y), ScalarOp::And),
            Or => bits("or", |_, x, y| bitwise(x, y, |x, y| x | y), ScalarOp::Or),
            Xor => bits("xor", |_, x, y| bitwise(x, y, |x, y| x ^ y), ScalarOp::Xor),
            ShiftLeft => shift("shift_left", shift_left, ScalarOp::ShiftLeft),
            ShiftRightLogical => {
                shift("shift_right_logical", shift_right_logical, ScalarOp::ShiftRightLogical)
            }
            ShiftRightArithmetic => shift(
                "shift_right_arithmetic",
                shift_right_arithmetic,
                ScalarOp::ShiftRightArithmetic,
            ),
        }
    }
}

fn is_real(dtype: DType) -> bool {
    dtype.is_integer() || dtype.is_float()
}

fn is_bits(dtype: DType) -> bool {
    dtype.is_bool() || dtype.is_integer()
}

fn add(_: DType, x: Scalar, y: Scalar) -> Scalar {
    match (x, y) {
        (Scalar::Int(x), Scalar::Int(y)) => Scalar::Int(x.wrapping_add(y)),
        (Scalar::Uint(x), Scalar::Uint(y)) => Scalar::Uint(x.wrapping_add(y)),
        _ => Scalar::Float(x.as_f64() + y.as_f64()),
    }
}

fn sub(_: DType, x: Scalar, y: Scalar) -> Scalar {
    match (x, y) {
        (Scalar::Int(x), Scalar::Int(y)) => Scalar::Int(x.wrapping_sub(y)),
        (Scalar::Uint(x), Scalar::Uint(y)) => Scalar::Uint(x.wrapping_sub(y)),
        _ => Scalar::Float(x.as_f64() - y.as_f64()),
    }
}

fn mul(_: DType, x: Scalar, y: Scalar) -> Scalar {
    match (x, y) {
        (Scalar::Int(x), Scalar::Int(y)) => Scalar::Int(x.wrapping_mul(y)),
        (Scalar::Uint(x), Scalar::Uint(y)) => Scalar::Uint(x.wrapping_mul(y)),
        _ => Scalar::Float(x.as_f64() * y.as_f64()),
    }
}

fn div(_: DType, x: Scalar, y: Scalar) -> Scalar {
    match (x, y) {
        (Scalar::Int(_), Scalar::Int(0)) => Scalar::Int(-1),
        (Scalar::Int(x), Scalar::Int(y)) => Scalar::Int(x.wrapping_div(y)),
        (Scalar::Uint(x), Scalar::Uint(y)) => Scalar::Uint(x.checked_div(y).unwrap_or(u64::MAX)),
        _ => Scalar::Float(x.as_f64() / y.as_f64()),
    }
}

fn rem(_: DType, x: Scalar, y: Scalar) -> Scalar {
    match (x, y) {
        (Scalar::Int(_), Scalar::Int(0)) | (Scalar::Uint(_), Scalar::Uint(0)) => x,
        (Scalar::Int(x), Scalar::Int(y)) => Scalar::Int(x.wrapping_rem(y)),
        (Scalar::Uint(x), Scalar::Uint(y)) => Scalar::Uint(x % y),
        _ => Scalar::Float(x.as_f64() % y.as_f64()),
    }
}

fn pow(_: DType, x: Scalar, y: Scalar) -> Scalar {
    Scalar::Float(x.as_f64().powf(y.as_f64()))
}

fn atan2(_: DType, x: Scalar, y: Scalar) -> Scalar {
    Scalar::Float(x.as_f64().atan2(y.as_f64()))
}

/// The larger of two elements.
fn max(_: DType, x: Scalar, y: Scalar) -> Scalar {
    match (x, y) {
        (Scalar::Bool(x), Scalar::Bool(y)) => Scalar::Bool(x | y),
        (Scalar::Int(x), Scalar::Int(y)) => Scalar::Int(x.max(y)),
        (Scalar::Uint(x), Scalar::Uint(y)) => Scalar::Uint(x.max(y)),
        _ => Scalar::Float(match (x.as_f64(), y.as_f64()) {
            (x, y) if x.is_nan() || y.is_nan() => f64::NAN,
            (x, y) if x == y => {
                if x.is_sign_negative() {
                    y
                } else {
                    x
                }
            }
            (x, y) => {
                if x > y {
                    x
                } else {
                    y
                }
            }
        }),
    }
}

/// The smaller of two elements.
fn min(_: DType, x: Scalar, y: Scalar) -> Scalar {
    match (x, y) {
        (Scalar::Bool(x), Scalar::Bool(y)) => Scalar::Bool(x & y),
        (Scalar::Int(x), Scalar::Int(y)) => Scalar::Int(x.min(y)),
        (Scalar::Uint(x), Scalar::Uint(y)) => Scalar::Uint(x.min(y)),
        _ => Scalar::Float(match (x.as_f64(), y.as_f64()) {
            (x, y) if x.is_nan() || y.is_nan() => f64::NAN,
            (x, y) if x == y => {
                if x.is_sign_negative() {
                    x
                } else {
                    y
                }
            }
            (x, y) => {
                if x < y {
                    x
                } else {
                    y
                }
            }
        }),
    }
}

fn nextafter(dtype: DType, x: Scalar, y: Scalar) -> Scalar {
    let (from, to) = (x.as_f64(), y.as_f64());
    if from.is_nan() || to.is_nan() {
        return Scalar::Float(f64::NAN);
    }
    if from == to {
        return y;
    }
    if from == 0.0 {
        return Scalar::Float(Scalar::from_bits(dtype, 1).as_f64().copysign(to));
    }
    // Bits of floats of one sign are ordered as the magnitudes are.
    let bits = x.to_bits(dtype);
    let away_from_zero = (to > from) == (from > 0.0);
    match Scalar::from_bits(dtype, if away_from_zero { bits + 1 } else { bits - 1 }) {
        // Some narrow types have NaN in the place of −0.
        Scalar::Float(next) if next.is_nan() && !away_from_zero => Scalar::Float(0.0),
        next => next,
    }
}

/// The bits of a product of this type that its high half starts after. XLA widens integers of 4 bits to 8
/// before, so that theirs is that of 8.
pub(super) fn high_bits(dtype: DType) -> u32 {
    if dtype.bits() == 4 { 8 } else { dtype.bits() }
}

fn mulhi(dtype: DType, x: Scalar, y: Scalar) -> Scalar {
    let places = high_bits(dtype);
    match (x, y) {
        (Scalar::Int(x), Scalar::Int(y)) => {
            Scalar::Int(((i128::from(x) * i128::from(y)) >> places) as i64)
        }
        (Scalar::Uint(x), Scalar::Uint(y)) => {
            Scalar::Uint(((u128::from(x) * u128::from(y)) >> places) as u64)
        }
        _ => x,
    }
}

fn bitwise(x: Scalar, y: Scalar, f: fn(u64, u64) -> u64) -> Scalar {
    match (x, y) {
        (Scalar::Bool(x), Scalar::Bool(y)) => Scalar::Bool(f(x.into(), y.into()) != 0),
        (Scalar::Int(x), Scalar::Int(y)) => Scalar::Int(f(x as u64, y as u64) as i64),
        (Scalar::Uint(x), Scalar::Uint(y)) => Scalar::Uint(f(x, y)),
        _ => x,
    }
}

/// The number of places, if it is less than the width. Negative ones read as unsigned are too large.
fn places(dtype: DType, y: Scalar) -> Option<u32> {
    let places = y.to_bits(dtype);
    (places < dtype.bits().into()).then_some(places as u32)
}

fn shift_left(dtype: DType, x: Scalar, y: Scalar) -> Scalar {
    let shifted = places(dtype, y).map_or(0, |places| x.to_bits(dtype) << places);
    Scalar::from_bits(dtype, shifted)
}

fn shift_right_logical(dtype: DType, x: Scalar, y: Scalar) -> Scalar {
    let shifted = places(dtype, y).map_or(0, |places| x.to_bits(dtype) >> places);
    Scalar::from_bits(dtype, shifted)
}

fn shift_right_arithmetic(dtype: DType, x: Scalar, y: Scalar) -> Scalar {
    let places = places(dtype, y).unwrap_or(dtype.bits() - 1);
    match x {
        Scalar::Int(x) => Scalar::Int(x >> places),
        // The highest bit is the sign of an unsigned integer here too.
        Scalar::Uint(_) => {
            let above = u64::BITS - dtype.bits();
            let spread = (x.to_bits(dtype) << above) as i64 >> above;
            Scalar::from_bits(dtype, (spread >> places) as u64)
        }
        Scalar::Bool(_) | Scalar::Float(_) | Scalar::Complex(..) | Scalar::Key(_) => x,
    }
}
