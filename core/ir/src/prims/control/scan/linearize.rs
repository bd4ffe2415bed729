//! Linearization of loops: one loop that computes results and stacks residuals, one that is linear.

use std::sync::Arc;

use jaxrs_data::Result;

use super::super::call::{SplitOff, without_tangents};
use super::{Scan, reordered};
use crate::rules::program;
use crate::{Atom, Cx, Jaxpr, Jvp, LinearizedJaxpr, Residual, Tangent, Value, VarId};

/// How a residual of the body reaches the linear loop.
enum Way {
    /// It is a constant of the loop.
    Const(usize),
    /// It depends on constants only, and is computed once, before the loop.
    Hoisted(usize),
    /// It is a slice of what the loop runs over.
    Slice(usize),
    /// The loop stacks it, as this one of the things that it stacks.
    Stacked(usize),
}

pub(super) fn linearize(
    scan: &Scan,
    primal: Cx<'_>,
    linear: Cx<'_>,
    primals: &[Value],
    tangents: &[Tangent],
) -> Result<Jvp> {
    let (parts, carry) = linearized_body(scan, primal, &program::nonzero(tangents))?;
    if !parts.has_tangent.contains(&true) {
        return Ok(without_tangents(primal.bind(&scan.clone().into(), primals)?));
    }
    let plan = Plan::new(scan, &parts);
    let x = scan.parts(primals);
    let hoisted = primal.eval_jaxpr(&plan.before, x.consts)?;
    let mut operands = [x.consts, &hoisted, x.carry, x.xs].concat();
    let n_consts = scan.num_consts + hoisted.len();
    let forward = scan.with_body(plan.forward.clone(), n_consts, scan.num_carry);
    let mut outputs = primal.bind(&forward.into(), &operands)?;
    let stacked = outputs.split_off_at(scan.jaxpr.outputs.len());

    operands.clear();
    let (mut res_consts, mut res_xs) = (Vec::new(), Vec::new());
    for way in &plan.ways {
        match *way {
            Way::Const(k) => res_consts.push(x.consts[k].clone()),
            Way::Hoisted(k) => res_consts.push(hoisted[k].clone()),
            Way::Slice(k) => res_xs.push(x.xs[k].clone()),
            Way::Stacked(k) => res_xs.push(stacked[k].clone()),
        }
    }
    let dx = scan.parts(tangents);
    let const_tangents: Vec<Value> = program::values(dx.consts).collect();
    let n_consts = res_consts.len() + const_tangents.len();
    operands.extend(res_consts.iter().cloned().chain(const_tangents.iter().cloned()));
    let carry_tangents = program::instantiated(linear, dx.carry, &carry)?;
    let n_carry = carry_tangents.len();
    operands.extend(carry_tangents);
    operands.extend(res_xs);
    operands.extend(program::values(dx.xs));
    let body = plan.linear_body(&parts.linear, const_tangents.len(), n_carry);
    let found = linear.bind(&scan.with_body(body, n_consts, n_carry).into(), &operands)?;
    let tangents = program::spread(&outputs, found, &parts.has_tangent);
    Ok(Jvp { primals: outputs, tangents })
}

/// The linearized body, and which carried values have a tangent: those that come with one, and those
/// that get one in some iteration.
fn linearized_body(
    scan: &Scan,
    cx: Cx<'_>,
    has_tangent: &[bool],
) -> Result<(LinearizedJaxpr, Vec<bool>)> {
    let has = scan.parts(has_tangent);
    let ys = vec![false; scan.jaxpr.outputs.len() - scan.num_carry];
    let mut carry = has.carry.to_vec();
    loop {
        let flags = [has.consts, &carry, has.xs].concat();
        let instantiate = [carry.as_slice(), &ys].concat();
        let parts = cx.linearize_jaxpr(&scan.jaxpr, &flags, &instantiate)?;
        if program::is_subset(&parts.has_tangent[..scan.num_carry], &carry) {
            return Ok((parts, carry));
        }
        carry = program::union(&carry, &parts.has_tangent[..scan.num_carry]);
    }
}

struct Plan {
    /// `consts… → hoisted…`, run once.
    before: Jaxpr,
    /// `(consts…, hoisted…, carry…, x…) → (carry…, y…, stacked…)`.
    forward: Arc<Jaxpr>,
    /// For each residual.
    ways: Vec<Way>,
}

impl Plan {
    fn new(scan: &Scan, parts: &LinearizedJaxpr) -> Plan {
        let primal = &*parts.primal;
        let n_outputs = scan.jaxpr.outputs.len();
        let invariant = invariant(primal, scan.num_consts);
        let first_x = scan.num_consts + scan.num_carry;
        let mut hoisted: Vec<VarId> = Vec::new();
        let mut stacked: Vec<Atom> = Vec::new();
        let mut ways = Vec::new();
        for residual in &parts.residuals {
            let atom = match *residual {
                Residual::Input(k) if k < scan.num_consts => {
                    ways.push(Way::Const(k));
                    continue;
                }
                Residual::Input(k) if k >= first_x => {
                    ways.push(Way::Slice(k - first_x));
                    continue;
                }
                Residual::Input(k) => Atom::Var(primal.invars[k]),
                Residual::Saved(k) => primal.outputs[n_outputs + k].clone(),
            };
            match atom {
                Atom::Var(var) if invariant[var.0 as usize] => {
                    ways.push(Way::Hoisted(hoisted.len()));
                    hoisted.push(var);
                }
                atom => {
                    ways.push(Way::Stacked(stacked.len()));
                    stacked.push(atom);
                }
            }
        }
        // Effects stay in the loop.
        let mut before = primal.clone();
        before.eqns.retain(|eqn| !eqn.prim.effect().is_some());
        before.outputs = hoisted.iter().map(|&var| Atom::Var(var)).collect();
        let is_const: Vec<bool> = (0..primal.invars.len()).map(|k| k < scan.num_consts).collect();
        let before = before.without_dead_code(&is_const);
        let forward = forward(scan, primal, &hoisted, stacked);
        Plan { before, forward: Arc::new(forward), ways }
    }

    /// The linear body with its inputs in the order of a loop: constants, carry, slices.
    fn linear_body(&self, linear: &Jaxpr, n_const_tangents: usize, n_carry: usize) -> Arc<Jaxpr> {
        let is_const = |way: &Way| matches!(way, Way::Const(_) | Way::Hoisted(_));
        let residuals = 0..self.ways.len();
        let (consts, slices): (Vec<usize>, Vec<usize>) =
            residuals.partition(|&k| is_const(&self.ways[k]));
        let first = self.ways.len();
        let after_carry = first + n_const_tangents + n_carry;
        let order: Vec<usize> = consts
            .into_iter()
            .chain(first..after_carry)
            .chain(slices)
            .chain(after_carry..linear.invars.len())
            .collect();
        let outputs: Vec<usize> = (0..linear.outputs.len()).collect();
        reordered(linear, &order, &outputs)
    }
}

/// The body that takes what was hoisted as further constants, and gives what is stacked as well.
fn forward(scan: &Scan, primal: &Jaxpr, hoisted: &[VarId], stacked: Vec<Atom>) -> Jaxpr {
    let mut program = primal.clone();
    program.outputs.truncate(scan.jaxpr.outputs.len());
    program.outputs.extend(stacked);
    for (k, &var) in hoisted.iter().enumerate() {
        let input = program.fresh_var(primal[var].clone());
        program.invars.insert(scan.num_consts + k, input);
        let replace = |atom: &mut Atom| {
            if *atom == Atom::Var(var) {
                *atom = Atom::Var(input);
            }
        };
        program.outputs.iter_mut().for_each(replace);
        program.eqns.iter_mut().flat_map(|eqn| &mut eqn.inputs).for_each(replace);
    }
    let all = vec![true; program.invars.len()];
    program.without_dead_code(&all)
}

/// Which variables depend on nothing but the first inputs.
fn invariant(jaxpr: &Jaxpr, n_consts: usize) -> Vec<bool> {
    let mut invariant = vec![false; jaxpr.types.len()];
    jaxpr.invars[..n_consts].iter().for_each(|var| invariant[var.0 as usize] = true);
    for eqn in &jaxpr.eqns {
        let all = eqn.inputs.iter().all(|atom| match atom {
            Atom::Var(var) => invariant[var.0 as usize],
            Atom::Literal(_) => true,
        });
        let all = all && !eqn.prim.effect().is_some();
        eqn.outputs.iter().for_each(|var| invariant[var.0 as usize] = all);
    }
    invariant
}
