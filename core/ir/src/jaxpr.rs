//! Jaxprs: what a traced function did.

use std::ops::Index;
use std::sync::Arc;

use jaxrs_data::{Literal, SmallVec, Type};

use crate::Prim;

/// A variable of one jaxpr.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct VarId(pub u32);

/// An operand: a variable, or a scalar constant written in place.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Atom {
    /// A variable.
    Var(VarId),
    /// A scalar.
    Literal(Literal),
}

/// One step: a primitive applied to operands defines variables.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Eqn {
    /// What is done.
    pub prim: Prim,
    /// To what.
    pub inputs: SmallVec<[Atom; 4]>,
    /// What it defines.
    pub outputs: SmallVec<[VarId; 2]>,
    /// The names of the scopes that it was traced in, outermost first, for people.
    pub name_stack: Option<Arc<str>>,
}

/// A program: binders, equations in order, and results. Each variable is defined once, before its first
/// use; its type stands in `types`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Jaxpr {
    /// The type of each variable, indexed by [`VarId`].
    pub types: Vec<Type>,
    /// The inputs; the first `n_consts` of them are constants, printed before the semicolon.
    pub invars: Vec<VarId>,
    /// How many of the inputs are constants.
    pub n_consts: usize,
    /// In order of execution.
    pub eqns: Vec<Eqn>,
    /// The results.
    pub outputs: Vec<Atom>,
}

impl Jaxpr {
    /// Adds a variable that is not defined yet.
    pub fn fresh_var(&mut self, ty: Type) -> VarId {
        self.types.push(ty);
        VarId(self.types.len() as u32 - 1)
    }

    /// Adds an input.
    pub fn add_invar(&mut self, ty: Type) -> VarId {
        let var = self.fresh_var(ty);
        self.invars.push(var);
        var
    }

    /// The type of an operand.
    pub fn atom_type<'a>(&'a self, atom: &'a Atom) -> &'a Type {
        match atom {
            Atom::Var(var) => &self[*var],
            Atom::Literal(literal) => literal.ty(),
        }
    }

    /// The types of the inputs, constants first.
    pub fn in_types(&self) -> impl ExactSizeIterator<Item = &Type> {
        self.invars.iter().map(|&var| &self[var])
    }

    /// The types of the results.
    pub fn out_types(&self) -> impl ExactSizeIterator<Item = &Type> {
        self.outputs.iter().map(|atom| self.atom_type(atom))
    }
}

impl Index<VarId> for Jaxpr {
    type Output = Type;
    fn index(&self, var: VarId) -> &Type {
        &self.types[var.0 as usize]
    }
}
