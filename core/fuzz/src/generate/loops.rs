//! Loops and branches.

use std::sync::Arc;

use jaxrs_data::{DType, Type};
use jaxrs_ir::prims::{Binary, Compare, Cond, Scan, While};
use jaxrs_ir::{Atom, VarId};

use super::Generator;
use super::body::Body;

fn atoms(vars: &[VarId]) -> impl Iterator<Item = Atom> + '_ {
    vars.iter().copied().map(Atom::Var)
}

impl Generator<'_> {
    /// A loop that carries values, reads slices and gives some.
    pub(super) fn scan(&mut self) {
        let (consts, carry) = (self.picks(2), self.picks(2));
        let xs: Vec<VarId> = self.picks(3).into_iter().filter(|&x| self.ty(x).rank() > 0).collect();
        let length = match xs.first() {
            Some(&x) => self.ty(x).shape[0],
            None => [0, 1, 3, 10][self.random.below(4)],
        };
        let xs: Vec<VarId> = xs.into_iter().filter(|&x| self.ty(x).shape[0] == length).collect();
        let slices = xs.iter().map(|&x| self.ty(x).with_shape(self.ty(x).shape.without(0)));
        let mut arguments = self.types(&consts);
        let carried = self.types(&carry);
        arguments.extend(carried.iter().cloned());
        arguments.extend(slices);
        let mut inner = self.inner(&arguments);
        inner.steps();
        let mut outputs = inner.next_carry(&carried, consts.len());
        let n_given = inner.random.below(3);
        outputs.extend((0..n_given).map(|_| inner.pick()));
        let Body { jaxpr, added } = inner.body(outputs);
        let num_consts = added.len() + consts.len();
        let mut operands = self.operands(added);
        operands.extend(atoms(&consts).chain(atoms(&carry)).chain(atoms(&xs)));
        let (reverse, unroll) = (self.random.percent(40), [1, 1, 2, 3][self.random.below(4)]);
        let jaxpr = Arc::new(jaxpr);
        let num_carry = carry.len();
        self.push(Scan { jaxpr, length, num_consts, num_carry, reverse, unroll }, &operands);
    }

    /// What is carried on, given which argument the first carried one is.
    fn next_carry(&mut self, types: &[Type], first: usize) -> Vec<VarId> {
        let arguments = self.vars[first..first + types.len()].to_vec();
        types.iter().zip(arguments).map(|(ty, argument)| self.result(ty, argument)).collect()
    }

    /// A loop of a few turns, which values may end earlier.
    pub(super) fn while_loop(&mut self) {
        let (consts, carry) = (self.picks(2), self.picks(2));
        let counter = Type::scalar(DType::I32);
        let carried = self.types(&carry);
        let state: Vec<Type> =
            std::iter::once(counter.clone()).chain(carried.iter().cloned()).collect();
        let Some(condition) = self.condition(&state) else { return };
        let arguments = [self.types(&consts), state].concat();
        let mut inner = self.inner(&arguments);
        inner.steps();
        let i = inner.vars[consts.len()];
        let one = Self::number(&counter, 1);
        let Some(next) = inner.push1(Binary::Add, &[Atom::Var(i), one]) else { return };
        let mut outputs = vec![next];
        outputs.extend(inner.next_carry(&carried, consts.len() + 1));
        let body = inner.body(outputs);
        let (cond_nconsts, body_nconsts) = (condition.added.len(), body.added.len() + consts.len());
        let mut operands = self.operands(condition.added);
        operands.extend(self.operands(body.added));
        operands.extend(atoms(&consts));
        operands.push(Self::number(&counter, 0));
        operands.extend(atoms(&carry));
        let (cond_jaxpr, body_jaxpr) = (Arc::new(condition.jaxpr), Arc::new(body.jaxpr));
        self.push(While { cond_jaxpr, body_jaxpr, cond_nconsts, body_nconsts }, &operands);
    }

    fn condition(&mut self, state: &[Type]) -> Option<Body> {
        let turns = self.random.below(5) as i64;
        let mut inner = self.inner(state);
        let i = inner.vars[0];
        let bound = Self::number(&state[0], turns);
        let mut go = inner.push1(Compare(jaxrs_kernel::Compare::Lt), &[Atom::Var(i), bound])?;
        if inner.random.percent(40) && !inner.catalogue.is_smooth() {
            inner.steps();
            let var = inner.pick();
            if let Some(more) = inner.adapted(var, &Type::scalar(DType::Bool)) {
                go = inner.push1(Binary::And, &[Atom::Var(go), Atom::Var(more)])?;
            }
        }
        Some(inner.body(vec![go]))
    }

    /// One of several branches.
    pub(super) fn cond(&mut self) {
        let arguments = self.picks(3);
        let types = self.types(&arguments);
        let Some(index) = self.branch_index() else { return };
        let mut branches: Vec<Body> = Vec::new();
        for k in 0..1 + self.random.below(3) {
            let mut inner = self.inner(&types);
            inner.steps();
            let outputs = match branches.first() {
                None => inner.picks(2),
                Some(first) => {
                    let wanted: Vec<Type> = first.jaxpr.out_types().cloned().collect();
                    let Some(outputs) = inner.like(&wanted) else { continue };
                    outputs
                }
            };
            debug_assert!(k > 0 || branches.is_empty(), "the first branch sets the types");
            branches.push(inner.body(outputs));
        }
        let added = |bodies: &[Body]| -> Vec<Type> {
            bodies.iter().flat_map(|body| &body.added).map(|(x, _)| x.ty().clone()).collect()
        };
        let widened = (0..branches.len()).map(|k| {
            Self::widened(&branches[k], &added(&branches[..k]), &added(&branches[k + 1..]))
        });
        let cond = Cond { branches: widened.collect() };
        let mut operands = vec![index];
        for body in branches {
            operands.extend(self.operands(body.added));
        }
        operands.extend(atoms(&arguments));
        self.push(cond, &operands);
    }

    fn branch_index(&mut self) -> Option<Atom> {
        let index = Type::scalar(DType::I32);
        if self.catalogue.is_smooth() || self.random.percent(40) {
            return Some(Self::number(&index, self.random.below(5) as i64 - 1));
        }
        self.fitting(&index).map(Atom::Var)
    }

    /// Results of these types.
    fn like(&mut self, wanted: &[Type]) -> Option<Vec<VarId>> {
        let one = |ty: &Type| {
            let found = self.fitting(ty)?;
            (self.ty(found) == ty).then_some(found)
        };
        wanted.iter().map(one).collect()
    }
}
