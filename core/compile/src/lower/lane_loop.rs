//! Whole loops in one kernel: where what a point of the carried values becomes depends on that point
//! alone, each point runs through all iterations by itself, with its carried values in registers.
//!
//! Whether that is so is found by trying. The carried values' leading axes, as many as possible, become
//! the kernel's domain; what is left of each has to be small, and becomes scalars. An element of a
//! carried value that is asked for at another point ends the attempt, and the next shorter list of
//! leading axes is tried.

use jaxrs_data::{Error, Result, SmallVec, Type};
use jaxrs_ir::Prim;
use jaxrs_ir::prims::{Scan, While};
use jaxrs_kernel::{Compare, Kernel, Lanes, LoopKind, ReduceOp, ScalarOp, Step, ValueId};
use rustc_hash::FxHashSet;

use super::graph::{Equation, Operand, Region, Var, View};
use super::pull::{Index, Local, Puller};
use super::{Lowerer, StepList, finish};

/// How many scalars of a carried value one point may hold.
const MAX_REGISTERS: usize = 16;
/// How many scalars of stacked results one point may write in one iteration.
const MAX_STORES: usize = 64;
/// How large such a kernel may get.
const MAX_VALUES: usize = 20_000;

/// How an array is spread over the points of a kernel.
#[derive(Clone, Debug)]
struct Spread {
    /// How many of its axes are the kernel's axes: all of those, or none.
    n_lanes: usize,
    /// The rest of its shape, which each point holds.
    rest: Vec<usize>,
}

impl Spread {
    /// How an array is spread over a domain; arrays without its axes are held by every point.
    fn new(shape: &[usize], domain: &[usize], limit: usize) -> Option<Spread> {
        let n_lanes = if shape.starts_with(domain) { domain.len() } else { 0 };
        let rest = shape[n_lanes..].to_vec();
        (rest.iter().product::<usize>() <= limit).then_some(Spread { n_lanes, rest })
    }

    /// The indices of the elements that a point holds.
    fn indices(&self, puller: &mut Puller<'_>) -> Vec<Index> {
        let point = puller.point[..self.n_lanes].to_vec();
        let rest = jaxrs_data::Shape::new(&self.rest);
        let index = |position| {
            let mut index = Index::from_slice(&point);
            for i in rest.unravel(position) {
                index.push(puller.body.index(i as i64));
            }
            index
        };
        (0..rest.numel()).map(index).collect()
    }
}

/// What a loop works on.
struct Job {
    inits: Vec<Operand>,
    carried: Vec<Var>,
    /// The loop's results: last carried values, then stacked ones.
    outputs: Vec<Var>,
    domain: Vec<usize>,
    spreads: Vec<Spread>,
}

impl Lowerer<'_> {
    /// Lowers a scan to one kernel, if that is possible.
    pub(crate) fn try_scan_kernel(
        &mut self,
        eqn: usize,
        scan: &Scan,
        steps: &mut StepList,
    ) -> Result<bool> {
        if scan.num_carry == 0 || scan.length == 0 || scan.jaxpr.effect().is_some() {
            return Ok(false);
        }
        let inputs = self.graph.eqns[eqn].inputs.to_vec();
        let (consts, rest) = inputs.split_at(scan.num_consts);
        let (inits, xs) = rest.split_at(scan.num_carry);
        let outputs = self.graph.eqns[eqn].outputs.to_vec();
        for domain in self.domains(inits) {
            let Some(job) = self.job(inits, &outputs, domain) else { continue };
            let mut operands = consts.to_vec();
            operands.extend(job.carried.iter().map(|&var| Operand::Var(var)));
            let slices: Vec<(Var, Operand)> = xs.iter().map(|x| self.local_slice(x)).collect();
            operands.extend(slices.iter().map(|(var, _)| Operand::Var(*var)));
            let region = self.graph.enter(&scan.jaxpr, &operands);
            if let Ok(kernel) = self.scan_kernel(&job, scan, &slices, &region) {
                steps.push(Step::Kernel(kernel));
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The domains to try, largest first: leading axes of the largest carried value.
    fn domains(&self, inits: &[Operand]) -> Vec<Vec<usize>> {
        let shapes = inits.iter().map(|init| &self.graph.ty(init).shape);
        let largest = shapes.max_by_key(|shape| (shape.numel(), shape.rank()));
        let Some(largest) = largest.filter(|shape| shape.numel() > 0) else { return Vec::new() };
        (0..=largest.rank()).rev().map(|n| largest[..n].to_vec()).collect()
    }

    fn job(&mut self, inits: &[Operand], outputs: &[Var], domain: Vec<usize>) -> Option<Job> {
        let mut spreads = Vec::new();
        for init in inits {
            spreads.push(Spread::new(&self.graph.ty(init).shape, &domain, MAX_REGISTERS)?);
        }
        for &y in &outputs[inits.len()..] {
            let shape = &self.graph.info(y).ty.shape[1..];
            spreads.push(Spread::new(shape, &domain, MAX_STORES)?);
        }
        let types: Vec<Type> = inits.iter().map(|init| self.graph.ty(init).clone()).collect();
        let carried = types.into_iter().map(|ty| self.graph.add_var(ty)).collect();
        Some(Job { inits: inits.to_vec(), carried, outputs: outputs.to_vec(), domain, spreads })
    }

    fn local_slice(&mut self, of: &Operand) -> (Var, Operand) {
        let mut ty = self.graph.ty(of).clone();
        ty.shape = ty.shape.without(0);
        (self.graph.add_var(ty), of.clone())
    }

    fn scan_kernel(
        &self,
        job: &Job,
        scan: &Scan,
        slices: &[(Var, Operand)],
        region: &Region,
    ) -> Result<Kernel> {
        let mut puller = self.lane_puller(job);
        let inits = initial_values(&mut puller, job)?;
        let open = puller.body.begin_loop(LoopKind::Sequential, scan.length, &inits);
        puller.enter_block();
        let at = match scan.reverse {
            false => open.index,
            true => {
                let last = puller.body.index(scan.length as i64 - 1);
                puller.body.op(ScalarOp::Sub, &[last, open.index])
            }
        };
        bind_carried(&mut puller, job, &open.params);
        for (var, of) in slices {
            puller.locals.insert(*var, Local::Slice { of: of.clone(), at });
        }
        let (next, ys) = region.outputs.split_at(scan.num_carry);
        let yields = next_values(&mut puller, job, next)?;
        for (k, y) in ys.iter().enumerate() {
            self.store_slice(&mut puller, job, scan.num_carry + k, y, at)?;
        }
        puller.leave_block();
        let results = puller.body.end_loop(open, yields);
        self.store_results(&mut puller, job, &results)?;
        self.lane_kernel(puller, job, "scan")
    }

    fn lane_puller(&self, job: &Job) -> Puller<'_> {
        let mut puller = Puller::new(&self.graph, &job.domain);
        puller.unroll = MAX_REGISTERS;
        puller.max_trips = Some(if job.domain.is_empty() { 4096 } else { 64 });
        puller
    }

    fn lane_kernel(&self, puller: Puller<'_>, job: &Job, name: &str) -> Result<Kernel> {
        if puller.body.len() > MAX_VALUES {
            return Err(Error::internal("a loop is too large for one kernel"));
        }
        let (values, body) = puller.body.finish();
        let kernel = Kernel {
            name: name.into(),
            domain: job.domain.clone(),
            lanes: Lanes::Domain,
            grain: 0,
            values,
            body,
        };
        Ok(finish::finish(kernel, None, self.target))
    }

    /// Writes what one iteration gives to its place among the stacked results.
    fn store_slice(
        &self,
        puller: &mut Puller<'_>,
        job: &Job,
        output: usize,
        value: &Operand,
        at: ValueId,
    ) -> Result<()> {
        let (view, ty) = self.output(job, output)?;
        let mask = uniform_mask(puller, &job.spreads[output]);
        for index in job.spreads[output].indices(puller) {
            puller.pull_chain(std::slice::from_ref(value), &index)?;
            let element = puller.pull(value, &index)?;
            let mut whole = Index::from_slice(&[at]);
            whole.extend_from_slice(&index);
            puller.store(&view, &ty.shape, &whole, element, mask);
        }
        Ok(())
    }

    fn store_results(&self, puller: &mut Puller<'_>, job: &Job, results: &[ValueId]) -> Result<()> {
        let mut results = results.iter();
        for k in 0..job.inits.len() {
            let indices = job.spreads[k].indices(puller);
            let values = results.by_ref().take(indices.len());
            if self.unread.contains(&job.outputs[k]) {
                values.for_each(drop);
                continue;
            }
            let (view, ty) = self.output(job, k)?;
            let mask = uniform_mask(puller, &job.spreads[k]);
            for (index, &value) in indices.iter().zip(values) {
                puller.store(&view, &ty.shape, index, value, mask);
            }
        }
        Ok(())
    }

    fn output(&self, job: &Job, output: usize) -> Result<(View, Type)> {
        let var = job.outputs[output];
        Ok((self.stored(var)?, self.graph.info(var).ty.clone()))
    }

    /// Lowers a while loop to one kernel, if that is possible.
    pub(crate) fn try_while_kernel(
        &mut self,
        eqn: usize,
        w: &While,
        steps: &mut StepList,
    ) -> Result<bool> {
        if w.cond_jaxpr.effect().max(w.body_jaxpr.effect()).is_some() {
            return Ok(false);
        }
        let inputs = self.graph.eqns[eqn].inputs.to_vec();
        let outputs = self.graph.eqns[eqn].outputs.to_vec();
        let (cond_consts, rest) = inputs.split_at(w.cond_nconsts);
        let (body_consts, inits) = rest.split_at(w.body_nconsts);
        for domain in self.domains(inits) {
            let Some(job) = self.job(inits, &outputs, domain) else { continue };
            let carry = || job.carried.iter().map(|&var| Operand::Var(var));
            let cond_inputs: Vec<Operand> = cond_consts.iter().cloned().chain(carry()).collect();
            let body_inputs: Vec<Operand> = body_consts.iter().cloned().chain(carry()).collect();
            let condition = self.graph.enter(&w.cond_jaxpr, &cond_inputs);
            let body = self.graph.enter(&w.body_jaxpr, &body_inputs);
            if let Ok(kernel) = self.while_kernel(&job, &condition, &body) {
                steps.push(Step::Kernel(kernel));
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn while_kernel(&self, job: &Job, condition: &Region, body: &Region) -> Result<Kernel> {
        let Some((predicate, next)) = self.lane_while(job, condition, body) else {
            return Err(Error::internal("the points of a loop do not run apart"));
        };
        let mut puller = self.lane_puller(job);
        let inits = initial_values(&mut puller, job)?;
        let open = puller.body.begin_while(&inits);
        bind_carried(&mut puller, job, &open.params);
        let point = puller.point.clone();
        puller.enter_block();
        puller.pull_chain(std::slice::from_ref(&predicate), &point)?;
        let holds = puller.pull(&predicate, &point)?;
        puller.leave_block();
        let open = puller.body.begin_while_body(open, holds);
        bind_carried(&mut puller, job, &open.params);
        puller.enter_block();
        let yields = next_values(&mut puller, job, &next)?;
        puller.leave_block();
        let results = puller.body.end_while(open, yields);
        self.store_results(&mut puller, job, &results)?;
        self.lane_kernel(puller, job, "while")
    }

    /// The predicate of one point, and its next carried values where it holds. Batching writes a loop
    /// over several points so that it runs while any point's predicate holds, and that the carried
    /// values of the others are selected to stay.
    fn lane_while(
        &self,
        job: &Job,
        condition: &Region,
        body: &Region,
    ) -> Option<(Operand, Vec<Operand>)> {
        let any = &condition.outputs[0];
        if job.domain.is_empty() {
            return Some((any.clone(), body.outputs.clone()));
        }
        let equation = self.equation(any)?;
        let Prim::Reduce(reduce) = &equation.prim else { return None };
        let predicate = &equation.inputs[0];
        let are_lanes = self.graph.ty(predicate).shape[..] == *job.domain
            && job.spreads.iter().all(|spread| spread.n_lanes == job.domain.len());
        if reduce.op != ReduceOp::Or || !are_lanes {
            return None;
        }
        let mut equal = FxHashSet::default();
        let next = body.outputs.iter().zip(&job.carried).map(|(next, &carry)| {
            if is_var(next, carry) {
                return Some(next.clone());
            }
            let select = self.equation(next).filter(|eqn| matches!(eqn.prim, Prim::SelectN(_)))?;
            let [which, old, new] = &select.inputs[..] else { return None };
            let which = match self.equation(which) {
                Some(eqn) if repeats_leading(&eqn.prim) => &eqn.inputs[0],
                _ => which,
            };
            let stays = is_var(old, carry) && self.are_equal(which, predicate, &mut equal);
            stays.then(|| new.clone())
        });
        Some((predicate.clone(), next.collect::<Option<Vec<Operand>>>()?))
    }

    fn equation(&self, operand: &Operand) -> Option<&Equation> {
        let Operand::Var(var) = operand else { return None };
        Some(&self.graph.eqns[self.graph.info(*var).eqn?.0])
    }

    /// Whether two operands are computed in the same way from the same variables.
    fn are_equal(&self, a: &Operand, b: &Operand, known: &mut FxHashSet<(Var, Var)>) -> bool {
        let (a, b) = match (a, b) {
            (Operand::Literal(a), Operand::Literal(b)) => return a == b,
            (Operand::Var(a), Operand::Var(b)) => (*a, *b),
            _ => return false,
        };
        if a == b || known.contains(&(a, b)) {
            return true;
        }
        let (Some((x, k)), Some((y, l))) = (self.graph.info(a).eqn, self.graph.info(b).eqn) else {
            return false;
        };
        let (x, y) = (&self.graph.eqns[x], &self.graph.eqns[y]);
        let equal = k == l
            && x.prim == y.prim
            && x.inputs.len() == y.inputs.len()
            && x.inputs.iter().zip(&y.inputs).all(|(a, b)| self.are_equal(a, b, known));
        if equal {
            known.insert((a, b));
        }
        equal
    }
}

fn is_var(operand: &Operand, var: Var) -> bool {
    matches!(operand, Operand::Var(v) if *v == var)
}

/// Whether an operation repeats an array along new trailing axes.
fn repeats_leading(prim: &Prim) -> bool {
    matches!(prim, Prim::BroadcastInDim(b)
        if b.broadcast_dimensions.iter().enumerate().all(|(i, &axis)| i == axis))
}

fn initial_values(puller: &mut Puller<'_>, job: &Job) -> Result<Vec<ValueId>> {
    let mut values = Vec::new();
    for (init, spread) in job.inits.iter().zip(&job.spreads) {
        for index in spread.indices(puller) {
            puller.pull_chain(std::slice::from_ref(init), &index)?;
            values.push(puller.pull(init, &index)?);
        }
    }
    Ok(values)
}

/// Lets the body's inputs be the registers of the loop.
fn bind_carried(puller: &mut Puller<'_>, job: &Job, params: &[ValueId]) {
    let mut rest = params;
    for (&var, spread) in job.carried.iter().zip(&job.spreads) {
        let (values, others) = rest.split_at(spread.rest.iter().product());
        rest = others;
        let values = values.to_vec();
        puller.locals.insert(var, Local::Registers { n_lanes: spread.n_lanes, values });
    }
}

fn next_values(
    puller: &mut Puller<'_>,
    job: &Job,
    next: &[Operand],
) -> Result<SmallVec<[ValueId; 2]>> {
    let mut values = SmallVec::new();
    for (operand, spread) in next.iter().zip(&job.spreads) {
        for index in spread.indices(puller) {
            puller.pull_chain(std::slice::from_ref(operand), &index)?;
            values.push(puller.pull(operand, &index)?);
        }
    }
    Ok(values)
}

/// For arrays that all points hold alike: only the first point writes them.
fn uniform_mask(puller: &mut Puller<'_>, spread: &Spread) -> Option<ValueId> {
    if spread.n_lanes == puller.point.len() {
        return None;
    }
    let zero = puller.body.index(0);
    let mut mask = None;
    for coordinate in puller.point.clone() {
        let is_first = puller.body.compare(Compare::Eq, coordinate, zero);
        mask = Some(match mask {
            None => is_first,
            Some(mask) => puller.body.op(ScalarOp::And, &[mask, is_first]),
        });
    }
    mask
}
