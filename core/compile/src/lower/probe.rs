//! What an equation asks of its operands: found by running its lowering rule on a body that is thrown
//! away, so that no pass needs a list of what primitives do.

use jaxrs_data::{DType, Result, SmallVec, Type};
use jaxrs_ir::Prim;
use jaxrs_ir::lower::{Elements, Lowering, Steps, StepsBody};
use jaxrs_kernel::{BodyBuilder, BufferId, IndexVar, Lanes, LoopKind, Step, ValueId};

use super::graph::Graph;
use super::pull::is_pointwise;

/// How often an operand's elements are read when all elements of the results are computed.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Use {
    /// At the result's own index.
    pub(crate) same: f64,
    /// At other indices.
    pub(crate) moved: f64,
    /// Whether it is needed in a buffer.
    pub(crate) as_buffer: bool,
}

/// What an equation asks for.
#[derive(Clone, Debug)]
pub(crate) struct Demand {
    /// Of each operand.
    pub(crate) uses: SmallVec<[Use; 4]>,
    /// Roughly what one element costs, in additions, operands not counted.
    pub(crate) cost: f64,
    /// Roughly how many instructions one element takes.
    pub(crate) n_insts: usize,
}

/// What an equation that is lowered by rules asks for.
pub(crate) fn demand(graph: &Graph, eqn: usize, lowering: Lowering) -> Result<Demand> {
    let equation = &graph.eqns[eqn];
    // What has an effect may have no results.
    let numel = equation.outputs.first().map_or(1, |&out| graph.info(out).ty.shape.numel()) as f64;
    if is_pointwise(&equation.prim) {
        return Ok(pointwise(graph, eqn, numel));
    }
    let mut probe = Probe::new(graph, eqn);
    match lowering {
        Lowering::Elements | Lowering::Reduction => {
            let shape = &graph.info(equation.outputs[0]).ty.shape;
            let point: Vec<ValueId> = (0..shape.rank()).map(|k| probe.body.point(k)).collect();
            probe.point.clone_from(&point);
            probe.times = numel;
            equation.prim.element(&mut probe, 0, &point)?;
        }
        _ => equation.prim.steps(&mut probe)?,
    }
    if lowering == Lowering::Update {
        probe.uses[0].as_buffer = true;
    }
    let n_insts = probe.body.len();
    let cost = f64::from(equation.prim.cost()).max(probe.loop_cost / numel.max(1.0));
    Ok(Demand { uses: probe.uses, cost, n_insts })
}

fn pointwise(graph: &Graph, eqn: usize, numel: f64) -> Demand {
    let equation = &graph.eqns[eqn];
    let rank = graph.info(equation.outputs[0]).ty.rank();
    let use_of = |operand| match graph.ty(operand).rank() == rank {
        true => Use { same: numel, ..Use::default() },
        false => Use { moved: numel, ..Use::default() },
    };
    // A complex operation is several on parts.
    let is_complex = graph.ty(&equation.inputs[0]).dtype.is_complex();
    let cost = equation.prim.cost() * if is_complex { 4 } else { 1 };
    Demand {
        uses: equation.inputs.iter().map(use_of).collect(),
        cost: f64::from(cost),
        n_insts: 1 + cost as usize / 40,
    }
}

/// Stands in for a kernel or a program that is being built, and counts.
struct Probe<'g> {
    graph: &'g Graph,
    eqn: usize,
    body: BodyBuilder,
    point: Vec<ValueId>,
    uses: SmallVec<[Use; 4]>,
    /// How often the code that is being built runs.
    times: f64,
    /// What loops inside of elements add up to.
    loop_cost: f64,
    n_buffers: u32,
    /// How often the steps that are being given run.
    trips: f64,
}

impl<'g> Probe<'g> {
    fn new(graph: &'g Graph, eqn: usize) -> Probe<'g> {
        let n_inputs = graph.eqns[eqn].inputs.len();
        Probe {
            graph,
            eqn,
            body: BodyBuilder::new(),
            point: Vec::new(),
            uses: SmallVec::from_elem(Use::default(), n_inputs),
            times: 1.0,
            loop_cost: 0.0,
            n_buffers: 0,
            trips: 1.0,
        }
    }

    fn buffer(&mut self) -> BufferId {
        self.n_buffers += 1;
        BufferId(self.n_buffers)
    }
}

impl Elements for Probe<'_> {
    fn builder(&mut self) -> &mut BodyBuilder {
        &mut self.body
    }

    fn n_inputs(&self) -> usize {
        self.graph.eqns[self.eqn].inputs.len()
    }

    fn input_type(&self, operand: usize) -> &Type {
        self.graph.input_type(self.eqn, operand)
    }

    fn output_type(&self, output: usize) -> &Type {
        &self.graph.info(self.graph.eqns[self.eqn].outputs[output]).ty
    }

    fn operand(&mut self, operand: usize, index: &[ValueId]) -> Result<ValueId> {
        let times = self.times;
        let count = &mut self.uses[operand];
        if index == self.point {
            count.same = count.same.max(times);
        } else {
            count.moved += times;
        }
        // Loads are never shared, so each stands for an unknown element.
        let (dtype, zero) = (self.graph.input_type(self.eqn, operand).dtype, self.body.index(0));
        Ok(self.body.load(BufferId(operand as u32), dtype, zero, None))
    }

    fn operand_where(
        &mut self,
        operand: usize,
        index: &[ValueId],
        _mask: ValueId,
    ) -> Result<ValueId> {
        self.operand(operand, index)
    }

    fn counted(
        &mut self,
        kind: LoopKind,
        trips: usize,
        inits: &[ValueId],
        body: &mut dyn FnMut(
            &mut dyn Elements,
            ValueId,
            &[ValueId],
        ) -> Result<SmallVec<[ValueId; 2]>>,
    ) -> Result<SmallVec<[ValueId; 2]>> {
        let outer = self.times;
        self.times *= trips as f64;
        self.loop_cost += self.times;
        let open = self.body.begin_loop(kind, trips, inits);
        let (index, params) = (open.index, open.params.clone());
        let yields = body(self, index, &params);
        self.times = outer;
        Ok(self.body.end_loop(open, yields?))
    }
}

impl Steps for Probe<'_> {
    fn n_inputs(&self) -> usize {
        self.graph.eqns[self.eqn].inputs.len()
    }

    fn input_type(&self, operand: usize) -> &Type {
        self.graph.input_type(self.eqn, operand)
    }

    fn n_outputs(&self) -> usize {
        self.graph.eqns[self.eqn].outputs.len()
    }

    fn output_type(&self, output: usize) -> &Type {
        &self.graph.info(self.graph.eqns[self.eqn].outputs[output]).ty
    }

    fn input(&mut self, operand: usize) -> Result<BufferId> {
        self.uses[operand].as_buffer = true;
        Ok(BufferId(operand as u32))
    }

    fn output(&mut self, _output: usize) -> BufferId {
        self.buffer()
    }

    fn scratch(&mut self, _dtype: DType, _len: usize) -> BufferId {
        self.buffer()
    }

    fn push(&mut self, _step: Step) {}

    fn kernel(
        &mut self,
        _name: &str,
        domain: &[usize],
        _lanes: Lanes,
        body: &mut dyn FnMut(&mut dyn Elements, &[ValueId]) -> Result<()>,
    ) -> Result<()> {
        self.body = BodyBuilder::for_domain(domain);
        self.times = self.trips * domain.iter().product::<usize>() as f64;
        let point: Vec<ValueId> = (0..domain.len()).map(|axis| self.body.point(axis)).collect();
        body(self, &point)
    }

    fn repeat(&mut self, trips: usize, body: StepsBody<'_>) -> Result<()> {
        let outer = self.trips;
        self.trips *= trips as f64;
        body(self, IndexVar(0))?;
        self.trips = outer;
        Ok(())
    }
}

/// The lowering of an equation.
pub(crate) fn lowering(graph: &Graph, eqn: usize) -> Lowering {
    let prim: &Prim = &graph.eqns[eqn].prim;
    match prim {
        Prim::Unary(_) | Prim::Binary(_) => Lowering::Elements,
        _ => prim.lowering(&graph.input_types(eqn)),
    }
}
