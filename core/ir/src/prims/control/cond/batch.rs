//! Branches of which each example chooses its own.

use jaxrs_data::{DType, Result, SmallVec};
use jaxrs_kernel::Compare;

use super::Cond;
use crate::prims::{Binary, SelectN, StopGradient};
use crate::rules::program;
use crate::{Batched, Cx, Value, ops};

impl Cond {
    /// With an index for each example, all branches run and results are selected. Operands reach a branch
    /// through a selection too, so that an example that did not take it does not spoil derivatives.
    pub(super) fn batch_index(
        &self,
        cx: Cx<'_>,
        size: usize,
        inputs: &[Value],
        axes: &[Option<usize>],
    ) -> Result<Batched> {
        let (mut values, flags) = program::batched_first(cx, inputs, axes)?;
        let index = self.in_range(cx, &values[0])?;
        for (value, flag) in values.iter_mut().zip(&flags) {
            if !flag {
                *value = program::repeated(cx, size, value)?;
            }
        }
        let all_in = vec![true; values.len() - 1];
        let all_out = vec![true; self.n_outputs()];
        let mut cases: Vec<Vec<Value>> = Vec::with_capacity(self.branches.len());
        for (k, branch) in self.branches.iter().enumerate() {
            let taken = self.taken(cx, &index, k)?;
            let operands = values[1..]
                .iter()
                .map(|value| guarded(cx, &taken, value))
                .collect::<Result<Vec<_>>>()?;
            let (branch, _) = cx.batch_jaxpr(branch, size, &all_in, &all_out)?;
            cases.push(cx.eval_jaxpr(&branch, &operands)?);
        }
        let mut outputs = SmallVec::new();
        for k in 0..self.n_outputs() {
            let results: Vec<Value> = cases.iter().map(|case| case[k].clone()).collect();
            outputs.push(select(cx, &index, results)?);
        }
        Ok(Batched { outputs, axes: program::leading(&all_out) })
    }

    /// The index, with that of the last branch for what is none. Of two branches each number but 0 names the
    /// last as it is.
    fn in_range(&self, cx: Cx<'_>, index: &Value) -> Result<Value> {
        if self.branches.len() == 2 {
            return Ok(index.clone());
        }
        // As unsigned numbers negative ones are large.
        let unsigned = ops::convert(cx, index, DType::U32)?;
        let last = ops::scalar_like(&unsigned, (self.branches.len() - 1) as f64);
        ops::convert(cx, &ops::binary(cx, Binary::Min, &unsigned, &last)?, DType::I32)
    }

    /// Which examples take a branch.
    fn taken(&self, cx: Cx<'_>, index: &Value, branch: usize) -> Result<Taken> {
        let is =
            |k: usize| ops::compare(cx, Compare::Eq, index, &ops::scalar_like(index, k as f64));
        match (self.branches.len(), branch) {
            (2, 1) => is(0).map(Taken::ButThese),
            _ => is(branch).map(Taken::These),
        }
    }
}

/// Examples that take a branch, marked in an array.
enum Taken {
    These(Value),
    ButThese(Value),
}

/// The value, whose derivative counts only for the examples that are taken.
fn guarded(cx: Cx<'_>, taken: &Taken, value: &Value) -> Result<Value> {
    if !program::is_differentiable(value.ty()) {
        return Ok(value.clone());
    }
    let still = ops::bind1(cx, StopGradient, std::slice::from_ref(value))?;
    let spread = |marks: &Value| ops::broadcast_in_dim(cx, marks, value.shape(), [0]);
    match taken {
        Taken::These(marks) => ops::select(cx, &spread(marks)?, value, &still),
        Taken::ButThese(marks) => ops::select(cx, &spread(marks)?, &still, value),
    }
}

/// One of the cases for each example.
fn select(cx: Cx<'_>, index: &Value, cases: Vec<Value>) -> Result<Value> {
    if cases.len() == 1 {
        return Ok(cases[0].clone());
    }
    let which =
        if cases.len() == 2 { ops::convert(cx, index, DType::Bool)? } else { index.clone() };
    let which = ops::broadcast_in_dim(cx, &which, cases[0].shape(), [0])?;
    let operands: Vec<Value> = std::iter::once(which).chain(cases).collect();
    ops::bind1(cx, SelectN, &operands)
}
