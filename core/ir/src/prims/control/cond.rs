//! Branches.

mod batch;
mod slots;

use std::sync::Arc;

use jaxrs_data::{DType, Literal, Result, SmallVec, Type, bail};

use self::slots::Slots;
use super::call::{SplitOff, without_tangents};
use crate::lower::Lowering;
use crate::prims::{Primitive, RunProgram};
use crate::rules::program;
use crate::{
    Batched, Cx, Jaxpr, Jvp, Operand, Outputs, Param, ParamReader, Params, Tangent, Value,
};

/// `cond(index, operands…)`: one of several programs, by an `i32` scalar: 0 is the first, and the last also what any
/// number stands for that is none, as in XLA.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Cond {
    /// The branches; all take the operands and give results of the same types.
    pub branches: Vec<Arc<Jaxpr>>,
}

impl Cond {
    /// The number of the branch that an index stands for.
    pub fn branch_of(&self, index: i64) -> usize {
        let last = self.branches.len().saturating_sub(1);
        usize::try_from(index).map_or(last, |index| index.min(last))
    }

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

    fn programs(&self) -> SmallVec<[&Arc<Jaxpr>; 2]> {
        self.branches.iter().collect()
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
        self.evaluate_with(inputs, &mut crate::evaluate::evaluate)
    }

    fn evaluate_with(
        &self,
        inputs: &[Literal],
        run: RunProgram<'_>,
    ) -> Result<SmallVec<[Literal; 2]>> {
        let branch = &self.branches[self.branch_of(inputs[0].get(0).as_i64())];
        Ok(run(branch, &inputs[1..])?.into())
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
        use jaxrs_data::Scalar;
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
        vec![
            sample(2, 0),
            sample(2, 1),
            sample(2, -2),
            sample(3, -7),
            sample(3, 1),
            sample(3, 9),
            sample(1, 0),
        ]
    }
}
