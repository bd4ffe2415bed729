//! Branches.

use std::sync::Arc;

use jaxrs_data::{DType, Literal, Result, Scalar, SmallVec, Type, bail};
use jaxrs_kernel::Compare;

use super::call::{SplitOff, without_tangents};
use crate::lower::Lowering;
use crate::prims::{Clamp, Primitive, SelectN, StopGradient};
use crate::rules::program;
use crate::{
    Batched, Cx, Jaxpr, Jvp, LinearizedJaxpr, Operand, Outputs, Param, ParamReader, Params,
    Residual, Tangent, Value, ops,
};

/// `cond(index, operands…)`: one of several programs, by an `i32` scalar, clamped; 0 is the first.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Cond {
    /// The branches; all take the operands and give results of the same types.
    pub branches: Vec<Arc<Jaxpr>>,
}

impl Cond {
    fn bind(
        cx: Cx<'_>,
        branches: Vec<Arc<Jaxpr>>,
        index: &Value,
        operands: impl IntoIterator<Item = Value>,
    ) -> Result<SmallVec<[Value; 2]>> {
        let inputs: SmallVec<[Value; 4]> = std::iter::once(index.clone()).chain(operands).collect();
        cx.bind(&Cond { branches }.into(), &inputs)
    }

    fn n_outputs(&self) -> usize {
        self.branches[0].outputs.len()
    }

    /// Which results have a tangent in some branch.
    fn out_has_tangent(&self, cx: Cx<'_>, has_tangent: &[bool]) -> Result<Vec<bool>> {
        let mut all = vec![false; self.n_outputs()];
        for branch in &self.branches {
            let both = cx.jvp_jaxpr(branch, has_tangent, &[])?;
            all = program::union(&all, &both.has_tangent);
        }
        Ok(all)
    }
}

impl Primitive for Cond {
    fn name(&self) -> &'static str {
        "cond"
    }

    fn params(&self) -> Params {
        vec![("branches", Param::Jaxprs(self.branches.clone()))]
    }

    fn parse(name: &str, params: &[(String, Param)]) -> Option<Result<Cond>> {
        (name == "cond").then(|| {
            let branches = ParamReader::new("cond", params).jaxprs("branches")?;
            if branches.is_empty() {
                bail!(InvalidArgument, "cond needs at least one branch, got none");
            }
            Ok(Cond { branches })
        })
    }

    fn output_types(&self, inputs: &[Type]) -> Result<SmallVec<[Type; 2]>> {
        let Some((index, operands)) = inputs.split_first() else {
            bail!(InvalidArgument, "cond takes an index and operands, got nothing");
        };
        if *index != Type::scalar(DType::I32) && *index != Type::scalar(DType::I32).with_weak(true)
        {
            bail!(InvalidArgument, "cond needs i32[] as index, got {index}");
        }
        let mut types = SmallVec::new();
        for (k, branch) in self.branches.iter().enumerate() {
            let out = program::output_types("cond", branch, operands)?;
            if k > 0 && out != types {
                bail!(InvalidArgument, "cond needs branches with results of equal types");
            }
            types = out;
        }
        Ok(types)
    }

    fn evaluate(&self, inputs: &[Literal]) -> Result<SmallVec<[Literal; 2]>> {
        let last = self.branches.len() as i64 - 1;
        let index = inputs[0].get(0).as_i64().clamp(0, last);
        program::evaluate(&self.branches[index as usize], &inputs[1..])
    }

    fn jvp(&self, cx: Cx<'_>, primals: &[Value], tangents: &[Tangent]) -> Result<Jvp> {
        let has_tangent = program::nonzero(&tangents[1..]);
        let out = self.out_has_tangent(cx, &has_tangent)?;
        let branches = self
            .branches
            .iter()
            .map(|branch| Ok(cx.jvp_jaxpr(branch, &has_tangent, &out)?.jaxpr))
            .collect::<Result<_>>()?;
        let operands = primals[1..].iter().cloned().chain(program::values(&tangents[1..]));
        let mut outputs = Cond::bind(cx, branches, &primals[0], operands)?;
        let found = outputs.split_off_at(self.n_outputs());
        let tangents = program::spread(&outputs, found, &out);
        Ok(Jvp { primals: outputs, tangents })
    }

    fn linearize(
        &self,
        primal: Cx<'_>,
        linear: Cx<'_>,
        primals: &[Value],
        tangents: &[Tangent],
    ) -> Result<Option<Jvp>> {
        let (index, operands) = (&primals[0], &primals[1..]);
        let has_tangent = program::nonzero(&tangents[1..]);
        let mut out = vec![false; self.n_outputs()];
        for branch in &self.branches {
            let part = primal.linearize_jaxpr(branch, &has_tangent, &[])?;
            out = program::union(&out, &part.has_tangent);
        }
        if !out.contains(&true) {
            return Ok(Some(without_tangents(primal.bind(&self.clone().into(), primals)?)));
        }
        let parts = self
            .branches
            .iter()
            .map(|branch| primal.linearize_jaxpr(branch, &has_tangent, &out))
            .collect::<Result<Vec<_>>>()?;
        let slots = Slots::new(&parts, self.n_outputs());
        let forward = parts
            .iter()
            .zip(&slots.of_branch)
            .map(|(part, of)| slots.primal(primal, part, of, self.n_outputs()))
            .collect::<Result<_>>()?;
        let mut outputs = Cond::bind(primal, forward, index, operands.iter().cloned())?;
        let saved = outputs.split_off_at(self.n_outputs());
        let in_tangents: Vec<Value> = program::values(&tangents[1..]).collect();
        let types: Vec<Type> = in_tangents.iter().map(|value| value.ty().clone()).collect();
        let forward = parts
            .iter()
            .zip(&slots.of_branch)
            .map(|(part, of)| slots.linear(primal, part, of, operands, &types))
            .collect::<Result<_>>()?;
        let inputs = slots.inputs.iter().map(|&k| operands[k].clone());
        let inputs = inputs.chain(saved).chain(in_tangents);
        let found = Cond::bind(linear, forward, index, inputs)?;
        let tangents = program::spread(&outputs, found, &out);
        Ok(Some(Jvp { primals: outputs, tangents }))
    }

    fn split(
        &self,
        primal: Cx<'_>,
        linear: Cx<'_>,
        inputs: &[Value],
        is_linear: &[bool],
    ) -> Result<Option<(Outputs, Vec<bool>)>> {
        let mut depends = vec![is_linear[0]; self.n_outputs()];
        let mut separated = Vec::with_capacity(self.branches.len());
        for branch in &self.branches {
            let (branch, out) = program::separated(primal, branch, &is_linear[1..])?;
            depends = program::union(&depends, &out);
            separated.push(branch);
        }
        if !depends.contains(&false) {
            return Ok(None);
        }
        let (known_in, known_out) = (program::not(&is_linear[1..]), program::not(&depends));
        let known = |branch: &Arc<Jaxpr>| {
            Arc::new(program::with_outputs(branch, &known_out).without_dead_code(&known_in))
        };
        let branches = separated.iter().map(known).collect();
        let operands = program::chosen(&inputs[1..], &known_in);
        let known = Cond::bind(primal, branches, &inputs[0], operands)?;
        let branches =
            separated.iter().map(|branch| program::with_outputs(branch, &depends)).collect();
        let rest = Cond::bind(linear, branches, &inputs[0], inputs[1..].iter().cloned())?;
        Ok(Some((program::interleaved(&known, &rest, &depends).into(), depends)))
    }

    fn transpose(
        &self,
        cx: Cx<'_>,
        inputs: &[Operand],
        cotangents: &[Tangent],
    ) -> Result<SmallVec<[Tangent; 4]>> {
        let Some(index) = inputs[0].known() else {
            return Err(crate::prims::not_linear(self));
        };
        let (wanted, is_linear) = (program::nonzero(cotangents), program::linear(&inputs[1..]));
        let mut operands = program::known(&inputs[1..]);
        let branches = self
            .branches
            .iter()
            .map(|branch| {
                let branch = program::with_outputs(branch, &wanted);
                let branch = program::known_first(cx, &branch, &is_linear)?;
                cx.transpose_jaxpr(&branch, operands.len())
            })
            .collect::<Result<_>>()?;
        operands.extend(program::values(cotangents));
        let found = Cond::bind(cx, branches, index, operands)?;
        Ok(program::cotangents(inputs, found))
    }

    fn batch(
        &self,
        cx: Cx<'_>,
        size: usize,
        inputs: &[Value],
        axes: &[Option<usize>],
    ) -> Result<Batched> {
        if axes[0].is_some() {
            return self.batch_index(cx, size, inputs, axes);
        }
        let (operands, flags) = program::batched_first(cx, &inputs[1..], &axes[1..])?;
        let mut out = vec![false; self.n_outputs()];
        for branch in &self.branches {
            out = program::union(&out, &cx.batch_jaxpr(branch, size, &flags, &[])?.1);
        }
        let branches = self
            .branches
            .iter()
            .map(|branch| Ok(cx.batch_jaxpr(branch, size, &flags, &out)?.0))
            .collect::<Result<_>>()?;
        let outputs = Cond::bind(cx, branches, &inputs[0], operands)?;
        Ok(Batched { outputs, axes: program::leading(&out) })
    }

    fn lowering(&self, _inputs: &[Type]) -> Lowering {
        Lowering::Control
    }

    #[cfg(any(test, feature = "testing"))]
    fn samples() -> Vec<crate::prims::Sample> {
        use super::sample::{doubles, program, smooth};
        let branches = [
            "{ lambda ; a:f64[2] b:f64[2]. let c:f64[2] = sin a; d:f64[2] = mul c b in (d, a) }",
            "{ lambda ; a:f64[2] b:f64[2]. let c:f64[2] = mul a b in (b, c) }",
            "{ lambda ; a:f64[2] b:f64[2]. let c:f64[2] = exp b; d:f64[2] = mul c c in (d, c) }",
        ];
        let branches: Vec<_> = branches.iter().map(|text| program(text)).collect();
        let operands = [doubles(&[0.5, -1.25]), doubles(&[1.5, 0.75])];
        let sample = |n: usize, index: i64| {
            let index = Literal::scalar(DType::I32, Scalar::Int(index));
            let inputs = std::iter::once(index).chain(operands.clone()).collect();
            smooth(Cond { branches: branches[..n].to_vec() }, inputs)
        };
        vec![sample(2, 0), sample(2, 1), sample(3, -7), sample(3, 1), sample(3, 9), sample(1, 0)]
    }
}

impl Cond {
    /// With an index for each example, all branches run and results are selected. Operands reach a branch
    /// through a selection too, so that an example that did not take it does not spoil derivatives.
    fn batch_index(
        &self,
        cx: Cx<'_>,
        size: usize,
        inputs: &[Value],
        axes: &[Option<usize>],
    ) -> Result<Batched> {
        let (mut values, flags) = program::batched_first(cx, inputs, axes)?;
        let last = self.branches.len() as f64 - 1.0;
        let bound = |v: f64| ops::scalar_like(&values[0], v);
        let index = ops::bind1(cx, Clamp, &[bound(0.0), values[0].clone(), bound(last)])?;
        for (value, flag) in values.iter_mut().zip(&flags) {
            if !flag {
                *value = program::repeated(cx, size, value)?;
            }
        }
        let all_in = vec![true; values.len() - 1];
        let all_out = vec![true; self.n_outputs()];
        let mut cases: Vec<Vec<Value>> = Vec::with_capacity(self.branches.len());
        for (k, branch) in self.branches.iter().enumerate() {
            let taken = ops::compare(cx, Compare::Eq, &index, &ops::scalar_like(&index, k as f64))?;
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
}

/// The value, whose derivative counts only for the examples that are taken.
fn guarded(cx: Cx<'_>, taken: &Value, value: &Value) -> Result<Value> {
    if !program::is_differentiable(value.ty()) {
        return Ok(value.clone());
    }
    let still = ops::bind1(cx, StopGradient, std::slice::from_ref(value))?;
    let taken = ops::broadcast_in_dim(cx, taken, value.shape(), [0])?;
    ops::select(cx, &taken, value, &still)
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

/// Where the residuals of all branches go: operands that branches keep, and slots for what they save,
/// which branches share where types allow.
struct Slots {
    inputs: Vec<usize>,
    types: Vec<Type>,
    /// For each branch, the slot of each thing that it saves.
    of_branch: Vec<Vec<usize>>,
}

impl Slots {
    fn new(parts: &[LinearizedJaxpr], n_outputs: usize) -> Slots {
        let mut slots = Slots { inputs: Vec::new(), types: Vec::new(), of_branch: Vec::new() };
        for part in parts {
            for residual in &part.residuals {
                match *residual {
                    Residual::Input(k) if !slots.inputs.contains(&k) => slots.inputs.push(k),
                    _ => {}
                }
            }
            let mut taken = vec![false; slots.types.len()];
            let mut of_branch = Vec::new();
            for ty in part.primal.out_types().skip(n_outputs) {
                let free = (0..taken.len()).find(|&k| !taken[k] && slots.types[k] == *ty);
                let slot = free.unwrap_or_else(|| {
                    slots.types.push(ty.clone());
                    taken.push(false);
                    taken.len() - 1
                });
                taken[slot] = true;
                of_branch.push(slot);
            }
            slots.of_branch.push(of_branch);
        }
        slots
    }

    /// The branch that computes results and fills all slots, with zeros where it saves nothing.
    fn primal(
        &self,
        cx: Cx<'_>,
        part: &LinearizedJaxpr,
        of_branch: &[usize],
        n_outputs: usize,
    ) -> Result<Arc<Jaxpr>> {
        if of_branch.len() == self.types.len() && of_branch.is_sorted() {
            return Ok(part.primal.clone());
        }
        let in_types: Vec<Type> = part.primal.in_types().cloned().collect();
        cx.stage(&in_types, &mut |cx, inputs| {
            let mut outputs = cx.eval_jaxpr(&part.primal, inputs)?;
            let saved = outputs.split_off(n_outputs);
            for (slot, ty) in self.types.iter().enumerate() {
                outputs.push(match of_branch.iter().position(|&of| of == slot) {
                    Some(k) => saved[k].clone(),
                    None => ops::full(cx, ty, Scalar::Int(0))?,
                });
            }
            Ok(outputs)
        })
    }

    /// The branch that computes tangents from kept operands, all slots, and tangents.
    fn linear(
        &self,
        cx: Cx<'_>,
        part: &LinearizedJaxpr,
        of_branch: &[usize],
        operands: &[Value],
        tangents: &[Type],
    ) -> Result<Arc<Jaxpr>> {
        let mut in_types: Vec<Type> =
            self.inputs.iter().map(|&k| operands[k].ty().clone()).collect();
        in_types.extend(self.types.iter().cloned());
        in_types.extend(tangents.iter().cloned());
        cx.stage(&in_types, &mut |cx, inputs| {
            let residual = |residual: &Residual| match *residual {
                Residual::Input(k) => {
                    let position = self.inputs.iter().position(|&input| input == k);
                    inputs[position.unwrap_or_default()].clone()
                }
                Residual::Saved(k) => inputs[self.inputs.len() + of_branch[k]].clone(),
            };
            let mut values: Vec<Value> = part.residuals.iter().map(residual).collect();
            values.extend_from_slice(&inputs[self.inputs.len() + self.types.len()..]);
            cx.eval_jaxpr(&part.linear, &values)
        })
    }
}
