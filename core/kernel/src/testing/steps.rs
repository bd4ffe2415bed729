//! Random programs around random bodies.

use std::convert::Infallible;

use jaxrs_data::{DType, Literal, Scalar, Type};

use super::body::{Known, SCRATCH, SMALL, Scope, Scratch, Source, TAME, random_scalar};
use super::operation::ARITHMETIC;
use super::random::Random;
use super::trust::Trust;
use super::{Options, Sample};
use crate::body::{Kernel, Lanes, ValueId};
use crate::build::BodyBuilder;
use crate::program::{
    BufferId, Carry, IndexVar, LibraryCall, MatMul, Operand, Place, Program, Sort, Step,
};
use crate::scalar::{Compare, ScalarOp};

/// Makes a program step by step.
pub(super) struct Generator {
    random: Random,
    options: Options,
    program: Program,
    inputs: Vec<Literal>,
    /// What has been filled so far.
    sources: Vec<Source>,
    /// Counters of the program loops around.
    counters: Vec<(IndexVar, usize)>,
}

/// Where a kernel writes, one element for each point.
#[derive(Clone, Copy)]
struct Target {
    id: BufferId,
    dtype: DType,
    /// Whether floats must be small whole numbers, as what a loop carries.
    small: bool,
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
        Sample { program: self.program, inputs: self.inputs, exact }
    }

    fn is_arena(&self, id: BufferId) -> bool {
        matches!(self.program[id].place, Place::Arena(_))
    }

    fn any_dtype(&mut self) -> DType {
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

    fn arena(&mut self, dtype: DType, len: usize) -> BufferId {
        let offset = self.program.arena_bytes;
        self.program.arena_bytes += (len * dtype.size_bytes()).next_multiple_of(64);
        self.program.add_buffer(dtype, len, Place::Arena(offset))
    }

    fn domain(&mut self) -> Vec<usize> {
        match self.random.below(8) {
            0 => vec![],
            1 => vec![self.random.between(257, 600)],
            2 => vec![self.random.between(1, 4), 1, self.random.between(1, 70)],
            3 => (0..3).map(|_| self.random.between(1, 5)).collect(),
            4 | 5 => vec![self.random.between(1, 20), self.random.between(1, 20)],
            _ => vec![self.random.between(1, 40)],
        }
    }

    /// A kernel that fills one or two new buffers.
    fn kernel(&mut self) -> Step {
        let domain = self.domain();
        let points = domain.iter().product();
        let targets: Vec<Target> = (0..1 + self.random.below(2))
            .map(|_| {
                let dtype = self.any_dtype();
                Target { id: self.arena(dtype, points), dtype, small: false }
            })
            .collect();
        let (step, trusts) = self.kernel_filling(&domain, &targets);
        self.fill(&targets, points, &trusts);
        step
    }

    fn fill(&mut self, targets: &[Target], len: usize, trusts: &[Trust]) {
        for (target, &trust) in targets.iter().zip(trusts) {
            self.sources.push(Source { id: target.id, dtype: target.dtype, len, trust });
        }
    }

    /// A kernel that stores one element for each point in each target, and what holds for those.
    fn kernel_filling(&mut self, domain: &[usize], targets: &[Target]) -> (Step, Vec<Trust>) {
        let points: usize = domain.iter().product();
        let mut b = BodyBuilder::new();
        let flat = flat(&mut b, domain);
        let scratch = self.scratch(points);
        let size = self.options.size / 2 + self.random.below(self.options.size.max(1));
        let mut scope = Scope {
            random: &mut self.random,
            functions: self.options.functions,
            sources: self.sources.clone(),
            known: Vec::new(),
            counters: domain.iter().enumerate().map(|(axis, &n)| (b.point(axis), n)).collect(),
            flat,
            scratch: scratch.map(|scratch| scratch.0),
            depth: 0,
        };
        scope.know(&b, flat, Trust::WHOLE);
        for &(var, trips) in &self.counters {
            let counter = b.index_var(var);
            scope.counters.push((counter, trips));
            scope.know(&b, counter, Trust::WHOLE);
        }
        if let Some((scratch, _)) = scratch {
            scope.clear_scratch(&mut b, scratch);
        }
        scope.fill(&mut b, size);
        let trusts = targets.iter().map(|&target| scope.store(&mut b, target)).collect();
        if let Some((_, source)) = scratch {
            self.sources.push(source);
        }
        let (values, body) = b.finish();
        let lanes =
            self.random.choose(&[Lanes::Domain, Lanes::Domain, Lanes::Inner, Lanes::Scalar]);
        let grain = self.random.choose(&[0, 0, 16, 1000]);
        let (name, domain) = ("random".to_owned(), domain.to_vec());
        (Step::Kernel(Kernel { name, domain, lanes, grain, values, body }), trusts)
    }

    /// Memory of each point's own, sometimes.
    fn scratch(&mut self, points: usize) -> Option<(Scratch, Source)> {
        self.random.percent(30).then(|| {
            let dtype = self.random.choose(&[DType::I32, DType::U8, DType::I64, DType::Bool]);
            let len = points * SCRATCH;
            let id = self.arena(dtype, len);
            (Scratch { buffer: id, dtype }, Source { id, dtype, len, trust: Trust::WHOLE })
        })
    }

    fn any_step(&mut self) -> Vec<Step> {
        match self.random.below(10) {
            0 | 1 => self.repeat(),
            2 => self.program_while(),
            3 => self.switch(),
            4 => self.mat_mul(),
            5 => self.sort(),
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
        let target = Target { id: carry.next, dtype, small: true };
        let (step, _) = self.kernel_filling(domain, &[target]);
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
        let target = Target { id: self.arena(dtype, len), dtype, small: false };
        let index = Literal::scalar(DType::I32, Scalar::Int(self.random.below(5) as i64 - 1));
        let index = self.program.add_buffer(DType::I32, 1, Place::Constant(index));
        let before = self.sources.clone();
        let mut trust: Option<Trust> = None;
        let branches = (0..self.random.between(1, 3))
            .map(|_| {
                let (step, trusts) = self.kernel_filling(&domain, &[target]);
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

impl Scope<'_> {
    /// Stores a value of each point in the target.
    fn store(&mut self, b: &mut BodyBuilder, target: Target) -> Trust {
        let Target { id, dtype, small } = target;
        let half = matches!(dtype, DType::F16 | DType::BF16);
        let value = match small || half {
            true => self.small(b, if half { DType::F32 } else { dtype }),
            false => self.result(b, dtype),
        };
        let stored = b.cast(value.value, dtype);
        b.store(id, self.flat, stored, None);
        value.trust
    }

    /// A value worth storing: late, sometimes inexact, and mostly different at each point.
    fn result(&mut self, b: &mut BodyBuilder, dtype: DType) -> Known {
        let mut typed = self.known.iter().filter(|known| known.dtype == dtype).rev();
        let inexact = typed.clone().find(|known| !known.trust.is_exact());
        if let Some(&inexact) = inexact.filter(|_| self.random.percent(50)) {
            return inexact;
        }
        let last = typed.next().copied();
        let value = match last.filter(|known| known.trust != Trust::Last) {
            Some(last) if self.random.percent(60) => last,
            _ => self.of(b, dtype),
        };
        if !ARITHMETIC.contains(&dtype) || self.random.percent(40) {
            return value;
        }
        let number = b.cast(self.flat, dtype);
        let whole = Trust::Exact { step: 0, top: 10, special: false };
        let (op, trust) = match dtype {
            DType::Bool => (ScalarOp::Xor, Some(Trust::WHOLE)),
            DType::F32 | DType::F64 => {
                (ScalarOp::Sub, Trust::arithmetic(ScalarOp::Sub, value.trust, whole))
            }
            _ => (ScalarOp::Sub, Some(Trust::WHOLE)),
        };
        trust.map_or(value, |trust| Known { value: b.op(op, &[value.value, number]), dtype, trust })
    }

    /// Zeros in all of the point's own memory.
    fn clear_scratch(&mut self, b: &mut BodyBuilder, scratch: Scratch) {
        let Scratch { buffer, dtype } = scratch;
        let (size, zero) = (b.index(SCRATCH as i64), b.constant(dtype, Scalar::zero(dtype)));
        let start = b.mul(self.flat, size);
        let Ok(()) = b.map(SCRATCH, |b, index| {
            let position = b.add(start, index);
            b.store(buffer, position, zero, None);
            Ok::<_, Infallible>(())
        });
    }
}

/// A point's number in row-major order.
fn flat(b: &mut BodyBuilder, domain: &[usize]) -> ValueId {
    let mut position = b.index(0);
    for (axis, &size) in domain.iter().enumerate() {
        let (size, point) = (b.index(size as i64), b.point(axis));
        let scaled = b.mul(position, size);
        position = b.add(scaled, point);
    }
    position
}

/// A kernel of one point.
fn scalar_kernel(body: impl FnOnce(&mut BodyBuilder, ValueId)) -> Step {
    let mut b = BodyBuilder::new();
    let zero = b.index(0);
    body(&mut b, zero);
    let (values, body) = b.finish();
    let (name, lanes) = ("scalar".to_owned(), Lanes::Domain);
    Step::Kernel(Kernel { name, domain: vec![], lanes, grain: 0, values, body })
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
