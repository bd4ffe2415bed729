//! Loops and branches.

use jaxrs_data::{DType, Error, Result, bail};
use jaxrs_ir::Prim;
use jaxrs_ir::prims::{Cond, Scan, While};
use jaxrs_kernel::{Carry, Step};

use super::accumulate::spread_accumulators;
use super::graph::{Lead, Operand, Var, View};
use super::region::CarriedVar;
use super::{Lowerer, StepList};
use crate::passes::{remove_dead, split_reductions};

impl Lowerer<'_> {
    /// Lowers an equation that holds programs.
    pub(crate) fn lower_control(&mut self, eqn: usize, steps: &mut StepList) -> Result<()> {
        match self.graph.eqns[eqn].prim.clone() {
            Prim::Scan(scan) => self.lower_scan(eqn, &scan, steps),
            Prim::While(while_loop) => self.lower_while(eqn, &while_loop, steps),
            Prim::Cond(cond) => self.lower_cond(eqn, &cond, steps),
            other => bail!(Unimplemented, "{} cannot be compiled", other.name()),
        }
    }

    /// Buffers for what a loop hands on, with the starting values; and the variables that its body
    /// reads them as.
    fn enter_loop(
        &mut self,
        inits: &[Operand],
        steps: &mut StepList,
    ) -> Result<(Vec<CarriedVar>, Vec<View>)> {
        let (mut carried, mut next) = (Vec::new(), Vec::new());
        for init in inits {
            let ty = self.graph.ty(init).clone();
            let (dtype, len) = (ty.dtype, ty.shape.numel());
            let current = self.scratch(dtype, len);
            next.push(View::whole(self.scratch(dtype, len)));
            self.copy(init, &View::whole(current), steps)?;
            let var = self.graph.add_var(ty);
            self.graph.info_mut(var).stored = Some(View::whole(current));
            carried.push(CarriedVar { var, current });
        }
        Ok((carried, next))
    }

    /// Names the last carried values as the results of the loop, or brings them where they are wanted.
    fn leave_loop(
        &mut self,
        outputs: &[Var],
        carried: &[CarriedVar],
        steps: &mut StepList,
    ) -> Result<()> {
        for (&out, carry) in outputs.iter().zip(carried) {
            let wanted = self.stored(out)?;
            if wanted.leads.is_empty() && self.provisional.contains(&wanted.buffer) {
                // Kernels that read the result may stand already.
                self.renamed.insert(wanted.buffer, carry.current);
                self.graph.info_mut(out).stored = Some(View::whole(carry.current));
            } else {
                self.copy(&Operand::Var(carry.var), &wanted, steps)?;
            }
        }
        Ok(())
    }

    fn lower_scan(&mut self, eqn: usize, scan: &Scan, steps: &mut StepList) -> Result<()> {
        if self.try_scan_kernel(eqn, scan, steps)? {
            return Ok(());
        }
        if self.only_scan_kernels {
            return Err(Error::internal("a scan does not fit one kernel"));
        }
        if self.try_spread_scan(eqn, scan, steps)? {
            return Ok(());
        }
        let inputs = self.graph.eqns[eqn].inputs.clone();
        let outputs = self.graph.eqns[eqn].outputs.clone();
        let (consts, rest) = inputs.split_at(scan.num_consts);
        let (inits, xs) = rest.split_at(scan.num_carry);
        let (carried, mut dests) = self.enter_loop(inits, steps)?;
        let index = self.index_var();
        let reversed = scan.reverse.then_some(scan.length);
        let mut operands: Vec<Operand> = consts.to_vec();
        operands.extend(carried.iter().map(|carry| Operand::Var(carry.var)));
        for x in xs {
            let slice = self.slice(x, Lead { var: index, reversed, stride: 0 });
            operands.push(slice);
        }
        for &y in &outputs[scan.num_carry..] {
            let stride = self.graph.info(y).ty.shape[1..].iter().product();
            dests.push(self.stored(y)?.at(Lead { var: index, reversed, stride }));
        }
        let region = self.graph.enter(&scan.jaxpr, &operands);
        let mut body = StepList::new();
        let in_place = self.lower_region(&region, &dests, &carried, &mut body)?;
        let carries = exchanged(&carried, &dests, &in_place);
        if scan.length > 0 {
            steps.push(Step::Repeat { index, trips: scan.length, carries, body });
        }
        self.leave_loop(&outputs, &carried, steps)
    }

    /// Lowers a scan whose points accumulate sums for themselves, if it becomes a kernel so.
    fn try_spread_scan(&mut self, eqn: usize, scan: &Scan, steps: &mut StepList) -> Result<bool> {
        if scan.jaxpr.effect().is_some() {
            return Ok(false);
        }
        let types = self.graph.input_types(eqn);
        let Some(program) = spread_accumulators(scan, &types) else { return Ok(false) };
        let program = split_reductions(remove_dead(program));
        let inputs = self.graph.eqns[eqn].inputs.clone();
        let mut dests = Vec::new();
        for out in self.graph.eqns[eqn].outputs.clone() {
            dests.push(self.stored(out)?);
        }
        let region = self.graph.enter(&program, &inputs);
        let mut attempt = StepList::new();
        self.only_scan_kernels = true;
        let done = self.lower_region(&region, &dests, &[], &mut attempt);
        self.only_scan_kernels = false;
        if done.is_ok() {
            steps.append(&mut attempt);
        }
        Ok(done.is_ok())
    }

    /// The part of an array that one iteration sees.
    fn slice(&mut self, of: &Operand, lead: Lead) -> Operand {
        let Operand::Var(of) = *of else { return of.clone() };
        let info = self.graph.info(of).clone();
        let mut ty = info.ty.clone();
        ty.shape = ty.shape.without(0);
        let lead = Lead { stride: ty.shape.numel(), ..lead };
        let var = self.graph.add_var(ty);
        match info.stored {
            Some(view) => self.graph.info_mut(var).stored = Some(view.at(lead)),
            None => self.graph.info_mut(var).slice = Some((of, lead)),
        }
        Operand::Var(var)
    }

    fn lower_while(&mut self, eqn: usize, w: &While, steps: &mut StepList) -> Result<()> {
        if self.try_while_kernel(eqn, w, steps)? {
            return Ok(());
        }
        let inputs = self.graph.eqns[eqn].inputs.clone();
        let outputs = self.graph.eqns[eqn].outputs.clone();
        let (cond_consts, rest) = inputs.split_at(w.cond_nconsts);
        let (body_consts, inits) = rest.split_at(w.body_nconsts);
        let (carried, dests) = self.enter_loop(inits, steps)?;
        let carry = carried.iter().map(|carry| Operand::Var(carry.var));

        let cond_inputs: Vec<Operand> = cond_consts.iter().cloned().chain(carry.clone()).collect();
        let predicate = self.scratch(DType::Bool, 1);
        let region = self.graph.enter(&w.cond_jaxpr, &cond_inputs);
        let mut condition = StepList::new();
        self.lower_region(&region, &[View::whole(predicate)], &[], &mut condition)?;

        let body_inputs: Vec<Operand> = body_consts.iter().cloned().chain(carry).collect();
        let region = self.graph.enter(&w.body_jaxpr, &body_inputs);
        let mut body = StepList::new();
        let in_place = self.lower_region(&region, &dests, &carried, &mut body)?;
        let carries = exchanged(&carried, &dests, &in_place);
        steps.push(Step::While { carries, condition, predicate, body });
        self.leave_loop(&outputs, &carried, steps)
    }

    fn lower_cond(&mut self, eqn: usize, cond: &Cond, steps: &mut StepList) -> Result<()> {
        let inputs = self.graph.eqns[eqn].inputs.clone();
        let outputs = self.graph.eqns[eqn].outputs.clone();
        let index = self.dense(&inputs[0], steps)?;
        let mut dests = Vec::new();
        for &out in &outputs {
            dests.push(self.stored(out)?);
        }
        let mut branches = Vec::new();
        for branch in &cond.branches {
            let region = self.graph.enter(branch, &inputs[1..]);
            let mut branch_steps = StepList::new();
            self.lower_region(&region, &dests, &[], &mut branch_steps)?;
            branches.push(branch_steps);
        }
        steps.push(Step::Switch { index, branches });
        Ok(())
    }
}

/// How carried values change hands.
fn exchanged(carried: &[CarriedVar], dests: &[View], in_place: &[bool]) -> Vec<Carry> {
    let carry = |((c, dest), &in_place): ((&CarriedVar, &View), &bool)| Carry {
        current: c.current,
        next: if in_place { c.current } else { dest.buffer },
    };
    carried.iter().zip(dests).zip(in_place).map(carry).collect()
}
