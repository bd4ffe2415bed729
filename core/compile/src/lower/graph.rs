//! The program being lowered as one graph: variables and equations of all nested programs under one
//! numbering, so that a loop's body reads what lies outside of it like anything else.

use jaxrs_data::{Literal, SmallVec, Type};
use jaxrs_ir::{Atom, Jaxpr, Prim, VarId};
use jaxrs_kernel::{BufferId, IndexVar};

/// A variable of the graph.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Var(pub(crate) u32);

/// An operand.
#[derive(Clone, Debug)]
pub(crate) enum Operand {
    Var(Var),
    Literal(Literal),
}

/// An equation.
#[derive(Clone, Debug)]
pub(crate) struct Equation {
    pub(crate) prim: Prim,
    pub(crate) inputs: SmallVec<[Operand; 4]>,
    pub(crate) outputs: SmallVec<[Var; 2]>,
}

/// One step of an offset into a buffer that moves with an enclosing loop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Lead {
    /// The loop's counter.
    pub(crate) var: IndexVar,
    /// For loops that run backwards, their length.
    pub(crate) reversed: Option<usize>,
    /// Elements from one iteration to the next.
    pub(crate) stride: usize,
}

/// Where the elements of a variable lie: dense and row-major, from an offset that may move with loops.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct View {
    pub(crate) buffer: BufferId,
    pub(crate) leads: SmallVec<[Lead; 1]>,
}

impl View {
    /// A whole buffer.
    pub(crate) fn whole(buffer: BufferId) -> View {
        View { buffer, leads: SmallVec::new() }
    }

    /// The part that belongs to one iteration of a loop.
    pub(crate) fn at(&self, lead: Lead) -> View {
        let mut view = self.clone();
        view.leads.push(lead);
        view
    }
}

/// What is known of a variable.
#[derive(Clone, Debug)]
pub(crate) struct VarInfo {
    pub(crate) ty: Type,
    /// The equation and the number of its result that define it; inputs have none.
    pub(crate) eqn: Option<(usize, usize)>,
    /// Where it is stored, if it is.
    pub(crate) stored: Option<View>,
    /// If it is a slice of another variable, that variable and the counter that selects.
    pub(crate) slice: Option<(Var, Lead)>,
}

/// A program's part of the graph.
#[derive(Clone, Debug)]
pub(crate) struct Region {
    /// Its equations, in order.
    pub(crate) eqns: std::ops::Range<usize>,
    /// Its results.
    pub(crate) outputs: Vec<Operand>,
}

/// Variables and equations of all programs entered so far.
#[derive(Default)]
pub(crate) struct Graph {
    pub(crate) vars: Vec<VarInfo>,
    pub(crate) eqns: Vec<Equation>,
}

impl Graph {
    /// Adds a variable.
    pub(crate) fn add_var(&mut self, ty: Type) -> Var {
        self.vars.push(VarInfo { ty, eqn: None, stored: None, slice: None });
        Var(self.vars.len() as u32 - 1)
    }

    /// Enters a program whose inputs are given.
    pub(crate) fn enter(&mut self, jaxpr: &Jaxpr, inputs: &[Operand]) -> Region {
        let mut names: Vec<Option<Operand>> = vec![None; jaxpr.types.len()];
        for (var, input) in jaxpr.invars.iter().zip(inputs) {
            names[var.0 as usize] = Some(input.clone());
        }
        let start = self.eqns.len();
        for eqn in &jaxpr.eqns {
            let inputs = eqn.inputs.iter().map(|atom| resolve(&names, atom)).collect();
            let mut outputs = SmallVec::new();
            for (k, &out) in eqn.outputs.iter().enumerate() {
                let var = self.add_var(jaxpr[out].clone());
                self.vars[var.0 as usize].eqn = Some((self.eqns.len(), k));
                names[out.0 as usize] = Some(Operand::Var(var));
                outputs.push(var);
            }
            self.eqns.push(Equation { prim: eqn.prim.clone(), inputs, outputs });
        }
        let outputs = jaxpr.outputs.iter().map(|atom| resolve(&names, atom)).collect();
        Region { eqns: start..self.eqns.len(), outputs }
    }

    pub(crate) fn info(&self, var: Var) -> &VarInfo {
        &self.vars[var.0 as usize]
    }

    pub(crate) fn info_mut(&mut self, var: Var) -> &mut VarInfo {
        &mut self.vars[var.0 as usize]
    }

    pub(crate) fn ty<'a>(&'a self, operand: &'a Operand) -> &'a Type {
        match operand {
            Operand::Var(var) => &self.info(*var).ty,
            Operand::Literal(literal) => literal.ty(),
        }
    }

    /// The operand's type, by the number of the equation and of the operand.
    pub(crate) fn input_type(&self, eqn: usize, operand: usize) -> &Type {
        self.ty(&self.eqns[eqn].inputs[operand])
    }

    /// The types of all operands of an equation.
    pub(crate) fn input_types(&self, eqn: usize) -> SmallVec<[Type; 4]> {
        self.eqns[eqn].inputs.iter().map(|input| self.ty(input).clone()).collect()
    }
}

fn resolve(names: &[Option<Operand>], atom: &Atom) -> Operand {
    match atom {
        Atom::Literal(literal) => Operand::Literal(literal.clone()),
        Atom::Var(VarId(var)) => {
            names[*var as usize].clone().expect("the checker saw a definition before each use")
        }
    }
}
