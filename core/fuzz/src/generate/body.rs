//! Programs inside of programs.

use std::sync::Arc;

use jaxrs_data::{Literal, Type};
use jaxrs_ir::{Atom, Jaxpr, VarId};

use super::Generator;

/// A program and what it needs beside its arguments.
pub(super) struct Body {
    pub(super) jaxpr: Jaxpr,
    /// Inputs before the arguments.
    pub(super) added: Vec<(Literal, bool)>,
}

impl<'a> Generator<'a> {
    /// A generator of a program that takes these arguments.
    pub(super) fn inner(&mut self, arguments: &[Type]) -> Generator<'a> {
        let mut inner = Generator::new(self.catalogue, self.random.fork(), self.depth - 1);
        inner.vars = arguments.iter().map(|ty| inner.jaxpr.add_invar(ty.clone())).collect();
        inner
    }

    /// A few steps.
    pub(super) fn steps(&mut self) {
        let n_steps = 1 + self.random.below(5);
        (0..n_steps).for_each(|_| self.step());
    }

    /// A result of this type, rather not an argument: that is the last resort, and has the type itself.
    pub(super) fn result(&mut self, ty: &Type, argument: VarId) -> VarId {
        let found = (0..4).find_map(|_| {
            let var = self.pick();
            self.adapted(var, ty).and_then(|var| self.bounded(var))
        });
        found.filter(|&var| self.ty(var) == ty).unwrap_or(argument)
    }

    /// The program, with inputs that were added on the way before the arguments.
    pub(super) fn body(mut self, outputs: Vec<VarId>) -> Body {
        let added: Vec<VarId> = self.added.iter().map(|(var, ..)| *var).collect();
        let is_argument = |var: &VarId| !added.contains(var);
        let arguments = self.jaxpr.invars.iter().copied().filter(is_argument);
        self.jaxpr.invars = added.iter().copied().chain(arguments).collect();
        self.jaxpr.outputs = outputs.into_iter().map(Atom::Var).collect();
        let added = self.added.into_iter().map(|(_, literal, fixed)| (literal, fixed)).collect();
        Body { jaxpr: self.jaxpr, added }
    }

    /// What a body needs beside its arguments, as inputs here.
    pub(super) fn operands(&mut self, added: Vec<(Literal, bool)>) -> Vec<Atom> {
        added.into_iter().map(|(literal, fixed)| Atom::Var(self.input(literal, fixed))).collect()
    }

    pub(super) fn types(&self, vars: &[VarId]) -> Vec<Type> {
        vars.iter().map(|&var| self.ty(var).clone()).collect()
    }

    pub(super) fn picks(&mut self, most: usize) -> Vec<VarId> {
        (0..1 + self.random.below(most)).map(|_| self.pick()).collect()
    }

    pub(super) fn nested(&mut self) {
        if self.vars.is_empty() {
            return;
        }
        match self.random.below(8) {
            0 | 1 => self.scan(),
            2 => self.while_loop(),
            3 | 4 => self.cond(),
            _ => self.call(),
        }
    }

    /// The same program with more inputs, which it does not use, around those that were added to it.
    pub(super) fn widened(body: &Body, before: &[Type], after: &[Type]) -> Arc<Jaxpr> {
        let mut jaxpr = body.jaxpr.clone();
        let mut invars: Vec<VarId> = before.iter().map(|ty| jaxpr.fresh_var(ty.clone())).collect();
        let (own, arguments) = jaxpr.invars.split_at(body.added.len());
        let (own, arguments) = (own.to_vec(), arguments.to_vec());
        invars.extend(own);
        invars.extend(after.iter().map(|ty| jaxpr.fresh_var(ty.clone())));
        invars.extend(arguments);
        jaxpr.invars = invars;
        Arc::new(jaxpr)
    }
}
