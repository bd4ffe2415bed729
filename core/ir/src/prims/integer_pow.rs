//! Powers with a fixed whole exponent.

use jaxrs_data::{DType, Literal, Result, Scalar, SmallVec, Type, bail, smallvec};
use jaxrs_kernel::{BodyBuilder, ScalarOp, ValueId};

use crate::lower::{Elements, Lowering};
use crate::prims::{Binary, Primitive};
use crate::rules::nary;
use crate::{Batched, Cx, Jvp, Param, ParamReader, Params, Tangent, Value, ops};

/// `x` to a fixed whole power, by repeated squaring; a negative power is one over the positive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct IntegerPow {
    /// The exponent.
    pub y: i32,
}

impl IntegerPow {
    /// The power by repeated squaring; `None` for exponent 0.
    fn power<T: Copy>(self, mut x: T, mut mul: impl FnMut(T, T) -> T) -> Option<T> {
        let (mut exponent, mut power) = (self.y.unsigned_abs(), None);
        while exponent > 0 {
            if exponent & 1 == 1 {
                power = Some(power.map_or(x, |power| mul(power, x)));
            }
            exponent >>= 1;
            if exponent > 0 {
                x = mul(x, x);
            }
        }
        power
    }

    fn value(self, dtype: DType, x: Scalar) -> Scalar {
        // As kernels do it: 16-bit floats are rounded at the end only.
        let compute = nary::compute_dtype(dtype);
        let op = |op: Binary, x, y| op.value(compute, x, y);
        match self.power(x, |x, y| op(Binary::Mul, x, y)) {
            None => Scalar::one(dtype),
            Some(power) if self.y < 0 => op(Binary::Div, Scalar::one(compute), power),
            Some(power) => power,
        }
    }

    fn code(self, b: &mut BodyBuilder, x: ValueId) -> ValueId {
        let dtype = b.dtype(x);
        match self.power(x, |x, y| b.mul(x, y)) {
            None => b.constant(dtype, Scalar::one(dtype)),
            Some(power) if self.y < 0 => {
                let one = b.constant(dtype, Scalar::one(dtype));
                b.op(ScalarOp::Div, &[one, power])
            }
            Some(power) => power,
        }
    }
}

impl Primitive for IntegerPow {
    fn name(&self) -> &'static str {
        "integer_pow"
    }

    fn params(&self) -> Params {
        vec![("y", Param::Int(self.y.into()))]
    }

    fn parse(name: &str, params: &[(String, Param)]) -> Option<Result<IntegerPow>> {
        let reader = ParamReader::new(name, params);
        let read = || {
            let y = reader.int("y")?;
            match i32::try_from(y) {
                Ok(y) => Ok(IntegerPow { y }),
                Err(_) => Err(reader.error(format_args!("needs y of 32 bits, got {y}"))),
            }
        };
        (name == "integer_pow").then(read)
    }

    fn output_types(&self, inputs: &[Type]) -> Result<SmallVec<[Type; 2]>> {
        nary::arity("integer_pow", inputs, 1)?;
        let dtype = inputs[0].dtype;
        if !dtype.is_number() {
            bail!(Dtype, "integer_pow does not take {}", inputs[0]);
        }
        if self.y < 0 && !dtype.is_inexact() {
            let y = self.y;
            bail!(Dtype, "integer_pow of {} needs a power of at least 0, got {y}", inputs[0]);
        }
        Ok(smallvec![inputs[0].clone()])
    }

    fn evaluate(&self, inputs: &[Literal]) -> Result<SmallVec<[Literal; 2]>> {
        let ty = inputs[0].ty();
        Ok(smallvec![nary::evaluate(ty, inputs, |x| self.value(ty.dtype, x[0]))])
    }

    fn jvp(&self, cx: Cx<'_>, primals: &[Value], tangents: &[Tangent]) -> Result<Jvp> {
        let x = &primals[0];
        let result = ops::integer_pow(cx, x, self.y)?;
        let tangent = match self.y {
            0 => Tangent::Zero(result.ty().clone()),
            1 => tangents[0].clone(),
            y => tangents[0].map(result.ty(), |dx| {
                let power = if y == 2 { x.clone() } else { ops::integer_pow(cx, x, y - 1)? };
                ops::mul(cx, dx, &ops::scale(cx, &power, y.into())?)
            })?,
        };
        Ok(Jvp { primals: smallvec![result], tangents: smallvec![tangent] })
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
        nary::element_with(cx, "integer_pow", 1, index, |b, x| self.code(b, x[0]))
    }

    fn cost(&self) -> u32 {
        let magnitude = self.y.unsigned_abs();
        let division = if self.y < 0 { ScalarOp::Div.cost() } else { 0 };
        u32::BITS - magnitude.leading_zeros() + magnitude.count_ones() + division
    }

    #[cfg(any(test, feature = "testing"))]
    fn samples() -> Vec<crate::prims::Sample> {
        use jaxrs_data::tolerance::Class;
        let of = |y: i32| {
            let takes: fn(DType) -> bool = if y < 0 { DType::is_inexact } else { DType::is_number };
            let prim = IntegerPow { y };
            // Multiplications may be contracted, and so rounded less.
            crate::prims::sample::elementwise(prim, 1, takes, (0.5, 1.7), Class::Elementary, true)
        };
        [0, 1, 2, 3, 7, -1, -2, -3].into_iter().flat_map(of).collect()
    }
}
