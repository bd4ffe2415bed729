//! What special functions are written in: numbers of the machine, or values of a kernel that is being built.

use std::cell::RefCell;
use std::ops::{Add, BitAnd, BitOr, Div, Mul, Neg, Not, Sub};

use jaxrs_data::{DType, Scalar, SmallVec};
use jaxrs_kernel::{BodyBuilder, Compare, ScalarOp, ValueId, math};

/// How exact a result has to be, and what its type can hold.
#[derive(Clone, Copy, Debug)]
pub(super) struct Precision {
    /// The distance from 1 to the next larger number.
    pub(super) epsilon: f64,
    /// The largest number.
    pub(super) max: f64,
    /// The smallest normal number.
    pub(super) tiny: f64,
}

impl Precision {
    /// Of a float type; 16-bit floats are computed as if they had 32 bits.
    pub(super) fn of(dtype: DType) -> Precision {
        match dtype {
            DType::F64 => {
                Precision { epsilon: f64::EPSILON, max: f64::MAX, tiny: f64::MIN_POSITIVE }
            }
            _ => Precision {
                epsilon: f32::EPSILON.into(),
                max: f32::MAX.into(),
                tiny: f32::MIN_POSITIVE.into(),
            },
        }
    }

    /// What series and fractions are followed up to. Steps that are cheap in double precision keep the
    /// remainder of a single-precision result far below its rounding.
    pub(super) fn tolerance(&self) -> f64 {
        if self.epsilon > f64::EPSILON { self.epsilon / 64.0 } else { self.epsilon }
    }
}

/// A truth value of numbers.
pub(super) trait Truth:
    Copy + BitAnd<Output = Self> + BitOr<Output = Self> + Not<Output = Self>
{
}

/// A double.
pub(super) trait Number:
    Copy
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
    + Neg<Output = Self>
    + Add<f64, Output = Self>
    + Sub<f64, Output = Self>
    + Mul<f64, Output = Self>
{
    /// Whether something holds.
    type Truth: Truth;

    /// A constant.
    fn constant(self, value: f64) -> Self;

    /// A function that kernels have an operation for.
    fn apply(self, op: ScalarOp) -> Self;

    /// To the power of another number.
    fn power(self, exponent: Self) -> Self;

    /// The remainder of a division, with the sign of the dividend.
    fn remainder(self, divisor: f64) -> Self;

    /// A comparison.
    fn compare(self, op: Compare, other: Self) -> Self::Truth;

    /// One of two numbers.
    fn select(condition: Self::Truth, if_true: Self, if_false: Self) -> Self;

    /// What a loop gives: it steps while it `goes_on`.
    fn repeat<const K: usize>(
        start: [Self; K],
        goes_on: impl Fn([Self; K]) -> Self::Truth,
        step: impl Fn([Self; K]) -> [Self; K],
    ) -> [Self; K];

    fn exp(self) -> Self {
        self.apply(ScalarOp::Exp)
    }

    fn ln(self) -> Self {
        self.apply(ScalarOp::Log)
    }

    fn ln_1p(self) -> Self {
        self.apply(ScalarOp::Log1p)
    }

    fn sqrt(self) -> Self {
        self.apply(ScalarOp::Sqrt)
    }

    fn abs(self) -> Self {
        self.apply(ScalarOp::Abs)
    }

    fn floor(self) -> Self {
        self.apply(ScalarOp::Floor)
    }

    fn lgamma(self) -> Self {
        self.apply(ScalarOp::Lgamma)
    }

    fn digamma(self) -> Self {
        self.apply(ScalarOp::Digamma)
    }

    /// 1/x.
    fn recip(self) -> Self {
        self.constant(1.0) / self
    }

    fn less(self, other: Self) -> Self::Truth {
        self.compare(Compare::Lt, other)
    }

    fn below(self, bound: f64) -> Self::Truth {
        self.compare(Compare::Lt, self.constant(bound))
    }

    fn above(self, bound: f64) -> Self::Truth {
        self.compare(Compare::Gt, self.constant(bound))
    }

    fn at_least(self, bound: f64) -> Self::Truth {
        self.compare(Compare::Ge, self.constant(bound))
    }

    fn is(self, value: f64) -> Self::Truth {
        self.compare(Compare::Eq, self.constant(value))
    }

    fn is_nan(self) -> Self::Truth {
        self.compare(Compare::Ne, self)
    }

    fn is_whole(self) -> Self::Truth {
        self.compare(Compare::Eq, self.floor())
    }

    /// A constant where something holds, else this number.
    fn unless(self, condition: Self::Truth, value: f64) -> Self {
        Self::select(condition, self.constant(value), self)
    }
}

impl Truth for bool {}

impl Number for f64 {
    type Truth = bool;

    fn constant(self, value: f64) -> f64 {
        value
    }

    fn apply(self, op: ScalarOp) -> f64 {
        match op {
            ScalarOp::Exp => f64::exp(self),
            ScalarOp::Log => f64::ln(self),
            ScalarOp::Log1p => f64::ln_1p(self),
            ScalarOp::Sqrt => f64::sqrt(self),
            ScalarOp::Abs => f64::abs(self),
            ScalarOp::Floor => f64::floor(self),
            ScalarOp::Lgamma => math::lgamma(self),
            ScalarOp::Digamma => math::digamma(self),
            _ => f64::NAN,
        }
    }

    fn power(self, exponent: f64) -> f64 {
        self.powf(exponent)
    }

    fn remainder(self, divisor: f64) -> f64 {
        self % divisor
    }

    fn compare(self, op: Compare, other: f64) -> bool {
        match op {
            Compare::Eq => self == other,
            Compare::Ne => self != other,
            Compare::Lt => self < other,
            Compare::Le => self <= other,
            Compare::Gt => self > other,
            Compare::Ge => self >= other,
        }
    }

    fn select(condition: bool, if_true: f64, if_false: f64) -> f64 {
        if condition { if_true } else { if_false }
    }

    fn repeat<const K: usize>(
        mut state: [f64; K],
        goes_on: impl Fn([f64; K]) -> bool,
        step: impl Fn([f64; K]) -> [f64; K],
    ) -> [f64; K] {
        while goes_on(state) {
            state = step(state);
        }
        state
    }
}

/// A value of a kernel's body: a double or a truth value.
#[derive(Clone, Copy)]
pub(super) struct Emitted<'a, 'b> {
    id: ValueId,
    body: &'a RefCell<&'b mut BodyBuilder>,
}

impl<'a, 'b> Emitted<'a, 'b> {
    pub(super) fn new(id: ValueId, body: &'a RefCell<&'b mut BodyBuilder>) -> Emitted<'a, 'b> {
        Emitted { id, body }
    }

    pub(super) fn id(self) -> ValueId {
        self.id
    }

    fn with(self, id: ValueId) -> Emitted<'a, 'b> {
        Emitted { id, ..self }
    }

    fn op(self, op: ScalarOp, others: &[Emitted<'a, 'b>]) -> Emitted<'a, 'b> {
        let args: SmallVec<[ValueId; 3]> =
            std::iter::once(self).chain(others.iter().copied()).map(Emitted::id).collect();
        self.with(self.body.borrow_mut().op(op, &args))
    }

    fn value(self, value: f64) -> Emitted<'a, 'b> {
        self.with(self.body.borrow_mut().constant(DType::F64, Scalar::Float(value)))
    }

    fn looped<const K: usize>(
        start: [Self; K],
        goes_on: impl Fn([Self; K]) -> Self,
        step: impl Fn([Self; K]) -> [Self; K],
    ) -> [Self; K] {
        let Some(&Emitted { body, .. }) = start.first() else { return start };
        let inits = start.map(Emitted::id);
        let state = |ids: &[ValueId]| std::array::from_fn(|k| Emitted { id: ids[k], body });
        let open = body.borrow_mut().begin_while(&inits);
        let condition = goes_on(state(&open.params));
        let open = body.borrow_mut().begin_while_body(open, condition.id);
        let next = step(state(&open.params)).map(Emitted::id);
        let results = body.borrow_mut().end_while(open, next.as_slice().into());
        state(&results)
    }
}

/// What numbers are that are operations on others: their type has `op` of itself and others, `value` for a constant, and
/// `looped` for a loop.
macro_rules! number_by_operations {
    (@binary $type:ty: $($operator:ident $method:ident $op:ident),*) => {$(
        impl std::ops::$operator for $type {
            type Output = Self;
            fn $method(self, other: Self) -> Self {
                self.op(ScalarOp::$op, &[other])
            }
        }
    )*};
    (@constant $type:ty: $($operator:ident $method:ident),*) => {$(
        impl std::ops::$operator<f64> for $type {
            type Output = Self;
            fn $method(self, other: f64) -> Self {
                self.op(ScalarOp::$operator, &[self.value(other)])
            }
        }
    )*};
    (@unary $type:ty: $($operator:ident $method:ident),*) => {$(
        impl std::ops::$operator for $type {
            type Output = Self;
            fn $method(self) -> Self {
                self.op(ScalarOp::$operator, &[])
            }
        }
    )*};
    ($type:ty) => {
        number_by_operations!(@binary $type: Add add Add, Sub sub Sub, Mul mul Mul, Div div Div, BitAnd bitand And, BitOr bitor Or);
        number_by_operations!(@constant $type: Add add, Sub sub, Mul mul);
        number_by_operations!(@unary $type: Neg neg, Not not);

        impl Truth for $type {}

        impl Number for $type {
            type Truth = Self;

            fn constant(self, value: f64) -> Self {
                self.value(value)
            }

            fn apply(self, op: ScalarOp) -> Self {
                self.op(op, &[])
            }

            fn power(self, exponent: Self) -> Self {
                self.op(ScalarOp::Pow, &[exponent])
            }

            fn remainder(self, divisor: f64) -> Self {
                self.op(ScalarOp::Rem, &[self.value(divisor)])
            }

            fn compare(self, op: Compare, other: Self) -> Self {
                self.op(ScalarOp::Compare(op), &[other])
            }

            fn select(condition: Self, if_true: Self, if_false: Self) -> Self {
                condition.op(ScalarOp::Select, &[if_true, if_false])
            }

            fn repeat<const K: usize>(
                start: [Self; K],
                goes_on: impl Fn([Self; K]) -> Self,
                step: impl Fn([Self; K]) -> [Self; K],
            ) -> [Self; K] {
                Self::looped(start, goes_on, step)
            }
        }
    };
}

pub(super) use number_by_operations;

number_by_operations!(Emitted<'_, '_>);
