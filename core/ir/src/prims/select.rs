//! Choosing between operands, elementwise.

use jaxrs_data::{DType, Literal, Result, Scalar, SmallVec, Type, bail, smallvec};
use jaxrs_kernel::{Compare, ValueId};

use crate::lower::{Elements, Lowering};
use crate::prims::{Primitive, not_linear};
use crate::rules::nary;
use crate::{Batched, Cx, Jvp, Operand, Param, Tangent, Value, ops};

/// `select_n(which, cases…)`: element by element the case that `which` names: `false` or 0 the first. With
/// two cases `which` is `bool`, with more `i32` (clamped to the cases). `which` may be a scalar.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SelectN;

impl SelectN {
    /// The same choice among other cases, of which one is given and the others are zero.
    fn one_case(cx: Cx<'_>, which: &Value, n: usize, case: usize, value: &Value) -> Result<Value> {
        let zero = ops::scalar_like(value, 0.0);
        let mut operands = vec![which.clone()];
        operands.extend((0..n).map(|k| if k == case { value.clone() } else { zero.clone() }));
        ops::bind1(cx, SelectN, &operands)
    }
}

impl Primitive for SelectN {
    fn name(&self) -> &'static str {
        "select_n"
    }

    fn parse(name: &str, _params: &[(String, Param)]) -> Option<Result<SelectN>> {
        (name == "select_n").then_some(Ok(SelectN))
    }

    fn output_types(&self, inputs: &[Type]) -> Result<SmallVec<[Type; 2]>> {
        let [which, cases @ ..] = inputs else {
            bail!(InvalidArgument, "select_n takes a selector and cases, got no operands");
        };
        match (which.dtype, cases.len()) {
            (_, 0) => bail!(InvalidArgument, "select_n needs at least one case, got none"),
            (DType::Bool, 1 | 2) | (DType::I32, _) => {}
            (DType::Bool, n) => {
                bail!(Dtype, "select_n needs an i32 selector for {n} cases, got {which}")
            }
            _ => bail!(Dtype, "select_n needs a selector of bool or i32, got {which}"),
        }
        let dtype = nary::same_dtype("select_n", cases)?;
        let weak = cases.iter().all(|ty| ty.weak);
        Ok(smallvec![Type { dtype, weak, shape: nary::shape("select_n", inputs)? }])
    }

    fn evaluate(&self, inputs: &[Literal]) -> Result<SmallVec<[Literal; 2]>> {
        let types: Vec<Type> = inputs.iter().map(|lit| lit.ty().clone()).collect();
        let out = self.output_types(&types)?.swap_remove(0);
        Ok(smallvec![nary::evaluate(&out, inputs, |x| {
            let last = x.len() - 2;
            x[1 + x[0].as_i64().clamp(0, last as i64) as usize]
        })])
    }

    fn jvp(&self, cx: Cx<'_>, primals: &[Value], tangents: &[Tangent]) -> Result<Jvp> {
        let y = ops::bind1(cx, *self, primals)?;
        let mut operands = vec![primals[0].clone()];
        operands.extend(primals.iter().zip(tangents).skip(1).map(|(case, t)| match t {
            Tangent::Zero(_) => ops::scalar_like(case, 0.0),
            Tangent::Value(t) => t.clone(),
        }));
        let tangent = match tangents[1..].iter().all(Tangent::is_zero) {
            true => Tangent::Zero(y.ty().clone()),
            // The cases with tangents may all be scalars beside an array.
            false => {
                let tangent = ops::bind1(cx, *self, &operands)?;
                Tangent::Value(ops::broadcast_in_dim(cx, &tangent, y.shape(), [])?)
            }
        };
        Ok(Jvp { primals: smallvec![y], tangents: smallvec![tangent] })
    }

    fn transpose(
        &self,
        cx: Cx<'_>,
        inputs: &[Operand],
        cotangents: &[Tangent],
    ) -> Result<SmallVec<[Tangent; 4]>> {
        let Some(which) = inputs[0].known() else { return Err(not_linear(self)) };
        let n = inputs.len() - 1;
        let mut result: SmallVec<[Tangent; 4]> = smallvec![Tangent::Zero(inputs[0].ty().clone())];
        for (case, input) in inputs[1..].iter().enumerate() {
            result.push(match (input, cotangents[0].value()) {
                (Operand::Linear(ty), Some(ct)) => {
                    nary::unbroadcast(cx, ty, &SelectN::one_case(cx, which, n, case, ct)?)?
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
        let n = cx.n_inputs();
        nary::element_with(cx, "select_n", n, index, |b, args| {
            let (which, cases) = (args[0], &args[1..]);
            if b.dtype(which).is_bool() {
                return b.select(which, cases[cases.len() - 1], cases[0]);
            }
            let mut chosen = cases[cases.len() - 1];
            for (k, &case) in cases.iter().enumerate().rev().skip(1) {
                let next = b.constant(DType::I32, Scalar::Int(k as i64 + 1));
                let is_here = b.compare(Compare::Lt, which, next);
                chosen = b.select(is_here, case, chosen);
            }
            chosen
        })
    }

    #[cfg(any(test, feature = "testing"))]
    fn samples() -> Vec<crate::prims::Sample> {
        use crate::prims::{Sample, sample};
        let bools = |shape: &[usize]| sample::finite(DType::Bool, shape);
        let mut samples = Vec::new();
        for dtype in DType::ALL {
            for shape in [&[2, 3][..], &[0, 3], &[1]] {
                let (x, y) = (sample::hard(dtype, shape), sample::finite(dtype, shape));
                let inputs = vec![bools(shape), x.clone(), y.clone()];
                samples.push(Sample { smooth: false, ..sample::exact(SelectN, inputs) });
                let which = Literal::scalar(DType::Bool, Scalar::Bool(true));
                samples.push(Sample { smooth: false, ..sample::exact(SelectN, vec![which, x, y]) });
            }
        }
        let which = sample::integers(DType::I32, [5], &[-3, 0, 1, 2, 9]);
        let case = |k: usize| sample::between(DType::F32, &[5], (k as f64, 7.0));
        samples.push(sample::exact(SelectN, vec![which, case(0), case(1), case(2)]));
        let scalar = |value| Literal::scalar(DType::F32, Scalar::Float(value));
        for cases in [[case(0), scalar(1.5)], [scalar(-2.5), case(0)], [scalar(1.0), scalar(2.0)]] {
            let [x, y] = cases;
            samples.push(sample::exact(SelectN, vec![bools(&[5]), x, y]));
        }
        samples.push(sample::exact(SelectN, vec![bools(&[5]), case(0)]));
        samples
    }
}
