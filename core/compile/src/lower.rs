//! From a jaxpr to the steps of a program.
//!
//! In reading order: `graph` (all variables under one numbering), `probe` (what an equation asks of
//! its operands), `decide` (what is stored), `schedule` (what is done together, and when), `pull`
//! (computing an element), `emit` (kernels),
//! `steps` (whole-array operations), `control` (loops and branches),
//! `lane_loop` (loops that become one kernel).

mod accumulate;
mod control;
mod decide;
mod emit;
mod finish;
mod graph;
mod lane_loop;
mod probe;
mod pull;
mod region;
mod schedule;
mod steps;

use jaxrs_data::{DType, Result};
use jaxrs_ir::Jaxpr;
use jaxrs_kernel::{BufferId, IndexVar, Place, Program, Step, Target};
use rustc_hash::{FxHashMap, FxHashSet};

use crate::CompileOptions;
pub(crate) use finish::rename_once;
use graph::{Graph, Operand, Var, View};

/// The state of one lowering.
struct Lowerer<'o> {
    target: &'o Target,
    graph: Graph,
    /// Has all buffers, and no steps until the end.
    program: Program,
    /// Buffers that turned out to be others under a second name.
    renamed: FxHashMap<BufferId, BufferId>,
    /// Buffers of loops' results, which are only names of what the loops carry.
    provisional: FxHashSet<BufferId>,
    /// Results of loops that nothing reads.
    unread: FxHashSet<Var>,
    /// Whether scans have to become single kernels, and lowering fails otherwise.
    only_scan_kernels: bool,
}

/// Lowers a jaxpr. Buffers that are neither inputs nor outputs have no place yet.
pub fn lower(jaxpr: &Jaxpr, options: &CompileOptions) -> Result<Program> {
    let mut lowerer = Lowerer {
        target: &options.target,
        graph: Graph::default(),
        program: Program::default(),
        renamed: FxHashMap::default(),
        provisional: FxHashSet::default(),
        unread: FxHashSet::default(),
        only_scan_kernels: false,
    };
    let mut inputs = Vec::with_capacity(jaxpr.invars.len());
    for (k, ty) in jaxpr.in_types().enumerate() {
        let buffer = lowerer.program.add_buffer(ty.dtype, ty.shape.numel(), Place::Input(k));
        lowerer.program.inputs.push(buffer);
        let var = lowerer.graph.add_var(ty.clone());
        lowerer.graph.info_mut(var).stored = Some(View::whole(buffer));
        inputs.push(Operand::Var(var));
    }
    for (k, ty) in jaxpr.out_types().enumerate() {
        let buffer = lowerer.program.add_buffer(ty.dtype, ty.shape.numel(), Place::Output(k));
        lowerer.program.outputs.push(buffer);
    }
    lowerer.program.shares_input = vec![None; jaxpr.outputs.len()];
    let dests: Vec<View> = lowerer.program.outputs.iter().map(|&b| View::whole(b)).collect();
    let region = lowerer.graph.enter(jaxpr, &inputs);
    let mut steps = Vec::new();
    lowerer.lower_region(&region, &dests, &[], &mut steps)?;
    finish::rename(&mut steps, &lowerer.renamed);
    lowerer.program.steps = steps;
    Ok(lowerer.program)
}

impl Lowerer<'_> {
    /// A buffer whose place is found later.
    fn scratch(&mut self, dtype: DType, len: usize) -> BufferId {
        self.program.add_buffer(dtype, len, Place::Unassigned)
    }

    fn index_var(&mut self) -> IndexVar {
        self.program.n_index_vars += 1;
        IndexVar(self.program.n_index_vars - 1)
    }
}

/// Steps under construction.
type StepList = Vec<Step>;
