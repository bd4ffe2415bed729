//! Elementwise functions of two operands: a row of the [table] each.

mod code;
mod slope;
mod table;

use jaxrs_data::{DType, Literal, Result, Scalar, SmallVec, Type, bail, smallvec};
use jaxrs_kernel::{ScalarOp, ValueId, complex};

use crate::lower::{Elements, Lowering};
use crate::prims::{Primitive, not_differentiable, not_linear};
use crate::rules::nary;
use crate::{Batched, Cx, Jvp, Operand, Param, Tangent, Value, ops};

pub(crate) use slope::share;
pub use table::Binary;

/// What the table says of a function.
struct Row {
    /// The printed name.
    name: &'static str,
    /// The element types that it takes.
    takes: fn(DType) -> bool,
    /// Its value for operands of the given element type; arguments are of that type's kind, and the
    /// result is rounded to it.
    value: fn(DType, Scalar, Scalar) -> Scalar,
    /// Its derivative.
    slope: Slope,
    /// How kernels compute it.
    code: ScalarOp,
}

/// `(cx, x, y, z)` to what tangents of one operand of `z = f(x, y)` are multiplied by.
type Factor = fn(Cx<'_>, &Value, &Value, &Value) -> Result<Value>;

/// The derivative of a function of two operands.
enum Slope {
    /// The sum of both operands.
    Sum,
    /// The difference of the operands.
    Difference,
    /// The product of the operands: linear in each.
    Product,
    /// The quotient of the operands: linear in the first.
    Quotient,
    /// By partial derivatives.
    Partials(Factor, Factor),
    /// Linear in the first operand with slope 1; by a partial derivative in the second.
    FirstAndPartial(Factor),
    /// The tangent is zero.
    Flat,
    /// There is none.
    Unknown,
}

impl Binary {
    /// The value for elements of a type's kind.
    pub(crate) fn value(self, dtype: DType, x: Scalar, y: Scalar) -> Scalar {
        let row = self.row();
        if let (Scalar::Complex(..), Some(value)) = (x, complex::binary(row.code, dtype, x, y)) {
            return value;
        }
        (row.value)(dtype, x, y).rounded(dtype)
    }

    /// The operands with the second one converted, where it is the integer exponent of a float.
    fn converted(self, dtype: DType, x: [Scalar; 2]) -> [Scalar; 2] {
        if self == Binary::Pow { [x[0], x[1].cast(dtype)] } else { x }
    }

    /// What a tangent of one operand adds to that of the result.
    fn term(self, cx: Cx<'_>, k: usize, xy: [&Value; 2], z: &Value, t: &Value) -> Result<Value> {
        let factor = |f: Factor| ops::mul(cx, t, &f(cx, xy[0], xy[1], z)?);
        match (self.row().slope, k) {
            (Slope::Difference, 1) => ops::neg(cx, t),
            (Slope::Sum | Slope::Difference, _) | (Slope::FirstAndPartial(_), 0) => Ok(t.clone()),
            (Slope::Product, _) => ops::mul(cx, t, xy[1 - k]),
            (Slope::Quotient, 0) => ops::div(cx, t, xy[1]),
            (Slope::Quotient, _) => factor(slope::quotient),
            (Slope::Partials(f, _), 0) => factor(f),
            (Slope::Partials(_, f) | Slope::FirstAndPartial(f), _) => factor(f),
            (Slope::Flat, _) => ops::full(cx, z.ty(), Scalar::Int(0)),
            (Slope::Unknown, _) => Err(not_differentiable(&self)),
        }
    }

    fn tangent(
        self,
        cx: Cx<'_>,
        xy: [&Value; 2],
        z: &Value,
        tangents: &[Tangent],
    ) -> Result<Tangent> {
        // The tangent of a scalar beside an array counts for each element.
        let term = |k: usize, t: &Value| {
            let term = self.term(cx, k, xy, z, t)?;
            ops::broadcast_in_dim(cx, &term, z.shape(), [])
        };
        match (&tangents[0], &tangents[1], self.row().slope) {
            (_, _, Slope::Flat) => Ok(Tangent::Zero(z.ty().clone())),
            (Tangent::Value(x), Tangent::Value(y), Slope::Sum | Slope::Difference) => {
                ops::binary(cx, self, x, y).map(Tangent::Value)
            }
            (Tangent::Value(x), Tangent::Value(y), _) => {
                ops::add_any(cx, &term(0, x)?, &term(1, y)?).map(Tangent::Value)
            }
            (Tangent::Value(x), Tangent::Zero(_), _) => term(0, x).map(Tangent::Value),
            (Tangent::Zero(_), Tangent::Value(y), _) => term(1, y).map(Tangent::Value),
            (Tangent::Zero(_), Tangent::Zero(_), _) => Ok(Tangent::Zero(z.ty().clone())),
        }
    }

    /// The cotangent of one operand; the other one, if it is known.
    fn cotangent(self, cx: Cx<'_>, k: usize, other: Option<&Value>, ct: &Value) -> Result<Value> {
        match (self.row().slope, other) {
            (Slope::Difference, _) if k == 1 => ops::neg(cx, ct),
            (Slope::Sum | Slope::Difference, _) => Ok(ct.clone()),
            (Slope::Product, Some(other)) => ops::mul(cx, ct, other),
            (Slope::Quotient, Some(other)) if k == 0 => ops::div(cx, ct, other),
            _ => Err(not_linear(&self)),
        }
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
        let name = self.name();
        nary::arity(name, inputs, 2)?;
        let dtype = match inputs[1].dtype {
            exponent if *self == Binary::Pow && exponent.is_integer() => inputs[0].dtype,
            _ => nary::same_dtype(name, inputs)?,
        };
        if !(self.row().takes)(dtype) {
            bail!(Dtype, "{name} does not take {} and {}", inputs[0], inputs[1]);
        }
        let weak = inputs.iter().all(|ty| ty.weak);
        Ok(smallvec![Type { dtype, weak, shape: nary::shape(name, inputs)? }])
    }

    fn evaluate(&self, inputs: &[Literal]) -> Result<SmallVec<[Literal; 2]>> {
        let types = [inputs[0].ty().clone(), inputs[1].ty().clone()];
        let out = self.output_types(&types)?.swap_remove(0);
        Ok(smallvec![nary::evaluate(&out, inputs, |x| {
            let [x, y] = self.converted(out.dtype, [x[0], x[1]]);
            self.value(out.dtype, x, y)
        })])
    }

    fn jvp(&self, cx: Cx<'_>, primals: &[Value], tangents: &[Tangent]) -> Result<Jvp> {
        let z = ops::binary(cx, *self, &primals[0], &primals[1])?;
        let tangent = self.tangent(cx, [&primals[0], &primals[1]], &z, tangents)?;
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
            result.push(match (input, cotangents[0].value()) {
                (Operand::Linear(ty), Some(ct)) => {
                    let ct = self.cotangent(cx, k, inputs[1 - k].known(), ct)?;
                    nary::unbroadcast(cx, ty, &ct)?
                }
                _ => Tangent::Zero(input.ty().clone()),
            });
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
        let dtype = cx.output_type(0).dtype;
        match self {
            Binary::Nextafter if dtype.bits() <= 16 => return code::nextafter(cx, index),
            Binary::Mulhi => return code::mulhi(cx, index),
            Binary::ShiftRightLogical | Binary::ShiftRightArithmetic
                if dtype.is_narrow_integer() =>
            {
                return code::narrow_shift(cx, *self, self.row().code, index);
            }
            _ => {}
        }
        nary::element_with(cx, self.name(), 2, index, |b, xy| {
            let y = if *self == Binary::Pow { b.cast(xy[1], b.dtype(xy[0])) } else { xy[1] };
            b.op(self.row().code, &[xy[0], y])
        })
    }

    fn cost(&self) -> u32 {
        self.row().code.cost()
    }

    #[cfg(any(test, feature = "testing"))]
    fn samples() -> Vec<crate::prims::Sample> {
        use jaxrs_data::tolerance::Class;

        use crate::prims::sample;
        let mut samples = Vec::new();
        for &op in Binary::ALL {
            let row = op.row();
            let class = match op {
                Binary::Pow | Binary::Atan2 => Class::Elementary,
                _ => Class::Exact,
            };
            let smooth = !matches!(row.slope, Slope::Flat | Slope::Unknown);
            samples.extend(sample::elementwise(op, 2, row.takes, (0.5, 2.5), class, smooth));
        }
        // On the branch cut of a complex angle rounding decides for a side, and infinities lie on it.
        samples.retain(|sample| {
            let is_hard = sample.inputs.iter().all(|x| x.ty().rank() == 2) && !sample.smooth;
            let is_angle = sample.prim == Binary::Atan2.into();
            !(is_hard && is_angle && sample.inputs[0].ty().dtype.is_complex())
        });
        // Where products of parts are added, sums may be contracted.
        for sample in &mut samples {
            let is_complex = sample.inputs[0].ty().dtype.is_complex();
            let is_exact = |op| [Binary::Mul, Binary::Div].iter().all(|&other| op != other.into());
            if is_complex && !is_exact(sample.prim.clone()) {
                sample.class = Class::Elementary;
            }
        }
        let (base, exponent) = (sample::grid(DType::F32, 0), sample::grid(DType::F32, 1));
        let exponent = Literal::from_fn(exponent.ty().with_dtype(DType::I32), |i| {
            Scalar::Float(exponent.get(i).as_f64().clamp(-9.0, 9.0))
        });
        samples.push(crate::prims::Sample {
            class: Class::Elementary,
            smooth: false,
            ..sample::exact(Binary::Pow, vec![base, exponent])
        });
        samples
    }
}
