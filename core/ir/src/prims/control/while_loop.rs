//! Loops whose length is computed.

mod batch;

use std::sync::Arc;

use jaxrs_data::{DType, Error, ErrorKind, Literal, Result, SmallVec, Type, bail, smallvec};

use super::call::{SplitOff, without_tangents};
use crate::lower::Lowering;
use crate::prims::{Primitive, RunProgram};
use crate::rules::program;
use crate::{
    Batched, Cx, Jaxpr, Jvp, Operand, Outputs, Param, ParamReader, Params, Tangent, Value,
};

/// `while(cond_consts…, body_consts…, carry…)`: runs the body on the carry while the condition holds.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct While {
    /// `(cond_consts…, carry…) → bool[]`.
    pub cond_jaxpr: Arc<Jaxpr>,
    /// `(body_consts…, carry…) → carry…`.
    pub body_jaxpr: Arc<Jaxpr>,
    /// The number of constants of the condition.
    pub cond_nconsts: usize,
    /// The number of constants of the body.
    pub body_nconsts: usize,
}

/// The parts of a list that goes with the operands.
struct Parts<'a, T> {
    cond_consts: &'a [T],
    body_consts: &'a [T],
    carry: &'a [T],
}

impl While {
    fn parts<'a, T>(&self, items: &'a [T]) -> Parts<'a, T> {
        let (cond_consts, rest) = items.split_at(self.cond_nconsts);
        let (body_consts, carry) = rest.split_at(self.body_nconsts);
        Parts { cond_consts, body_consts, carry }
    }

    fn n_carry(&self) -> usize {
        self.body_jaxpr.outputs.len()
    }

    /// The loop that carries tangents beside values, and which carried values have one.
    fn with_tangents(&self, cx: Cx<'_>, has_tangent: &[bool]) -> Result<(While, Vec<bool>)> {
        let has = self.parts(has_tangent);
        let mut carry = has.carry.to_vec();
        let both = loop {
            let flags = [has.body_consts, &carry].concat();
            let both = cx.jvp_jaxpr(&self.body_jaxpr, &flags, &carry)?;
            if program::is_subset(&both.has_tangent, &carry) {
                break both;
            }
            carry = program::union(&carry, &both.has_tangent);
        };
        let types: Vec<Type> = both.jaxpr.in_types().cloned().collect();
        let n_primals = self.body_jaxpr.invars.len();
        let (primal_types, tangent_types) = types.split_at(n_primals);
        let n_const_tangents = has.body_consts.iter().filter(|&&has| has).count();
        let (consts, carries) = primal_types.split_at(self.body_nconsts);
        let (const_tangents, carry_tangents) = tangent_types.split_at(n_const_tangents);
        let in_types = [consts, const_tangents, carries, carry_tangents].concat();
        let (a, b, c) = (consts.len(), const_tangents.len(), carries.len());
        let body_jaxpr = cx.stage(&in_types, &mut |cx, x| {
            let order = [&x[..a], &x[a + b..a + b + c], &x[a..a + b], &x[a + b + c..]].concat();
            cx.eval_jaxpr(&both.jaxpr, &order)
        })?;
        let mut cond_types: Vec<Type> = self.cond_jaxpr.in_types().cloned().collect();
        let n_cond = cond_types.len();
        cond_types.extend_from_slice(carry_tangents);
        let cond_jaxpr = cx.stage(&cond_types, &mut |cx, inputs| {
            cx.eval_jaxpr(&self.cond_jaxpr, &inputs[..n_cond])
        })?;
        let body_nconsts = a + b;
        Ok((While { cond_jaxpr, body_jaxpr, body_nconsts, ..*self }, carry))
    }

    /// Runs the loop with tangents; results, then the tangents of those that have one.
    /// The loop without what looks on, for where it runs once more.
    fn without_effects(&self) -> While {
        if !self.effect().is_some() {
            return self.clone();
        }
        While {
            cond_jaxpr: Arc::new(self.cond_jaxpr.without_effects()),
            body_jaxpr: Arc::new(self.body_jaxpr.without_effects()),
            ..*self
        }
    }

    fn run_with_tangents(
        &self,
        cx: Cx<'_>,
        primals: &[Value],
        tangents: &[Tangent],
    ) -> Result<(SmallVec<[Value; 2]>, Vec<bool>)> {
        let has_tangent = program::nonzero(tangents);
        let (both, carry) = self.with_tangents(cx, &has_tangent)?;
        let (x, dx) = (self.parts(primals), self.parts(tangents));
        let inputs: Vec<Value> = [x.cond_consts, x.body_consts]
            .concat()
            .into_iter()
            .chain(program::values(dx.body_consts))
            .chain(x.carry.iter().cloned())
            .chain(program::instantiated(cx, dx.carry, &carry)?)
            .collect();
        Ok((cx.bind(&both.into(), &inputs)?, carry))
    }
}

impl Primitive for While {
    fn name(&self) -> &'static str {
        "while"
    }

    fn params(&self) -> Params {
        vec![
            ("cond_nconsts", Param::size(self.cond_nconsts)),
            ("cond_jaxpr", Param::Jaxpr(self.cond_jaxpr.clone())),
            ("body_nconsts", Param::size(self.body_nconsts)),
            ("body_jaxpr", Param::Jaxpr(self.body_jaxpr.clone())),
        ]
    }

    fn parse(name: &str, params: &[(String, Param)]) -> Option<Result<While>> {
        (name == "while").then(|| {
            let params = ParamReader::new("while", params);
            Ok(While {
                cond_jaxpr: params.jaxpr("cond_jaxpr")?,
                body_jaxpr: params.jaxpr("body_jaxpr")?,
                cond_nconsts: params.size("cond_nconsts")?,
                body_nconsts: params.size("body_nconsts")?,
            })
        })
    }

    fn programs(&self) -> SmallVec<[&Arc<Jaxpr>; 2]> {
        smallvec![&self.cond_jaxpr, &self.body_jaxpr]
    }

    fn output_types(&self, inputs: &[Type]) -> Result<SmallVec<[Type; 2]>> {
        let n_carry = self.n_carry();
        let needed = self.cond_nconsts + self.body_nconsts + n_carry;
        if inputs.len() != needed {
            bail!(InvalidArgument, "while takes {needed} operands, got {}", inputs.len());
        }
        let x = self.parts(inputs);
        let predicate =
            program::output_types("while", &self.cond_jaxpr, &[x.cond_consts, x.carry].concat())?;
        let truth = Type::scalar(DType::Bool);
        if predicate.len() != 1 || !predicate[0].same_ignoring_weak(&truth) {
            bail!(InvalidArgument, "while needs a condition that gives bool[]");
        }
        let out =
            program::output_types("while", &self.body_jaxpr, &[x.body_consts, x.carry].concat())?;
        program::check_inputs("while", out.iter(), x.carry, needed - n_carry)?;
        Ok(out)
    }

    fn evaluate(&self, inputs: &[Literal]) -> Result<SmallVec<[Literal; 2]>> {
        self.evaluate_with(inputs, &mut crate::evaluate::evaluate)
    }

    fn evaluate_with(
        &self,
        inputs: &[Literal],
        run: RunProgram<'_>,
    ) -> Result<SmallVec<[Literal; 2]>> {
        let x = self.parts(inputs);
        let mut carry: SmallVec<[Literal; 2]> = x.carry.into();
        loop {
            let operands = [x.cond_consts, &carry].concat();
            let go_on = run(&self.cond_jaxpr, &operands)?[0].get(0).is_nonzero();
            if !go_on {
                return Ok(carry);
            }
            carry = run(&self.body_jaxpr, &[x.body_consts, &carry].concat())?.into();
        }
    }

    fn jvp(&self, cx: Cx<'_>, primals: &[Value], tangents: &[Tangent]) -> Result<Jvp> {
        let (mut outputs, carry) = self.run_with_tangents(cx, primals, tangents)?;
        let found = outputs.split_off_at(self.n_carry());
        let tangents = program::spread(&outputs, found, &carry);
        Ok(Jvp { primals: outputs, tangents })
    }

    fn linearize(
        &self,
        primal: Cx<'_>,
        linear: Cx<'_>,
        primals: &[Value],
        tangents: &[Tangent],
    ) -> Result<Option<Jvp>> {
        let outputs = primal.bind(&self.clone().into(), primals)?;
        let has = program::nonzero(tangents);
        let parts = self.parts(&has);
        if !parts.body_consts.contains(&true) && !parts.carry.contains(&true) {
            return Ok(Some(without_tangents(outputs)));
        }
        // The loop runs again with its tangents, as one step of the linear program: residuals of a loop
        // without a known length have no size.
        let (mut both, carry) =
            self.without_effects().run_with_tangents(linear, primals, tangents)?;
        let found = both.split_off_at(self.n_carry());
        let tangents = program::spread(&outputs, found, &carry);
        Ok(Some(Jvp { primals: outputs, tangents }))
    }

    fn split(
        &self,
        primal: Cx<'_>,
        linear: Cx<'_>,
        inputs: &[Value],
        is_linear: &[bool],
    ) -> Result<Option<(Outputs, Vec<bool>)>> {
        let flags = self.parts(is_linear);
        let mut carry = flags.carry.to_vec();
        let body = loop {
            let of_body = [flags.body_consts, &carry].concat();
            let (body, out) = program::separated(primal, &self.body_jaxpr, &of_body)?;
            if program::is_subset(&out, &carry) {
                break body;
            }
            carry = program::union(&carry, &out);
        };
        let of_cond = [flags.cond_consts, &carry].concat();
        let (condition, decides) = program::separated(primal, &self.cond_jaxpr, &of_cond)?;
        if decides[0] || !carry.contains(&false) {
            return Ok(None);
        }
        let keep = |consts: &[bool]| [program::not(consts), program::not(&carry)].concat();
        let body = program::with_outputs(&body, &program::not(&carry));
        let cond_keep = keep(flags.cond_consts);
        let body_keep = keep(flags.body_consts);
        let count = |flags: &[bool]| flags.iter().filter(|&&flag| !flag).count();
        let known = While {
            cond_jaxpr: Arc::new(condition.without_dead_code(&cond_keep)),
            body_jaxpr: Arc::new(body.without_dead_code(&body_keep)),
            cond_nconsts: count(flags.cond_consts),
            body_nconsts: count(flags.body_consts),
        };
        let all = [flags.cond_consts, flags.body_consts, &carry].concat();
        let known = primal.bind(&known.into(), &program::others(inputs, &all))?;
        let rest = program::chosen(&linear.bind(&self.clone().into(), inputs)?, &carry);
        Ok(Some((program::interleaved(&known, &rest, &carry).into(), carry)))
    }

    fn transpose(
        &self,
        _cx: Cx<'_>,
        _inputs: &[Operand],
        _cotangents: &[Tangent],
    ) -> Result<SmallVec<[Tangent; 4]>> {
        Err(Error::new(
            ErrorKind::Unimplemented,
            "reverse-mode differentiation does not work for while_loop, nor for fori_loop with bounds \
             that are not known when it is traced; use scan, or fori_loop with known bounds",
        ))
    }

    fn batch(
        &self,
        cx: Cx<'_>,
        size: usize,
        inputs: &[Value],
        axes: &[Option<usize>],
    ) -> Result<Batched> {
        self.batch_loop(cx, size, inputs, axes)
    }

    fn lowering(&self, _inputs: &[Type]) -> Lowering {
        Lowering::Control
    }

    #[cfg(any(test, feature = "testing"))]
    fn samples() -> Vec<crate::prims::Sample> {
        use super::sample::{doubles, program, smooth};
        let prim = While {
            cond_jaxpr: program(
                "{ lambda ; n:i32[] i:i32[] x:f64[2]. let b:bool[] = lt i n in (b,) }",
            ),
            body_jaxpr: program(
                "{ lambda ; w:f64[2] i:i32[] x:f64[2]. let
                    j:i32[] = add i 1:i32[]
                    y:f64[2] = sin x
                    z:f64[2] = mul y w
                  in (j, z) }",
            ),
            cond_nconsts: 1,
            body_nconsts: 1,
        };
        let int = |v| Literal::scalar(DType::I32, jaxrs_data::Scalar::Int(v));
        let floats = || [doubles(&[0.5, -1.25]), doubles(&[0.75, 0.5])];
        let sample = |n| {
            let [w, x] = floats();
            smooth(prim.clone(), vec![int(n), w, int(0), x])
        };
        vec![sample(3), sample(0)]
    }
}
