//! Sums over points that a loop accumulates.
//!
//! The gradient of what all points have in common is such a sum: each iteration adds the points' terms to
//! one carried value, which ties the points together. Where nothing else reads that value, every point can
//! accumulate its own terms instead, and the sum over points is taken once, after the loop. The loop may
//! then run point by point.

use std::sync::Arc;

use jaxrs_data::{Axes, Literal, Scalar, SmallVec, Type};
use jaxrs_ir::prims::{Binary, BroadcastInDim, Reduce, Scan, Unary};
use jaxrs_ir::{Atom, Eqn, Jaxpr, Prim, VarId};
use jaxrs_kernel::ReduceOp;

/// The loop with points that accumulate for themselves, between what starts and what ends it: a program
/// that takes and gives what the scan does. None if no carried value is such a sum.
pub(crate) fn spread_accumulators(scan: &Scan, in_types: &[Type]) -> Option<Jaxpr> {
    let mut body = Body { jaxpr: (*scan.jaxpr).clone() };
    let mut spread: Vec<Option<(Type, Axes)>> = Vec::new();
    for k in 0..scan.num_carry {
        spread.push(body.spread(scan.num_consts + k, k));
    }
    if spread.iter().all(Option::is_none) {
        return None;
    }
    Some(wrap(scan, body.jaxpr, in_types, &spread))
}

struct Body {
    jaxpr: Jaxpr,
}

/// A sum over axes, as the array that is summed.
struct Terms {
    array: Atom,
    axes: Axes,
}

impl Body {
    /// Lets a carried value accumulate an array whose sum it was; gives the array's type and the axes.
    fn spread(&mut self, input: usize, output: usize) -> Option<(Type, Axes)> {
        let carry = self.jaxpr.invars[input];
        let next = self.jaxpr.outputs[output].clone();
        let eqn = self.def(&next)?.clone();
        let Prim::Binary(Binary::Add | Binary::AddAny) = eqn.prim else { return None };
        let term = match &eqn.inputs[..] {
            [Atom::Var(var), term] | [term, Atom::Var(var)] if *var == carry => term.clone(),
            _ => return None,
        };
        if self.n_uses(carry) != 1 || term == Atom::Var(carry) {
            return None;
        }
        let terms = self.terms(&term)?;
        let ty = self.jaxpr.atom_type(&terms.array).clone();
        self.jaxpr.types[carry.0 as usize] = ty.clone();
        let inputs = SmallVec::from_iter([Atom::Var(carry), terms.array]);
        let sum = self.push(Binary::Add.into(), inputs, ty.clone());
        self.jaxpr.outputs[output] = sum;
        // What added the sums would no longer have operands of one shape.
        let Atom::Var(old) = next else { return None };
        self.jaxpr.eqns.retain(|eqn| !eqn.outputs.contains(&old));
        Some((ty, terms.axes))
    }

    fn def(&self, atom: &Atom) -> Option<&Eqn> {
        let Atom::Var(var) = atom else { return None };
        self.jaxpr.eqns.iter().find(|eqn| eqn.outputs.contains(var))
    }

    /// How often a variable, or what it becomes next, is read; the carried value's next one must not be
    /// read by anything but the loop.
    fn n_uses(&self, var: VarId) -> usize {
        let atom = Atom::Var(var);
        let read = self.jaxpr.eqns.iter().flat_map(|eqn| &eqn.inputs).chain(&self.jaxpr.outputs);
        let direct = read.filter(|input| **input == atom).count();
        let next = self.jaxpr.eqns.iter().filter(|eqn| eqn.inputs.contains(&atom));
        let next: Vec<VarId> = next.flat_map(|eqn| eqn.outputs.iter().copied()).collect();
        let read = self.jaxpr.eqns.iter().flat_map(|eqn| &eqn.inputs).chain(&self.jaxpr.outputs);
        let further =
            read.filter(|input| matches!(input, Atom::Var(v) if next.contains(v))).count();
        direct.max(further)
    }

    fn push(&mut self, prim: Prim, inputs: SmallVec<[Atom; 4]>, ty: Type) -> Atom {
        let out = self.jaxpr.fresh_var(ty);
        let outputs = SmallVec::from_iter([out]);
        self.jaxpr.eqns.push(Eqn { prim, inputs, outputs, name_stack: None });
        Atom::Var(out)
    }

    /// An operand as a sum over axes, if it is one: sums, multiples and differences of sums are.
    fn terms(&mut self, atom: &Atom) -> Option<Terms> {
        let eqn = self.def(atom)?.clone();
        match &eqn.prim {
            Prim::Reduce(Reduce { op: ReduceOp::Add, axes }) => {
                Some(Terms { array: eqn.inputs[0].clone(), axes: axes.clone() })
            }
            Prim::Unary(Unary::Neg) => {
                let terms = self.terms(&eqn.inputs[0])?;
                Some(self.apply(eqn.prim.clone(), terms, None))
            }
            Prim::Binary(Binary::Add | Binary::AddAny | Binary::Sub) => {
                let (a, b) = (self.terms(&eqn.inputs[0])?, self.terms(&eqn.inputs[1])?);
                let same = a.axes == b.axes
                    && self.jaxpr.atom_type(&a.array).shape == self.jaxpr.atom_type(&b.array).shape;
                same.then(|| self.apply(eqn.prim.clone(), a, Some(b.array)))
            }
            Prim::Binary(Binary::Mul) => {
                let (terms, factor) = match self.terms(&eqn.inputs[0]) {
                    Some(terms) => (terms, eqn.inputs[1].clone()),
                    None => (self.terms(&eqn.inputs[1])?, eqn.inputs[0].clone()),
                };
                let factor = self.along(&terms, factor);
                Some(self.apply(eqn.prim.clone(), terms, Some(factor)))
            }
            Prim::Binary(Binary::Div) => {
                let terms = self.terms(&eqn.inputs[0])?;
                let factor = self.along(&terms, eqn.inputs[1].clone());
                Some(self.apply(eqn.prim.clone(), terms, Some(factor)))
            }
            _ => None,
        }
    }

    fn apply(&mut self, prim: Prim, terms: Terms, other: Option<Atom>) -> Terms {
        let ty = self.jaxpr.atom_type(&terms.array).clone();
        let inputs = std::iter::once(terms.array).chain(other).collect();
        Terms { array: self.push(prim, inputs, ty), axes: terms.axes }
    }

    /// A factor of a sum, repeated along the axes that are summed over.
    fn along(&mut self, terms: &Terms, factor: Atom) -> Atom {
        if self.jaxpr.atom_type(&factor).rank() == 0 {
            return factor;
        }
        let ty = self.jaxpr.atom_type(&terms.array).clone();
        let broadcast_dimensions = (0..ty.rank()).filter(|a| !terms.axes.contains(a)).collect();
        let shape = ty.shape.clone();
        let prim = BroadcastInDim { shape, broadcast_dimensions };
        self.push(prim.into(), SmallVec::from_iter([factor]), ty)
    }
}

/// The program around the changed loop.
fn wrap(scan: &Scan, body: Jaxpr, in_types: &[Type], spread: &[Option<(Type, Axes)>]) -> Jaxpr {
    let mut outer = Body { jaxpr: Jaxpr::default() };
    let inputs: Vec<Atom> =
        in_types.iter().map(|ty| Atom::Var(outer.jaxpr.add_invar(ty.clone()))).collect();
    let mut operands: SmallVec<[Atom; 4]> = inputs.iter().cloned().collect();
    for (k, spread) in spread.iter().enumerate() {
        if let Some((ty, _)) = spread {
            let zero = Atom::Literal(Literal::scalar(ty.dtype, Scalar::zero(ty.dtype)));
            let prim =
                BroadcastInDim { shape: ty.shape.clone(), broadcast_dimensions: SmallVec::new() };
            let zeros = outer.push(prim.into(), SmallVec::from_iter([zero]), ty.clone());
            operands[scan.num_consts + k] = zeros;
        }
    }
    let mut outputs = SmallVec::new();
    for (k, result) in body.outputs.iter().enumerate() {
        let mut ty = body.atom_type(result).clone();
        if k >= scan.num_carry {
            let rank = ty.rank();
            let sizes = std::iter::once(scan.length).chain(ty.shape.iter().copied());
            ty.shape = sizes.collect();
            debug_assert_eq!(ty.rank(), rank + 1);
        }
        outputs.push(outer.jaxpr.fresh_var(ty));
    }
    let scan = Scan { jaxpr: Arc::new(body), ..scan.clone() };
    let num_consts = scan.num_consts;
    outer.jaxpr.eqns.push(Eqn {
        prim: scan.into(),
        inputs: operands,
        outputs: SmallVec::clone(&outputs),
        name_stack: None,
    });
    let results: Vec<Atom> = outputs.into_iter().map(Atom::Var).collect();
    for (k, result) in results.into_iter().enumerate() {
        let result = match spread.get(k).and_then(Option::as_ref) {
            None => result,
            Some((_, axes)) => {
                let init = inputs[num_consts + k].clone();
                let ty = outer.jaxpr.atom_type(&init).clone();
                let sum = Reduce { op: ReduceOp::Add, axes: axes.clone() };
                let total = outer.push(sum.into(), SmallVec::from_iter([result]), ty.clone());
                outer.push(Binary::Add.into(), SmallVec::from_iter([init, total]), ty)
            }
        };
        outer.jaxpr.outputs.push(result);
    }
    outer.jaxpr
}
