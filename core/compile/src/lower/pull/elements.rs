//! What element rules ask of the kernel that they are lowered into.

use jaxrs_data::{DType, Result, Scalar, SmallVec, Type};
use jaxrs_ir::lower::Elements;
use jaxrs_kernel::{BodyBuilder, LoopKind, ScalarOp, ValueId};

use super::Puller;

impl Elements for Puller<'_> {
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
        let graph = self.graph;
        self.pull(&graph.eqns[self.eqn].inputs[operand], index)
    }

    fn operand_where(
        &mut self,
        operand: usize,
        index: &[ValueId],
        mask: ValueId,
    ) -> Result<ValueId> {
        let graph = self.graph;
        let operand = &graph.eqns[self.eqn].inputs[operand];
        let dtype: DType = graph.ty(operand).dtype;
        let zero = Scalar::zero(dtype);
        match self.body.as_constant(mask) {
            Some(Scalar::Bool(true)) => return self.pull(operand, index),
            Some(_) => return Ok(self.body.constant(dtype, zero)),
            None => {}
        }
        let inner = match self.mask {
            None => mask,
            Some(outer) => self.body.op(ScalarOp::And, &[outer, mask]),
        };
        let outer = self.mask.replace(inner);
        let value = self.pull(operand, index);
        self.mask = outer;
        let value = value?;
        if self.masked.get(&value) == Some(&inner) {
            return Ok(value);
        }
        // Kernels only load, store and convert 16-bit floats.
        let wide = match dtype {
            DType::F16 | DType::BF16 => DType::F32,
            other => other,
        };
        let (value, zero) = (self.body.cast(value, wide), self.body.constant(wide, zero));
        let chosen = self.body.select(mask, value, zero);
        Ok(self.body.cast(chosen, dtype))
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
        self.looped(kind, trips, inits, &mut |puller, i, carried| body(puller, i, carried))
    }
}
