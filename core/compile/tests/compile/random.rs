//! Random programs: whatever is fused, stored, merged or computed in place, the meaning stays.

use std::sync::Arc;

use jaxrs_data::tolerance::Class;
use jaxrs_data::{Axes, DType, Literal, Scalar, Shape, SmallVec, Type};
use jaxrs_ir::prims::{
    Binary, BroadcastInDim, Concatenate, Cumulative, DotGeneral, DynamicUpdateSlice, Pad, Reduce,
    Reshape, Rev, Scan, Slice, Sort, Transpose, Unary,
};
use jaxrs_ir::{Atom, Eqn, Jaxpr, Prim, VarId};
use jaxrs_kernel::ReduceOp;

struct Generator {
    /// Of inputs and constants.
    dtype: DType,
    state: u64,
    jaxpr: Jaxpr,
    vars: Vec<VarId>,
}

impl Generator {
    /// A number below a bound (a multiplicative generator; Steele and Vigna, 2021).
    fn below(&mut self, bound: usize) -> usize {
        self.state = self.state.wrapping_mul(0xd134_2543_de82_ef95).wrapping_add(1);
        ((self.state >> 33) as usize) % bound
    }

    /// A variable, rather a recent one.
    fn pick(&mut self) -> VarId {
        let n = self.vars.len();
        let back = self.below(n).min(self.below(n));
        self.vars[n - 1 - back]
    }

    fn shape(&self, var: VarId) -> Shape {
        self.jaxpr[var].shape.clone()
    }

    /// Adds an equation, if the operands fit; small results only.
    fn push(&mut self, prim: impl Into<Prim>, inputs: &[Atom]) {
        let prim = prim.into();
        let types: Vec<Type> =
            inputs.iter().map(|atom| self.jaxpr.atom_type(atom).clone()).collect();
        let Ok(types) = prim.output_types(&types) else { return };
        if types.iter().any(|ty| ty.shape.numel() > 3000) {
            return;
        }
        let outputs: SmallVec<[VarId; 2]> =
            types.into_iter().map(|ty| self.jaxpr.fresh_var(ty)).collect();
        self.vars.extend(&outputs);
        let inputs = inputs.into();
        self.jaxpr.eqns.push(Eqn { prim, inputs, outputs, name_stack: None });
    }

    fn step(&mut self, depth: usize) {
        let x = self.pick();
        let (atom, shape) = (Atom::Var(x), self.shape(x));
        let rank = shape.rank();
        let axis = if rank > 0 { self.below(rank) } else { 0 };
        match self.below(if depth > 0 { 21 } else { 20 }) {
            0..=3 => {
                let op = [Unary::Tanh, Unary::Neg, Unary::Abs, Unary::Logistic];
                let op = op[self.below(op.len())];
                self.push(op, &[atom]);
            }
            4..=7 => {
                let op = [Binary::Add, Binary::Sub, Binary::Mul, Binary::Max][self.below(4)];
                // Where real parts tie, rounding would decide.
                let is_tied = self.dtype.is_complex() && op == Binary::Max;
                let op = if is_tied { Binary::Add } else { op };
                let y = self.pick();
                self.push(op, &[atom, Atom::Var(y)]);
            }
            8 => {
                let half = Literal::scalar(self.dtype, Scalar::Float(0.5));
                self.push(Binary::Mul, &[atom, Atom::Literal(half)]);
            }
            9 | 10 => self.broadcast(atom, &shape),
            11 | 12 if rank > 0 => {
                let op = [ReduceOp::Add, ReduceOp::Max][self.below(2)];
                let op = if self.dtype.is_complex() { ReduceOp::Add } else { op };
                let n = 1 + self.below(rank);
                let axes = Axes::from_distinct((rank - n)..rank);
                let axes = if self.below(2) == 0 { axes } else { Axes::from_distinct([axis]) };
                self.push(Reduce { op, axes }, &[atom]);
                self.shrink();
            }
            13 if rank > 1 => {
                self.push(Transpose { permutation: (0..rank).rev().collect() }, &[atom]);
            }
            14 if rank > 0 => self.push(Rev { dimensions: Axes::from_distinct([axis]) }, &[atom]),
            15 if rank > 0 && shape[axis] > 1 => {
                let mut start_indices: SmallVec<[usize; 4]> = SmallVec::from_elem(0, rank);
                start_indices[axis] = 1;
                let limit_indices = shape.iter().copied().collect();
                let strides = SmallVec::from_elem(1, rank);
                self.push(Slice { start_indices, limit_indices, strides }, &[atom]);
            }
            16 if rank > 0 => {
                let mut padding_config = SmallVec::from_elem((0, 0, 0), rank);
                padding_config[axis] = [(1, 0, 0), (0, 2, 1), (-1, 1, 0)][self.below(3)];
                let value = Atom::Literal(Literal::scalar(self.dtype, Scalar::Float(0.25)));
                self.push(Pad { padding_config }, &[atom, value]);
            }
            17 if rank > 0 => {
                self.push(Concatenate { dimension: axis }, &[atom.clone(), atom]);
            }
            18 if rank > 0 => self.whole(atom, &shape, axis),
            19 => {
                let new_sizes = Shape::new(&[shape.numel()]);
                self.push(Reshape { new_sizes }, &[atom]);
            }
            20 => self.scan(x, depth),
            _ => {}
        }
    }

    /// Keeps sums small: what depends on large numbers strongly would only test rounding.
    fn shrink(&mut self) {
        let last = Atom::Var(self.vars[self.vars.len() - 1]);
        let factor = Literal::scalar(self.dtype, Scalar::Float(0.0625));
        self.push(Binary::Mul, &[last, Atom::Literal(factor)]);
    }

    fn broadcast(&mut self, atom: Atom, shape: &Shape) {
        let size = [2, 9, 12][self.below(3)];
        let place = self.below(shape.rank() + 1);
        let mut sizes: Vec<usize> = shape.to_vec();
        sizes.insert(place, size);
        let broadcast_dimensions = (0..sizes.len()).filter(|&axis| axis != place).collect();
        self.push(BroadcastInDim { shape: Shape::new(&sizes), broadcast_dimensions }, &[atom]);
    }

    /// Operations over whole arrays.
    fn whole(&mut self, atom: Atom, shape: &Shape, axis: usize) {
        let rank = shape.rank();
        match self.below(4) {
            0 => {
                let op = ReduceOp::Add;
                self.push(Cumulative { op, axis, reverse: rank > 1 }, &[atom]);
                self.shrink();
            }
            1 => {
                self.push(Sort { dimension: axis, num_keys: 1, is_stable: true }, &[atom]);
            }
            2 => {
                let y = self.pick();
                let dot = DotGeneral {
                    lhs_contracting: SmallVec::from_slice(&[rank - 1]),
                    rhs_contracting: SmallVec::from_slice(&[0]),
                    lhs_batch: SmallVec::new(),
                    rhs_batch: SmallVec::new(),
                    preferred_element_type: None,
                };
                self.push(dot, &[atom, Atom::Var(y)]);
                self.shrink();
            }
            _ => {
                let window = self.vars.iter().copied().find(|&v| {
                    let small = self.shape(v);
                    small.rank() == rank && small.iter().zip(shape.iter()).all(|(a, b)| a <= b)
                });
                let start = Atom::Literal(Literal::scalar(DType::I32, Scalar::Int(1)));
                if let Some(window) = window {
                    let mut inputs = vec![atom, Atom::Var(window)];
                    inputs.extend(std::iter::repeat_n(start, rank));
                    self.push(DynamicUpdateSlice, &inputs);
                }
            }
        }
    }

    /// A loop over one carried value, with a random body that also reads a constant.
    fn scan(&mut self, x: VarId, depth: usize) {
        let constant = self.pick();
        let mut body = Generator {
            dtype: self.dtype,
            state: self.state ^ 0x55,
            jaxpr: Jaxpr::default(),
            vars: vec![],
        };
        let types = [self.jaxpr[constant].clone(), self.jaxpr[x].clone()];
        body.vars = types.iter().map(|ty| body.jaxpr.add_invar(ty.clone())).collect();
        let n_steps = 2 + self.below(8);
        (0..n_steps).for_each(|_| body.step(depth - 1));
        let same = |v: &&VarId| body.jaxpr[**v] == types[1];
        let next = *body.vars.iter().rev().find(same).expect("the carried value itself fits");
        // Values that grow without bound would only test the size of numbers.
        body.push(Unary::Tanh, &[Atom::Var(next)]);
        let next = body.vars[body.vars.len() - 1];
        let y = body.pick();
        body.jaxpr.outputs = vec![Atom::Var(next), Atom::Var(y)];
        let length = [1, 3, 10][self.below(3)];
        let reverse = self.below(2) == 0;
        let jaxpr = Arc::new(body.jaxpr);
        let scan = Scan { jaxpr, length, num_consts: 1, num_carry: 1, reverse, unroll: 1 };
        self.push(scan, &[Atom::Var(constant), Atom::Var(x)]);
    }
}

fn program(dtype: DType, seed: u64) -> Jaxpr {
    let mut generator = Generator {
        dtype,
        state: seed.wrapping_mul(0x9e37_79b9) | 1,
        jaxpr: Jaxpr::default(),
        vars: vec![],
    };
    for shape in [&[][..], &[9], &[9, 12], &[2, 9, 12], &[12, 9]] {
        let ty = Type::new(dtype, shape);
        let var = generator.jaxpr.add_invar(ty);
        generator.vars.push(var);
    }
    let n_steps = 3 + generator.below(30);
    (0..n_steps).for_each(|_| generator.step(2));
    let n_outputs = 1 + generator.below(4);
    let outputs = (0..n_outputs).map(|_| Atom::Var(generator.pick())).collect();
    generator.jaxpr.outputs = outputs;
    generator.jaxpr
}

#[track_caller]
fn check_all(dtype: DType, seeds: std::ops::Range<u64>) {
    for seed in seeds {
        let jaxpr = program(dtype, seed);
        let inputs: Vec<Literal> =
            jaxpr.in_types().enumerate().map(|(k, ty)| crate::made_up(k, ty)).collect();
        if let Err(message) = crate::agree(&jaxpr, &inputs, Class::Accumulated) {
            panic!("seed {seed}: {message}\n{jaxpr}");
        }
    }
}

#[test]
fn random_programs_keep_their_meaning() {
    check_all(DType::F32, 0..120);
}

#[test]
fn random_programs_of_complex_numbers_keep_their_meaning() {
    check_all(DType::C64, 0..120);
}
