//! Floats rounded to a format of fewer bits, and kept in their own.

use jaxrs_data::{DType, Literal, Result, Scalar, SmallVec, Type, bail, smallvec};
use jaxrs_kernel::{BodyBuilder, Compare, ScalarOp, ValueId};

use crate::lower::{Elements, Lowering};
use crate::prims::Primitive;
use crate::rules::nary;
use crate::{Batched, Cx, Jvp, Operand, Param, ParamReader, Params, Tangent, Value, ops};

/// The nearest number that a float with so many bits holds, ties to even. What is too large for it is
/// infinite, what is not a normal number of it is zero; a width that is not less than the operand's changes
/// nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ReducePrecision {
    /// The width of the exponent, at least 1.
    pub exponent_bits: u32,
    /// The width of the mantissa.
    pub mantissa_bits: u32,
}

/// A float's bits: mantissa, exponent and sign, from the low end.
#[derive(Clone, Copy)]
struct Layout {
    dtype: DType,
    mantissa: u32,
    exponent: u32,
}

impl Layout {
    /// Of the type that an operand's precision is reduced in: floats of less than 16 bits are widened, as XLA
    /// does it.
    fn of(operand: DType) -> Layout {
        let layout = |dtype, mantissa, exponent| Layout { dtype, mantissa, exponent };
        match operand {
            DType::F64 => layout(operand, 52, 11),
            DType::BF16 => layout(operand, 7, 8),
            DType::F32 | DType::F8E8M0Fnu => layout(DType::F32, 23, 8),
            _ => layout(DType::F16, 10, 5),
        }
    }

    fn sign_bit(self) -> u64 {
        1 << (self.mantissa + self.exponent)
    }

    /// The bits of infinity.
    fn infinity(self) -> u64 {
        ((1 << self.exponent) - 1) << self.mantissa
    }
}

/// What happens to the bits of a number.
struct Plan {
    /// The lowest bit of the mantissa that stays, if some go.
    last_bit: Option<u32>,
    /// Numbers with exponents up to the first are zero, beyond the second infinite; as bits.
    range: Option<(u64, u64)>,
}

impl ReducePrecision {
    fn plan(self, layout: Layout) -> Plan {
        let bias = |exponent: u32| (1u64 << (exponent - 1)) - 1;
        let range = (self.exponent_bits < layout.exponent).then(|| {
            let (own, reduced) = (bias(layout.exponent), bias(self.exponent_bits));
            ((own - reduced) << layout.mantissa, (own + reduced) << layout.mantissa)
        });
        Plan { last_bit: layout.mantissa.checked_sub(self.mantissa_bits).filter(|&n| n > 0), range }
    }

    fn value(self, dtype: DType, x: Scalar) -> Scalar {
        let layout = Layout::of(dtype);
        let Plan { last_bit, range } = self.plan(layout);
        let x = x.rounded(layout.dtype);
        if x.as_f64().is_nan() {
            return x;
        }
        let mut bits = x.to_bits(layout.dtype);
        if let Some(last) = last_bit {
            // Half of what the last bit is worth, less one where the last bit is 0. A carry into the exponent
            // is right.
            let half = (1 << (last - 1)) - 1 + (bits >> last & 1);
            bits = bits.wrapping_add(half) & !((1 << last) - 1);
        }
        if let Some((zero, largest)) = range {
            let (exponent, sign) = (bits & layout.infinity(), bits & layout.sign_bit());
            bits = match exponent {
                exponent if exponent <= zero => sign,
                exponent if exponent > largest => sign | layout.infinity(),
                _ => bits,
            };
        }
        Scalar::from_bits(layout.dtype, bits)
    }

    /// The same in kernels; the value is of the layout's type.
    fn code(self, b: &mut BodyBuilder, layout: Layout, x: ValueId) -> ValueId {
        let unsigned = layout.dtype.unsigned_of_same_width().unwrap_or(DType::U64);
        let Plan { last_bit, range } = self.plan(layout);
        let x_bits = b.op(ScalarOp::Bitcast(unsigned), &[x]);
        let mut bits = x_bits;
        if let Some(last) = last_bit {
            bits = rounded(b, bits, last);
        }
        if let Some(range) = range {
            bits = in_range(b, bits, layout, range);
        }
        let infinity = b.constant(unsigned, Scalar::Uint(layout.infinity()));
        let magnitude = and(b, x_bits, !layout.sign_bit());
        let is_nan = b.compare(Compare::Gt, magnitude, infinity);
        let bits = b.select(is_nan, x_bits, bits);
        b.op(ScalarOp::Bitcast(layout.dtype), &[bits])
    }
}

fn and(b: &mut BodyBuilder, bits: ValueId, mask: u64) -> ValueId {
    let dtype = b.dtype(bits);
    let mask = b.constant(dtype, Scalar::Uint(mask & (u64::MAX >> (64 - dtype.bits()))));
    b.op(ScalarOp::And, &[bits, mask])
}

/// The mantissa rounded, so that the given bit is its last.
fn rounded(b: &mut BodyBuilder, bits: ValueId, last: u32) -> ValueId {
    let dtype = b.dtype(bits);
    let places = b.constant(dtype, Scalar::Uint(last.into()));
    let below_half = b.constant(dtype, Scalar::Uint((1 << (last - 1)) - 1));
    let shifted = b.op(ScalarOp::ShiftRightLogical, &[bits, places]);
    let odd = and(b, shifted, 1);
    let half = b.add(below_half, odd);
    let sum = b.add(bits, half);
    and(b, sum, !((1 << last) - 1))
}

/// Zero and infinity for what the exponent does not hold.
fn in_range(b: &mut BodyBuilder, bits: ValueId, layout: Layout, range: (u64, u64)) -> ValueId {
    let dtype = b.dtype(bits);
    let exponent = and(b, bits, layout.infinity());
    let zero = and(b, bits, layout.sign_bit());
    let infinity = b.constant(dtype, Scalar::Uint(layout.infinity()));
    let infinity = b.op(ScalarOp::Or, &[zero, infinity]);
    let (least, largest) = (Scalar::Uint(range.0), Scalar::Uint(range.1));
    let (least, largest) = (b.constant(dtype, least), b.constant(dtype, largest));
    let is_zero = b.compare(Compare::Le, exponent, least);
    let is_infinite = b.compare(Compare::Gt, exponent, largest);
    let bits = b.select(is_infinite, infinity, bits);
    b.select(is_zero, zero, bits)
}

impl Primitive for ReducePrecision {
    fn name(&self) -> &'static str {
        "reduce_precision"
    }

    fn params(&self) -> Params {
        vec![
            ("exponent_bits", Param::Int(self.exponent_bits.into())),
            ("mantissa_bits", Param::Int(self.mantissa_bits.into())),
        ]
    }

    fn parse(name: &str, params: &[(String, Param)]) -> Option<Result<ReducePrecision>> {
        let reader = ParamReader::new(name, params);
        let width = |key| {
            let bits = reader.int(key)?;
            u32::try_from(bits).map_err(|_| {
                reader.error(format_args!("needs {key} of 32 bits and at least 0, got {bits}"))
            })
        };
        let read = || {
            let (exponent_bits, mantissa_bits) = (width("exponent_bits")?, width("mantissa_bits")?);
            Ok(ReducePrecision { exponent_bits, mantissa_bits })
        };
        (name == "reduce_precision").then(read)
    }

    fn output_types(&self, inputs: &[Type]) -> Result<SmallVec<[Type; 2]>> {
        nary::arity(self.name(), inputs, 1)?;
        if self.exponent_bits == 0 {
            bail!(InvalidArgument, "reduce_precision needs exponent_bits of at least 1, got 0");
        }
        if !inputs[0].dtype.is_float() {
            bail!(Dtype, "reduce_precision does not take {}", inputs[0]);
        }
        Ok(smallvec![inputs[0].clone()])
    }

    fn evaluate(&self, inputs: &[Literal]) -> Result<SmallVec<[Literal; 2]>> {
        let ty = inputs[0].ty();
        Ok(smallvec![nary::evaluate(ty, inputs, |x| self.value(ty.dtype, x[0]).rounded(ty.dtype))])
    }

    fn jvp(&self, cx: Cx<'_>, primals: &[Value], tangents: &[Tangent]) -> Result<Jvp> {
        let y = ops::bind1(cx, *self, primals)?;
        let reduced = |t: &Value| ops::bind1(cx, *self, std::slice::from_ref(t));
        let tangent = tangents[0].map(y.ty(), reduced)?;
        Ok(Jvp { primals: smallvec![y], tangents: smallvec![tangent] })
    }

    fn transpose(
        &self,
        cx: Cx<'_>,
        inputs: &[Operand],
        cotangents: &[Tangent],
    ) -> Result<SmallVec<[Tangent; 4]>> {
        let reduced = |t: &Value| ops::bind1(cx, *self, std::slice::from_ref(t));
        Ok(smallvec![cotangents[0].map(inputs[0].ty(), reduced)?])
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
        let dtype = cx.input_type(0).dtype;
        let layout = Layout::of(dtype);
        let x = nary::operand(cx, 0, index)?;
        let b = cx.builder();
        let x = b.cast(x, layout.dtype);
        let reduced = self.code(b, layout, x);
        Ok(nary::rounded(b, reduced, dtype))
    }

    fn cost(&self) -> u32 {
        8
    }

    #[cfg(any(test, feature = "testing"))]
    fn samples() -> Vec<crate::prims::Sample> {
        use jaxrs_data::tolerance::Class;
        let of = |(exponent_bits, mantissa_bits)| {
            let prim = ReducePrecision { exponent_bits, mantissa_bits };
            let domain = (-2.0, 1.7);
            crate::prims::sample::elementwise(prim, 1, DType::is_float, domain, Class::Exact, false)
        };
        [(5, 10), (8, 7), (5, 2), (4, 3), (3, 0), (1, 4), (11, 52)]
            .into_iter()
            .flat_map(of)
            .collect()
    }
}
