//! Well-typed programs: each step applies a primitive, as one of its samples does or as its type rule
//! allows, to what there is already.

mod adapt;
mod body;
mod calls;
mod catalogue;
mod loops;
mod matrices;

use jaxrs_data::{DType, Literal, Scalar, SmallVec, Type};
use jaxrs_ir::prims::Unary;
use jaxrs_ir::{Atom, Eqn, Jaxpr, Prim, VarId};

pub(crate) use catalogue::Catalogue;
use catalogue::{Entry, has_other_derivatives, keeps_operands, shows_bits};
use matrices::is_factorisation;
pub(crate) use matrices::takes_apart;

use crate::Case;
use crate::random::Random;

/// Results with more elements are not made.
const LARGEST: usize = 1500;

/// A program in the making.
struct Generator<'a> {
    catalogue: &'a Catalogue,
    random: Random,
    jaxpr: Jaxpr,
    /// What operands are picked from.
    vars: Vec<VarId>,
    /// Inputs that were added, and whether they are fixed.
    added: Vec<(VarId, Literal, bool)>,
    /// How deep programs may be nested below.
    depth: usize,
}

/// The program of a seed.
pub(crate) fn program(catalogue: &Catalogue, seed: u64) -> Case {
    let mut random = Random::new(seed);
    let n_steps = 2 + random.below(12).max(random.below(12));
    let depth = random.below(3);
    let mut generator = Generator::new(catalogue, random, depth);
    (0..3).for_each(|_| generator.start());
    (0..n_steps).for_each(|_| generator.step());
    generator.finish()
}

impl<'a> Generator<'a> {
    fn new(catalogue: &'a Catalogue, random: Random, depth: usize) -> Generator<'a> {
        let (jaxpr, vars, added) = (Jaxpr::default(), Vec::new(), Vec::new());
        Generator { catalogue, random, jaxpr, vars, added, depth }
    }

    /// Adds an input of made-up values.
    fn start(&mut self) {
        let dtype = *self.random.of(self.catalogue.dtypes());
        let sizes = [0, 1, 1, 2, 3, 4, 9, 17];
        let rank = self.random.below(4);
        let mut shape: Vec<usize> = (0..rank).map(|_| *self.random.of(&sizes)).collect();
        // Empty shapes are rare, because what comes of them is empty too.
        if self.random.percent(80) {
            shape.iter_mut().for_each(|size| *size = (*size).max(1));
        }
        let literal = self.made_up(&Type::new(dtype, &shape[..]));
        self.input(literal, false);
    }

    fn made_up(&mut self, ty: &Type) -> Literal {
        let specials = [0.0, -0.0, 1.0, -1.0, f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1e-30];
        let is_hard = !self.catalogue.is_smooth() && self.random.percent(25);
        Literal::from_fn(ty.clone(), |_| {
            let special = is_hard && self.random.percent(30);
            let real = match special {
                true => *self.random.of(&specials),
                false => self.random.unit() * 2.0,
            };
            match ty.dtype {
                DType::Bool => Scalar::Bool(real > 0.0),
                dtype if dtype.is_complex() => Scalar::Complex(real, self.random.unit()),
                dtype if dtype.is_key() => Scalar::Key(self.random.below(1 << 30) as u128),
                // The infinities become the ends of the integers.
                dtype => {
                    Scalar::Float(if dtype.is_float() { real } else { real * 3.0 }).cast(dtype)
                }
            }
        })
    }

    fn input(&mut self, literal: Literal, fixed: bool) -> VarId {
        let var = self.jaxpr.add_invar(literal.ty().clone());
        self.vars.push(var);
        self.added.push((var, literal, fixed));
        var
    }

    /// A variable, rather a recent one.
    fn pick(&mut self) -> VarId {
        let n = self.vars.len();
        let back = self.random.below(n).min(self.random.below(n));
        self.vars[n - 1 - back]
    }

    fn ty(&self, var: VarId) -> &Type {
        &self.jaxpr[var]
    }

    /// Adds an equation, if the operands fit and the results are small.
    fn push(&mut self, prim: impl Into<Prim>, inputs: &[Atom]) -> Option<SmallVec<[VarId; 2]>> {
        let prim = prim.into();
        let types: Vec<Type> =
            inputs.iter().map(|atom| self.jaxpr.atom_type(atom).clone()).collect();
        let is_refused = self.catalogue.is_smooth() && has_other_derivatives(&prim, &types);
        if is_refused || shows_bits(&prim, &types) {
            return None;
        }
        self.add(prim, inputs)
    }

    /// Adds an equation whose operands have derivatives, if they fit and the results are small.
    fn add(&mut self, prim: Prim, inputs: &[Atom]) -> Option<SmallVec<[VarId; 2]>> {
        let types: Vec<Type> =
            inputs.iter().map(|atom| self.jaxpr.atom_type(atom).clone()).collect();
        let types = prim.output_types(&types).ok()?;
        if types.iter().any(|ty| ty.numel() > LARGEST) {
            return None;
        }
        let outputs: SmallVec<[VarId; 2]> =
            types.into_iter().map(|ty| self.jaxpr.fresh_var(ty)).collect();
        self.vars.extend(&outputs);
        let eqn = Eqn { prim, inputs: inputs.into(), outputs: outputs.clone(), name_stack: None };
        self.jaxpr.eqns.push(eqn);
        Some(outputs)
    }

    fn push1(&mut self, prim: impl Into<Prim>, inputs: &[Atom]) -> Option<VarId> {
        self.push(prim, inputs).and_then(|outputs| outputs.first().copied())
    }

    fn step(&mut self) {
        match self.random.below(100) {
            0..12 if self.depth > 0 => self.nested(),
            0..65 => self.like_a_sample(),
            _ => self.by_the_type_rule(),
        }
    }

    /// Applies a primitive as a sample does, to variables that are made to fit where that is possible.
    fn like_a_sample(&mut self) {
        let catalogue = self.catalogue;
        let Entry { prim, inputs } = catalogue.pick(&mut self.random);
        let is_matrix =
            inputs.first().is_some_and(|x| x.ty().rank() >= 2 && x.ty().dtype.is_inexact());
        let chance = self.matrices_with_derivatives();
        if is_factorisation(prim) && is_matrix && self.random.percent(chance) {
            self.factors(prim, inputs[0].ty());
            return;
        }
        let is_fixed = keeps_operands(prim);
        let mut operands = Vec::new();
        for input in inputs {
            let chance = if input.ty().dtype.is_inexact() { 85 } else { 40 };
            let may_vary = !is_fixed || input.ty().dtype.is_inexact();
            let fitting = match may_vary && !self.is_delicate(prim, inputs.len()) {
                true if self.random.percent(chance) => self.fitting(input.ty()),
                _ => None,
            };
            let fixed = is_fixed && !input.ty().dtype.is_inexact();
            let operand = fitting.unwrap_or_else(|| self.input(input.clone(), fixed));
            operands.push(Atom::Var(operand));
        }
        self.push(prim.clone(), &operands);
    }

    /// How many of a hundred matrices have factors with derivatives.
    fn matrices_with_derivatives(&self) -> usize {
        if self.catalogue.is_smooth() { 100 } else { 50 }
    }

    /// Applies a primitive to whatever variables its type rule takes.
    fn by_the_type_rule(&mut self) {
        let catalogue = self.catalogue;
        for _ in 0..12 {
            let Entry { prim, inputs } = catalogue.pick(&mut self.random);
            if keeps_operands(prim) || inputs.is_empty() || self.is_delicate(prim, inputs.len()) {
                continue;
            }
            let operands: Vec<Atom> = inputs.iter().map(|_| Atom::Var(self.pick())).collect();
            if self.push(prim.clone(), &operands).is_some() {
                return;
            }
        }
    }

    /// Whether it is smooth for operands like those of its samples only: clamps whose bounds differ, special
    /// functions between their poles.
    fn is_delicate(&self, prim: &Prim, n_operands: usize) -> bool {
        let is_delicate = match prim {
            Prim::Clamp(_) => true,
            Prim::Special(_) => n_operands > 1,
            // As in JAX, its derivative is that of positive numbers.
            Prim::Unary(Unary::Digamma) => true,
            _ => false,
        };
        is_delicate && self.catalogue.is_smooth()
    }

    /// The program: all results that nothing uses, or a few of any.
    fn finish(mut self) -> Case {
        let outputs = match self.random.percent(50) {
            true => self.unused(),
            false => (0..1 + self.random.below(3)).map(|_| self.pick()).collect(),
        };
        self.jaxpr.outputs = outputs.into_iter().map(Atom::Var).collect();
        let used = self.jaxpr.used_inputs();
        let jaxpr = self.jaxpr.without_dead_code(&used);
        let kept = self.added.into_iter().zip(&used).filter(|(_, used)| **used);
        let (inputs, fixed) = kept.map(|((_, literal, fixed), _)| (literal, fixed)).unzip();
        Case { jaxpr, inputs, fixed, smooth: self.catalogue.is_smooth() }
    }

    fn unused(&self) -> Vec<VarId> {
        let mut used = vec![false; self.jaxpr.types.len()];
        for atom in self.jaxpr.eqns.iter().flat_map(|eqn| &eqn.inputs) {
            if let Atom::Var(var) = atom {
                used[var.0 as usize] = true;
            }
        }
        let made = self.jaxpr.eqns.iter().flat_map(|eqn| &eqn.outputs);
        made.copied().filter(|var| !used[var.0 as usize]).collect()
    }
}
