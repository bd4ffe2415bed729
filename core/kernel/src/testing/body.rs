//! Random kernel bodies.

use jaxrs_data::{DType, Scalar};

use super::random::Random;
use super::trust::Trust;
use crate::body::ValueId;
use crate::build::BodyBuilder;
use crate::program::BufferId;
use crate::scalar::{Compare, ScalarOp};

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
    pub(super) complex: bool,
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
        if dtype.is_complex() {
            let Known { trust, .. } = known;
            let is_tame = trust.is_exact() && !trust.is_special();
            let is_tame = is_tame && trust.step() >= TAME.step() && trust.top() <= TAME.top();
            let known = if is_tame { known } else { self.constant(b, dtype) };
            return Known { trust: TAME, ..known };
        }
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

    pub(super) fn any_index(&mut self, b: &mut BodyBuilder) -> ValueId {
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
