//! Formulas over values, written as they are read: `&x * (&y - 1.0)`. The first error is the formula's.

use std::ops::{Add, Div, Mul, Neg, Sub};

use jaxrs_data::Result;
use jaxrs_ir::prims::{Binary, Unary};
use jaxrs_ir::{Value, ops};
use jaxrs_kernel::Compare;
use jaxrs_transform::Scope;

use crate::numpy;
use crate::operands::{aligned, constant_like};

/// A value, or why there is none.
#[derive(Clone)]
pub(crate) struct Term<'a> {
    cx: &'a Scope,
    value: Result<Value>,
}

impl<'a> Term<'a> {
    pub(crate) fn new(cx: &'a Scope, value: &Value) -> Term<'a> {
        Term { cx, value: Ok(value.clone()) }
    }

    /// The value of the whole formula.
    pub(crate) fn done(self) -> Result<Value> {
        self.value
    }

    /// A constant of the same element type.
    pub(crate) fn constant(&self, value: f64) -> Term<'a> {
        self.map(|_, x| Ok(constant_like(x, value)))
    }

    /// What a function makes of the value.
    pub(crate) fn map(&self, f: impl FnOnce(&Scope, &Value) -> Result<Value>) -> Term<'a> {
        let value = self.value.as_ref().map_err(Clone::clone).and_then(|x| f(self.cx, x));
        Term { cx: self.cx, value }
    }

    /// What a function gives that makes several values.
    pub(crate) fn several(
        &self,
        n: usize,
        f: impl FnOnce(&Scope) -> Result<Vec<Value>>,
    ) -> Vec<Term<'a>> {
        match f(self.cx) {
            Ok(values) => values.iter().map(|value| Term::new(self.cx, value)).collect(),
            Err(err) => (0..n).map(|_| Term { cx: self.cx, value: Err(err.clone()) }).collect(),
        }
    }

    pub(crate) fn with(
        &self,
        other: &Term<'a>,
        f: impl FnOnce(&Scope, &Value, &Value) -> Result<Value>,
    ) -> Term<'a> {
        self.map(|cx, x| f(cx, x, other.value.as_ref().map_err(Clone::clone)?))
    }

    /// An elementwise function of two operands, broadcast to one shape.
    pub(crate) fn binary(&self, op: Binary, other: &Term<'a>) -> Term<'a> {
        self.with(other, |cx, x, y| {
            let [x, y] = aligned(cx, "a formula", [x.clone(), y.clone()])?;
            ops::binary(cx, op, &x, &y)
        })
    }

    pub(crate) fn unary(&self, op: Unary) -> Term<'a> {
        self.map(|cx, x| ops::unary(cx, op, x))
    }

    pub(crate) fn exp(&self) -> Term<'a> {
        self.unary(Unary::Exp)
    }

    pub(crate) fn ln(&self) -> Term<'a> {
        self.unary(Unary::Log)
    }

    pub(crate) fn abs(&self) -> Term<'a> {
        self.unary(Unary::Abs)
    }

    pub(crate) fn square(&self) -> Term<'a> {
        self.unary(Unary::Square)
    }

    pub(crate) fn sqrt(&self) -> Term<'a> {
        self.unary(Unary::Sqrt)
    }

    pub(crate) fn log1p(&self) -> Term<'a> {
        self.unary(Unary::Log1p)
    }

    pub(crate) fn expm1(&self) -> Term<'a> {
        self.unary(Unary::Expm1)
    }

    pub(crate) fn floor(&self) -> Term<'a> {
        self.unary(Unary::Floor)
    }

    pub(crate) fn cos(&self) -> Term<'a> {
        self.unary(Unary::Cos)
    }

    /// Of truth values.
    pub(crate) fn not(&self) -> Term<'a> {
        self.unary(Unary::Not)
    }

    pub(crate) fn lgamma(&self) -> Term<'a> {
        self.unary(Unary::Lgamma)
    }

    pub(crate) fn max(&self, other: &Term<'a>) -> Term<'a> {
        self.binary(Binary::Max, other)
    }

    pub(crate) fn min(&self, other: &Term<'a>) -> Term<'a> {
        self.binary(Binary::Min, other)
    }

    pub(crate) fn power(&self, other: &Term<'a>) -> Term<'a> {
        self.binary(Binary::Pow, other)
    }

    fn compare(&self, op: Compare, other: &Term<'a>) -> Term<'a> {
        self.with(other, |cx, x, y| {
            let [x, y] = aligned(cx, "a comparison", [x.clone(), y.clone()])?;
            ops::compare(cx, op, &x, &y)
        })
    }

    pub(crate) fn less(&self, other: &Term<'a>) -> Term<'a> {
        self.compare(Compare::Lt, other)
    }

    pub(crate) fn at_most(&self, other: &Term<'a>) -> Term<'a> {
        self.compare(Compare::Le, other)
    }

    pub(crate) fn greater(&self, other: &Term<'a>) -> Term<'a> {
        self.compare(Compare::Gt, other)
    }

    pub(crate) fn no_less(&self, other: &Term<'a>) -> Term<'a> {
        self.compare(Compare::Ge, other)
    }

    pub(crate) fn equals(&self, other: &Term<'a>) -> Term<'a> {
        self.compare(Compare::Eq, other)
    }

    pub(crate) fn below(&self, bound: f64) -> Term<'a> {
        self.less(&self.constant(bound))
    }

    pub(crate) fn above(&self, bound: f64) -> Term<'a> {
        self.compare(Compare::Gt, &self.constant(bound))
    }

    pub(crate) fn at_least(&self, bound: f64) -> Term<'a> {
        self.compare(Compare::Ge, &self.constant(bound))
    }

    pub(crate) fn is(&self, value: f64) -> Term<'a> {
        self.equals(&self.constant(value))
    }

    pub(crate) fn is_nan(&self) -> Term<'a> {
        self.compare(Compare::Ne, self)
    }

    /// Of truth values.
    pub(crate) fn or(&self, other: &Term<'a>) -> Term<'a> {
        self.binary(Binary::Or, other)
    }

    /// Of truth values.
    pub(crate) fn and(&self, other: &Term<'a>) -> Term<'a> {
        self.binary(Binary::And, other)
    }

    /// This truth value chooses one of two.
    pub(crate) fn choose(&self, if_true: &Term<'a>, if_false: &Term<'a>) -> Term<'a> {
        self.map(|cx, condition| {
            let value = |term: &Term<'a>| term.value.clone();
            numpy::select(cx, condition, &value(if_true)?, &value(if_false)?)
        })
    }

    /// A constant where something holds, else this value.
    pub(crate) fn unless(&self, condition: &Term<'a>, value: f64) -> Term<'a> {
        condition.choose(&self.constant(value), self)
    }

    /// A polynomial, highest power first.
    pub(crate) fn polynomial(&self, coefficients: &[f64]) -> Term<'a> {
        let mut rest = coefficients.iter();
        let first = self.constant(rest.next().copied().unwrap_or(0.0));
        rest.fold(first, |sum, &c| sum * self + c)
    }
}

macro_rules! operators {
    ($($operator:ident $method:ident $op:ident),*) => {$(
        impl<'a> $operator<&Term<'a>> for &Term<'a> {
            type Output = Term<'a>;
            fn $method(self, other: &Term<'a>) -> Term<'a> {
                self.binary(Binary::$op, other)
            }
        }
        impl<'a> $operator<Term<'a>> for &Term<'a> {
            type Output = Term<'a>;
            fn $method(self, other: Term<'a>) -> Term<'a> {
                $operator::$method(self, &other)
            }
        }
        impl<'a> $operator<&Term<'a>> for Term<'a> {
            type Output = Term<'a>;
            fn $method(self, other: &Term<'a>) -> Term<'a> {
                $operator::$method(&self, other)
            }
        }
        impl<'a> $operator<Term<'a>> for Term<'a> {
            type Output = Term<'a>;
            fn $method(self, other: Term<'a>) -> Term<'a> {
                $operator::$method(&self, &other)
            }
        }
        impl<'a> $operator<f64> for &Term<'a> {
            type Output = Term<'a>;
            fn $method(self, other: f64) -> Term<'a> {
                $operator::$method(self, &self.constant(other))
            }
        }
        impl<'a> $operator<f64> for Term<'a> {
            type Output = Term<'a>;
            fn $method(self, other: f64) -> Term<'a> {
                $operator::$method(&self, other)
            }
        }
        impl<'a> $operator<&Term<'a>> for f64 {
            type Output = Term<'a>;
            fn $method(self, other: &Term<'a>) -> Term<'a> {
                $operator::$method(&other.constant(self), other)
            }
        }
        impl<'a> $operator<Term<'a>> for f64 {
            type Output = Term<'a>;
            fn $method(self, other: Term<'a>) -> Term<'a> {
                $operator::$method(self, &other)
            }
        }
    )*};
}

operators!(Add add Add, Sub sub Sub, Mul mul Mul, Div div Div);

impl<'a> Neg for &Term<'a> {
    type Output = Term<'a>;
    fn neg(self) -> Term<'a> {
        self.unary(Unary::Neg)
    }
}

impl<'a> Neg for Term<'a> {
    type Output = Term<'a>;
    fn neg(self) -> Term<'a> {
        -&self
    }
}
