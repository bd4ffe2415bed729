//! Powers with a fixed whole exponent.

/// `x` to a fixed whole power, by repeated squaring; a negative power is one over the positive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct IntegerPow {
    /// The exponent.
    pub y: i32,
}

unfinished!(IntegerPow);
