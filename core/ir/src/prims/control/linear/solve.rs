//! Solutions of linear equations, differentiated as such.

use std::sync::Arc;

use jaxrs_data::{Error, ErrorKind, Literal, Result, SmallVec, Type, bail};

use crate::lower::Lowering;
use crate::prims::Primitive;
use crate::rules::program;
use crate::{
    Batched, Cx, Jaxpr, Jvp, Operand, Param, ParamReader, Params, Prim, Tangent, Value, ops,
};

/// One of the programs, `(consts…, x…) → y…`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Operator {
    /// The program.
    pub jaxpr: Arc<Jaxpr>,
    /// How many of its inputs it captured.
    pub num_consts: usize,
}

/// `custom_linear_solve(consts…, b…)`: the `x` of `matvec(x) = b`, as `solve` finds it, then what else that
/// gives. It is differentiated by the equation, so that nobody has to go through `solve`. Constants are those
/// of `matvec`, `vecmat`, `solve` and `transpose_solve`, in this order.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct CustomLinearSolve {
    /// The linear function.
    matvec: Operator,
    /// What finds the solution.
    solve: Operator,
    /// The transpose of the linear function, and what solves it.
    transposed: Option<(Operator, Operator)>,
    /// `solve`, with all operands for inputs.
    call: Arc<Jaxpr>,
}

impl CustomLinearSolve {
    /// The operation. Without the transposed pair, of `vecmat` and `transpose_solve`, there is no reverse
    /// mode.
    pub fn new(
        matvec: Operator,
        solve: Operator,
        transposed: Option<(Operator, Operator)>,
    ) -> Result<CustomLinearSolve> {
        let n_b = matvec.jaxpr.outputs.len();
        let whole = |part: &Operator| part.jaxpr.invars.len() == part.num_consts + n_b;
        let gives = |part: &Operator, n: usize| part.jaxpr.outputs.len() == n;
        let n_out = solve.jaxpr.outputs.len();
        let fits = whole(&matvec)
            && whole(&solve)
            && n_out >= n_b
            && transposed.as_ref().is_none_or(|(vecmat, solve)| {
                whole(vecmat) && whole(solve) && gives(vecmat, n_b) && gives(solve, n_out)
            });
        if !fits {
            bail!(
                InvalidArgument,
                "custom_linear_solve needs functions of as many values as its right hand side has, {n_b}"
            );
        }
        let mut prim = CustomLinearSolve { matvec, call: solve.jaxpr.clone(), solve, transposed };
        prim.call = Arc::new(prim.with_all_operands());
        Ok(prim)
    }

    /// How many values the unknown has.
    fn n_b(&self) -> usize {
        self.matvec.jaxpr.outputs.len()
    }

    /// The parts, in the order of their constants.
    fn parts(&self) -> SmallVec<[&Operator; 4]> {
        match &self.transposed {
            Some((vecmat, solve)) => {
                [&self.matvec, vecmat, &self.solve, solve].into_iter().collect()
            }
            None => [&self.matvec, &self.solve].into_iter().collect(),
        }
    }

    fn from_parts(mut parts: Vec<Operator>) -> Result<CustomLinearSolve> {
        let fault = |n: usize| {
            let message = format_args!("custom_linear_solve takes 2 or 4 programs, got {n}");
            Error::new(ErrorKind::InvalidArgument, message)
        };
        let n = parts.len();
        let mut next = || if parts.is_empty() { Err(fault(n)) } else { Ok(parts.remove(0)) };
        match n {
            2 => CustomLinearSolve::new(next()?, next()?, None),
            4 => {
                let (matvec, vecmat, solve) = (next()?, next()?, next()?);
                CustomLinearSolve::new(matvec, solve, Some((vecmat, next()?)))
            }
            n => Err(fault(n)),
        }
    }

    /// `solve`, which has no use for the constants of the others.
    fn with_all_operands(&self) -> Jaxpr {
        let mut program = (*self.solve.jaxpr).clone();
        let own = std::mem::take(&mut program.invars);
        for part in self.parts() {
            if std::ptr::eq(part, &self.solve) {
                program.invars.extend(&own[..part.num_consts]);
                continue;
            }
            for ty in part.jaxpr.in_types().take(part.num_consts) {
                program.add_invar(ty.clone());
            }
        }
        program.invars.extend(&own[self.solve.num_consts..]);
        program.n_consts = 0;
        program
    }

    /// The program that stands for the operation where nobody differentiates.
    pub(crate) fn call(&self) -> &Arc<Jaxpr> {
        &self.call
    }

    /// The constants of each part, and the right hand side.
    fn split<'a, T>(&self, operands: &'a [T]) -> (SmallVec<[&'a [T]; 4]>, &'a [T]) {
        let mut rest = operands;
        let parts = self.parts().into_iter().map(|part| {
            let (consts, others) = rest.split_at(part.num_consts);
            rest = others;
            consts
        });
        (parts.collect(), rest)
    }

    fn n_consts(&self) -> usize {
        self.parts().iter().map(|part| part.num_consts).sum()
    }

    /// `∂A x`: what `matvec` gives for the tangents of its constants.
    fn tangent_of_matvec(
        &self,
        cx: Cx<'_>,
        consts: &[Value],
        tangents: &[Tangent],
        x: &[Value],
    ) -> Result<Vec<Tangent>> {
        let mut has_tangent = program::nonzero(tangents);
        has_tangent.extend(x.iter().map(|_| false));
        let both = cx.jvp_jaxpr(&self.matvec.jaxpr, &has_tangent, &[])?;
        let n = self.n_b();
        let of_tangents: Vec<bool> = (0..both.jaxpr.outputs.len()).map(|k| k >= n).collect();
        let jaxpr = program::with_outputs(&both.jaxpr, &of_tangents);
        let operands: Vec<Value> =
            consts.iter().chain(x).cloned().chain(program::values(tangents)).collect();
        let found = cx.eval_jaxpr(&jaxpr, &operands)?;
        Ok(program::spread(x, found, &both.has_tangent).into_vec())
    }
}

impl Primitive for CustomLinearSolve {
    fn name(&self) -> &'static str {
        "custom_linear_solve"
    }

    fn params(&self) -> Params {
        let parts = self.parts();
        let lengths: Vec<usize> = parts.iter().map(|part| part.num_consts).collect();
        let jaxprs = parts.iter().map(|part| part.jaxpr.clone()).collect();
        vec![("const_lengths", Param::sizes(&lengths)), ("jaxprs", Param::Jaxprs(jaxprs))]
    }

    fn parse(name: &str, params: &[(String, Param)]) -> Option<Result<CustomLinearSolve>> {
        (name == "custom_linear_solve").then(|| {
            let params = ParamReader::new("custom_linear_solve", params);
            let lengths: Vec<usize> = params.sizes("const_lengths")?;
            let jaxprs = params.jaxprs("jaxprs")?;
            if lengths.len() != jaxprs.len() {
                return Err(params.error(format_args!("needs a length for each program")));
            }
            let pairs = jaxprs.into_iter().zip(lengths);
            let parts = pairs.map(|(jaxpr, num_consts)| Operator { jaxpr, num_consts });
            CustomLinearSolve::from_parts(parts.collect())
        })
    }

    fn programs(&self) -> SmallVec<[&Arc<Jaxpr>; 2]> {
        self.parts().into_iter().map(|part| &part.jaxpr).collect()
    }

    fn output_types(&self, inputs: &[Type]) -> Result<SmallVec<[Type; 2]>> {
        let outputs = program::output_types("custom_linear_solve", &self.call, inputs)?;
        let (consts, b) = self.split(inputs);
        for (part, consts) in self.parts().iter().zip(consts) {
            let of_part = [consts, b].concat();
            program::output_types("custom_linear_solve", &part.jaxpr, &of_part)?;
            for (k, (out, b)) in part.jaxpr.out_types().zip(b).enumerate() {
                if out.shape != b.shape {
                    bail!(
                        Shape,
                        "custom_linear_solve needs functions that give {b} as value {k}, got {out}"
                    );
                }
            }
        }
        Ok(outputs)
    }

    fn evaluate(&self, inputs: &[Literal]) -> Result<SmallVec<[Literal; 2]>> {
        program::evaluate(&self.call, inputs)
    }

    /// From `A x = b`: `A ∂x = ∂b − ∂A x`.
    fn jvp(&self, cx: Cx<'_>, primals: &[Value], tangents: &[Tangent]) -> Result<Jvp> {
        let prim: Prim = self.clone().into();
        let outputs = cx.bind(&prim, primals)?;
        let (consts, _) = self.split(primals);
        let (of_consts, of_b) = self.split(tangents);
        let mut rhs = of_b.to_vec();
        if program::nonzero(of_consts[0]).contains(&true) {
            let x = &outputs[..self.n_b()];
            let moved = self.tangent_of_matvec(cx, consts[0], of_consts[0], x)?;
            for (rhs, moved) in rhs.iter_mut().zip(moved) {
                let back = moved.map(moved.ty(), |value| ops::neg(cx, value))?;
                *rhs = rhs.add(cx, &back)?;
            }
        }
        let zero = |value: &Value| Tangent::Zero(value.ty().clone());
        if !program::nonzero(&rhs).contains(&true) {
            let tangents = outputs.iter().map(zero).collect();
            return Ok(Jvp { primals: outputs, tangents });
        }
        let mut operands = primals[..self.n_consts()].to_vec();
        for tangent in &rhs {
            operands.push(tangent.instantiate(cx)?);
        }
        let solved = cx.bind(&prim, &operands)?;
        let of_x = solved.into_iter().take(self.n_b()).map(Tangent::Value);
        let of_aux = outputs[self.n_b()..].iter().map(zero);
        let tangents = of_x.chain(of_aux).collect();
        Ok(Jvp { primals: outputs, tangents })
    }

    fn transpose(
        &self,
        cx: Cx<'_>,
        inputs: &[Operand],
        cotangents: &[Tangent],
    ) -> Result<SmallVec<[Tangent; 4]>> {
        let n_consts = self.n_consts();
        let Some((vecmat, transpose_solve)) = &self.transposed else {
            return Err(Error::new(
                ErrorKind::Unimplemented,
                "custom_linear_solve needs a transpose_solve to go backwards",
            ));
        };
        let (of_x, of_aux) = cotangents.split_at(self.n_b());
        let is_linear = program::linear(inputs);
        if is_linear[..n_consts].contains(&true) || program::nonzero(of_aux).contains(&true) {
            return Err(crate::prims::not_linear(self));
        }
        let there = (self.matvec.clone(), self.solve.clone());
        let prim = CustomLinearSolve::new(vecmat.clone(), transpose_solve.clone(), Some(there))?;
        let known = program::known(&inputs[..n_consts]);
        let (consts, _) = self.split(&known);
        let mut operands = [consts[1], consts[0], consts[3], consts[2]].concat();
        for cotangent in of_x {
            operands.push(cotangent.instantiate(cx)?);
        }
        let found = cx.bind(&prim.into(), &operands)?;
        let of_b = inputs[n_consts..].iter().zip(found).map(|(b, ct)| match b {
            Operand::Linear(_) => Tangent::Value(ct),
            Operand::Known(value) => Tangent::Zero(value.ty().clone()),
        });
        let zeros = inputs[..n_consts].iter().map(|x| Tangent::Zero(x.ty().clone()));
        Ok(zeros.chain(of_b).collect())
    }

    /// Unknowns and right hand sides differ between examples as soon as anything does.
    fn batch(
        &self,
        cx: Cx<'_>,
        size: usize,
        inputs: &[Value],
        axes: &[Option<usize>],
    ) -> Result<Batched> {
        let (mut inputs, flags) = program::batched_first(cx, inputs, axes)?;
        for k in self.n_consts()..inputs.len() {
            if !flags[k] {
                inputs[k] = program::repeated(cx, size, &inputs[k])?;
            }
        }
        let (of_consts, _) = self.split(&flags);
        let mut parts = Vec::with_capacity(4);
        for (part, of_consts) in self.parts().into_iter().zip(of_consts) {
            let flags = [of_consts, &vec![true; self.n_b()]].concat();
            let all = vec![true; part.jaxpr.outputs.len()];
            let (jaxpr, _) = cx.batch_jaxpr(&part.jaxpr, size, &flags, &all)?;
            parts.push(Operator { jaxpr, num_consts: part.num_consts });
        }
        let outputs = cx.bind(&CustomLinearSolve::from_parts(parts)?.into(), &inputs)?;
        let axes = program::leading(&vec![true; outputs.len()]);
        Ok(Batched { outputs, axes })
    }

    fn lowering(&self, _inputs: &[Type]) -> Lowering {
        Lowering::Inline
    }

    #[cfg(any(test, feature = "testing"))]
    fn samples() -> Vec<crate::prims::Sample> {
        use super::super::sample::{doubles, program, smooth};
        let operator = |body: &str| Operator {
            jaxpr: program(&format!("{{ lambda ; a:f64[3] b:f64[3]. let {body} }}")),
            num_consts: 1,
        };
        // A diagonal matrix, with how it was divided beside the solution.
        let times = || operator("c:f64[3] = mul a b in (c,)");
        let solve = || operator("c:f64[3] = div b a; d:f64[3] = sign a in (c, d)");
        let plain = || operator("c:f64[3] = div b a in (c,)");
        let (a, b) = (doubles(&[0.5, -1.25, 2.0]), doubles(&[1.5, 0.75, -0.5]));
        let sample = |prim: Result<CustomLinearSolve>, n: usize| {
            let inputs = [vec![a.clone(); n], vec![b.clone()]].concat();
            let prim = prim.unwrap_or_else(|err| panic!("{err:?}"));
            // Operands that stand for the same matrix cannot move each for itself.
            crate::prims::Sample { smooth: n == 0, ..smooth(prim, inputs) }
        };
        let twice = |body: &str| Operator {
            jaxpr: program(&format!("{{ lambda ; b:f64[3]. let {body} in (c,) }}")),
            num_consts: 0,
        };
        let double = || twice("c:f64[3] = mul b 2.0:f64[]");
        let half = || twice("c:f64[3] = div b 2.0:f64[]");
        vec![
            sample(CustomLinearSolve::new(double(), half(), Some((double(), half()))), 0),
            sample(CustomLinearSolve::new(times(), plain(), None), 2),
            sample(CustomLinearSolve::new(times(), plain(), Some((times(), plain()))), 4),
            sample(CustomLinearSolve::new(times(), solve(), Some((times(), solve()))), 4),
        ]
    }
}
