//! Chains of pointwise equations.

use jaxrs_data::Result;
use jaxrs_ir::Prim;
use jaxrs_kernel::ValueId;
use rustc_hash::FxHashMap;

use super::{Local, Puller};
use crate::lower::graph::{Graph, Operand, Var};

impl Puller<'_> {
    /// Computes what one element needs, operands before results, along chains of pointwise equations.
    /// Only the order changes; but without it, long chains would need a deep stack, and values first
    /// needed in a loop would be computed in it.
    pub(crate) fn pull_chain(&mut self, roots: &[Operand], index: &[ValueId]) -> Result<()> {
        for var in pointwise_ancestors(self.graph, roots, &self.locals) {
            self.pull_var(var, index)?;
        }
        Ok(())
    }
}

/// Whether each element of the results depends on the operands' elements at the same index only, or on
/// scalars.
pub(crate) fn is_pointwise(prim: &Prim) -> bool {
    matches!(
        prim,
        Prim::Unary(_)
            | Prim::Binary(_)
            | Prim::Compare(_)
            | Prim::SelectN(_)
            | Prim::Clamp(_)
            | Prim::ConvertElementType(_)
            | Prim::Complex(_)
            | Prim::ComplexPart(_)
            | Prim::Conj(_)
            | Prim::IntegerPow(_)
            | Prim::Cipher(_)
            | Prim::RandomSeed(_)
            | Prim::RandomClone(_)
    )
}

/// The variables of the same shape that given ones are computed from by pointwise equations, without
/// those that are read from memory, operands before results.
fn pointwise_ancestors(
    graph: &Graph,
    roots: &[Operand],
    locals: &FxHashMap<Var, Local>,
) -> Vec<Var> {
    let is_computed = |var: Var| match locals.get(&var) {
        Some(Local::Computed | Local::Row { done: false, .. }) => true,
        Some(_) => false,
        None => graph.info(var).stored.is_none() && graph.info(var).eqn.is_some(),
    };
    let mut found: FxHashMap<Var, (usize, usize)> = FxHashMap::default();
    let mut open: Vec<&Operand> = roots.iter().collect();
    while let Some(operand) = open.pop() {
        let Operand::Var(var) = *operand else { continue };
        let Some(eqn) = graph.info(var).eqn.filter(|_| is_computed(var)) else { continue };
        if !is_pointwise(&graph.eqns[eqn.0].prim) || found.insert(var, eqn).is_some() {
            continue;
        }
        let shape = &graph.info(var).ty.shape;
        open.extend(graph.eqns[eqn.0].inputs.iter().filter(|&i| graph.ty(i).shape == *shape));
    }
    let mut vars: Vec<Var> = found.keys().copied().collect();
    vars.sort_by_key(|var| found[var]);
    vars
}
