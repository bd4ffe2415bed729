//! Programs that hand on whether something failed.

use std::sync::Arc;

use jaxrs_data::{DType, Error, Result, SmallVec, Type};
use jaxrs_ir::prims::{Call, Check, Cond, Scan, While};
use jaxrs_ir::{Atom, Cx, Eqn, Jaxpr, Prim, Value, ops};
use jaxrs_kernel::Compare;

use super::failures::{Failure, Failures};
use super::{CheckSet, automatic, int, payload};

/// The error so far.
#[derive(Clone)]
pub(super) struct State {
    /// The number of what failed first; 0 if nothing did.
    pub(super) code: Value,
    /// The values that its message speaks of.
    pub(super) payload: Value,
}

impl State {
    fn of(values: &[Value]) -> State {
        State { code: values[0].clone(), payload: values[1].clone() }
    }

    fn into_values(self) -> Vec<Value> {
        vec![self.code, self.payload]
    }

    fn types(&self) -> [Type; 2] {
        [self.code.ty().clone(), self.payload.ty().clone()]
    }
}

/// Applies programs with an error that is handed on.
pub(super) struct Functionalizer<'a> {
    failures: &'a Failures,
    set: CheckSet,
    /// The most words that an error of the program has.
    n_words: usize,
}

fn types(values: &[Value]) -> Vec<Type> {
    values.iter().map(|value| value.ty().clone()).collect()
}

impl<'a> Functionalizer<'a> {
    pub(super) fn new(failures: &'a Failures, set: CheckSet, jaxpr: &Jaxpr) -> Functionalizer<'a> {
        let mut functionalizer = Functionalizer { failures, set, n_words: 0 };
        functionalizer.n_words = functionalizer.words(jaxpr).unwrap_or(0);
        functionalizer
    }

    /// The state of a program that has not failed.
    pub(super) fn no_error(&self, cx: Cx<'_>) -> Result<State> {
        let payload = automatic::zeros(cx, DType::U32, self.n_words)?;
        Ok(State { code: int(0, DType::I32), payload })
    }

    /// The most words that an error of a program has; nothing if it cannot fail.
    fn words(&self, jaxpr: &Jaxpr) -> Option<usize> {
        jaxpr.eqns.iter().filter_map(|eqn| self.eqn_words(jaxpr, eqn)).max()
    }

    fn eqn_words(&self, jaxpr: &Jaxpr, eqn: &Eqn) -> Option<usize> {
        let inputs: Vec<&Type> = eqn.inputs.iter().map(|atom| jaxpr.atom_type(atom)).collect();
        let outputs: Vec<&Type> = eqn.outputs.iter().map(|&var| &jaxpr[var]).collect();
        let inside = eqn.prim.programs().into_iter().filter_map(|jaxpr| self.words(jaxpr));
        let own = self.failures_of(&eqn.prim, &inputs, &outputs);
        inside.chain(own.iter().map(Failure::n_words)).max()
    }

    /// How an operation may fail.
    fn failures_of(&self, prim: &Prim, inputs: &[&Type], outputs: &[&Type]) -> Vec<Failure> {
        let mut failures = Vec::new();
        if let Prim::Check(Check { format, .. }) = prim
            && self.set.user
        {
            let types = inputs[1..].iter().map(|&ty| ty.with_weak(false)).collect();
            failures.push(Failure::User { format: format.clone(), types });
        }
        if automatic::divides(self.set, prim) {
            failures.push(Failure::Division);
        }
        if let Some(shape) = automatic::indexed(self.set, prim, inputs.first().copied()) {
            failures.push(Failure::Index { shape });
        }
        if automatic::may_make_nan(self.set, prim, outputs) {
            failures.push(Failure::Nan { primitive: prim.name() });
        }
        failures
    }

    /// Results of a program, and the error after it.
    pub(super) fn program(
        &self,
        cx: Cx<'_>,
        jaxpr: &Jaxpr,
        mut state: State,
        inputs: &[Value],
    ) -> Result<(State, Vec<Value>)> {
        let mut values: Vec<Option<Value>> = vec![None; jaxpr.types.len()];
        for (var, input) in jaxpr.invars.iter().zip(inputs) {
            values[var.0 as usize] = Some(input.clone());
        }
        for eqn in &jaxpr.eqns {
            let operands =
                eqn.inputs.iter().map(|atom| read(&values, atom)).collect::<Result<Vec<_>>>()?;
            let can_fail = self.eqn_words(jaxpr, eqn).is_some();
            let results = match can_fail {
                true => self.equation(cx, eqn, &mut state, &operands)?,
                false if matches!(eqn.prim, Prim::Check(_)) => Vec::new(),
                false => cx.bind(&eqn.prim, &operands)?.into_vec(),
            };
            for (var, value) in eqn.outputs.iter().zip(results) {
                values[var.0 as usize] = Some(value);
            }
        }
        let outputs = jaxpr.outputs.iter().map(|atom| read(&values, atom));
        Ok((state, outputs.collect::<Result<_>>()?))
    }

    fn equation(
        &self,
        cx: Cx<'_>,
        eqn: &Eqn,
        state: &mut State,
        inputs: &[Value],
    ) -> Result<Vec<Value>> {
        match &eqn.prim {
            Prim::Call(call) => {
                let jaxpr = self.staged(cx, &call.jaxpr, state, inputs)?;
                self.call(cx, &Call { jaxpr, ..call.clone() }.into(), state, inputs)
            }
            Prim::Checkpoint(checkpoint) => {
                let jaxpr = self.staged(cx, &checkpoint.jaxpr, state, inputs)?;
                self.call(cx, &checkpoint.of(jaxpr).into(), state, inputs)
            }
            Prim::Cond(cond) => self.cond(cx, cond, state, inputs),
            Prim::Scan(scan) => self.scan(cx, scan, state, inputs),
            Prim::While(w) => self.while_loop(cx, w, state, inputs),
            prim => match prim.inlined() {
                // Its own rules stay with the function; the error comes from what it does.
                Some(jaxpr) => {
                    *state = self.program(cx, jaxpr, state.clone(), inputs)?.0;
                    Ok(cx.bind(prim, inputs)?.into_vec())
                }
                None => self.operation(cx, eqn, state, inputs),
            },
        }
    }

    /// Runs a primitive whose program takes and gives the error first.
    fn call(
        &self,
        cx: Cx<'_>,
        prim: &Prim,
        state: &mut State,
        inputs: &[Value],
    ) -> Result<Vec<Value>> {
        let operands = [state.clone().into_values().as_slice(), inputs].concat();
        let mut results = cx.bind(prim, &operands)?.into_vec();
        let outputs = results.split_off(2);
        *state = State::of(&results);
        Ok(outputs)
    }

    /// `(error, inputs…) → (error, results…)`.
    fn staged(
        &self,
        cx: Cx<'_>,
        jaxpr: &Arc<Jaxpr>,
        state: &State,
        inputs: &[Value],
    ) -> Result<Arc<Jaxpr>> {
        let in_types = [state.types().as_slice(), &types(inputs)].concat();
        cx.stage(&in_types, &mut |cx, values| {
            let (state, outputs) = self.program(cx, jaxpr, State::of(values), &values[2..])?;
            Ok([state.into_values(), outputs].concat())
        })
    }

    fn cond(
        &self,
        cx: Cx<'_>,
        cond: &Cond,
        state: &mut State,
        inputs: &[Value],
    ) -> Result<Vec<Value>> {
        let branch = |branch| self.staged(cx, branch, state, &inputs[1..]);
        let branches = cond.branches.iter().map(branch).collect::<Result<_>>()?;
        let prim: Prim = Cond { branches }.into();
        let operands = [&inputs[..1], &state.clone().into_values(), &inputs[1..]].concat();
        let mut results = cx.bind(&prim, &operands)?.into_vec();
        let outputs = results.split_off(2);
        *state = State::of(&results);
        Ok(outputs)
    }

    fn scan(
        &self,
        cx: Cx<'_>,
        scan: &Scan,
        state: &mut State,
        inputs: &[Value],
    ) -> Result<Vec<Value>> {
        let n = scan.num_consts;
        let body_types: Vec<Type> = scan.jaxpr.in_types().cloned().collect();
        let in_types = [&body_types[..n], state.types().as_slice(), &body_types[n..]].concat();
        let jaxpr = cx.stage(&in_types, &mut |cx, values| {
            let inner = [&values[..n], &values[n + 2..]].concat();
            let (state, outputs) =
                self.program(cx, &scan.jaxpr, State::of(&values[n..]), &inner)?;
            Ok([state.into_values(), outputs].concat())
        })?;
        let prim = Scan { jaxpr, num_carry: scan.num_carry + 2, ..scan.clone() };
        let operands = [&inputs[..n], &state.clone().into_values(), &inputs[n..]].concat();
        let mut results = cx.bind(&prim.into(), &operands)?.into_vec();
        let outputs = results.split_off(2);
        *state = State::of(&results);
        Ok(outputs)
    }

    /// The condition is checked before the loop and at the end of each iteration, for the next one.
    fn while_loop(
        &self,
        cx: Cx<'_>,
        w: &While,
        state: &mut State,
        inputs: &[Value],
    ) -> Result<Vec<Value>> {
        let (n_cond, n_body) = (w.cond_nconsts, w.body_nconsts);
        let (consts, carry) = inputs.split_at(n_cond + n_body);
        let first = [&consts[..n_cond], carry].concat();
        *state = self.program(cx, &w.cond_jaxpr, state.clone(), &first)?.0;
        let rest = [state.types().as_slice(), &types(carry)].concat();
        let cond_types = [types(&consts[..n_cond]), rest.clone()].concat();
        let cond_jaxpr = cx.stage(&cond_types, &mut |cx, values| {
            let inner = [&values[..n_cond], &values[n_cond + 2..]].concat();
            Ok(self.program(cx, &w.cond_jaxpr, State::of(&values[n_cond..]), &inner)?.1)
        })?;
        let body_types = [types(consts), rest].concat();
        let body_jaxpr = cx.stage(&body_types, &mut |cx, values| {
            let (consts, rest) = values.split_at(n_cond + n_body);
            let inner = [&consts[n_cond..], &rest[2..]].concat();
            let (state, next) = self.program(cx, &w.body_jaxpr, State::of(rest), &inner)?;
            let again = [&consts[..n_cond], &next].concat();
            let (state, _) = self.program(cx, &w.cond_jaxpr, state, &again)?;
            Ok([state.into_values(), next].concat())
        })?;
        let prim = While {
            cond_jaxpr: live(&cond_jaxpr),
            body_jaxpr,
            cond_nconsts: n_cond,
            body_nconsts: n_cond + n_body,
        };
        let error = state.clone().into_values();
        let operands = [&consts[..n_cond], consts, &error, carry].concat();
        let mut results = cx.bind(&prim.into(), &operands)?.into_vec();
        let outputs = results.split_off(2);
        *state = State::of(&results);
        Ok(outputs)
    }

    /// An operation that holds no programs.
    fn operation(
        &self,
        cx: Cx<'_>,
        eqn: &Eqn,
        state: &mut State,
        inputs: &[Value],
    ) -> Result<Vec<Value>> {
        let outputs = match &eqn.prim {
            Prim::Check(_) => Vec::new(),
            prim => cx.bind(prim, inputs)?.into_vec(),
        };
        let in_types: Vec<&Type> = inputs.iter().map(Value::ty).collect();
        let out_types: Vec<&Type> = outputs.iter().map(Value::ty).collect();
        for failure in self.failures_of(&eqn.prim, &in_types, &out_types) {
            let (failed, values): (Value, SmallVec<[Value; 4]>) = match &failure {
                Failure::User { .. } => (automatic::not(cx, &inputs[0])?, inputs[1..].into()),
                Failure::Division => (automatic::any_zero(cx, &inputs[1])?, SmallVec::new()),
                Failure::Nan { .. } => match automatic::any_nan(cx, &outputs)? {
                    Some(failed) => (failed, SmallVec::new()),
                    None => continue,
                },
                Failure::Index { .. } => match automatic::out_of_bounds(cx, &eqn.prim, inputs)? {
                    Some(found) => (found.failed, found.values.into_iter().collect()),
                    None => continue,
                },
            };
            let number = self.failures.number(failure, eqn.name_stack.clone());
            *state = self.fail(cx, state, &failed, number, &values)?;
        }
        Ok(outputs)
    }

    /// The state after something that may have failed: the first error counts.
    fn fail(
        &self,
        cx: Cx<'_>,
        state: &State,
        failed: &Value,
        number: i64,
        values: &[Value],
    ) -> Result<State> {
        let none_yet = ops::compare(cx, Compare::Eq, &state.code, &int(0, DType::I32))?;
        let is_new = ops::binary(cx, jaxrs_ir::prims::Binary::And, failed, &none_yet)?;
        let code = ops::select(cx, &is_new, &int(number, DType::I32), &state.code)?;
        if self.n_words == 0 {
            return Ok(State { code, payload: state.payload.clone() });
        }
        let mut parts = Vec::new();
        for value in values {
            parts.push(payload::encoded(cx, value)?);
        }
        let n_used: usize = parts.iter().map(|part| part.ty().numel()).sum();
        parts.push(automatic::zeros(cx, DType::U32, self.n_words - n_used)?);
        parts.retain(|part| part.ty().numel() > 0);
        let words = match &parts[..] {
            [words] => words.clone(),
            _ => ops::concatenate(cx, &parts, 0)?,
        };
        let is_new = ops::broadcast_in_dim(cx, &is_new, words.shape(), [])?;
        let payload = ops::select(cx, &is_new, &words, &state.payload)?;
        Ok(State { code, payload })
    }
}

fn live(jaxpr: &Arc<Jaxpr>) -> Arc<Jaxpr> {
    jaxrs_ir::rules::program::live(jaxpr)
}

fn read(values: &[Option<Value>], atom: &Atom) -> Result<Value> {
    match atom {
        Atom::Literal(literal) => Ok(Value::literal(literal.clone())),
        Atom::Var(var) => values[var.0 as usize]
            .clone()
            .ok_or_else(|| Error::internal("a variable is used before its equation")),
    }
}
