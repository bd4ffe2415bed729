//! The names of elementwise operations, for reading and writing: StableHLO's, and CHLO's without their dialect.

use jaxrs_ir::prims::{Binary, Unary};

/// Functions of one operand.
pub(crate) const UNARY: &[(&str, Unary)] = &[
    ("abs", Unary::Abs),
    ("acos", Unary::Acos),
    ("acosh", Unary::Acosh),
    ("asin", Unary::Asin),
    ("asinh", Unary::Asinh),
    ("atan", Unary::Atan),
    ("atanh", Unary::Atanh),
    ("cbrt", Unary::Cbrt),
    ("ceil", Unary::Ceil),
    ("cosh", Unary::Cosh),
    ("cosine", Unary::Cos),
    ("count_leading_zeros", Unary::Clz),
    ("digamma", Unary::Digamma),
    ("erf", Unary::Erf),
    ("erf_inv", Unary::ErfInv),
    ("erfc", Unary::Erfc),
    ("exponential", Unary::Exp),
    ("exponential_minus_one", Unary::Expm1),
    ("floor", Unary::Floor),
    ("is_finite", Unary::IsFinite),
    ("lgamma", Unary::Lgamma),
    ("log", Unary::Log),
    ("log_plus_one", Unary::Log1p),
    ("logistic", Unary::Logistic),
    ("negate", Unary::Neg),
    ("not", Unary::Not),
    ("popcnt", Unary::PopulationCount),
    ("round_nearest_afz", Unary::Round),
    ("round_nearest_even", Unary::RoundTiesEven),
    ("rsqrt", Unary::Rsqrt),
    ("sign", Unary::Sign),
    ("sine", Unary::Sin),
    ("sinh", Unary::Sinh),
    ("sqrt", Unary::Sqrt),
    ("square", Unary::Square),
    ("tan", Unary::Tan),
    ("tanh", Unary::Tanh),
];

/// Functions of two operands.
pub(crate) const BINARY: &[(&str, Binary)] = &[
    ("add", Binary::Add),
    ("and", Binary::And),
    ("atan2", Binary::Atan2),
    ("divide", Binary::Div),
    ("maximum", Binary::Max),
    ("minimum", Binary::Min),
    ("multiply", Binary::Mul),
    ("next_after", Binary::Nextafter),
    ("or", Binary::Or),
    ("power", Binary::Pow),
    ("remainder", Binary::Rem),
    ("shift_left", Binary::ShiftLeft),
    ("shift_right_arithmetic", Binary::ShiftRightArithmetic),
    ("shift_right_logical", Binary::ShiftRightLogical),
    ("subtract", Binary::Sub),
    ("xor", Binary::Xor),
];

/// Those that CHLO has, and StableHLO has not.
pub(crate) const CHLO: &[Unary] = &[
    Unary::Acos,
    Unary::Acosh,
    Unary::Asin,
    Unary::Asinh,
    Unary::Atan,
    Unary::Atanh,
    Unary::Cosh,
    Unary::Digamma,
    Unary::Erf,
    Unary::ErfInv,
    Unary::Erfc,
    Unary::Lgamma,
    Unary::Sinh,
];

/// The function of a name.
pub(crate) fn unary(name: &str) -> Option<Unary> {
    UNARY.iter().find(|(other, _)| *other == name).map(|(_, op)| *op)
}

/// The function of a name.
pub(crate) fn binary(name: &str) -> Option<Binary> {
    BINARY.iter().find(|(other, _)| *other == name).map(|(_, op)| *op)
}

/// The name of a function.
pub(crate) fn of_unary(op: Unary) -> Option<&'static str> {
    UNARY.iter().find(|(_, other)| *other == op).map(|(name, _)| *name)
}

/// The name of a function.
pub(crate) fn of_binary(op: Binary) -> Option<&'static str> {
    BINARY.iter().find(|(_, other)| *other == op).map(|(name, _)| *name)
}
