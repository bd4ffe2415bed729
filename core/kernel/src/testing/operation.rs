//! Random operations.

use jaxrs_data::DType;

use super::body::{Known, Scope};
use super::trust::Trust;
use crate::build::BodyBuilder;
use crate::scalar::{Compare, ScalarOp};

/// What cannot be wrong by much where its operand is not.
const SMOOTH: [ScalarOp; 7] = [
    ScalarOp::Sin,
    ScalarOp::Cos,
    ScalarOp::Tanh,
    ScalarOp::Atan,
    ScalarOp::Logistic,
    ScalarOp::Erf,
    ScalarOp::Asinh,
];

/// What has poles, or grows.
const STEEP: [ScalarOp; 20] = [
    ScalarOp::Exp,
    ScalarOp::Exp2,
    ScalarOp::Expm1,
    ScalarOp::Log,
    ScalarOp::Log1p,
    ScalarOp::Rsqrt,
    ScalarOp::Cbrt,
    ScalarOp::Tan,
    ScalarOp::Asin,
    ScalarOp::Acos,
    ScalarOp::Sinh,
    ScalarOp::Cosh,
    ScalarOp::Acosh,
    ScalarOp::Atanh,
    ScalarOp::Erfc,
    ScalarOp::ErfInv,
    ScalarOp::Lgamma,
    ScalarOp::Digamma,
    ScalarOp::Pow,
    ScalarOp::Atan2,
];

const INTEGER_UNARY: [ScalarOp; 6] = [
    ScalarOp::Neg,
    ScalarOp::Abs,
    ScalarOp::Sign,
    ScalarOp::Not,
    ScalarOp::PopulationCount,
    ScalarOp::CountLeadingZeros,
];

const INTEGER_BINARY: [ScalarOp; 13] = [
    ScalarOp::Add,
    ScalarOp::Sub,
    ScalarOp::Mul,
    ScalarOp::Div,
    ScalarOp::Rem,
    ScalarOp::Max,
    ScalarOp::Min,
    ScalarOp::And,
    ScalarOp::Or,
    ScalarOp::Xor,
    ScalarOp::ShiftLeft,
    ScalarOp::ShiftRightLogical,
    ScalarOp::ShiftRightArithmetic,
];

/// Types that are computed with.
pub(super) const ARITHMETIC: [DType; 11] = [
    DType::Bool,
    DType::I8,
    DType::I16,
    DType::I32,
    DType::I64,
    DType::U8,
    DType::U16,
    DType::U32,
    DType::U64,
    DType::F32,
    DType::F64,
];

impl Scope<'_> {
    /// Adds an operation on known values; sometimes nothing, where what was drawn is not possible.
    pub(super) fn operation(&mut self, b: &mut BodyBuilder) {
        let x = self.any();
        match x.dtype {
            _ if self.random.percent(8) => self.select(b),
            DType::Bool => self.on_bool(b, x),
            DType::F32 | DType::F64 => self.on_float(b, x),
            DType::F16 | DType::BF16 => {
                let to = self.random.choose(&[DType::F32, DType::F64]);
                let out = b.cast(x.value, to);
                self.know(b, out, x.trust);
            }
            DType::C64 | DType::C128 => {
                let op = self.random.choose(&[ScalarOp::Re, ScalarOp::Im]);
                self.put(b, op, &[x], x.trust);
            }
            _ if x.dtype.is_integer() => self.on_integer(b, x),
            _ => {}
        }
    }

    fn put(&mut self, b: &mut BodyBuilder, op: ScalarOp, args: &[Known], trust: Trust) {
        let args: Vec<_> = args.iter().map(|arg| arg.value).collect();
        let out = b.op(op, &args);
        self.know(b, out, trust);
    }

    fn select(&mut self, b: &mut BodyBuilder) {
        let (condition, x) = (self.of(b, DType::Bool), self.any());
        let y = self.of(b, x.dtype);
        self.put(b, ScalarOp::Select, &[condition, x, y], x.trust.or(y.trust));
    }

    fn on_bool(&mut self, b: &mut BodyBuilder, x: Known) {
        let y = self.of(b, DType::Bool);
        match self.random.below(6) {
            0 => self.put(b, ScalarOp::Not, &[x], Trust::WHOLE),
            1 => self.cast(b, x),
            2 => {
                let compare = ScalarOp::Compare(self.random.choose(&Compare::ALL));
                self.put(b, compare, &[x, y], Trust::WHOLE);
            }
            _ => {
                let ops = [ScalarOp::And, ScalarOp::Or, ScalarOp::Xor];
                let op = self.random.choose(&ops);
                self.put(b, op, &[x, y], Trust::WHOLE);
            }
        }
    }

    fn on_integer(&mut self, b: &mut BodyBuilder, x: Known) {
        match self.random.below(10) {
            0 | 1 => {
                let op = self.random.choose(&INTEGER_UNARY);
                self.put(b, op, &[x], Trust::WHOLE);
            }
            2 => self.cast(b, x),
            3 => {
                let same = |dtype: &DType| dtype.bits() == x.dtype.bits() && dtype.is_integer();
                let to: Vec<_> = ARITHMETIC.into_iter().filter(same).collect();
                let to = self.random.choose(&to);
                self.put(b, ScalarOp::Bitcast(to), &[x], Trust::WHOLE);
            }
            4 => {
                let y = self.of(b, x.dtype);
                let compare = ScalarOp::Compare(self.random.choose(&Compare::ALL));
                self.put(b, compare, &[x, y], Trust::WHOLE);
            }
            _ => {
                let (y, op) = (self.of(b, x.dtype), self.random.choose(&INTEGER_BINARY));
                self.put(b, op, &[x, y], Trust::WHOLE);
            }
        }
    }

    /// Converts an exact value to any type.
    fn cast(&mut self, b: &mut BodyBuilder, x: Known) {
        let to = self.random.choose(&ARITHMETIC);
        if x.dtype != to {
            self.cast_to(b, x, to);
        }
    }

    /// Converts an exact value to another type.
    pub(super) fn cast_to(&mut self, b: &mut BodyBuilder, x: Known, to: DType) {
        let trust = match to.is_float() {
            false => Trust::WHOLE,
            true if x.dtype.is_float() => x.trust,
            true if x.dtype.bits() <= 16 => Trust::Exact { step: 0, top: 16, special: false },
            true => Trust::RAW,
        };
        self.put(b, ScalarOp::Cast(to), &[x], trust);
    }

    fn on_float(&mut self, b: &mut BodyBuilder, x: Known) {
        let y = self.of(b, x.dtype);
        match self.random.below(13) {
            0 => {
                let op = self.random.choose(&[ScalarOp::Neg, ScalarOp::Abs]);
                self.put(b, op, &[x], x.trust);
            }
            1 | 2 => {
                let op = self.random.choose(&[ScalarOp::Max, ScalarOp::Min]);
                self.put(b, op, &[x, y], x.trust.or(y.trust));
            }
            3..=6 => {
                let op = self.random.choose(&[ScalarOp::Add, ScalarOp::Sub, ScalarOp::Mul]);
                if let Some(trust) = Trust::arithmetic(op, x.trust, y.trust) {
                    self.put(b, op, &[x, y], trust);
                }
            }
            7 | 8 if self.functions => {
                if let Some(trust) = x.trust.smooth() {
                    let op = self.random.choose(&SMOOTH);
                    self.put(b, op, &[x], trust);
                }
            }
            9 if self.functions => self.steep(b, x, y),
            _ if x.trust.is_exact() => self.on_exact_float(b, x, y),
            _ => {}
        }
    }

    fn steep(&mut self, b: &mut BodyBuilder, x: Known, y: Known) {
        let op = self.random.choose(&STEEP);
        let usable = |x: Known| x.trust.is_exact() && x.trust.top() <= 5;
        if usable(x) && (op.arity() == 1 || usable(y)) {
            self.put(b, op, &[x, y][..op.arity()], Trust::Last);
        }
    }

    /// What needs exact operands, because a small difference would become a large one.
    fn on_exact_float(&mut self, b: &mut BodyBuilder, x: Known, y: Known) {
        match self.random.below(9) {
            0 => self.cast(b, x),
            8 if self.complex && y.trust.is_exact() => {
                self.put(b, ScalarOp::Complex, &[x, y], x.trust.or(y.trust));
            }
            1 => self.put(b, ScalarOp::IsFinite, &[x], Trust::WHOLE),
            2 => {
                let ops = [
                    ScalarOp::Floor,
                    ScalarOp::Ceil,
                    ScalarOp::Round,
                    ScalarOp::RoundTiesEven,
                    ScalarOp::Sign,
                ];
                let op = self.random.choose(&ops);
                self.put(b, op, &[x], x.trust.or(Trust::Exact { step: 0, top: 0, special: false }));
            }
            3 => self.put(b, ScalarOp::Sqrt, &[x], Trust::RAW),
            4 if !x.trust.is_special() => {
                let to = if x.dtype == DType::F32 { DType::I32 } else { DType::U64 };
                self.put(b, ScalarOp::Bitcast(to), &[x], Trust::WHOLE);
            }
            5 if y.trust.is_exact() => {
                let op = self.random.choose(&[ScalarOp::Div, ScalarOp::Rem]);
                self.put(b, op, &[x, y], Trust::RAW);
            }
            _ if y.trust.is_exact() => {
                let compare = ScalarOp::Compare(self.random.choose(&Compare::ALL));
                self.put(b, compare, &[x, y], Trust::WHOLE);
            }
            _ => {}
        }
    }
}
