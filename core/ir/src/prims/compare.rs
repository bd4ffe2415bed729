//! Elementwise comparisons.

mod total;

use jaxrs_data::{DType, Literal, Result, Scalar, SmallVec, Type, bail, smallvec};
use jaxrs_kernel::{BodyBuilder, Compare as Cmp, ScalarOp, ValueId};

use crate::lower::{Elements, Lowering};
use crate::prims::{Prim, Primitive, not_differentiable};
use crate::rules::nary;
use crate::{Batched, Cx, Jvp, Operand, Param, Tangent, Value, ops};

pub use total::CompareTotal;

/// A comparison of two operands, elementwise; gives `bool`. Comparisons with NaN are false, but for `ne`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Compare(
    /// Which one.
    pub Cmp,
);

const NAMES: [(Cmp, &str); 6] = [
    (Cmp::Eq, "eq"),
    (Cmp::Ne, "ne"),
    (Cmp::Lt, "lt"),
    (Cmp::Le, "le"),
    (Cmp::Gt, "gt"),
    (Cmp::Ge, "ge"),
];

impl Compare {
    fn holds(self, x: Scalar, y: Scalar) -> bool {
        if let (Scalar::Complex(a, b), Scalar::Complex(c, d)) = (x, y) {
            let equal = a == c && b == d;
            return equal == (self.0 == Cmp::Eq);
        }
        let order = match (x, y) {
            (Scalar::Bool(x), Scalar::Bool(y)) => Some(x.cmp(&y)),
            (Scalar::Int(x), Scalar::Int(y)) => Some(x.cmp(&y)),
            (Scalar::Uint(x), Scalar::Uint(y)) => Some(x.cmp(&y)),
            (Scalar::Key(x), Scalar::Key(y)) => Some(x.cmp(&y)),
            _ => x.as_f64().partial_cmp(&y.as_f64()),
        };
        match self.0 {
            Cmp::Eq => order.is_some_and(|o| o.is_eq()),
            Cmp::Ne => order.is_none_or(|o| o.is_ne()),
            Cmp::Lt => order.is_some_and(|o| o.is_lt()),
            Cmp::Le => order.is_some_and(|o| o.is_le()),
            Cmp::Gt => order.is_some_and(|o| o.is_gt()),
            Cmp::Ge => order.is_some_and(|o| o.is_ge()),
        }
    }

    fn takes(self, dtype: DType) -> bool {
        dtype.is_ordered()
            || (dtype.is_complex() || dtype.is_key()) && matches!(self.0, Cmp::Eq | Cmp::Ne)
    }
}

impl Compare {
    /// Whether all words of two keys are equal, or some are not.
    fn keys(self, b: &mut BodyBuilder, x: ValueId, y: ValueId) -> ValueId {
        let (x, y) = (b.words_of_key(x), b.words_of_key(y));
        let join = if self.0 == Cmp::Eq { ScalarOp::And } else { ScalarOp::Or };
        let mut holds = b.constant(DType::Bool, Scalar::Bool(self.0 == Cmp::Eq));
        for (x, y) in x.into_iter().zip(y) {
            let word = b.compare(self.0, x, y);
            holds = b.op(join, &[holds, word]);
        }
        holds
    }
}

/// The type of a comparison's result.
fn output_types(
    name: &str,
    inputs: &[Type],
    takes: impl Fn(DType) -> bool,
) -> Result<SmallVec<[Type; 2]>> {
    nary::arity(name, inputs, 2)?;
    if !takes(nary::same_dtype(name, inputs)?) {
        bail!(Dtype, "{name} does not take {} and {}", inputs[0], inputs[1]);
    }
    // A truth value gives way to nothing, but JAX calls it weak all the same where both operands are.
    let weak = inputs.iter().all(|ty| ty.weak);
    Ok(smallvec![Type { dtype: DType::Bool, weak, shape: nary::shape(name, inputs)? }])
}

/// What holds has no tangent.
fn jvp(cx: Cx<'_>, comparison: impl Into<Prim>, primals: &[Value]) -> Result<Jvp> {
    let result = ops::bind1(cx, comparison, primals)?;
    let tangent = Tangent::Zero(result.ty().clone());
    Ok(Jvp { primals: smallvec![result], tangents: smallvec![tangent] })
}

impl Primitive for Compare {
    fn name(&self) -> &'static str {
        match self.0 {
            Cmp::Eq => "eq",
            Cmp::Ne => "ne",
            Cmp::Lt => "lt",
            Cmp::Le => "le",
            Cmp::Gt => "gt",
            Cmp::Ge => "ge",
        }
    }

    fn parse(name: &str, _params: &[(String, Param)]) -> Option<Result<Compare>> {
        NAMES.iter().find(|(_, known)| *known == name).map(|&(op, _)| Ok(Compare(op)))
    }

    fn output_types(&self, inputs: &[Type]) -> Result<SmallVec<[Type; 2]>> {
        output_types(self.name(), inputs, |dtype| self.takes(dtype))
    }

    fn evaluate(&self, inputs: &[Literal]) -> Result<SmallVec<[Literal; 2]>> {
        let types = [inputs[0].ty().clone(), inputs[1].ty().clone()];
        let out = self.output_types(&types)?.swap_remove(0);
        Ok(smallvec![nary::evaluate(&out, inputs, |x| Scalar::Bool(self.holds(x[0], x[1])))])
    }

    fn jvp(&self, cx: Cx<'_>, primals: &[Value], _tangents: &[Tangent]) -> Result<Jvp> {
        jvp(cx, *self, primals)
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
        let is_key = cx.input_type(0).dtype.is_key();
        nary::element_with(cx, self.name(), 2, index, |b, args| match is_key {
            true => self.keys(b, args[0], args[1]),
            false => b.compare(self.0, args[0], args[1]),
        })
    }

    #[cfg(any(test, feature = "testing"))]
    fn samples() -> Vec<crate::prims::Sample> {
        use jaxrs_data::tolerance::Class;
        let of = |(op, _): (Cmp, &str)| {
            let takes: fn(DType) -> bool = match op {
                Cmp::Eq | Cmp::Ne => |_| true,
                Cmp::Lt | Cmp::Le | Cmp::Gt | Cmp::Ge => DType::is_ordered,
            };
            let domain = (-2.0, 1.7);
            crate::prims::sample::elementwise(Compare(op), 2, takes, domain, Class::Exact, false)
        };
        NAMES.into_iter().flat_map(of).collect()
    }
}
