//! Complex numbers put together and taken apart. All of these are linear over the real numbers; transposes
//! are those of the form Re(a · b), without conjugation, as in JAX.

mod conj;

use jaxrs_data::{DType, Literal, Result, Scalar, SmallVec, Type, bail, smallvec};
use jaxrs_kernel::{ScalarOp, ValueId};

use crate::lower::{Elements, Lowering};
use crate::prims::Primitive;
use crate::rules::nary;
use crate::{Batched, Cx, Jvp, Operand, Param, Tangent, Value, ops};

pub use conj::Conj;

/// `complex(re, im)`: the complex numbers with these parts, of `f32` or `f64`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Complex;

/// A part of complex numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ComplexPart {
    /// `real`.
    Real,
    /// `imag`.
    Imag,
}

/// The complex type with parts of a type, if there is one.
fn complex_of(part: DType) -> Option<DType> {
    [DType::C64, DType::C128].into_iter().find(|complex| complex.real_part() == part)
}

/// A zero beside values of a type.
fn zero_like(x: &Value) -> Value {
    ops::scalar_like(x, 0.0)
}

impl Primitive for Complex {
    fn name(&self) -> &'static str {
        "complex"
    }

    fn parse(name: &str, _params: &[(String, Param)]) -> Option<Result<Complex>> {
        (name == "complex").then_some(Ok(Complex))
    }

    fn output_types(&self, inputs: &[Type]) -> Result<SmallVec<[Type; 2]>> {
        nary::arity("complex", inputs, 2)?;
        let Some(dtype) = complex_of(nary::same_dtype("complex", inputs)?) else {
            bail!(Dtype, "complex needs parts of f32 or f64, got {} and {}", inputs[0], inputs[1]);
        };
        let weak = inputs.iter().all(|ty| ty.weak);
        Ok(smallvec![Type { dtype, weak, shape: nary::shape("complex", inputs)? }])
    }

    fn evaluate(&self, inputs: &[Literal]) -> Result<SmallVec<[Literal; 2]>> {
        let types = [inputs[0].ty().clone(), inputs[1].ty().clone()];
        let out = self.output_types(&types)?.swap_remove(0);
        Ok(smallvec![nary::evaluate(&out, inputs, |x| {
            Scalar::Complex(x[0].as_f64(), x[1].as_f64())
        })])
    }

    fn jvp(&self, cx: Cx<'_>, primals: &[Value], tangents: &[Tangent]) -> Result<Jvp> {
        let z = ops::complex(cx, &primals[0], &primals[1])?;
        let part = |k: usize| match &tangents[k] {
            Tangent::Value(tangent) => tangent.clone(),
            Tangent::Zero(_) => zero_like(&primals[k]),
        };
        let tangent = match tangents.iter().all(Tangent::is_zero) {
            true => Tangent::Zero(z.ty().clone()),
            false => {
                let tangent = ops::complex(cx, &part(0), &part(1))?;
                ops::broadcast_in_dim(cx, &tangent, z.shape(), [])?.into()
            }
        };
        Ok(Jvp { primals: smallvec![z], tangents: smallvec![tangent] })
    }

    /// The real part of the cotangent, and minus its imaginary part.
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
                    let part = match k {
                        0 => ops::real(cx, ct)?,
                        _ => ops::imag(cx, &ops::neg(cx, ct)?)?,
                    };
                    nary::unbroadcast(cx, ty, &part)?
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
        nary::element(cx, "complex", ScalarOp::Complex, index)
    }

    #[cfg(any(test, feature = "testing"))]
    fn samples() -> Vec<crate::prims::Sample> {
        use jaxrs_data::tolerance::Class;
        let takes = |dtype| complex_of(dtype).is_some();
        crate::prims::sample::elementwise(Complex, 2, takes, (-2.0, 1.7), Class::Exact, true)
    }
}

impl Primitive for ComplexPart {
    fn name(&self) -> &'static str {
        match self {
            ComplexPart::Real => "real",
            ComplexPart::Imag => "imag",
        }
    }

    fn parse(name: &str, _params: &[(String, Param)]) -> Option<Result<ComplexPart>> {
        match name {
            "real" => Some(Ok(ComplexPart::Real)),
            "imag" => Some(Ok(ComplexPart::Imag)),
            _ => None,
        }
    }

    fn output_types(&self, inputs: &[Type]) -> Result<SmallVec<[Type; 2]>> {
        nary::arity(self.name(), inputs, 1)?;
        let dtype = inputs[0].dtype;
        if !dtype.is_complex() {
            bail!(Dtype, "{} needs complex numbers, got {}", self.name(), inputs[0]);
        }
        Ok(smallvec![Type { dtype: dtype.real_part(), ..inputs[0].clone() }])
    }

    fn evaluate(&self, inputs: &[Literal]) -> Result<SmallVec<[Literal; 2]>> {
        let out = self.output_types(&[inputs[0].ty().clone()])?.swap_remove(0);
        Ok(smallvec![nary::evaluate(&out, inputs, |x| {
            let (re, im) = x[0].as_complex();
            Scalar::Float(if *self == ComplexPart::Real { re } else { im })
        })])
    }

    fn jvp(&self, cx: Cx<'_>, primals: &[Value], tangents: &[Tangent]) -> Result<Jvp> {
        crate::rules::linear::jvp(*self, cx, primals, tangents)
    }

    /// The complex number that the cotangent is the real part of, or minus the imaginary part.
    fn transpose(
        &self,
        cx: Cx<'_>,
        inputs: &[Operand],
        cotangents: &[Tangent],
    ) -> Result<SmallVec<[Tangent; 4]>> {
        // The zero is strong, and so is the result, as in JAX.
        let zero = |ct: &Value| Value::literal(Literal::scalar(ct.ty().dtype, Scalar::Float(0.0)));
        let whole = |ct: &Value| match self {
            ComplexPart::Real => ops::complex(cx, ct, &zero(ct)),
            ComplexPart::Imag => ops::complex(cx, &zero(ct), &ops::neg(cx, ct)?),
        };
        Ok(smallvec![cotangents[0].map(inputs[0].ty(), whole)?])
    }

    fn batch(
        &self,
        cx: Cx<'_>,
        _size: usize,
        inputs: &[Value],
        axes: &[Option<usize>],
    ) -> Result<Batched> {
        Ok(Batched { outputs: cx.bind(&(*self).into(), inputs)?, axes: smallvec![axes[0]] })
    }

    fn lowering(&self, _inputs: &[Type]) -> Lowering {
        Lowering::Elements
    }

    fn element(&self, cx: &mut dyn Elements, _output: usize, index: &[ValueId]) -> Result<ValueId> {
        let op = match self {
            ComplexPart::Real => ScalarOp::Re,
            ComplexPart::Imag => ScalarOp::Im,
        };
        nary::element(cx, self.name(), op, index)
    }

    #[cfg(any(test, feature = "testing"))]
    fn samples() -> Vec<crate::prims::Sample> {
        use jaxrs_data::tolerance::Class;

        use crate::prims::sample::elementwise;
        let of = |part: ComplexPart| {
            elementwise(part, 1, DType::is_complex, (-2.0, 1.7), Class::Exact, true)
        };
        [ComplexPart::Real, ComplexPart::Imag].into_iter().flat_map(of).collect()
    }
}
