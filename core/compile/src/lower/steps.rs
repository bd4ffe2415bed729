//! Whole-array operations: what their rules write to.

use jaxrs_data::{DType, Error, Result, Type};
use jaxrs_ir::lower::{Elements, Steps, StepsBody};
use jaxrs_kernel::{BufferId, Kernel, Lanes, Step, ValueId};

use super::graph::{Operand, View};
use super::pull::Puller;
use super::{Lowerer, StepList, finish};

impl Lowerer<'_> {
    /// Lowers an equation by its rule for steps. If it is an update, its result starts as a copy of its
    /// first operand, unless it lies in the same place.
    pub(crate) fn lower_steps(
        &mut self,
        eqn: usize,
        is_update: bool,
        steps: &mut StepList,
    ) -> Result<()> {
        let prim = self.graph.eqns[eqn].prim.clone();
        let mut outputs = Vec::new();
        for out in self.graph.eqns[eqn].outputs.clone() {
            let view = self.whole_buffer(out)?;
            outputs.push(view);
        }
        if is_update {
            let updated = self.graph.eqns[eqn].inputs[0].clone();
            self.copy(&updated, &View::whole(outputs[0]), steps)?;
        }
        let mut writer = StepWriter { lowerer: self, eqn, outputs: &outputs, steps };
        prim.steps(&mut writer)?;
        for (k, &buffer) in outputs.iter().enumerate() {
            let out = self.graph.eqns[eqn].outputs[k];
            let dest = self.stored(out)?;
            if dest != View::whole(buffer) {
                self.copy_buffer(buffer, out, &dest, steps)?;
            }
        }
        Ok(())
    }

    /// The buffer that a result is computed in: its own, if it has one to itself.
    fn whole_buffer(&mut self, var: super::graph::Var) -> Result<BufferId> {
        let info = self.graph.info(var).clone();
        match info.stored {
            Some(view) if view.leads.is_empty() => Ok(view.buffer),
            _ => Ok(self.scratch(info.ty.dtype, info.ty.shape.numel())),
        }
    }

    fn copy_buffer(
        &mut self,
        from: BufferId,
        var: super::graph::Var,
        dest: &View,
        steps: &mut StepList,
    ) -> Result<()> {
        let ty = self.graph.info(var).ty.clone();
        let temporary = self.graph.add_var(ty);
        self.graph.info_mut(temporary).stored = Some(View::whole(from));
        self.emit_roots(&[(Operand::Var(temporary), dest.clone())], steps)
    }

    /// A buffer that holds an operand, dense and row-major.
    pub(crate) fn dense(&mut self, operand: &Operand, steps: &mut StepList) -> Result<BufferId> {
        if let Operand::Var(var) = operand
            && let Some(view) = &self.graph.info(*var).stored
            && view.leads.is_empty()
        {
            return Ok(view.buffer);
        }
        let ty = self.graph.ty(operand).clone();
        let buffer = self.scratch(ty.dtype, ty.shape.numel());
        self.emit_roots(&[(operand.clone(), View::whole(buffer))], steps)?;
        Ok(buffer)
    }
}

struct StepWriter<'a, 'o> {
    lowerer: &'a mut Lowerer<'o>,
    eqn: usize,
    outputs: &'a [BufferId],
    steps: &'a mut StepList,
}

impl Steps for StepWriter<'_, '_> {
    fn n_inputs(&self) -> usize {
        self.lowerer.graph.eqns[self.eqn].inputs.len()
    }

    fn input_type(&self, operand: usize) -> &Type {
        self.lowerer.graph.input_type(self.eqn, operand)
    }

    fn n_outputs(&self) -> usize {
        self.lowerer.graph.eqns[self.eqn].outputs.len()
    }

    fn output_type(&self, output: usize) -> &Type {
        let graph = &self.lowerer.graph;
        &graph.info(graph.eqns[self.eqn].outputs[output]).ty
    }

    fn input(&mut self, operand: usize) -> Result<BufferId> {
        let operand = self.lowerer.graph.eqns[self.eqn].inputs[operand].clone();
        self.lowerer.dense(&operand, self.steps)
    }

    fn output(&mut self, output: usize) -> BufferId {
        self.outputs[output]
    }

    fn scratch(&mut self, dtype: DType, len: usize) -> BufferId {
        self.lowerer.scratch(dtype, len)
    }

    fn push(&mut self, step: Step) {
        self.steps.push(step);
    }

    fn kernel(
        &mut self,
        name: &str,
        domain: &[usize],
        lanes: Lanes,
        body: &mut dyn FnMut(&mut dyn Elements, &[ValueId]) -> Result<()>,
    ) -> Result<()> {
        if domain.contains(&0) {
            return Ok(());
        }
        let mut puller = Puller::new(&self.lowerer.graph, domain);
        let point = puller.point.clone();
        puller.within(self.eqn, |puller| body(puller, &point))?;
        if puller.gave_up {
            return Err(Error::internal("a kernel of a whole-array operation could not be built"));
        }
        let (values, body) = puller.body.finish();
        let kernel =
            Kernel { name: name.into(), domain: domain.to_vec(), lanes, grain: 0, values, body };
        let kernel = finish::finish(kernel, Some(lanes), self.lowerer.target);
        self.steps.push(Step::Kernel(kernel));
        Ok(())
    }

    fn repeat(&mut self, trips: usize, body: StepsBody<'_>) -> Result<()> {
        let index = self.lowerer.index_var();
        let mut steps = StepList::new();
        let (eqn, outputs) = (self.eqn, self.outputs);
        let mut inner = StepWriter { lowerer: &mut *self.lowerer, eqn, outputs, steps: &mut steps };
        body(&mut inner, index)?;
        self.steps.push(Step::Repeat { index, trips, carries: Vec::new(), body: steps });
        Ok(())
    }
}
