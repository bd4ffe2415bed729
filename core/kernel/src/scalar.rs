//! Operations on scalars: what back ends know how to compute.
//!
//! Arithmetic takes operands of one type. Integers wrap; division of integers by zero gives −1 (all bits
//! set) and the remainder the dividend, and `MIN / -1` is `MIN`, remainder 0; shifts by the width or more
//! give 0, or the sign for arithmetic ones. Floats follow IEEE 754; products and sums may be contracted to
//! fused multiply-adds. `F16` and `BF16` occur only in loads, stores, constants and casts; complex numbers
//! only in loads, stores, constants and selections, and where they are put together or taken apart; types
//! of at most 8 bits and keys in loads, stores, constants, selections and bitcasts, of which the builder
//! makes their conversions; keys of 16 bytes, as which no integer is, are put together and taken apart.

mod size;

use jaxrs_data::DType;

/// An operation on scalars.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ScalarOp {
    // One operand, same type out. Float only, where nothing else is said.
    /// −x; integers too.
    Neg,
    /// |x|; integers too.
    Abs,
    /// −1, ±0 (x itself) or 1; NaN stays; integers too.
    Sign,
    /// Towards −∞.
    Floor,
    /// Towards +∞.
    Ceil,
    /// To the nearest integer, halves away from zero.
    Round,
    /// To the nearest integer, halves to even.
    RoundTiesEven,
    /// √x.
    Sqrt,
    /// 1/√x.
    Rsqrt,
    /// ∛x.
    Cbrt,
    /// eˣ.
    Exp,
    /// 2ˣ.
    Exp2,
    /// eˣ − 1.
    Expm1,
    /// ln x.
    Log,
    /// ln(1 + x).
    Log1p,
    /// 1/(1 + e⁻ˣ).
    Logistic,
    /// Sine.
    Sin,
    /// Cosine.
    Cos,
    /// Tangent.
    Tan,
    /// Arc sine.
    Asin,
    /// Arc cosine.
    Acos,
    /// Arc tangent.
    Atan,
    /// Hyperbolic sine.
    Sinh,
    /// Hyperbolic cosine.
    Cosh,
    /// Hyperbolic tangent.
    Tanh,
    /// Inverse hyperbolic sine.
    Asinh,
    /// Inverse hyperbolic cosine.
    Acosh,
    /// Inverse hyperbolic tangent.
    Atanh,
    /// The error function.
    Erf,
    /// 1 − erf x.
    Erfc,
    /// The inverse of the error function.
    ErfInv,
    /// ln |Γ(x)|.
    Lgamma,
    /// Γ′(x)/Γ(x).
    Digamma,
    /// Bitwise complement of an integer or negation of a `bool`.
    Not,
    /// The number of set bits of an integer.
    PopulationCount,
    /// The number of leading zero bits of an integer.
    CountLeadingZeros,
    // Two operands of one type, same type out.
    /// Sum.
    Add,
    /// Difference.
    Sub,
    /// Product.
    Mul,
    /// Quotient; integers truncate.
    Div,
    /// Remainder with the dividend's sign.
    Rem,
    /// xʸ; float only.
    Pow,
    /// The angle of (y, x): `Atan2(y, x)`; float only.
    Atan2,
    /// The larger; NaN if either is, +0 over −0.
    Max,
    /// The smaller; NaN if either is, −0 under +0.
    Min,
    /// The next float from the first towards the second.
    NextAfter,
    /// Bitwise and; integers and `bool`, as the two below.
    And,
    /// Bitwise or.
    Or,
    /// Bitwise exclusive or.
    Xor,
    /// Shift towards the high end; integers only, as the two below.
    ShiftLeft,
    /// Shift towards the low end, zeros in.
    ShiftRightLogical,
    /// Shift towards the low end, the sign in.
    ShiftRightArithmetic,
    // Others.
    /// Compares two operands of one type; gives `bool`. Float comparisons with NaN are false, but for
    /// [`Compare::Ne`].
    Compare(Compare),
    /// Whether a float is neither infinite nor NaN; gives `bool`.
    IsFinite,
    /// `Select(condition, if true, if false)`.
    Select,
    /// Conversion by value: integers wrap, floats saturate into integers (NaN to 0), anything but zero
    /// is true.
    Cast(DType),
    /// The same bits under another type of the same size.
    Bitcast(DType),
    /// The complex number with these parts, two floats of one type.
    Complex,
    /// The real part of a complex number.
    Re,
    /// The imaginary part of a complex number.
    Im,
    /// The key of 16 bytes with these halves, two `u64`, the first words first.
    Join(DType),
    /// The first half of a key of 16 bytes, a `u64`.
    Low,
    /// The second half of a key of 16 bytes, a `u64`.
    High,
}

/// A comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Compare {
    /// Equal.
    Eq,
    /// Not equal.
    Ne,
    /// Less.
    Lt,
    /// Less or equal.
    Le,
    /// Greater.
    Gt,
    /// Greater or equal.
    Ge,
}

/// How a reduction combines what its iterations give; associative, so that a back end may regroup.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ReduceOp {
    /// Sum.
    Add,
    /// Product.
    Mul,
    /// Largest, NaN if any is.
    Max,
    /// Smallest, NaN if any is.
    Min,
    /// Bitwise and.
    And,
    /// Bitwise or.
    Or,
    /// Bitwise exclusive or.
    Xor,
}

impl ReduceOp {
    /// The operation on two operands.
    pub fn op(self) -> ScalarOp {
        match self {
            ReduceOp::Add => ScalarOp::Add,
            ReduceOp::Mul => ScalarOp::Mul,
            ReduceOp::Max => ScalarOp::Max,
            ReduceOp::Min => ScalarOp::Min,
            ReduceOp::And => ScalarOp::And,
            ReduceOp::Or => ScalarOp::Or,
            ReduceOp::Xor => ScalarOp::Xor,
        }
    }
}

impl Compare {
    /// Every comparison.
    pub const ALL: [Compare; 6] =
        [Compare::Eq, Compare::Ne, Compare::Lt, Compare::Le, Compare::Gt, Compare::Ge];
}

impl ReduceOp {
    /// Every way to combine.
    pub const ALL: [ReduceOp; 7] = [
        ReduceOp::Add,
        ReduceOp::Mul,
        ReduceOp::Max,
        ReduceOp::Min,
        ReduceOp::And,
        ReduceOp::Or,
        ReduceOp::Xor,
    ];
}

impl ScalarOp {
    /// Every operation but the comparisons and those that are named with a type.
    pub const PLAIN: [ScalarOp; 59] = [
        ScalarOp::Neg,
        ScalarOp::Abs,
        ScalarOp::Sign,
        ScalarOp::Floor,
        ScalarOp::Ceil,
        ScalarOp::Round,
        ScalarOp::RoundTiesEven,
        ScalarOp::Sqrt,
        ScalarOp::Rsqrt,
        ScalarOp::Cbrt,
        ScalarOp::Exp,
        ScalarOp::Exp2,
        ScalarOp::Expm1,
        ScalarOp::Log,
        ScalarOp::Log1p,
        ScalarOp::Logistic,
        ScalarOp::Sin,
        ScalarOp::Cos,
        ScalarOp::Tan,
        ScalarOp::Asin,
        ScalarOp::Acos,
        ScalarOp::Atan,
        ScalarOp::Sinh,
        ScalarOp::Cosh,
        ScalarOp::Tanh,
        ScalarOp::Asinh,
        ScalarOp::Acosh,
        ScalarOp::Atanh,
        ScalarOp::Erf,
        ScalarOp::Erfc,
        ScalarOp::ErfInv,
        ScalarOp::Lgamma,
        ScalarOp::Digamma,
        ScalarOp::Not,
        ScalarOp::PopulationCount,
        ScalarOp::CountLeadingZeros,
        ScalarOp::Add,
        ScalarOp::Sub,
        ScalarOp::Mul,
        ScalarOp::Div,
        ScalarOp::Rem,
        ScalarOp::Pow,
        ScalarOp::Atan2,
        ScalarOp::Max,
        ScalarOp::Min,
        ScalarOp::NextAfter,
        ScalarOp::And,
        ScalarOp::Or,
        ScalarOp::Xor,
        ScalarOp::ShiftLeft,
        ScalarOp::ShiftRightLogical,
        ScalarOp::ShiftRightArithmetic,
        ScalarOp::IsFinite,
        ScalarOp::Select,
        ScalarOp::Complex,
        ScalarOp::Re,
        ScalarOp::Im,
        ScalarOp::Low,
        ScalarOp::High,
    ];

    /// The name in printed programs: `round_ties_even`; comparisons are `eq`, `ne`, `lt`, `le`, `gt`
    /// and `ge`, and a cast's type is that of its result.
    pub fn name(self) -> &'static str {
        match self {
            ScalarOp::Neg => "neg",
            ScalarOp::Abs => "abs",
            ScalarOp::Sign => "sign",
            ScalarOp::Floor => "floor",
            ScalarOp::Ceil => "ceil",
            ScalarOp::Round => "round",
            ScalarOp::RoundTiesEven => "round_ties_even",
            ScalarOp::Sqrt => "sqrt",
            ScalarOp::Rsqrt => "rsqrt",
            ScalarOp::Cbrt => "cbrt",
            ScalarOp::Exp => "exp",
            ScalarOp::Exp2 => "exp2",
            ScalarOp::Expm1 => "expm1",
            ScalarOp::Log => "log",
            ScalarOp::Log1p => "log1p",
            ScalarOp::Logistic => "logistic",
            ScalarOp::Sin => "sin",
            ScalarOp::Cos => "cos",
            ScalarOp::Tan => "tan",
            ScalarOp::Asin => "asin",
            ScalarOp::Acos => "acos",
            ScalarOp::Atan => "atan",
            ScalarOp::Sinh => "sinh",
            ScalarOp::Cosh => "cosh",
            ScalarOp::Tanh => "tanh",
            ScalarOp::Asinh => "asinh",
            ScalarOp::Acosh => "acosh",
            ScalarOp::Atanh => "atanh",
            ScalarOp::Erf => "erf",
            ScalarOp::Erfc => "erfc",
            ScalarOp::ErfInv => "erf_inv",
            ScalarOp::Lgamma => "lgamma",
            ScalarOp::Digamma => "digamma",
            ScalarOp::Not => "not",
            ScalarOp::PopulationCount => "population_count",
            ScalarOp::CountLeadingZeros => "count_leading_zeros",
            ScalarOp::Add => "add",
            ScalarOp::Sub => "sub",
            ScalarOp::Mul => "mul",
            ScalarOp::Div => "div",
            ScalarOp::Rem => "rem",
            ScalarOp::Pow => "pow",
            ScalarOp::Atan2 => "atan2",
            ScalarOp::Max => "max",
            ScalarOp::Min => "min",
            ScalarOp::NextAfter => "next_after",
            ScalarOp::And => "and",
            ScalarOp::Or => "or",
            ScalarOp::Xor => "xor",
            ScalarOp::ShiftLeft => "shift_left",
            ScalarOp::ShiftRightLogical => "shift_right_logical",
            ScalarOp::ShiftRightArithmetic => "shift_right_arithmetic",
            ScalarOp::IsFinite => "is_finite",
            ScalarOp::Select => "select",
            ScalarOp::Compare(Compare::Eq) => "eq",
            ScalarOp::Compare(Compare::Ne) => "ne",
            ScalarOp::Compare(Compare::Lt) => "lt",
            ScalarOp::Compare(Compare::Le) => "le",
            ScalarOp::Compare(Compare::Gt) => "gt",
            ScalarOp::Compare(Compare::Ge) => "ge",
            ScalarOp::Cast(_) => "cast",
            ScalarOp::Bitcast(_) => "bitcast",
            ScalarOp::Complex => "complex",
            ScalarOp::Re => "re",
            ScalarOp::Im => "im",
            ScalarOp::Join(_) => "join",
            ScalarOp::Low => "low",
            ScalarOp::High => "high",
        }
    }

    /// The operation of a printed name, given the type of its result.
    pub fn from_name(name: &str, result: DType) -> Option<ScalarOp> {
        let compares = Compare::ALL.into_iter().map(ScalarOp::Compare);
        let typed = [ScalarOp::Cast(result), ScalarOp::Bitcast(result), ScalarOp::Join(result)];
        ScalarOp::PLAIN.into_iter().chain(compares).chain(typed).find(|op| op.name() == name)
    }

    /// Whether there is such an operation on operands of a type (of `Select`, the second and third).
    pub fn takes(self, operand: DType) -> bool {
        use ScalarOp::*;
        let is_whole = !operand.is_narrow() && !operand.is_key();
        let computes =
            is_whole && !matches!(operand, DType::F16 | DType::BF16) && !operand.is_complex();
        let float = computes && operand.is_float();
        match self {
            Select => true,
            Cast(to) => [operand, to].iter().all(|dtype| dtype.is_ordered() && !dtype.is_narrow()),
            Bitcast(to) => {
                operand.size_bytes() == to.size_bytes() && operand.is_complex() == to.is_complex()
            }
            Compare(_) => computes,
            And | Or | Xor | Not => operand.is_bool() || (is_whole && operand.is_integer()),
            ShiftLeft | ShiftRightLogical | ShiftRightArithmetic | PopulationCount
            | CountLeadingZeros => is_whole && operand.is_integer(),
            Neg | Abs | Sign | Add | Sub | Mul | Div | Rem => {
                float || (is_whole && operand.is_integer())
            }
            Max | Min => computes,
            Re | Im => operand.is_complex(),
            Low | High => is_long_key(operand),
            Join(to) => operand == DType::U64 && is_long_key(to),
            Complex => float,
            _ => float,
        }
    }

    /// The element type of the result for operands of the given types.
    pub fn result(self, operands: &[DType]) -> DType {
        match self {
            ScalarOp::Compare(_) | ScalarOp::IsFinite => DType::Bool,
            ScalarOp::Cast(to) | ScalarOp::Bitcast(to) | ScalarOp::Join(to) => to,
            ScalarOp::Low | ScalarOp::High => DType::U64,
            ScalarOp::Select => operands[1],
            ScalarOp::Complex if operands[0] == DType::F32 => DType::C64,
            ScalarOp::Complex => DType::C128,
            ScalarOp::Re | ScalarOp::Im => operands[0].real_part(),
            _ => operands[0],
        }
    }
}

/// Whether this is a key of four words, longer than any integer.
fn is_long_key(dtype: DType) -> bool {
    dtype.is_key() && dtype.size_bytes() == 16
}
