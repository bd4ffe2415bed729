//! Comparisons in the total order of floats (IEEE 754, 5.10), by which sorts go.

use jaxrs_data::narrow::{Format, Specials};
use jaxrs_data::{DType, Literal, Result, Scalar, SmallVec, Type, smallvec};
use jaxrs_kernel::{BodyBuilder, Compare as Cmp, ScalarOp, ValueId};

use crate::lower::{Elements, Lowering};
use crate::prims::{Primitive, not_differentiable};
use crate::rules::nary;
use crate::{Batched, Cx, Jvp, Operand, Param, Tangent, Value};

/// A comparison of two operands, elementwise, of which one or the other always comes first: −NaN, −∞, …,
/// −0, +0, …, +∞, NaN. Gives `bool`. Where a type has one NaN, in the place of −0, it comes before all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CompareTotal {
    /// Whether x and y are in one place of the order.
    Eq,
    /// Whether x does not come after y.
    Le,
    /// Whether x comes before y.
    Lt,
}

impl CompareTotal {
    const ALL: [CompareTotal; 3] = [CompareTotal::Eq, CompareTotal::Le, CompareTotal::Lt];

    fn op(self) -> Cmp {
        match self {
            CompareTotal::Eq => Cmp::Eq,
            CompareTotal::Le => Cmp::Le,
            CompareTotal::Lt => Cmp::Lt,
        }
    }

    fn holds(self, x: i64, y: i64) -> bool {
        match self {
            CompareTotal::Eq => x == y,
            CompareTotal::Le => x <= y,
            CompareTotal::Lt => x < y,
        }
    }
}

/// An integer type of the size of a float, to which elements are cast by their bits.
fn code_dtype(dtype: DType) -> DType {
    match dtype.size_bytes() {
        1 => DType::U8,
        2 => DType::U16,
        4 => DType::I32,
        _ => DType::I64,
    }
}

/// Whether a float's only NaN has the bits of −0.
fn has_nan_as_negative_zero(dtype: DType) -> bool {
    Format::of(dtype).is_some_and(|format| format.specials == Specials::NanAsNegativeZero)
}

/// Places in the order, as integers: the code of a number with its sign at the high end, the other bits
/// of negative ones flipped.
fn places(x: &Literal) -> Result<Vec<i64>> {
    let dtype = x.ty().dtype;
    if !dtype.is_float() {
        let place = |element: Scalar| match element {
            // The order of unsigned integers is that of signed ones half the range below.
            Scalar::Uint(value) => (value ^ 1 << 63) as i64,
            Scalar::Int(value) => value,
            other => i64::from(other == Scalar::Bool(true)),
        };
        return Ok(x.iter().map(place).collect());
    }
    let codes = x.with_type(x.ty().with_dtype(code_dtype(dtype)).with_weak(false))?;
    let place = |code: Scalar| {
        let code = code.to_bits(codes.ty().dtype);
        if dtype == DType::F8E8M0Fnu {
            return code as i64;
        }
        let signed = (code << (64 - dtype.bits())) as i64;
        let place = signed ^ ((signed >> 63) & i64::MAX);
        if has_nan_as_negative_zero(dtype) && signed == i64::MIN { i64::MIN } else { place }
    };
    Ok(codes.iter().map(place).collect())
}

/// The same in kernels.
fn place(b: &mut BodyBuilder, x: ValueId, dtype: DType) -> ValueId {
    let code = b.op(ScalarOp::Bitcast(code_dtype(dtype)), &[x]);
    let wide = if dtype.bits() == 64 { DType::I64 } else { DType::I32 };
    let code = b.cast(code, wide);
    if dtype == DType::F8E8M0Fnu {
        return code;
    }
    let constant = |b: &mut BodyBuilder, value| b.constant(wide, Scalar::Int(value));
    let low_end = constant(b, (wide.bits() - dtype.bits()).into());
    let signed = b.op(ScalarOp::ShiftLeft, &[code, low_end]);
    let sign_bit = constant(b, (wide.bits() - 1).into());
    let signs = b.op(ScalarOp::ShiftRightArithmetic, &[signed, sign_bit]);
    let least = if wide == DType::I64 { i64::MIN } else { i32::MIN.into() };
    let below_sign = constant(b, -(least + 1));
    let flipped = b.op(ScalarOp::And, &[signs, below_sign]);
    let place = b.op(ScalarOp::Xor, &[signed, flipped]);
    if !has_nan_as_negative_zero(dtype) {
        return place;
    }
    let least = constant(b, least);
    let is_nan = b.compare(Cmp::Eq, signed, least);
    b.select(is_nan, least, place)
}

impl Primitive for CompareTotal {
    fn name(&self) -> &'static str {
        match self {
            CompareTotal::Eq => "eq_to",
            CompareTotal::Le => "le_to",
            CompareTotal::Lt => "lt_to",
        }
    }

    fn parse(name: &str, _params: &[(String, Param)]) -> Option<Result<CompareTotal>> {
        CompareTotal::ALL.into_iter().find(|op| op.name() == name).map(Ok)
    }

    fn output_types(&self, inputs: &[Type]) -> Result<SmallVec<[Type; 2]>> {
        // XLA has no total order of complex numbers either.
        super::output_types(self.name(), inputs, DType::is_ordered)
    }

    fn evaluate(&self, inputs: &[Literal]) -> Result<SmallVec<[Literal; 2]>> {
        let types = [inputs[0].ty().clone(), inputs[1].ty().clone()];
        let out = self.output_types(&types)?.swap_remove(0);
        let (x, y) = (places(&inputs[0])?, places(&inputs[1])?);
        let at = |places: &[i64], ty: &Type, k: usize| places[if ty.rank() == 0 { 0 } else { k }];
        Ok(smallvec![Literal::from_fn(out, |k| {
            Scalar::Bool(self.holds(at(&x, &types[0], k), at(&y, &types[1], k)))
        })])
    }

    fn jvp(&self, cx: Cx<'_>, primals: &[Value], _tangents: &[Tangent]) -> Result<Jvp> {
        super::jvp(cx, *self, primals)
    }

    fn transpose(
        &self,
        _cx: Cx<'_>,
        _inputs: &[Operand],
        _cotangents: &[Tangent],
    ) -> Result<SmallVec<[Tangent; 4]>> {
        Err(not_differentiable(self))
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
        let dtype = cx.input_type(0).dtype;
        if !dtype.is_float() {
            return nary::element_with(cx, self.name(), 2, index, |b, args| {
                b.compare(self.op(), args[0], args[1])
            });
        }
        let (x, y) = (nary::operand(cx, 0, index)?, nary::operand(cx, 1, index)?);
        let b = cx.builder();
        let (x, y) = (place(b, x, dtype), place(b, y, dtype));
        Ok(b.compare(self.op(), x, y))
    }

    fn cost(&self) -> u32 {
        8
    }

    #[cfg(any(test, feature = "testing"))]
    fn samples() -> Vec<crate::prims::Sample> {
        use jaxrs_data::tolerance::Class;

        use crate::prims::sample;
        let takes = DType::is_ordered;
        let of = |op| sample::elementwise(op, 2, takes, (-2.0, 1.7), Class::Exact, false);
        let mut samples: Vec<_> = CompareTotal::ALL.into_iter().flat_map(of).collect();
        // All codes of narrow floats, beside those half way round.
        for dtype in DType::ALL.into_iter().filter(|dtype| dtype.is_narrow_float()) {
            let n = 1 << dtype.bits();
            let code = |k: usize| Scalar::from_bits(dtype, (k % n) as u64);
            let all = |first: usize| {
                Literal::from_fn(Type::new(dtype, [n]), |position| code(position + first))
            };
            for op in CompareTotal::ALL {
                let inputs = vec![all(0), all(n / 2 - 1)];
                samples.push(crate::prims::Sample { smooth: false, ..sample::exact(op, inputs) });
            }
        }
        samples
    }
}
