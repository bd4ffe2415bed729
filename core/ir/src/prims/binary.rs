//! Elementwise functions of two operands: a row each.

use jaxrs_data::{DType, Literal, Result, Scalar, SmallVec, Type, bail, smallvec};
use jaxrs_kernel::{ScalarOp, ValueId};

use crate::lower::{Elements, Lowering};
use crate::prims::{Primitive, not_linear};
use crate::rules::nary;
use crate::{Batched, Cx, Jvp, Operand, Param, Tangent, Value, ops};

/// What the table says of a function.
pub struct Row {
    /// The printed name.
    name: &'static str,
    /// The element types that it takes.
    takes: fn(DType) -> bool,
    /// Its value; arguments are of the kind of the operands' type, and the result is rounded to it.
    value: fn(Scalar, Scalar) -> Scalar,
    /// How it is differentiated.
    slope: Slope,
    /// How kernels compute it.
    scalar: ScalarOp,
}

/// The derivative with respect to one operand: `(cx, x, y, z, t)` to the tangent of the result `z`.
type Partial = fn(Cx<'_>, &Value, &Value, &Value, &Value) -> Result<Value>;

/// The derivative of a function of two operands.
pub enum Slope {
    /// Linear in both at once; the signs that operands enter with.
    Linear(f64, f64),
    /// A product: linear in each.
    Product,
    /// Linear in the first operand for a fixed second one, by which tangents are divided.
    Quotient,
    /// By partial derivatives.
    Partials(Partial, Partial),
    /// The tangent is zero.
    Flat,
}

macro_rules! binary {
    ($($(#[$doc:meta])* $variant:ident => $row:expr,)*) => {
        /// An elementwise function of two operands of one element type.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Binary { $($(#[$doc])* $variant,)* }

        impl Binary {
            /// All of them.
            pub const ALL: &[Binary] = &[$(Binary::$variant,)*];

            fn row(self) -> Row {
                match self { $(Binary::$variant => $row,)* }
            }
        }
    };
}

fn is_number(dtype: DType) -> bool {
    !dtype.is_bool()
}

fn add(x: Scalar, y: Scalar) -> Scalar {
    match (x, y) {
        (Scalar::Int(x), Scalar::Int(y)) => Scalar::Int(x.wrapping_add(y)),
        (Scalar::Uint(x), Scalar::Uint(y)) => Scalar::Uint(x.wrapping_add(y)),
        (Scalar::Complex(a, b), Scalar::Complex(c, d)) => Scalar::Complex(a + c, b + d),
        (Scalar::Bool(x), Scalar::Bool(y)) => Scalar::Bool(x | y),
        _ => Scalar::Float(x.as_f64() + y.as_f64()),
    }
}

fn sub(x: Scalar, y: Scalar) -> Scalar {
    match (x, y) {
        (Scalar::Int(x), Scalar::Int(y)) => Scalar::Int(x.wrapping_sub(y)),
        (Scalar::Uint(x), Scalar::Uint(y)) => Scalar::Uint(x.wrapping_sub(y)),
        (Scalar::Complex(a, b), Scalar::Complex(c, d)) => Scalar::Complex(a - c, b - d),
        _ => Scalar::Float(x.as_f64() - y.as_f64()),
    }
}

fn mul(x: Scalar, y: Scalar) -> Scalar {
    match (x, y) {
        (Scalar::Int(x), Scalar::Int(y)) => Scalar::Int(x.wrapping_mul(y)),
        (Scalar::Uint(x), Scalar::Uint(y)) => Scalar::Uint(x.wrapping_mul(y)),
        (Scalar::Complex(a, b), Scalar::Complex(c, d)) => {
            Scalar::Complex(a * c - b * d, a * d + b * c)
        }
        _ => Scalar::Float(x.as_f64() * y.as_f64()),
    }
}

fn div(x: Scalar, y: Scalar) -> Scalar {
    match (x, y) {
        (Scalar::Int(_), Scalar::Int(0)) => Scalar::Int(-1),
        (Scalar::Int(x), Scalar::Int(y)) => Scalar::Int(x.wrapping_div(y)),
        (Scalar::Uint(x), Scalar::Uint(y)) => Scalar::Uint(x.checked_div(y).unwrap_or(u64::MAX)),
        (Scalar::Complex(a, b), Scalar::Complex(c, d)) => {
            let norm = c * c + d * d;
            Scalar::Complex((a * c + b * d) / norm, (b * c - a * d) / norm)
        }
        _ => Scalar::Float(x.as_f64() / y.as_f64()),
    }
}

binary! {
    /// x + y.
    Add => Row { name: "add", takes: is_number, value: add, slope: Slope::Linear(1.0, 1.0), scalar: ScalarOp::Add },
    /// x + y of cotangents.
    AddAny => Row {
        name: "add_any",
        takes: is_number,
        value: add,
        slope: Slope::Linear(1.0, 1.0),
        scalar: ScalarOp::Add,
    },
    /// x − y.
    Sub => Row { name: "sub", takes: is_number, value: sub, slope: Slope::Linear(1.0, -1.0), scalar: ScalarOp::Sub },
    /// x · y.
    Mul => Row { name: "mul", takes: is_number, value: mul, slope: Slope::Product, scalar: ScalarOp::Mul },
    /// x / y; integers truncate.
    Div => Row { name: "div", takes: is_number, value: div, slope: Slope::Quotient, scalar: ScalarOp::Div },
}

impl Binary {
    /// One of the two terms of the tangent.
    fn term(
        self,
        cx: Cx<'_>,
        k: usize,
        xy: [&Value; 2],
        z: &Value,
        t: &Tangent,
    ) -> Result<Tangent> {
        let Tangent::Value(t) = t else { return Ok(Tangent::Zero(z.ty().clone())) };
        let term = match self.row().slope {
            Slope::Linear(..) => t.clone(),
            Slope::Product => ops::mul(cx, t, xy[1 - k])?,
            Slope::Quotient if k == 0 => ops::div(cx, t, xy[1])?,
            // d(x/y) = -(x/y)/y dy
            Slope::Quotient => ops::mul(cx, t, &ops::neg(cx, &ops::div(cx, z, xy[1])?)?)?,
            Slope::Partials(x, _) if k == 0 => x(cx, xy[0], xy[1], z, t)?,
            Slope::Partials(_, y) => y(cx, xy[0], xy[1], z, t)?,
            Slope::Flat => return Ok(Tangent::Zero(z.ty().clone())),
        };
        let negative = matches!((self.row().slope, k), (Slope::Linear(_, s), 1) if s < 0.0);
        let term = if negative { ops::neg(cx, &term)? } else { term };
        // The tangent of a scalar beside an array counts for each element.
        ops::broadcast_in_dim(cx, &term, z.shape(), []).map(Tangent::Value)
    }
}

impl Primitive for Binary {
    fn name(&self) -> &'static str {
        self.row().name
    }

    fn parse(name: &str, _params: &[(String, Param)]) -> Option<Result<Binary>> {
        Binary::ALL.iter().find(|op| op.name() == name).copied().map(Ok)
    }

    fn output_types(&self, inputs: &[Type]) -> Result<SmallVec<[Type; 2]>> {
        nary::arity(self.name(), inputs, 2)?;
        let dtype = nary::same_dtype(self.name(), inputs)?;
        if !(self.row().takes)(dtype) {
            bail!(Dtype, "{} does not take {} and {}", self.name(), inputs[0], inputs[1]);
        }
        let weak = inputs.iter().all(|ty| ty.weak);
        Ok(smallvec![Type { dtype, weak, shape: nary::shape(self.name(), inputs)? }])
    }

    fn evaluate(&self, inputs: &[Literal]) -> Result<SmallVec<[Literal; 2]>> {
        let types = [inputs[0].ty().clone(), inputs[1].ty().clone()];
        let out = self.output_types(&types)?.swap_remove(0);
        let value = self.row().value;
        Ok(smallvec![nary::evaluate(&out, inputs, |x| value(x[0], x[1]).rounded(out.dtype))])
    }

    fn jvp(&self, cx: Cx<'_>, primals: &[Value], tangents: &[Tangent]) -> Result<Jvp> {
        let z = ops::binary(cx, *self, &primals[0], &primals[1])?;
        let xy = [&primals[0], &primals[1]];
        let (x, y) =
            (self.term(cx, 0, xy, &z, &tangents[0])?, self.term(cx, 1, xy, &z, &tangents[1])?);
        let tangent = x.add(cx, &y)?;
        Ok(Jvp { primals: smallvec![z], tangents: smallvec![tangent] })
    }

    fn transpose(
        &self,
        cx: Cx<'_>,
        inputs: &[Operand],
        cotangents: &[Tangent],
    ) -> Result<SmallVec<[Tangent; 4]>> {
        let mut result = SmallVec::new();
        for (k, input) in inputs.iter().enumerate() {
            let Tangent::Value(ct) = &cotangents[0] else {
                unreachable!("one cotangent is not zero")
            };
            let Operand::Linear(ty) = input else {
                result.push(Tangent::Zero(input.ty().clone()));
                continue;
            };
            let ct = match (self.row().slope, inputs[1 - k].known()) {
                (Slope::Linear(_, s), _) if k == 1 && s < 0.0 => ops::neg(cx, ct)?,
                (Slope::Linear(..), _) => ct.clone(),
                (Slope::Product, Some(other)) => ops::mul(cx, ct, other)?,
                (Slope::Quotient, Some(other)) if k == 0 => ops::div(cx, ct, other)?,
                _ => return Err(not_linear(self)),
            };
            result.push(nary::unbroadcast(cx, ty, &ct)?);
        }
        Ok(result)
    }

    fn batch(
        &self,
        cx: Cx<'_>,
        size: usize,
        inputs: &[Value],
        axes: &[Option<usize>],
    ) -> Result<Batched> {
        nary::batch(&(*self).into(), cx, size, inputs, axes)
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
        let x = Literal::f32([2, 2], &[0.5, -1.25, 2.0, 3.0]);
        let y = Literal::f32([2, 2], &[1.5, 0.25, -2.0, 0.5]);
        let sample = |&op: &Binary| crate::prims::Sample {
            prim: op.into(),
            inputs: vec![x.clone(), y.clone()],
            class: jaxrs_data::tolerance::Class::Elementary,
            smooth: true,
        };
        Binary::ALL.iter().map(sample).collect()
    }
}
