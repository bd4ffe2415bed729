//! Conversion by value.

use jaxrs_data::{DType, Literal, Result, SmallVec, Type, bail, smallvec};
use jaxrs_kernel::ValueId;

use crate::lower::{Elements, Lowering};
use crate::prims::{Primitive, not_differentiable};
use crate::rules::nary;
use crate::{Batched, Cx, Jvp, Operand, Param, ParamReader, Params, Tangent, Value, ops};

/// Conversion by value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ConvertElementType {
    /// The element type of the result.
    pub new_dtype: DType,
    /// Whether the result is weak.
    pub weak_type: bool,
}

impl Primitive for ConvertElementType {
    fn name(&self) -> &'static str {
        "convert_element_type"
    }

    fn params(&self) -> Params {
        vec![
            ("new_dtype", Param::DType(self.new_dtype)),
            ("weak_type", Param::Bool(self.weak_type)),
        ]
    }

    fn parse(name: &str, params: &[(String, Param)]) -> Option<Result<ConvertElementType>> {
        let reader = ParamReader::new(name, params);
        let read = || {
            let weak_type = reader.optional("weak_type").is_some() && reader.bool("weak_type")?;
            Ok(ConvertElementType { new_dtype: reader.dtype("new_dtype")?, weak_type })
        };
        (name == "convert_element_type").then(read)
    }

    fn output_types(&self, inputs: &[Type]) -> Result<SmallVec<[Type; 2]>> {
        nary::arity(self.name(), inputs, 1)?;
        if inputs[0].dtype != self.new_dtype
            && (inputs[0].dtype.is_key() || self.new_dtype.is_key())
        {
            let to = self.new_dtype;
            bail!(Dtype, "convert_element_type cannot convert {} to {to}", inputs[0]);
        }
        Ok(smallvec![inputs[0].with_dtype(self.new_dtype).with_weak(self.weak_type)])
    }

    fn evaluate(&self, inputs: &[Literal]) -> Result<SmallVec<[Literal; 2]>> {
        let out = inputs[0].ty().with_dtype(self.new_dtype).with_weak(self.weak_type);
        Ok(smallvec![nary::evaluate(&out, inputs, |x| x[0].cast(self.new_dtype))])
    }

    fn jvp(&self, cx: Cx<'_>, primals: &[Value], tangents: &[Tangent]) -> Result<Jvp> {
        let y = ops::bind1(cx, *self, primals)?;
        let is_smooth = self.new_dtype.is_inexact() && primals[0].ty().dtype.is_inexact();
        let tangent = match &tangents[0] {
            Tangent::Value(dx) if is_smooth => {
                ops::bind1(cx, *self, std::slice::from_ref(dx))?.into()
            }
            _ => Tangent::Zero(y.ty().clone()),
        };
        Ok(Jvp { primals: smallvec![y], tangents: smallvec![tangent] })
    }

    fn transpose(
        &self,
        cx: Cx<'_>,
        inputs: &[Operand],
        cotangents: &[Tangent],
    ) -> Result<SmallVec<[Tangent; 4]>> {
        let operand = inputs[0].ty();
        if !operand.dtype.is_inexact() || !self.new_dtype.is_inexact() {
            return Err(not_differentiable(self));
        }
        let back = ConvertElementType { new_dtype: operand.dtype, weak_type: operand.weak };
        Ok(smallvec![cotangents[0].map(operand, |ct| ops::bind1(
            cx,
            back,
            std::slice::from_ref(ct)
        ))?])
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
        let value = nary::operand(cx, 0, index)?;
        Ok(cx.builder().cast(value, self.new_dtype))
    }

    #[cfg(any(test, feature = "testing"))]
    fn samples() -> Vec<crate::prims::Sample> {
        use crate::prims::{Sample, sample};
        let mut samples = Vec::new();
        for new_dtype in DType::ALL.into_iter().filter(|dtype| !dtype.is_key()) {
            let prim = ConvertElementType { new_dtype, weak_type: false };
            for dtype in DType::ALL.into_iter().filter(|dtype| !dtype.is_key()) {
                let inputs = vec![sample::row(dtype)];
                samples.push(Sample { smooth: false, ..sample::exact(prim, inputs) });
            }
        }
        let narrow = ConvertElementType { new_dtype: DType::F32, weak_type: true };
        samples.push(sample::exact(narrow, vec![sample::finite(DType::F64, &[2, 3])]));
        samples.push(sample::exact(narrow, vec![sample::finite(DType::F32, &[0, 3])]));
        samples
    }
}
