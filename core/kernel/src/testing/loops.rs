//! Random loops.

use std::convert::Infallible;

use jaxrs_data::{DType, Scalar, SmallVec, smallvec};

use super::body::{Known, SCRATCH, Scope, Scratch, TAME};
use super::operation::ARITHMETIC;
use super::trust::Trust;
use crate::body::ValueId;
use crate::build::BodyBuilder;
use crate::scalar::{Compare, ReduceOp, ScalarOp};

impl Scope<'_> {
    /// Does something inside a loop, and forgets what it came to know there.
    pub(super) fn inner<T>(
        &mut self,
        index: Option<(ValueId, usize)>,
        f: impl FnOnce(&mut Self) -> T,
    ) -> T {
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

    pub(super) fn reduce(&mut self, b: &mut BodyBuilder, budget: usize) -> usize {
        let (trips, size) = (self.trips(), 1 + self.random.below(budget.min(8)));
        let n = 1 + self.random.below(2);
        let dtypes: Vec<DType> = (0..n).map(|_| self.random.choose(&ARITHMETIC)).collect();
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
        let dtypes: Vec<DType> = (0..n).map(|_| self.carried_dtype()).collect();
        dtypes.into_iter().map(|dtype| self.small(b, dtype)).collect()
    }

    fn carried_dtype(&mut self) -> DType {
        match self.complex && self.random.percent(15) {
            true => self.random.choose(&[DType::C64, DType::C128]),
            false => self.random.choose(&ARITHMETIC),
        }
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

    pub(super) fn sequential(&mut self, b: &mut BodyBuilder, budget: usize) -> usize {
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

    pub(super) fn while_loop(&mut self, b: &mut BodyBuilder, budget: usize) -> usize {
        let size = 1 + self.random.below(budget.min(10));
        let mut carried = self.carried(b);
        let (start, seven) = (self.any_index(b), b.index(7));
        let start = b.op(ScalarOp::And, &[start, seven]);
        carried.insert(0, Known { value: start, dtype: DType::I64, trust: Trust::WHOLE });
        let inits: Vec<ValueId> = carried.iter().map(|known| known.value).collect();
        let (end, early) = (self.random.between(0, 9) as i64, self.random.percent(40));
        let condition = b.begin_while(&inits);
        let params = condition.params.clone();
        let end = b.index(end);
        let counts = b.compare(Compare::Lt, params[0], end);
        let holds = self.inner(None, |scope| {
            scope.know_carried(&params, &carried);
            if early { scope.also(b, counts) } else { counts }
        });
        let body = b.begin_while_body(condition, holds);
        let params = body.params.clone();
        let yields = self.inner(None, |scope| {
            scope.know_carried(&params, &carried);
            scope.fill(b, size);
            scope.use_scratch(b, params[0]);
            let one = b.index(1);
            let mut yields: SmallVec<[ValueId; 2]> = smallvec![b.add(params[0], one)];
            yields.extend(scope.next(b, &carried[1..]));
            yields
        });
        let results = b.end_while(body, yields);
        self.know_carried(&results, &carried);
        size + 4
    }

    /// A condition and something else. It does not store, as conditions must not.
    fn also(&mut self, b: &mut BodyBuilder, condition: ValueId) -> ValueId {
        let scratch = self.scratch.take();
        self.fill(b, 2);
        self.scratch = scratch;
        let also = self.of(b, DType::Bool).value;
        b.op(ScalarOp::And, &[condition, also])
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
