//! Elementwise functions of one operand: a row each.

use jaxrs_data::{DType, Literal, Result, Scalar, SmallVec, Type, bail, smallvec};
use jaxrs_kernel::{ScalarOp, ValueId};

use crate::lower::{Elements, Lowering};
use crate::prims::{Primitive, not_differentiable, not_linear};
use crate::rules::nary;
use crate::{Batched, Cx, Jvp, Operand, Param, Tangent, Value, ops};

/// What the table says of a function.
pub struct Row {
    /// The printed name.
    name: &'static str,
    /// The element types that it takes.
    takes: fn(DType) -> bool,
    /// Its value; the argument is of the kind of the operand's type, and the result is rounded to it.
    value: fn(Scalar) -> Scalar,
    /// Its derivative from operand `x` and result `y`.
    slope: Slope,
    /// How kernels compute it.
    scalar: ScalarOp,
}

/// The derivative of a function of one operand.
pub enum Slope {
    /// The function is linear: the derivative's image is the function's own.
    Linear,
    /// Constant almost everywhere: the tangent is zero.
    Flat,
    /// `(cx, x, y)` to the factor.
    Factor(fn(Cx<'_>, &Value, &Value) -> Result<Value>),
}

macro_rules! unary {
    ($($(#[$doc:meta])* $variant:ident => $row:expr,)*) => {
        /// An elementwise function of one operand.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Unary { $($(#[$doc])* $variant,)* }

        impl Unary {
            /// All of them.
            pub const ALL: &[Unary] = &[$(Unary::$variant,)*];

            fn row(self) -> Row {
                match self { $(Unary::$variant => $row,)* }
            }
        }
    };
}

fn float(f: impl Fn(f64) -> f64, x: Scalar) -> Scalar {
    Scalar::Float(f(x.as_f64()))
}

unary! {
    /// −x.
    Neg => Row {
        name: "neg",
        takes: |d| !d.is_bool(),
        value: |x| match x {
            Scalar::Int(v) => Scalar::Int(v.wrapping_neg()),
            Scalar::Uint(v) => Scalar::Uint(v.wrapping_neg()),
            Scalar::Complex(re, im) => Scalar::Complex(-re, -im),
            _ => float(|v| -v, x),
        },
        slope: Slope::Linear,
        scalar: ScalarOp::Neg,
    },
    /// Sine.
    Sin => Row {
        name: "sin",
        takes: DType::is_float,
        value: |x| float(f64::sin, x),
        slope: Slope::Factor(|cx, x, _| ops::unary(cx, Unary::Cos, x)),
        scalar: ScalarOp::Sin,
    },
    /// Cosine.
    Cos => Row {
        name: "cos",
        takes: DType::is_float,
        value: |x| float(f64::cos, x),
        slope: Slope::Factor(|cx, x, _| ops::neg(cx, &ops::unary(cx, Unary::Sin, x)?)),
        scalar: ScalarOp::Cos,
    },
    /// eˣ.
    Exp => Row {
        name: "exp",
        takes: DType::is_float,
        value: |x| float(f64::exp, x),
        slope: Slope::Factor(|_, _, y| Ok(y.clone())),
        scalar: ScalarOp::Exp,
    },
    /// Towards −∞.
    Floor => Row {
        name: "floor",
        takes: DType::is_float,
        value: |x| float(f64::floor, x),
        slope: Slope::Flat,
        scalar: ScalarOp::Floor,
    },
}

impl Primitive for Unary {
    fn name(&self) -> &'static str {
        self.row().name
    }

    fn parse(name: &str, _params: &[(String, Param)]) -> Option<Result<Unary>> {
        Unary::ALL.iter().find(|op| op.name() == name).copied().map(Ok)
    }

    fn output_types(&self, inputs: &[Type]) -> Result<SmallVec<[Type; 2]>> {
        nary::arity(self.name(), inputs, 1)?;
        if !(self.row().takes)(inputs[0].dtype) {
            bail!(Dtype, "{} does not take {}", self.name(), inputs[0]);
        }
        Ok(smallvec![inputs[0].clone()])
    }

    fn evaluate(&self, inputs: &[Literal]) -> Result<SmallVec<[Literal; 2]>> {
        let value = self.row().value;
        Ok(smallvec![
            nary::evaluate(inputs[0].ty(), inputs, |x| value(x[0]).rounded(inputs[0].ty().dtype))
        ])
    }

    fn jvp(&self, cx: Cx<'_>, primals: &[Value], tangents: &[Tangent]) -> Result<Jvp> {
        let y = ops::unary(cx, *self, &primals[0])?;
        let tangent = match self.row().slope {
            Slope::Linear => tangents[0].map(y.ty(), |dx| ops::unary(cx, *self, dx))?,
            Slope::Flat => Tangent::Zero(y.ty().clone()),
            Slope::Factor(factor) => {
                let factor = factor(cx, &primals[0], &y)?;
                tangents[0].map(y.ty(), |dx| ops::mul(cx, dx, &factor))?
            }
        };
        Ok(Jvp { primals: smallvec![y], tangents: smallvec![tangent] })
    }

    fn transpose(
        &self,
        cx: Cx<'_>,
        _inputs: &[Operand],
        cotangents: &[Tangent],
    ) -> Result<SmallVec<[Tangent; 4]>> {
        match self.row().slope {
            Slope::Linear => Ok(smallvec![
                cotangents[0].map(cotangents[0].ty(), |ct| ops::unary(cx, *self, ct))?
            ]),
            Slope::Flat => Err(not_differentiable(self)),
            Slope::Factor(_) => Err(not_linear(self)),
        }
    }

    fn batch(
        &self,
        cx: Cx<'_>,
        _size: usize,
        inputs: &[Value],
        axes: &[Option<usize>],
    ) -> Result<Batched> {
        // No operand to align with, so the examples may stay where they are.
        Ok(Batched { outputs: cx.bind(&(*self).into(), inputs)?, axes: smallvec![axes[0]] })
    }

    fn lowering(&self, _inputs: &[Type]) -> Lowering {
        Lowering::Elements
    }

    fn element(&self, cx: &mut dyn Elements, _output: usize, index: &[ValueId]) -> Result<ValueId> {
        nary::element(cx, self.row().scalar, index)
    }

    fn cost(&self) -> u32 {
        self.row().scalar.cost()
    }

    #[cfg(any(test, feature = "testing"))]
    fn samples() -> Vec<crate::prims::Sample> {
        let inputs = || Literal::f32([2, 3], &[0.5, -1.25, 2.0, 0.125, -0.75, 1.5]);
        let sample = |&op: &Unary| crate::prims::Sample {
            prim: op.into(),
            inputs: vec![inputs()],
            class: jaxrs_data::tolerance::Class::Elementary,
            smooth: !matches!(op.row().slope, Slope::Flat),
        };
        Unary::ALL.iter().map(sample).collect()
    }
}
