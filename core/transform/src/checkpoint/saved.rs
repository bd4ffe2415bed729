//! What reverse mode keeps of a function, for people who look for memory.

use std::fmt;
use std::sync::Arc;

use jaxrs_data::{Result, Type};
use jaxrs_ir::prims::{Annotate, Remark};
use jaxrs_ir::{Atom, Context as _, Eqn, Jaxpr, Prim, Residual, VarId};

use crate::bind::is_differentiable;
use crate::frame::during;
use crate::{Function, Scope};

/// A value that is kept for the backward pass.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SavedResidual {
    /// Its type.
    pub ty: Type,
    /// Where it comes from.
    pub from: SavedFrom,
}

/// Where a residual comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SavedFrom {
    /// It is written in the program.
    Literal,
    /// The function captured it.
    Constant,
    /// It is the argument of this number.
    Argument(usize),
    /// `checkpoint_name` called it so.
    Named(Arc<str>),
    /// A compiled function of this name gave it.
    Jitted(Arc<str>),
    /// A primitive of this name gave it.
    Output(&'static str),
}

impl SavedResidual {
    /// How many bytes it takes.
    pub fn size_bytes(&self) -> usize {
        self.ty.size_bytes()
    }
}

/// `f32[3] output of sin`, as JAX's `print_saved_residuals` has it, but for the place in a source file.
impl fmt::Display for SavedResidual {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ", self.ty)?;
        match &self.from {
            SavedFrom::Literal => f.write_str("from a literal"),
            SavedFrom::Constant => f.write_str("from a constant"),
            SavedFrom::Argument(k) => write!(f, "from the argument {k}"),
            SavedFrom::Named(name) => write!(f, "named '{name}'"),
            SavedFrom::Jitted(name) => write!(f, "output of jitted function '{name}'"),
            SavedFrom::Output(name) => write!(f, "output of {name}"),
        }
    }
}

/// What the pullback of a function holds for inputs of these types: constants, then arguments, then what
/// operations gave, in their order.
pub fn saved_residuals(
    function: &Function,
    scope: &Scope,
    types: &[Type],
) -> Result<Vec<SavedResidual>> {
    let traced =
        scope.trace(function, types).map_err(during("saved_residuals", function.name()))?;
    let n_consts = traced.consts.len();
    let has_tangent: Vec<bool> = (traced.jaxpr.in_types().enumerate())
        .map(|(k, ty)| k >= n_consts && is_differentiable(ty))
        .collect();
    let parts = scope.linearize_jaxpr(&traced.jaxpr, &has_tangent, &[])?;
    let n_outputs = traced.jaxpr.outputs.len();
    let primal = &*parts.primal;
    let atoms = parts.residuals.iter().map(|residual| match *residual {
        Residual::Input(k) => Atom::Var(primal.invars[k]),
        Residual::Saved(k) => primal.outputs[n_outputs + k].clone(),
    });
    let mut saved: Vec<Atom> = Vec::new();
    for atom in atoms {
        if !saved.contains(&atom) {
            saved.push(atom);
        }
    }
    Ok(in_order(primal, n_consts, &saved))
}

fn in_order(primal: &Jaxpr, n_consts: usize, saved: &[Atom]) -> Vec<SavedResidual> {
    let literals = saved.iter().filter_map(|atom| match atom {
        Atom::Literal(literal) => Some((literal.ty().clone(), SavedFrom::Literal)),
        Atom::Var(_) => None,
    });
    let inputs = primal.invars.iter().enumerate().map(|(k, &var)| match k.checked_sub(n_consts) {
        None => (var, SavedFrom::Constant),
        Some(k) => (var, SavedFrom::Argument(k)),
    });
    let outputs = primal
        .eqns
        .iter()
        .flat_map(|eqn| eqn.outputs.iter().enumerate().map(|(k, &var)| (var, source(eqn, k))));
    let is_saved = |var: VarId| saved.contains(&Atom::Var(var));
    let vars = inputs.chain(outputs).filter(|&(var, _)| is_saved(var));
    let vars = vars.map(|(var, from)| (primal[var].clone(), from));
    literals.chain(vars).map(|(ty, from)| SavedResidual { ty, from }).collect()
}

/// Where a result of an equation comes from; the programs of checkpoints are looked into.
fn source(eqn: &Eqn, output: usize) -> SavedFrom {
    match &eqn.prim {
        Prim::Annotate(Annotate { remark: Remark::Name, text }) => SavedFrom::Named(text.clone()),
        Prim::Call(call) => SavedFrom::Jitted(call.name.clone()),
        Prim::Checkpoint(checkpoint) => {
            inner(&checkpoint.jaxpr, output).unwrap_or_else(|| SavedFrom::Output(eqn.prim.name()))
        }
        prim => SavedFrom::Output(prim.name()),
    }
}

fn inner(jaxpr: &Jaxpr, output: usize) -> Option<SavedFrom> {
    let Atom::Var(var) = &jaxpr.outputs[output] else { return None };
    let position = |eqn: &Eqn| eqn.outputs.iter().position(|out| out == var);
    jaxpr.eqns.iter().find_map(|eqn| Some(source(eqn, position(eqn)?)))
}
