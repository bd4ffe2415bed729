//! Conjugation.

use jaxrs_data::{DType, Literal, Result, Scalar, SmallVec, Type, bail, smallvec};
use jaxrs_kernel::{ScalarOp, ValueId};

use super::complex_of;
use crate::lower::{Elements, Lowering};
use crate::prims::Primitive;
use crate::rules::{linear, nary};
use crate::{Batched, Cx, Jvp, Operand, Param, ParamReader, Params, Tangent, Value, ops};

/// The conjugate of complex numbers. Real numbers, of `f32` or `f64`, become complex ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Conj {
    /// The operand's element type, which decides how cotangents go back.
    pub input_dtype: DType,
}

impl Primitive for Conj {
    fn name(&self) -> &'static str {
        "conj"
    }

    fn params(&self) -> Params {
        vec![("input_dtype", Param::DType(self.input_dtype))]
    }

    fn parse(name: &str, params: &[(String, Param)]) -> Option<Result<Conj>> {
        let reader = ParamReader::new(name, params);
        (name == "conj").then(|| Ok(Conj { input_dtype: reader.dtype("input_dtype")? }))
    }

    fn output_types(&self, inputs: &[Type]) -> Result<SmallVec<[Type; 2]>> {
        nary::arity("conj", inputs, 1)?;
        let (dtype, needed) = (inputs[0].dtype, self.input_dtype);
        if dtype != needed {
            bail!(Dtype, "conj needs {needed}, its input_dtype, got {}", inputs[0]);
        }
        let Some(out) = complex_of(dtype.real_part()) else {
            bail!(Dtype, "conj needs complex numbers, f32 or f64, got {}", inputs[0]);
        };
        Ok(smallvec![Type { dtype: out, ..inputs[0].clone() }])
    }

    fn evaluate(&self, inputs: &[Literal]) -> Result<SmallVec<[Literal; 2]>> {
        let out = self.output_types(&[inputs[0].ty().clone()])?.swap_remove(0);
        Ok(smallvec![nary::evaluate(&out, inputs, |x| match x[0] {
            Scalar::Complex(re, im) => Scalar::Complex(re, -im),
            real => Scalar::Complex(real.as_f64(), 0.0),
        })])
    }

    fn jvp(&self, cx: Cx<'_>, primals: &[Value], tangents: &[Tangent]) -> Result<Jvp> {
        linear::jvp(*self, cx, primals, tangents)
    }

    fn transpose(
        &self,
        cx: Cx<'_>,
        inputs: &[Operand],
        cotangents: &[Tangent],
    ) -> Result<SmallVec<[Tangent; 4]>> {
        let back = |ct: &Value| match self.input_dtype.is_complex() {
            true => ops::conj(cx, ct),
            false => ops::real(cx, ct),
        };
        Ok(smallvec![cotangents[0].map(inputs[0].ty(), back)?])
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
        nary::element_with(cx, "conj", 1, index, |b, x| {
            let is_complex = b.dtype(x[0]).is_complex();
            let (re, im) = b.parts(x[0]);
            let im = if is_complex { b.op(ScalarOp::Neg, &[im]) } else { im };
            b.complex(re, im)
        })
    }

    #[cfg(any(test, feature = "testing"))]
    fn samples() -> Vec<crate::prims::Sample> {
        use jaxrs_data::tolerance::Class;

        use crate::prims::sample::elementwise;
        let of = |input_dtype: DType| {
            let prim = Conj { input_dtype };
            let takes: fn(DType) -> bool = match input_dtype {
                DType::F32 => |dtype| dtype == DType::F32,
                DType::F64 => |dtype| dtype == DType::F64,
                DType::C64 => |dtype| dtype == DType::C64,
                _ => |dtype| dtype == DType::C128,
            };
            elementwise(prim, 1, takes, (-2.0, 1.7), Class::Exact, true)
        };
        [DType::F32, DType::F64, DType::C64, DType::C128].into_iter().flat_map(of).collect()
    }
}
