//! Random kernel bodies.

use std::convert::Infallible;

use jaxrs_data::{DType, Scalar, SmallVec, smallvec};

use super::random::Random;
use super::trust::Trust;
use crate::body::ValueId;
use crate::build::BodyBuilder;
use crate::program::BufferId;
use crate::scalar::{Compare, ReduceOp, ScalarOp};

/// A buffer that kernels may read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Source {
    pub(super) id: BufferId,
    pub(super) dtype: DType,
    pub(super) len: usize,
    pub(super) trust: Trust,
}

/// A value that instructions may use.
#[derive(Clone, Copy, Debug)]
pub(super) struct Known {
    pub(super) value: ValueId,
    pub(super) dtype: DType,
    pub(super) trust: Trust,
}

/// Memory of a point's own, of [`SCRATCH`] elements, that loops may write and read.
#[derive(Clone, Copy)]
pub(super) struct Scratch {
    pub(super) buffer: BufferId,
    pub(super) dtype: DType,
}

/// The elements of each point's scratch memory; a power of two.
pub(super) const SCRATCH: usize = 4;

/// What a body is built from, and what is known so far at one place of it.
pub(super) struct Scope<'r> {
    pub(super) random: &'r mut Random,
    pub(super) functions: bool,
    pub(super) sources: Vec<Source>,
    pub(super) known: Vec<Known>,
    /// Counters with their numbers of values.
    pub(super) counters: Vec<(ValueId, usize)>,
    /// The point's number, in row-major order.
    pub(super) flat: ValueId,
    pub(super) scratch: Option<Scratch>,
    pub(super) depth: usize,
}

/// The most values a counted loop's body is nested in.
const DEEPEST: usize = 2;

impl Scope<'_> {
    pub(super) fn know(&mut self, b: &BodyBuilder, value: ValueId, trust: Trust) {
        self.known.push(Known { value, dtype: b.dtype(value), trust });
    }

    /// A value that may be computed with; late ones more often.
    pub(super) fn any(&mut self) -> Known {
        let n = self.known.len();
        let usable = |known: &&Known| known.trust != Trust::Last;
        let recent = self.random.percent(60);
        let from = if recent { n.saturating_sub(6) } else { 0 };
        let mut candidates: Vec<Known> =
            self.known[from..].iter().filter(usable).copied().collect();
        // Counters and positions abound; floats do not.
        if self.random.percent(50) && candidates.iter().any(|known| known.dtype.is_float()) {
            candidates.retain(|known| known.dtype.is_float());
        }
        match candidates.is_empty() {
            true => self.known[0], // the counters, which are there from the start
            false => self.random.choose(&candidates),
        }
    }

    /// A value of a type, from what is known if there is one.
    pub(super) fn of(&mut self, b: &mut BodyBuilder, dtype: DType) -> Known {
        let fits = |known: &&Known| known.dtype == dtype && known.trust != Trust::Last;
        let candidates: Vec<Known> = self.known.iter().filter(fits).copied().collect();
        match candidates.split_at_checked(candidates.len().saturating_sub(3)) {
            _ if self.random.percent(5) => self.constant(b, dtype),
            Some((_, recent)) if !recent.is_empty() && self.random.percent(50) => {
                self.random.choose(recent)
            }
            _ if !candidates.is_empty() => self.random.choose(&candidates),
            _ => self.converted(b, dtype),
        }
    }

    /// A value of a type of which there is none yet: a conversion of another, where that is exact.
    fn converted(&mut self, b: &mut BodyBuilder, dtype: DType) -> Known {
        let x = self.any();
        let computes = |dtype| super::operation::ARITHMETIC.contains(&dtype);
        if !computes(dtype) || !computes(x.dtype) || !x.trust.is_exact() {
            return self.constant(b, dtype);
        }
        self.cast_to(b, x, dtype);
        self.known.last().copied().unwrap_or(x)
    }

    /// An exact value of a type, within bounds where it is a float.
    pub(super) fn small(&mut self, b: &mut BodyBuilder, dtype: DType) -> Known {
        let known = self.of(b, dtype);
        if !dtype.is_float() {
            return known;
        }
        let usable = known.trust.is_exact() && !known.trust.is_special();
        let x = if usable { known } else { self.constant(b, dtype) };
        let (low, high) =
            (b.constant(dtype, Scalar::Float(-8.0)), b.constant(dtype, Scalar::Float(8.0)));
        let floor = b.op(ScalarOp::Floor, &[x.value]);
        let above = b.op(ScalarOp::Max, &[floor, low]);
        let value = b.op(ScalarOp::Min, &[above, high]);
        Known { value, dtype, trust: SMALL }
    }

    pub(super) fn constant(&mut self, b: &mut BodyBuilder, dtype: DType) -> Known {
        let value = random_scalar(self.random, dtype, false);
        let value = b.constant(dtype, value);
        let trust = if dtype.is_inexact() { TAME } else { Trust::WHOLE };
        let known = Known { value, dtype, trust };
        self.known.push(known);
        known
    }

    /// Adds so many instructions, with what loops hold counted in.
    pub(super) fn fill(&mut self, b: &mut BodyBuilder, mut budget: usize) {
        if budget > 2 {
            budget -= self.load(b) + self.load(b);
        }
        while budget > 0 {
            let used = match self.random.below(100) {
                0..=17 => self.load(b),
                18..=22 if self.depth < DEEPEST => self.reduce(b, budget),
                23..=27 if self.depth < DEEPEST => self.sequential(b, budget),
                28..=31 if self.depth < DEEPEST => self.while_loop(b, budget),
                _ => {
                    self.operation(b);
                    1
                }
            };
            budget = budget.saturating_sub(used);
        }
    }

    fn load(&mut self, b: &mut BodyBuilder) -> usize {
        let sources: Vec<Source> = self.sources.iter().filter(|s| s.len > 0).copied().collect();
        if !sources.is_empty() {
            let source = self.random.choose(&sources);
            let (position, mask) = self.position(b, source.len);
            let out = b.load(source.id, source.dtype, position, mask);
            self.know(b, out, source.trust);
        }
        1
    }

    /// A position that is in range wherever the mask is true.
    fn position(&mut self, b: &mut BodyBuilder, len: usize) -> (ValueId, Option<ValueId>) {
        match self.random.below(10) {
            0 => {
                let index = self.any_index(b);
                let (low, high) = (b.index(0), b.index(len as i64 - 1));
                let above = b.op(ScalarOp::Max, &[index, low]);
                (b.op(ScalarOp::Min, &[above, high]), None)
            }
            1 => {
                let index = self.any_index(b);
                (index, Some(self.inside(b, index, len)))
            }
            2 => {
                let (position, shift) =
                    (self.sum_of_counters(b, len), self.random.below(5) as i64 - 2);
                let shift = b.index(shift);
                let position = b.add(position, shift);
                (position, Some(self.inside(b, position, len)))
            }
            _ => (self.sum_of_counters(b, len), None),
        }
    }

    fn any_index(&mut self, b: &mut BodyBuilder) -> ValueId {
        let integers = |known: &&Known| known.dtype.is_integer();
        let integers: Vec<Known> = self.known.iter().filter(integers).copied().collect();
        let index = self.random.choose(&integers).value;
        b.cast(index, DType::I64)
    }

    fn inside(&mut self, b: &mut BodyBuilder, position: ValueId, len: usize) -> ValueId {
        let (zero, len) = (b.index(0), b.index(len as i64));
        let (from, to) =
            (b.compare(Compare::Ge, position, zero), b.compare(Compare::Lt, position, len));
        let inside = b.op(ScalarOp::And, &[from, to]);
        match self.random.percent(30) {
            true => {
                let also = self.of(b, DType::Bool).value;
                b.op(ScalarOp::And, &[inside, also])
            }
            false => inside,
        }
    }

    /// A sum of counters with random factors, from 0 to less than `len`.
    fn sum_of_counters(&mut self, b: &mut BodyBuilder, len: usize) -> ValueId {
        let mut room = len - 1;
        let mut position = b.index(0);
        let mut counters = self.counters.clone();
        while let Some(last) = counters.len().checked_sub(1) {
            let (counter, n) = counters.swap_remove(self.random.between(0, last));
            if n < 2 || room < n - 1 || self.random.percent(20) {
                continue;
            }
            let most = room / (n - 1);
            let factor = if self.random.percent(50) { 1 } else { self.random.between(1, most) };
            room -= factor * (n - 1);
            let down = self.random.percent(25);
            let signed = b.index(if down { -(factor as i64) } else { factor as i64 });
            let start = b.index(if down { (factor * (n - 1)) as i64 } else { 0 });
            let step = b.mul(counter, signed);
            let sum = b.add(position, step);
            position = b.add(sum, start);
        }
        let start = b.index(self.random.between(0, room) as i64);
        b.add(position, start)
    }

    /// Does something inside a loop, and forgets what it came to know there.
    fn inner<T>(&mut self, index: Option<(ValueId, usize)>, f: impl FnOnce(&mut Self) -> T) -> T {
        let (known, counters) = (self.known.len(), self.counters.len());
        if let Some((index, trips)) = index {
            self.counters.push((index, trips));
            self.known.push(Known { value: index, dtype: DType::I64, trust: Trust::WHOLE });
        }
        self.depth += 1;
        let result = f(self);
        self.depth -= 1;
        self.known.truncate(known);
        self.counters.truncate(counters);
        result
    }

    fn trips(&mut self) -> usize {
        match self.random.below(10) {
            0 => 0,
            1 => self.random.between(60, 300),
            _ => self.random.between(1, 9),
        }
    }

    fn reduce(&mut self, b: &mut BodyBuilder, budget: usize) -> usize {
        let (trips, size) = (self.trips(), 1 + self.random.below(budget.min(8)));
        let n = 1 + self.random.below(2);
        let dtypes: Vec<DType> =
            (0..n).map(|_| self.random.choose(&super::operation::ARITHMETIC)).collect();
        let ops: Vec<ReduceOp> = dtypes.iter().map(|&dtype| self.reduce_op(dtype)).collect();
        // One and not zero, so that the sign of a zero sum does not depend on the order.
        let inits: Vec<ValueId> =
            dtypes.iter().map(|&dtype| b.constant(dtype, Scalar::one(dtype))).collect();
        let mut trusts = Vec::new();
        // Iterations are independent, so that none may read what another has stored.
        let scratch = self.scratch.take();
        let Ok(results) = b.reduce(trips, &ops, &inits, |b, index| {
            self.inner(Some((index, trips)), |scope| {
                scope.fill(b, size);
                let mut yields = SmallVec::new();
                for (&dtype, &op) in dtypes.iter().zip(&ops) {
                    let (value, trust) = scope.term(b, dtype, op, trips);
                    yields.push(value);
                    trusts.push(trust);
                }
                Ok::<_, Infallible>(yields)
            })
        });
        self.scratch = scratch;
        for (&result, &trust) in results.iter().zip(&trusts) {
            self.know(b, result, trust);
        }
        size + 2
    }

    fn reduce_op(&mut self, dtype: DType) -> ReduceOp {
        let float = [ReduceOp::Add, ReduceOp::Max, ReduceOp::Min];
        let fits: Vec<ReduceOp> = match dtype.is_float() {
            true => float.into(),
            false => ReduceOp::ALL.into_iter().filter(|op| op.op().takes(dtype)).collect(),
        };
        self.random.choose(&fits)
    }

    /// What an iteration of a reduction yields, and what holds for the result.
    fn term(
        &mut self,
        b: &mut BodyBuilder,
        dtype: DType,
        op: ReduceOp,
        trips: usize,
    ) -> (ValueId, Trust) {
        let value = self.of(b, dtype);
        let trust = match (dtype.is_float(), op) {
            (false, _) => Some(Trust::WHOLE),
            (true, ReduceOp::Add) => value.trust.sum(trips),
            (true, _) => Some(value.trust.or(TAME)),
        };
        match trust {
            Some(trust) => (value.value, trust),
            None => {
                let value = self.small(b, dtype);
                (value.value, value.trust.sum(trips).unwrap_or(Trust::Last))
            }
        }
    }

    fn carried(&mut self, b: &mut BodyBuilder) -> Vec<Known> {
        let n = 1 + self.random.below(3);
        let dtypes: Vec<DType> =
            (0..n).map(|_| self.random.choose(&super::operation::ARITHMETIC)).collect();
        dtypes.into_iter().map(|dtype| self.small(b, dtype)).collect()
    }

    /// The next values of what a loop carries; sometimes carried values themselves.
    fn next(&mut self, b: &mut BodyBuilder, carried: &[Known]) -> SmallVec<[ValueId; 2]> {
        carried.iter().map(|known| self.small(b, known.dtype).value).collect()
    }

    fn know_carried(&mut self, values: &[ValueId], carried: &[Known]) {
        for (&value, known) in values.iter().zip(carried) {
            self.known.push(Known { value, ..*known });
        }
    }

    fn sequential(&mut self, b: &mut BodyBuilder, budget: usize) -> usize {
        let (trips, size) = (self.trips(), 1 + self.random.below(budget.min(10)));
        let carried = self.carried(b);
        let inits: Vec<ValueId> = carried.iter().map(|known| known.value).collect();
        let Ok(results) = b.sequential(trips, &inits, |b, index, params| {
            self.inner(Some((index, trips)), |scope| {
                scope.know_carried(params, &carried);
                scope.fill(b, size);
                scope.use_scratch(b, index);
                Ok::<_, Infallible>(scope.next(b, &carried))
            })
        });
        self.know_carried(&results, &carried);
        size + 2
    }

    fn while_loop(&mut self, b: &mut BodyBuilder, budget: usize) -> usize {
        let size = 1 + self.random.below(budget.min(10));
        let mut carried = self.carried(b);
        let (start, seven) = (self.any_index(b), b.index(7));
        let start = b.op(ScalarOp::And, &[start, seven]);
        carried.insert(0, Known { value: start, dtype: DType::I64, trust: Trust::WHOLE });
        let inits: Vec<ValueId> = carried.iter().map(|known| known.value).collect();
        let (end, early) = (self.random.between(0, 9) as i64, self.random.percent(40));
        let known = self.known.len();
        // Two closures use the scope, one after the other.
        let scope = std::cell::RefCell::new(&mut *self);
        let Ok(results) = b.while_loop(
            &inits,
            |b, params| {
                let end = b.index(end);
                let counts = b.compare(Compare::Lt, params[0], end);
                scope.borrow_mut().inner(None, |scope| {
                    scope.know_carried(params, &carried);
                    if !early {
                        return Ok::<_, Infallible>(counts);
                    }
                    // Conditions do not store.
                    let scratch = scope.scratch.take();
                    scope.fill(b, 2);
                    scope.scratch = scratch;
                    let also = scope.of(b, DType::Bool).value;
                    Ok(b.op(ScalarOp::And, &[counts, also]))
                })
            },
            |b, params| {
                scope.borrow_mut().inner(None, |scope| {
                    scope.know_carried(params, &carried);
                    scope.fill(b, size);
                    scope.use_scratch(b, params[0]);
                    let one = b.index(1);
                    let mut yields: SmallVec<[ValueId; 2]> = smallvec![b.add(params[0], one)];
                    yields.extend(scope.next(b, &carried[1..]));
                    Ok(yields)
                })
            },
        );
        debug_assert_eq!(known, self.known.len(), "loops forget what they knew");
        self.know_carried(&results, &carried);
        size + 4
    }

    /// Writes to the point's own memory and reads from it.
    fn use_scratch(&mut self, b: &mut BodyBuilder, index: ValueId) {
        let Some(Scratch { buffer, dtype }) = self.scratch.filter(|_| self.random.percent(50))
        else {
            return;
        };
        let (mask, size) = (b.index(SCRATCH as i64 - 1), b.index(SCRATCH as i64));
        let (own, start) = (b.op(ScalarOp::And, &[index, mask]), b.mul(self.flat, size));
        let position = b.add(start, own);
        let read = b.load(buffer, dtype, position, None);
        self.know(b, read, Trust::WHOLE);
        self.operation(b);
        let value = self.of(b, dtype).value;
        let mask = self.random.percent(50).then(|| self.of(b, DType::Bool).value);
        b.store(buffer, position, value, mask);
    }
}

/// Multiples of a quarter up to eight.
pub(super) const TAME: Trust = Trust::Exact { step: -2, top: 3, special: false };

/// Whole numbers up to eight.
pub(super) const SMALL: Trust = Trust::Exact { step: 0, top: 3, special: false };

/// An element: any integer, but often a small one; a [`TAME`] float, or a special one.
pub(super) fn random_scalar(random: &mut Random, dtype: DType, special: bool) -> Scalar {
    let tame = |random: &mut Random| (random.below(65) as f64 - 32.0) / 4.0;
    match () {
        () if dtype.is_complex() => Scalar::Complex(tame(random), tame(random)),
        () if dtype.is_float() && special && random.percent(30) => {
            let specials = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -0.0, 0.0];
            Scalar::Float(random.choose(&specials))
        }
        () if dtype.is_float() => Scalar::Float(tame(random)),
        () if random.percent(20) => {
            let edges = [i64::MIN, i64::MAX, -1, 0, i32::MIN.into(), i32::MAX.into(), 128, 255];
            Scalar::Int(random.choose(&edges)).cast(dtype)
        }
        () if random.percent(30) => Scalar::Int(random.bits() as i64).cast(dtype),
        () => Scalar::Int(random.below(20) as i64 - 5).cast(dtype),
    }
}
