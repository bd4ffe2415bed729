//! Conversion by bits.

use std::cmp::Ordering;

use jaxrs_data::{DType, Literal, Result, Scalar, Shape, SmallVec, Type, bail, smallvec};
use jaxrs_kernel::{BodyBuilder, ScalarOp, ValueId};

use crate::lower::{Elements, Lowering};
use crate::prims::Primitive;
use crate::rules::{linear, nary};
use crate::{Batched, Cx, Jvp, Param, ParamReader, Params, Tangent, Value, ops};

/// The same bits under another element type. Where the new elements are narrower, each becomes a last axis
/// of its parts, lowest bits first; where they are wider, the last axis holds the parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct BitcastConvertType {
    /// The element type of the result.
    pub new_dtype: DType,
}

impl BitcastConvertType {
    /// How many elements of the narrower type make one of the wider.
    fn n_parts(self, operand: DType) -> usize {
        let (a, b) = (operand.bits(), self.new_dtype.bits());
        (a.max(b) / a.min(b)) as usize
    }

    fn order(self, operand: DType) -> Ordering {
        self.new_dtype.bits().cmp(&operand.bits())
    }

    /// The part of a wider element that the last coordinate names.
    fn part(self, cx: &mut dyn Elements, index: &[ValueId]) -> Result<ValueId> {
        let (last, outer) = index.split_last().map_or((None, index), |(l, o)| (Some(*l), o));
        let whole = cx.operand(0, outer)?;
        let width = self.new_dtype.bits().into();
        let b = cx.builder();
        let whole = bits_of(b, whole);
        let last = last.unwrap_or_else(|| b.index(0));
        let width = b.index(width);
        let places = b.mul(last, width);
        let places = b.cast(places, b.dtype(whole));
        let shifted = b.op(ScalarOp::ShiftRightLogical, &[whole, places]);
        Ok(from_bits(b, shifted, self.new_dtype))
    }

    /// An element put together from its parts.
    fn whole(self, cx: &mut dyn Elements, index: &[ValueId]) -> Result<ValueId> {
        let operand = cx.input_type(0).dtype;
        let wide = self.new_dtype.unsigned_of_same_width().unwrap_or(self.new_dtype).compute();
        let mut all = cx.builder().constant(wide, Scalar::Uint(0));
        for k in 0..self.n_parts(operand) {
            let mut at: SmallVec<[ValueId; 4]> = index.into();
            at.push(cx.builder().index(k as i64));
            let part = cx.operand(0, &at)?;
            let b = cx.builder();
            let part = bits_of(b, part);
            let part = b.cast(part, wide);
            let places = b.constant(wide, Scalar::Uint(u64::from(operand.bits()) * k as u64));
            let part = b.op(ScalarOp::ShiftLeft, &[part, places]);
            all = b.op(ScalarOp::Or, &[all, part]);
        }
        Ok(from_bits(cx.builder(), all, self.new_dtype))
    }

    /// The element that starts at some bit of what the elements of an array are, one after another.
    fn element_at(self, x: &Literal, first_bit: usize) -> Scalar {
        let (from, to) = (x.ty().dtype.bits() as usize, self.new_dtype.bits() as usize);
        let mut bits = 0;
        for k in 0..to.div_ceil(from) {
            let at = first_bit + k * from;
            let part = x.get(at / from).to_bits(x.ty().dtype) >> (at % from);
            bits |= part << (k * from);
        }
        Scalar::from_bits(self.new_dtype, bits & (u64::MAX >> (64 - to)))
    }
}

/// An element's bits as an unsigned integer that there is arithmetic in.
fn bits_of(b: &mut BodyBuilder, value: ValueId) -> ValueId {
    let dtype = b.dtype(value);
    let value = match dtype.unsigned_of_same_width() {
        Some(unsigned) if unsigned != dtype => b.op(ScalarOp::Bitcast(unsigned), &[value]),
        _ => value,
    };
    b.cast(value, b.dtype(value).compute())
}

/// The element that the low bits of an unsigned integer are.
fn from_bits(b: &mut BodyBuilder, bits: ValueId, dtype: DType) -> ValueId {
    let unsigned = dtype.unsigned_of_same_width().unwrap_or(dtype);
    let bits = b.cast(bits, unsigned);
    if unsigned == dtype { bits } else { b.op(ScalarOp::Bitcast(dtype), &[bits]) }
}

/// Types whose bits are a part of, or made of, those of others; those of 6 bits are not.
fn takes(dtype: DType) -> bool {
    (dtype.is_integer() || dtype.is_float()) && dtype.bits().is_power_of_two()
}

impl Primitive for BitcastConvertType {
    fn name(&self) -> &'static str {
        "bitcast_convert_type"
    }

    fn params(&self) -> Params {
        vec![("new_dtype", Param::DType(self.new_dtype))]
    }

    fn parse(name: &str, params: &[(String, Param)]) -> Option<Result<BitcastConvertType>> {
        let reader = ParamReader::new(name, params);
        let read = || Ok(BitcastConvertType { new_dtype: reader.dtype("new_dtype")? });
        (name == "bitcast_convert_type").then(read)
    }

    fn output_types(&self, inputs: &[Type]) -> Result<SmallVec<[Type; 2]>> {
        nary::arity(self.name(), inputs, 1)?;
        let (operand, new) = (&inputs[0], self.new_dtype);
        if (!takes(operand.dtype) || !takes(new)) && operand.dtype != new {
            bail!(
                Dtype,
                "bitcast_convert_type needs integers or real floats, got {operand} to {new}"
            );
        }
        let n = self.n_parts(operand.dtype);
        let shape: Shape = match (self.order(operand.dtype), operand.shape.split_last()) {
            (Ordering::Equal, _) => operand.shape.clone(),
            (Ordering::Less, _) => operand.shape.with(operand.rank(), n),
            (Ordering::Greater, Some((&last, outer))) if last == n => outer.into(),
            (Ordering::Greater, _) => {
                bail!(
                    Shape,
                    "bitcast_convert_type to {new} needs a last axis of size {n}, got {operand}"
                )
            }
        };
        Ok(smallvec![Type::new(new, shape)])
    }

    fn evaluate(&self, inputs: &[Literal]) -> Result<SmallVec<[Literal; 2]>> {
        let out = self.output_types(&[inputs[0].ty().clone()])?.swap_remove(0);
        let width = out.dtype.bits() as usize;
        if width >= 8 && inputs[0].ty().dtype.bits() >= 8 {
            // Elements lie in memory with their low bytes first, on all machines that this runs on.
            return Ok(smallvec![inputs[0].with_type(out)?]);
        }
        Ok(smallvec![Literal::from_fn(out, |i| self.element_at(&inputs[0], i * width))])
    }

    fn jvp(&self, cx: Cx<'_>, primals: &[Value], _tangents: &[Tangent]) -> Result<Jvp> {
        linear::no_tangent(*self, cx, primals)
    }

    fn batch(
        &self,
        cx: Cx<'_>,
        _size: usize,
        inputs: &[Value],
        axes: &[Option<usize>],
    ) -> Result<Batched> {
        // The last axis is split or joined, so that examples must not lie there.
        let axis = axes[0].unwrap_or(0);
        let operand = ops::move_axis(cx, &inputs[0], axis, 0)?;
        Ok(Batched { outputs: cx.bind(&(*self).into(), &[operand])?, axes: smallvec![Some(0)] })
    }

    fn lowering(&self, _inputs: &[Type]) -> Lowering {
        Lowering::Elements
    }

    fn element(&self, cx: &mut dyn Elements, _output: usize, index: &[ValueId]) -> Result<ValueId> {
        match self.order(cx.input_type(0).dtype) {
            Ordering::Less => self.part(cx, index),
            Ordering::Greater => self.whole(cx, index),
            Ordering::Equal => {
                let value = cx.operand(0, index)?;
                let b = cx.builder();
                let is_same = b.dtype(value) == self.new_dtype;
                Ok(if is_same { value } else { b.op(ScalarOp::Bitcast(self.new_dtype), &[value]) })
            }
        }
    }

    #[cfg(any(test, feature = "testing"))]
    fn samples() -> Vec<crate::prims::Sample> {
        use crate::prims::{Sample, sample};
        let mut samples = Vec::new();
        for new_dtype in DType::ALL.into_iter().filter(|&dtype| takes(dtype)) {
            let prim = BitcastConvertType { new_dtype };
            for dtype in DType::ALL.into_iter().filter(|&dtype| takes(dtype)) {
                let n = (new_dtype.bits() / dtype.bits()) as usize;
                let shape = if n > 1 { vec![3, n] } else { vec![3] };
                let inputs = vec![sample::finite(dtype, &shape)];
                samples.push(Sample { smooth: false, ..sample::exact(prim, inputs) });
            }
        }
        for new_dtype in [DType::Bool, DType::C64, DType::C128] {
            let inputs = vec![sample::hard(new_dtype, &[3])];
            let sample = sample::exact(BitcastConvertType { new_dtype }, inputs);
            samples.push(Sample { smooth: false, ..sample });
        }
        samples
    }
}
