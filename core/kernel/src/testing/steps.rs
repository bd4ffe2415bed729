//! Random programs around random bodies.

use jaxrs_data::{DType, Literal, Scalar, Type};

use super::body::{SMALL, Source, TAME, random_scalar};
use super::kernels::{Target, scalar_kernel};
use super::operation::ARITHMETIC;
use super::random::Random;
use super::trust::Trust;
use super::{Options, Sample};
use crate::program::{
    BufferId, Carry, IndexVar, LibraryCall, MatMul, Operand, Place, Program, Sort, Step,
};
use crate::scalar::{Compare, ScalarOp};
use crate::select::{Ranking, TopK};

/// Makes a program step by step.
pub(super) struct Generator {
    pub(super) random: Random,
    pub(super) options: Options,
    program: Program,
    inputs: Vec<Literal>,
    /// What has been filled so far.
    pub(super) sources: Vec<Source>,
    /// Counters of the program loops around.
    pub(super) counters: Vec<(IndexVar, usize)>,
}

impl Generator {
    pub(super) fn new(seed: u64, options: &Options) -> Generator {
        Generator {
            random: Random::new(seed),
            options: options.clone(),
            program: Program::default(),
            inputs: Vec::new(),
            sources: Vec::new(),
            counters: Vec::new(),
        }
    }

    pub(super) fn sample(mut self) -> Sample {
        let n_inputs = self.random.between(1, 4);
        (0..n_inputs).for_each(|_| self.input());
        if self.random.percent(30) {
            self.literal();
        }
        let first = self.kernel();
        self.program.steps.push(first);
        for _ in 0..self.random.below(3) {
            let step = if self.options.steps { self.any_step() } else { vec![self.kernel()] };
            self.program.steps.extend(step);
        }
        self.finish()
    }

    /// Copies what was computed last to outputs.
    fn finish(mut self) -> Sample {
        let computed = self.sources.iter().rev().filter(|source| self.is_arena(source.id));
        let results: Vec<Source> = computed.take(4).copied().collect();
        let mut exact = Vec::new();
        for (number, source) in results.into_iter().enumerate() {
            let output = self.program.add_buffer(source.dtype, source.len, Place::Output(number));
            self.program.outputs.push(output);
            self.program.shares_input.push(None);
            self.program.steps.push(Step::Copy { from: source.id, to: output });
            exact.push(source.trust.is_exact());
        }
        if self.random.percent(30) {
            exact.push(self.update_input());
        }
        Sample { program: self.program, inputs: self.inputs, exact }
    }

    /// Donates an input to one more output, which is computed from it in place; whether that is exact.
    fn update_input(&mut self) -> bool {
        let (input, output) = (self.random.below(self.inputs.len()), self.program.outputs.len());
        let id = self.program.inputs[input];
        let own = self.sources.iter().find(|source| source.id == id).copied();
        self.sources.retain(|source| source.id != id);
        let (dtype, len) = (self.program[id].dtype, self.program[id].len);
        let target = self.program.add_buffer(dtype, len, Place::Output(output));
        self.program.outputs.push(target);
        self.program.shares_input.push(Some(input));
        let target = Target { id: target, dtype, small: false, inner: None };
        let (step, trusts) = self.kernel_filling(&[len], &[target], own);
        self.program.steps.push(step);
        trusts[0].is_exact()
    }

    fn is_arena(&self, id: BufferId) -> bool {
        matches!(self.program[id].place, Place::Arena(_))
    }

    pub(super) fn any_dtype(&mut self) -> DType {
        match self.random.below(20) {
            0 if self.options.halves => DType::F16,
            1 if self.options.halves => DType::BF16,
            2 if self.options.complex => DType::C64,
            3 if self.options.complex => DType::C128,
            4..=6 => self.random.choose(&[DType::F64, DType::I32]),
            7..=12 => DType::F32,
            _ => self.random.choose(&ARITHMETIC),
        }
    }

    fn random_literal(&mut self, dtype: DType, len: usize, special: bool) -> Literal {
        let elements: Vec<Scalar> =
            (0..len).map(|_| random_scalar(&mut self.random, dtype, special)).collect();
        Literal::from_scalars(Type::new(dtype, [len]), &elements)
    }

    fn data(&mut self) -> (Literal, Trust) {
        let (dtype, special) = (self.any_dtype(), self.random.percent(25));
        let len = self.len();
        let trust = match dtype.is_inexact() {
            true => Trust::Exact { step: -2, top: 3, special },
            false => Trust::WHOLE,
        };
        (self.random_literal(dtype, len, special), trust)
    }

    fn len(&mut self) -> usize {
        match self.random.below(10) {
            0 => 1,
            1 => self.random.between(200, 700),
            _ => self.random.between(2, 40),
        }
    }

    fn input(&mut self) {
        let (literal, trust) = self.data();
        let (dtype, len, number) = (literal.ty().dtype, literal.len(), self.inputs.len());
        let id = self.program.add_buffer(dtype, len, Place::Input(number));
        self.program.inputs.push(id);
        self.inputs.push(literal);
        self.sources.push(Source { id, dtype, len, trust });
    }

    fn literal(&mut self) {
        let (literal, trust) = self.data();
        let (dtype, len) = (literal.ty().dtype, literal.len());
        let id = self.program.add_buffer(dtype, len, Place::Constant(literal));
        self.sources.push(Source { id, dtype, len, trust });
    }

    pub(super) fn arena(&mut self, dtype: DType, len: usize) -> BufferId {
        let offset = self.program.arena_bytes;
        self.program.arena_bytes += (len * dtype.size_bytes()).next_multiple_of(64);
        self.program.add_buffer(dtype, len, Place::Arena(offset))
    }

    pub(super) fn domain(&mut self) -> Vec<usize> {
        match self.random.below(8) {
            0 => vec![],
            1 => vec![self.random.between(257, 600)],
            2 => vec![self.random.between(1, 4), 1, self.random.between(1, 70)],
            3 => (0..3).map(|_| self.random.between(1, 5)).collect(),
            4 | 5 => vec![self.random.between(1, 20), self.random.between(1, 20)],
            _ => vec![self.random.between(1, 40)],
        }
    }

    fn any_step(&mut self) -> Vec<Step> {
        match self.random.below(10) {
            0 | 1 => self.repeat(),
            2 => self.program_while(),
            3 => self.switch(),
            4 => self.mat_mul(),
            5 if self.random.percent(50) => self.sort(),
            5 => self.top_k(),
            _ => vec![self.kernel()],
        }
    }

    /// A buffer pair that a loop carries, filled with data.
    fn carry(&mut self, steps: &mut Vec<Step>, dtype: DType, len: usize) -> Carry {
        let elements: Vec<Scalar> = (0..len)
            .map(|_| match dtype.is_float() {
                true => Scalar::Float(self.random.below(17) as f64 - 8.0),
                false => random_scalar(&mut self.random, dtype, false),
            })
            .collect();
        let literal = Literal::from_scalars(Type::new(dtype, [len]), &elements);
        let from = self.program.add_buffer(dtype, len, Place::Constant(literal));
        let (current, next) = (self.arena(dtype, len), self.arena(dtype, len));
        steps.push(Step::Copy { from, to: current });
        Carry { current, next }
    }

    /// The body of a loop: a kernel that reads `current` and fills `next`.
    fn carrying_body(&mut self, domain: &[usize], carry: Carry, dtype: DType) -> Vec<Step> {
        let len = domain.iter().product();
        let trust = if dtype.is_float() { SMALL } else { Trust::WHOLE };
        let before = self.sources.clone();
        // Twice, so that it is read often.
        self.sources.extend([Source { id: carry.current, dtype, len, trust }; 2]);
        let target = Target { id: carry.next, dtype, small: true, inner: None };
        let (step, _) = self.kernel_filling(domain, &[target], None);
        // What the body filled on the way need not be there after the loop.
        self.sources = before;
        vec![step]
    }

    fn repeat(&mut self) -> Vec<Step> {
        let mut steps = Vec::new();
        let (dtype, domain) = (self.random.choose(&ARITHMETIC), self.domain());
        let len = domain.iter().product();
        let carry = self.carry(&mut steps, dtype, len);
        let (index, trips) = (IndexVar(self.program.n_index_vars), self.random.between(1, 5));
        self.program.n_index_vars += 1;
        self.counters.push((index, trips));
        let body = self.carrying_body(&domain, carry, dtype);
        self.counters.pop();
        steps.push(Step::Repeat { index, trips, carries: vec![carry], body });
        let trust = if dtype.is_float() { SMALL } else { Trust::WHOLE };
        self.sources.push(Source { id: carry.current, dtype, len, trust });
        steps
    }

    /// A loop that ends when its counter, which is updated in place, reaches a limit.
    fn program_while(&mut self) -> Vec<Step> {
        let mut steps = Vec::new();
        let (dtype, domain) = (self.random.choose(&ARITHMETIC), self.domain());
        let len = domain.iter().product();
        let carry = self.carry(&mut steps, dtype, len);
        let counter = self.carry(&mut steps, DType::I32, 1).current;
        let predicate = self.arena(DType::Bool, 1);
        let limit = self.random.below(6) as i64;
        let start = scalar_kernel(|b, zero| {
            let start = b.constant(DType::I32, Scalar::Int(0));
            b.store(counter, zero, start, None);
        });
        let condition = scalar_kernel(|b, zero| {
            let limit = b.constant(DType::I32, Scalar::Int(limit));
            let count = b.load(counter, DType::I32, zero, None);
            let holds = b.compare(Compare::Lt, count, limit);
            b.store(predicate, zero, holds, None);
        });
        let count = scalar_kernel(|b, zero| {
            let one = b.constant(DType::I32, Scalar::Int(1));
            let count = b.load(counter, DType::I32, zero, None);
            let next = b.add(count, one);
            b.store(counter, zero, next, None);
        });
        let mut body = self.carrying_body(&domain, carry, dtype);
        body.push(count);
        let carries = vec![carry, Carry { current: counter, next: counter }];
        let condition = vec![condition];
        steps.extend([start, Step::While { carries, condition, predicate, body }]);
        let trust = if dtype.is_float() { SMALL } else { Trust::WHOLE };
        self.sources.push(Source { id: carry.current, dtype, len, trust });
        steps
    }

    fn switch(&mut self) -> Vec<Step> {
        let (domain, dtype) = (self.domain(), self.any_dtype());
        let len = domain.iter().product();
        let target = Target { id: self.arena(dtype, len), dtype, small: false, inner: None };
        let index = Literal::scalar(DType::I32, Scalar::Int(self.random.below(5) as i64 - 1));
        let index = self.program.add_buffer(DType::I32, 1, Place::Constant(index));
        let before = self.sources.clone();
        let mut trust: Option<Trust> = None;
        let branches = (0..self.random.between(1, 3))
            .map(|_| {
                let (step, trusts) = self.kernel_filling(&domain, &[target], None);
                self.sources = before.clone();
                trust = Some(trust.map_or(trusts[0], |trust| trust.or(trusts[0])));
                vec![step]
            })
            .collect();
        self.fill(&[target], len, &[trust.unwrap_or(Trust::Last)]);
        vec![Step::Switch { index, branches }]
    }

    /// A product of matrices of small numbers, reached through all kinds of strides.
    fn mat_mul(&mut self) -> Vec<Step> {
        let dtype = self.random.choose(&[DType::F32, DType::F64]);
        let [batch, m, n, k] = [3, 20, 20, 9].map(|most| self.random.between(1, most));
        let mut operand = |sizes: [usize; 3]| {
            let [batch, rows, cols] = sizes;
            let shared = self.random.percent(20);
            let len = rows * cols * if shared { 1 } else { batch };
            let literal = self.random_literal(dtype, len, false);
            // The sign of a zero product depends on whether it is added to zero.
            let nonzero = |v: Scalar| if v.is_nonzero() { v } else { Scalar::one(dtype) };
            let literal = Literal::from_fn(literal.ty().clone(), |at| nonzero(literal.get(at)));
            let buffer = self.program.add_buffer(dtype, len, Place::Constant(literal));
            let mut operand = strided(buffer, rows, cols, &mut self.random);
            operand.batch_stride = if shared { 0 } else { (rows * cols) as isize };
            operand
        };
        let (lhs, rhs) = (operand([batch, m, k]), operand([batch, k, n]));
        let len = batch * m * n;
        let buffer = self.arena(dtype, len);
        let mut out = strided(buffer, m, n, &mut self.random);
        out.batch_stride = (m * n) as isize;
        let trust = Trust::arithmetic(ScalarOp::Mul, TAME, TAME);
        let trust = trust.and_then(|trust| trust.sum(k)).unwrap_or(Trust::Last);
        self.sources.push(Source { id: buffer, dtype, len, trust });
        vec![Step::Library(LibraryCall::MatMul(MatMul { batch, m, n, k, lhs, rhs, out }))]
    }

    fn top_k(&mut self) -> Vec<Step> {
        let [outer, len, inner] = [3, 200, 3].map(|most| self.random.between(1, most));
        let k = self.random.between(1, len);
        let dtype = self.random.choose(&ARITHMETIC);
        let literal = self.random_literal(dtype, outer * len * inner, true);
        let place = Place::Constant(literal);
        let input = self.program.add_buffer(dtype, outer * len * inner, place);
        let total = outer * k * inner;
        let (values, positions) = (self.arena(dtype, total), self.arena(DType::I32, total));
        let trust = Trust::Exact { step: -2, top: 3, special: dtype.is_float() };
        self.sources.push(Source { id: values, dtype, len: total, trust });
        let rankings = [Ranking::Total, Ranking::Largest, Ranking::Smallest];
        let ranking = self.random.choose(&rankings);
        let call = TopK { outer, len, inner, k, ranking, input, values, positions };
        vec![Step::Library(LibraryCall::TopK(call))]
    }

    fn sort(&mut self) -> Vec<Step> {
        let [outer, len, inner] = [3, 30, 3].map(|most| self.random.between(1, most));
        let (total, n) = (outer * len * inner, self.random.between(1, 3));
        let (mut inputs, mut outputs) = (Vec::new(), Vec::new());
        for _ in 0..n {
            let dtype = self.random.choose(&ARITHMETIC);
            let literal = self.random_literal(dtype, total, true);
            inputs.push(self.program.add_buffer(dtype, total, Place::Constant(literal)));
            let id = self.arena(dtype, total);
            outputs.push(id);
            let special = dtype.is_float();
            let trust = Trust::Exact { step: -2, top: 3, special };
            self.sources.push(Source { id, dtype, len: total, trust });
        }
        let n_keys = self.random.between(1, n);
        vec![Step::Library(LibraryCall::Sort(Sort { outer, len, inner, n_keys, inputs, outputs }))]
    }
}

/// A dense matrix, by rows or by columns, in one direction or the other.
fn strided(buffer: BufferId, rows: usize, cols: usize, random: &mut Random) -> Operand {
    let (rows, cols) = (rows as isize, cols as isize);
    let (mut row_stride, mut col_stride) = if random.percent(50) { (cols, 1) } else { (1, rows) };
    let mut offset = 0;
    if random.percent(20) {
        offset += (rows - 1) * row_stride;
        row_stride = -row_stride;
    }
    if random.percent(20) {
        offset += (cols - 1) * col_stride;
        col_stride = -col_stride;
    }
    Operand { buffer, offset: offset as usize, step: None, batch_stride: 0, row_stride, col_stride }
}
