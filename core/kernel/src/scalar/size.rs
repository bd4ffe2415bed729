//! How many operands operations have, and what they cost.

use super::ScalarOp;

impl ScalarOp {
    /// The number of operands.
    pub fn arity(self) -> usize {
        use ScalarOp::*;
        match self {
            Add | Sub | Mul | Div | Rem | Pow | Atan2 | Max | Min | NextAfter | And | Or | Xor
            | ShiftLeft | ShiftRightLogical | ShiftRightArithmetic | Complex | Join(_)
            | Compare(_) => 2,
            Select => 3,
            _ => 1,
        }
    }

    /// A rough cost in units of one addition: what fusion and grain decisions go by.
    pub fn cost(self) -> u32 {
        use ScalarOp::*;
        match self {
            Div | Rem | Sqrt | Rsqrt | Round => 4,
            Exp | Exp2 | Log | Logistic | Tanh | Erf => 12,
            Expm1 | Log1p | Sin | Cos | Atan | Cbrt | Erfc => 16,
            Tan | Asin | Acos | Atan2 | Sinh | Cosh | Asinh | Acosh | Atanh | ErfInv => 24,
            Pow | Lgamma | Digamma => 40,
            _ => 1,
        }
    }
}
