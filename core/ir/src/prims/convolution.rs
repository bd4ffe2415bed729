//! Convolutions.

mod batch;
mod numbers;
mod products;
mod samples;
mod transpose;

use jaxrs_data::{DType, Literal, Result, Scalar, SmallVec, Type, smallvec};
use jaxrs_kernel::{ReduceOp, ScalarOp, ValueId};

pub use numbers::ConvDimensionNumbers;

use crate::lower::{Elements, Lowering, Steps};
use crate::prims::dot::multiply_add;
use crate::prims::{Primitive, not_linear};
use crate::rules::index::{self, Index};
use crate::rules::{linear, nary, sliding};
use crate::{Batched, Cx, Jvp, Operand, Param, ParamReader, Params, Tangent, Value, ops};

/// `conv_general_dilated(lhs, rhs)`: each window of `lhs` times the kernel `rhs`, summed over the window and
/// over input features. Kernels are not turned around: in signal processing this is a correlation. What
/// lies in padding or in the gaps of a dilated `lhs` is zero.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ConvGeneralDilated {
    /// From one window to the next, along each spatial axis.
    pub window_strides: Vec<usize>,
    /// Zeros before and after `lhs`; negative numbers cut elements off.
    pub padding: Vec<(i64, i64)>,
    /// From one element of `lhs` to the next; above 1 makes the convolution a transposed one.
    pub lhs_dilation: Vec<usize>,
    /// From one element of the kernel to the next.
    pub rhs_dilation: Vec<usize>,
    /// Which axes are what.
    pub dimension_numbers: ConvDimensionNumbers,
    /// In how many groups features are split: each group of output features sees one of input features.
    pub feature_group_count: usize,
    /// In how many groups the batch is split: each group of output features sees one part of the batch.
    pub batch_group_count: usize,
    /// The element type to accumulate in and give; the operands' own by default.
    pub preferred_element_type: Option<DType>,
}

impl ConvGeneralDilated {
    fn bind(&self, cx: Cx<'_>, lhs: &Value, rhs: &Value) -> Result<Value> {
        ops::bind1(cx, self.clone(), &[lhs.clone(), rhs.clone()])
    }

    /// The definition: sums of products over taps and input features. What is padding is multiplied, too.
    fn sum_products(&self, lhs: &Literal, rhs: &Literal, out: &Type) -> Literal {
        let geometry = self.geometry(&lhs.ty().shape, &rhs.ty().shape);
        let (dtype, sizes) = (out.dtype, geometry.summed());
        // Not every type has a zero, but sums have.
        let zero = Scalar::zero(dtype.compute());
        Literal::from_fn(out.clone(), |position| {
            let index = out.shape.unravel(position);
            (0..sizes.numel()).fold(zero, |sum, term| {
                let term = sizes.unravel(term);
                let (left, right) = geometry.sources(&index, &term);
                let left = left.map_or(zero, |left| lhs.at(&left).cast(dtype));
                multiply_add(sum, left, rhs.at(&right).cast(dtype))
            })
        })
    }
}

impl Primitive for ConvGeneralDilated {
    fn name(&self) -> &'static str {
        "conv_general_dilated"
    }

    fn params(&self) -> Params {
        vec![
            ("batch_group_count", Param::size(self.batch_group_count)),
            ("dimension_numbers", self.dimension_numbers.param()),
            ("feature_group_count", Param::size(self.feature_group_count)),
            ("lhs_dilation", Param::sizes(&self.lhs_dilation)),
            ("padding", sliding::padding_param(&self.padding)),
            (
                "preferred_element_type",
                self.preferred_element_type.map_or(Param::None, Param::DType),
            ),
            ("rhs_dilation", Param::sizes(&self.rhs_dilation)),
            ("window_strides", Param::sizes(&self.window_strides)),
        ]
    }

    fn parse(name: &str, params: &[(String, Param)]) -> Option<Result<Self>> {
        let read = ParamReader::new(name, params);
        (name == "conv_general_dilated").then(|| {
            let preferred = read.optional("preferred_element_type");
            Ok(ConvGeneralDilated {
                window_strides: read.sizes("window_strides")?,
                padding: sliding::read_padding(&read, "padding")?,
                lhs_dilation: read.sizes("lhs_dilation")?,
                rhs_dilation: read.sizes("rhs_dilation")?,
                dimension_numbers: ConvDimensionNumbers::read(&read)?,
                feature_group_count: read.size("feature_group_count")?,
                batch_group_count: read.size("batch_group_count")?,
                preferred_element_type: preferred
                    .map(|_| read.dtype("preferred_element_type"))
                    .transpose()?,
            })
        })
    }

    fn output_types(&self, inputs: &[Type]) -> Result<SmallVec<[Type; 2]>> {
        nary::arity(self.name(), inputs, 2)?;
        let dtype = nary::same_dtype(self.name(), inputs)?;
        let shape = self.checked_shape(&inputs[0], &inputs[1])?;
        let out = self.preferred_element_type.unwrap_or(dtype);
        super::dot::check_preferred(self.name(), dtype, out)?;
        crate::rules::axes::check_addressable(self.name(), &shape, out)?;
        Ok(smallvec![Type { dtype: out, weak: inputs[0].weak && inputs[1].weak, shape }])
    }

    fn evaluate(&self, inputs: &[Literal]) -> Result<SmallVec<[Literal; 2]>> {
        let (lhs, rhs) = (&inputs[0], &inputs[1]);
        let out = self.output_types(&[lhs.ty().clone(), rhs.ty().clone()])?.swap_remove(0);
        Ok(smallvec![self.sum_products(lhs, rhs, &out)])
    }

    fn jvp(&self, cx: Cx<'_>, primals: &[Value], tangents: &[Tangent]) -> Result<Jvp> {
        let (lhs, rhs) = (&primals[0], &primals[1]);
        let y = self.bind(cx, lhs, rhs)?;
        let dl = tangents[0].map(y.ty(), |dl| self.bind(cx, dl, rhs))?;
        let dr = tangents[1].map(y.ty(), |dr| self.bind(cx, lhs, dr))?;
        Ok(Jvp { tangents: smallvec![dl.add(cx, &dr)?], primals: smallvec![y] })
    }

    fn transpose(
        &self,
        cx: Cx<'_>,
        inputs: &[Operand],
        cotangents: &[Tangent],
    ) -> Result<SmallVec<[Tangent; 4]>> {
        let ct = linear::cotangent(cotangents)?;
        // Where no product is summed, the windows of the transposed convolution need not fit.
        if inputs.iter().any(|x| x.ty().shape.numel() == 0) {
            return Ok(inputs.iter().map(|x| Tangent::Zero(x.ty().clone())).collect());
        }
        match (&inputs[0], &inputs[1]) {
            (Operand::Linear(lhs), Operand::Known(rhs)) => {
                let lhs = self.lhs_cotangent(cx, ct, lhs, rhs)?;
                Ok(smallvec![lhs.into(), Tangent::Zero(rhs.ty().clone())])
            }
            (Operand::Known(lhs), Operand::Linear(rhs)) => {
                let rhs = self.rhs_cotangent(cx, ct, lhs, rhs)?;
                Ok(smallvec![Tangent::Zero(lhs.ty().clone()), rhs])
            }
            _ => Err(not_linear(self)),
        }
    }

    fn batch(
        &self,
        cx: Cx<'_>,
        size: usize,
        inputs: &[Value],
        axes: &[Option<usize>],
    ) -> Result<Batched> {
        self.batch_examples(cx, size, inputs, axes)
    }

    fn lowering(&self, inputs: &[Type]) -> Lowering {
        if self.is_for_library(inputs) { Lowering::Steps } else { Lowering::Reduction }
    }

    fn element(&self, cx: &mut dyn Elements, _output: usize, index: &[ValueId]) -> Result<ValueId> {
        let geometry = self.geometry(&cx.input_type(0).shape, &cx.input_type(1).shape);
        let dtype = cx.output_type(0).dtype;
        let wide = index::wide(dtype);
        let (sum, times) = match wide {
            DType::Bool => (ReduceOp::Or, ScalarOp::And),
            _ => (ReduceOp::Add, ScalarOp::Mul),
        };
        let zero = cx.builder().constant(wide, Scalar::zero(wide));
        let total = cx.reduce(sum, zero, &geometry.summed(), &mut |cx, term| {
            let (mut mask, b) = (None, cx.builder());
            let left = geometry.lhs_place(b, index, term, &mut mask);
            let right: Index = geometry.rhs_place(b, index, term);
            let left = match mask {
                Some(mask) => cx.operand_where(0, &left, mask)?,
                None => cx.operand(0, &left)?,
            };
            let right = cx.operand(1, &right)?;
            let b = cx.builder();
            let (left, right) = (b.cast(left, wide), b.cast(right, wide));
            Ok(b.op(times, &[left, right]))
        })?;
        Ok(cx.builder().cast(total, dtype))
    }

    fn steps(&self, cx: &mut dyn Steps) -> Result<()> {
        self.product_steps(cx)
    }

    fn cost(&self) -> u32 {
        2
    }

    #[cfg(any(test, feature = "testing"))]
    fn samples() -> Vec<crate::prims::Sample> {
        samples::samples()
    }
}
