//! Elementwise functions of one operand: a row of the [table] each.

mod slope;
mod table;

use jaxrs_data::{DType, Literal, Result, Scalar, SmallVec, Type, bail, smallvec};
use jaxrs_kernel::{ScalarOp, ValueId, complex};

use crate::lower::{Elements, Lowering};
use crate::prims::{Primitive, not_differentiable, not_linear};
use crate::rules::nary;
use crate::{Batched, Cx, Jvp, Operand, Param, ParamReader, Params, Tangent, Value, ops};

pub use table::Unary;

/// What the table says of a function.
struct Row {
    /// The printed name.
    name: &'static str,
    /// The element types that it takes.
    takes: fn(DType) -> bool,
    /// Its value; the argument is of the kind of the operand's type, and the result is rounded to it.
    value: Eval,
    /// Its derivative.
    slope: Slope,
    /// How kernels compute it.
    code: Code,
}

/// The value of a function.
enum Eval {
    /// Of a real number.
    Real(fn(f64) -> f64),
    /// Of any element; the element type is the operand's.
    Any(fn(DType, Scalar) -> Scalar),
}

/// The derivative of a function of one operand `x` with result `y`.
enum Slope {
    /// The function is linear: the derivative's image is the function's own.
    Linear,
    /// Constant almost everywhere: the tangent is zero.
    Flat,
    /// `(cx, x, y)` to what tangents are multiplied by.
    Factor(fn(Cx<'_>, &Value, &Value) -> Result<Value>),
    /// `(cx, x, y)` to what tangents are divided by.
    Divisor(fn(Cx<'_>, &Value, &Value) -> Result<Value>),
    /// `(cx, x, y, tangent)` to the tangent of the result.
    Image(fn(Cx<'_>, &Value, &Value, &Value) -> Result<Value>),
}

/// How kernels compute a function.
enum Code {
    Op(ScalarOp),
    Square,
    Identity,
}

impl Unary {
    fn value(self, dtype: DType, x: Scalar) -> Scalar {
        let row = self.row();
        if let (Scalar::Complex(..), Code::Op(op)) = (x, row.code)
            && let Some(value) = complex::unary(op, dtype, x)
        {
            return value;
        }
        match row.value {
            Eval::Real(f) => Scalar::Float(f(x.as_f64())),
            Eval::Any(f) => f(dtype, x),
        }
    }

    /// Of an integer of less than 8 bits, whose bits are counted without what a byte has before them.
    fn narrow_element(
        self,
        cx: &mut dyn Elements,
        op: ScalarOp,
        index: &[ValueId],
    ) -> Result<ValueId> {
        let dtype = cx.input_type(0).dtype;
        if !matches!(self, Unary::PopulationCount | Unary::Clz) {
            return nary::element(cx, self.name(), op, index);
        }
        let x = nary::operand(cx, 0, index)?;
        let b = cx.builder();
        let bits = nary::with_sign(b, x, false);
        let bits = b.cast(bits, DType::U8);
        let mut count = b.op(op, &[bits]);
        if self == Unary::Clz {
            let before = b.constant(DType::U8, Scalar::Uint((8 - dtype.bits()).into()));
            count = b.op(ScalarOp::Sub, &[count, before]);
        }
        Ok(b.cast(count, dtype))
    }

    fn out_dtype(self, operand: DType) -> DType {
        match self {
            Unary::IsFinite => DType::Bool,
            Unary::Abs => operand.real_part(),
            _ => operand,
        }
    }
}

impl Primitive for Unary {
    fn name(&self) -> &'static str {
        self.row().name
    }

    fn params(&self) -> Params {
        // JAX's numbers of its rounding methods.
        match self {
            Unary::Round => vec![("rounding_method", Param::Int(0))],
            Unary::RoundTiesEven => vec![("rounding_method", Param::Int(1))],
            _ => Params::new(),
        }
    }

    fn parse(name: &str, params: &[(String, Param)]) -> Option<Result<Unary>> {
        let op = Unary::ALL.iter().find(|op| op.name() == name).copied()?;
        if op != Unary::Round {
            return Some(Ok(op));
        }
        let reader = ParamReader::new(name, params);
        Some(reader.required("rounding_method").and_then(|method| match method {
            Param::Int(0) => Ok(Unary::Round),
            Param::Int(1) => Ok(Unary::RoundTiesEven),
            other => Err(reader.error(format_args!(
                "needs rounding_method 0 (halves away from zero) or 1 (to even), got {other}"
            ))),
        }))
    }

    fn output_types(&self, inputs: &[Type]) -> Result<SmallVec<[Type; 2]>> {
        nary::arity(self.name(), inputs, 1)?;
        if !(self.row().takes)(inputs[0].dtype) {
            bail!(Dtype, "{} does not take {}", self.name(), inputs[0]);
        }
        let dtype = self.out_dtype(inputs[0].dtype);
        let weak = inputs[0].weak;
        Ok(smallvec![Type { dtype, weak, shape: inputs[0].shape.clone() }])
    }

    fn evaluate(&self, inputs: &[Literal]) -> Result<SmallVec<[Literal; 2]>> {
        let dtype = inputs[0].ty().dtype;
        let out = self.output_types(&[inputs[0].ty().clone()])?.swap_remove(0);
        Ok(smallvec![nary::evaluate(&out, inputs, |x| {
            self.value(dtype, x[0]).rounded(out.dtype)
        })])
    }

    fn jvp(&self, cx: Cx<'_>, primals: &[Value], tangents: &[Tangent]) -> Result<Jvp> {
        let x = &primals[0];
        let y = ops::unary(cx, *self, x)?;
        let tangent = match (&tangents[0], self.row().slope) {
            (Tangent::Zero(_), _) | (_, Slope::Flat) => Tangent::Zero(y.ty().clone()),
            (Tangent::Value(dx), Slope::Linear) => ops::unary(cx, *self, dx)?.into(),
            (Tangent::Value(dx), Slope::Factor(f)) => ops::mul(cx, dx, &f(cx, x, &y)?)?.into(),
            (Tangent::Value(dx), Slope::Divisor(f)) => ops::div(cx, dx, &f(cx, x, &y)?)?.into(),
            (Tangent::Value(dx), Slope::Image(f)) => f(cx, x, &y, dx)?.into(),
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
            Slope::Factor(_) | Slope::Divisor(_) | Slope::Image(_) => Err(not_linear(self)),
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
        match self.row().code {
            Code::Op(op) if cx.input_type(0).dtype.is_narrow_integer() => {
                self.narrow_element(cx, op, index)
            }
            Code::Op(op) => nary::element(cx, self.name(), op, index),
            Code::Square => nary::element_with(cx, self.name(), 1, index, |b, x| b.mul(x[0], x[0])),
            Code::Identity => nary::operand(cx, 0, index),
        }
    }

    fn cost(&self) -> u32 {
        match self.row().code {
            Code::Op(op) => op.cost(),
            Code::Square => 1,
            Code::Identity => 0,
        }
    }

    #[cfg(any(test, feature = "testing"))]
    fn samples() -> Vec<crate::prims::Sample> {
        use jaxrs_data::tolerance::Class;

        use crate::prims::sample;
        let of = |&op: &Unary| {
            let row = op.row();
            let exact = !matches!(row.value, Eval::Real(_)) || matches!(row.slope, Slope::Flat);
            let class = if exact { Class::Exact } else { Class::Elementary };
            let smooth = !matches!(row.slope, Slope::Flat | Slope::Image(_));
            sample::elementwise(op, 1, row.takes, op.domain(), class, smooth)
        };
        let mut samples: Vec<_> = Unary::ALL.iter().flat_map(of).collect();
        // Parts of complex numbers are added and multiplied.
        for sample in &mut samples {
            let is_moved = sample.prim == Unary::Copy.into() || sample.prim == Unary::Neg.into();
            if sample.inputs[0].ty().dtype.is_complex() && !is_moved {
                sample.class = Class::Elementary;
            }
        }
        samples
    }
}
