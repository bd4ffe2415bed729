//! Loops of a kernel, and what is known in each.

use jaxrs_data::{Result, SmallVec};
use jaxrs_kernel::{LoopKind, ValueId};
use rustc_hash::FxHashMap;

use super::{Local, Puller};

/// Loops of at most this many iterations, counted together with those around them, become straight code.
const MAX_UNROLLED: usize = 32;

/// What a loop runs: the counter and the carried values come in, the next ones go out.
type LoopBody<'a, P> =
    &'a mut dyn FnMut(&mut P, ValueId, &[ValueId]) -> Result<SmallVec<[ValueId; 2]>>;

impl Puller<'_> {
    /// Opens a scope of known values, for loops that are opened in the builder directly.
    pub(crate) fn enter_block(&mut self) {
        self.known.push(FxHashMap::default());
    }

    /// Closes the innermost scope of known values.
    pub(crate) fn leave_block(&mut self) {
        self.known.pop();
    }

    /// A counted loop: straight code if it is short.
    pub(crate) fn looped(
        &mut self,
        kind: LoopKind,
        trips: usize,
        inits: &[ValueId],
        body: LoopBody<'_, Self>,
    ) -> Result<SmallVec<[ValueId; 2]>> {
        if trips <= 1 || (trips <= self.unroll && trips * self.n_copies <= MAX_UNROLLED) {
            return self.unrolled(&kind, trips, inits, body);
        }
        self.n_trips *= trips;
        if self.max_trips.is_some_and(|most| self.n_trips > most) {
            return Err(self.give_up());
        }
        let open = self.body.begin_loop(kind, trips, inits);
        self.enter_block();
        let (index, params) = (open.index, open.params.clone());
        self.loops.push((index, trips));
        let yields = body(self, index, &params);
        self.loops.pop();
        self.leave_block();
        self.n_trips /= trips;
        if self.loops.is_empty() {
            for var in std::mem::take(&mut self.storing) {
                if let Some(Local::Row { done, .. }) = self.locals.get_mut(&var) {
                    *done = true;
                }
            }
        }
        Ok(self.body.end_loop(open, yields?))
    }

    fn unrolled(
        &mut self,
        kind: &LoopKind,
        trips: usize,
        inits: &[ValueId],
        body: LoopBody<'_, Self>,
    ) -> Result<SmallVec<[ValueId; 2]>> {
        self.n_copies *= trips.max(1);
        let mut carried: SmallVec<[ValueId; 2]> = inits.into();
        for i in 0..trips {
            let i = self.body.index(i as i64);
            let next = body(self, i, &carried)?;
            match kind {
                LoopKind::Sequential => carried = next,
                LoopKind::Map => {}
                LoopKind::Reduce(ops) => {
                    for ((carried, next), op) in carried.iter_mut().zip(next).zip(ops) {
                        *carried = self.body.op(op.op(), &[*carried, next]);
                    }
                }
            }
        }
        self.n_copies /= trips.max(1);
        Ok(carried)
    }
}
