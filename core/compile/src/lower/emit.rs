//! Emitting kernels.

use jaxrs_data::Result;
use jaxrs_kernel::{Kernel, Lanes, Step};

use super::graph::{Operand, View};
use super::pull::{Local, Puller};
use super::{Lowerer, StepList, finish};

impl Lowerer<'_> {
    /// Appends a kernel that computes variables of one shape and stores them.
    pub(crate) fn emit_roots(
        &mut self,
        roots: &[(Operand, View)],
        steps: &mut StepList,
    ) -> Result<()> {
        let shape = self.graph.ty(&roots[0].0).shape.clone();
        if shape.numel() == 0 {
            return Ok(());
        }
        let mut puller = Puller::new(&self.graph, &shape);
        for (operand, dest) in roots {
            if let Operand::Var(var) = operand
                && self.graph.info(*var).stored.as_ref() == Some(dest)
            {
                puller.locals.insert(*var, Local::Computed);
            }
        }
        let point = puller.point.clone();
        let operands: Vec<Operand> = roots.iter().map(|(operand, _)| operand.clone()).collect();
        puller.pull_chain(&operands, &point)?;
        for (operand, dest) in roots {
            let value = puller.pull(operand, &point)?;
            puller.store(dest, &shape, &point, value, None);
        }
        let (values, body) = puller.body.finish();
        let kernel = Kernel {
            name: self.kernel_name(&operands),
            domain: shape.to_vec(),
            lanes: Lanes::Domain,
            grain: 0,
            values,
            body,
        };
        steps.push(Step::Kernel(finish::finish(kernel, None, self.target)));
        Ok(())
    }

    /// What a kernel is called: the last operation of each result.
    pub(crate) fn kernel_name(&self, roots: &[Operand]) -> String {
        let name = |operand: &Operand| match operand {
            Operand::Var(var) => match self.graph.info(*var).eqn {
                Some((eqn, _)) => self.graph.eqns[eqn].prim.name(),
                None => "copy",
            },
            Operand::Literal(_) => "fill",
        };
        let mut names: Vec<&str> = roots.iter().map(name).collect();
        names.dedup();
        names.truncate(4);
        names.join("+")
    }
}
