//! Random kernels around random bodies.

use std::convert::Infallible;

use jaxrs_data::{DType, Scalar};

use super::body::{Known, SCRATCH, Scope, Scratch, Source};
use super::operation::ARITHMETIC;
use super::steps::Generator;
use super::trust::Trust;
use crate::body::{Kernel, Lanes, ValueId};
use crate::build::BodyBuilder;
use crate::program::{BufferId, Step};
use crate::scalar::ScalarOp;

/// Where a kernel writes.
#[derive(Clone, Copy)]
pub(super) struct Target {
    pub(super) id: BufferId,
    pub(super) dtype: DType,
    /// Whether floats must be small whole numbers, as what a loop carries.
    pub(super) small: bool,
    /// How many elements each point fills, in an inner loop; else one.
    pub(super) inner: Option<usize>,
}

impl Generator {
    /// A kernel that fills one or two new buffers.
    pub(super) fn kernel(&mut self) -> Step {
        let domain = self.domain();
        let points = domain.iter().product();
        let targets: Vec<Target> = (0..1 + self.random.below(2))
            .map(|_| {
                let dtype = self.any_dtype();
                let inner = self.random.percent(20).then(|| self.random.between(1, 70));
                let id = self.arena(dtype, points * inner.unwrap_or(1));
                Target { id, dtype, small: false, inner }
            })
            .collect();
        let (step, trusts) = self.kernel_filling(&domain, &targets, None);
        self.fill(&targets, points, &trusts);
        step
    }

    pub(super) fn fill(&mut self, targets: &[Target], points: usize, trusts: &[Trust]) {
        for (&Target { id, dtype, inner, .. }, &trust) in targets.iter().zip(trusts) {
            let len = points * inner.unwrap_or(1);
            self.sources.push(Source { id, dtype, len, trust });
        }
    }

    /// A kernel that fills the targets, and what holds for those. Each point reads its own element of
    /// `own`, if there is such a buffer.
    pub(super) fn kernel_filling(
        &mut self,
        domain: &[usize],
        targets: &[Target],
        own: Option<Source>,
    ) -> (Step, Vec<Trust>) {
        let points: usize = domain.iter().product();
        let mut b = BodyBuilder::new();
        let flat = flat(&mut b, domain);
        let scratch = self.scratch(points);
        let size = self.options.size / 2 + self.random.below(self.options.size.max(1));
        let mut scope = Scope {
            random: &mut self.random,
            functions: self.options.functions,
            complex: self.options.complex,
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
        if let Some(own) = own {
            let value = b.load(own.id, own.dtype, flat, None);
            scope.know(&b, value, own.trust);
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
}

impl Scope<'_> {
    /// Fills the point's part of the target.
    fn store(&mut self, b: &mut BodyBuilder, target: Target) -> Trust {
        let Some(trips) = target.inner else {
            return self.store_at(b, target, self.flat);
        };
        let trips_value = b.index(trips as i64);
        let start = b.mul(self.flat, trips_value);
        let mut trust = Trust::Last;
        let Ok(()) = b.map(trips, |b, index| {
            self.inner(Some((index, trips)), |scope| {
                let scratch = scope.scratch.take();
                scope.fill(b, 4);
                let position = b.add(start, index);
                trust = scope.store_at(b, target, position);
                scope.scratch = scratch;
            });
            Ok::<_, Infallible>(())
        });
        trust
    }

    fn store_at(&mut self, b: &mut BodyBuilder, target: Target, position: ValueId) -> Trust {
        let Target { id, dtype, small, .. } = target;
        let half = matches!(dtype, DType::F16 | DType::BF16);
        let value = match small || half {
            true => self.small(b, if half { DType::F32 } else { dtype }),
            false => self.result(b, dtype),
        };
        let stored = b.cast(value.value, dtype);
        b.store(id, position, stored, None);
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
pub(super) fn scalar_kernel(body: impl FnOnce(&mut BodyBuilder, ValueId)) -> Step {
    let mut b = BodyBuilder::new();
    let zero = b.index(0);
    body(&mut b, zero);
    let (values, body) = b.finish();
    let (name, lanes) = ("scalar".to_owned(), Lanes::Domain);
    Step::Kernel(Kernel { name, domain: vec![], lanes, grain: 0, values, body })
}
