//! Positions: ranges, and buffers that share memory.

use super::Checker;
use crate::body::{Block, Inst, Kernel, LoopKind, ValueId};
use crate::interpret::{Form, forms};
use crate::print::Spot;
use crate::program::{BufferId, IndexVar, Step};

/// What is known of positions: each value as a sum of counters, and how far those count.
struct Counters<'c> {
    forms: &'c [Option<Form>],
    sizes: &'c [usize],
}

/// One load or store.
struct Access {
    buffer: BufferId,
    position: ValueId,
    writes: bool,
}

impl<'a> Checker<'a> {
    pub(super) fn positions(
        &mut self,
        step: &'a Step,
        kernel: &'a Kernel,
        counters: &[(IndexVar, usize)],
    ) {
        let (forms, sizes) = forms(kernel, self.program.n_index_vars as usize);
        let mut sizes = sizes;
        counters.iter().for_each(|&(var, trips)| sizes[var.0 as usize] = trips);
        if kernel.n_points() > 0 && counters.iter().all(|counter| counter.1 > 0) {
            let first_axis = self.program.n_index_vars as usize;
            let axes = (0..kernel.domain.len()).filter(|&axis| kernel.domain[axis] > 1);
            let mut parallel = axes.map(|axis| first_axis + axis).collect();
            let facts = Counters { forms: &forms, sizes: &sizes };
            self.ranges(&kernel.body, &facts, &mut parallel);
        }
        let mut accesses = Vec::new();
        kernel.visit(&mut |inst| match *inst {
            Inst::Load { buffer, position, .. } => {
                accesses.push(Access { buffer, position, writes: false });
            }
            Inst::Store { buffer, position, .. } => {
                accesses.push(Access { buffer, position, writes: true });
            }
            _ => {}
        });
        self.sharing_accesses(step, &accesses, &forms);
    }

    /// Positions that are sums of counters, where they run at all, below the given parallel counters.
    /// Points leave while loops early, so nothing is said about those.
    fn ranges(&mut self, block: &'a Block, counters: &Counters<'_>, parallel: &mut Vec<usize>) {
        for inst in &block.insts {
            match inst {
                Inst::Load { buffer, position, mask: None, .. }
                | Inst::Store { buffer, position, mask: None, .. } => {
                    if let Some(form) = &counters.forms[position.0 as usize] {
                        self.range(inst, *buffer, form, counters.sizes);
                        self.own_element(inst, form, parallel);
                    }
                }
                Inst::Loop(l) if l.trips > 0 => {
                    let var =
                        counters.forms[l.index.0 as usize].as_ref().map(|form| form.terms[0].0);
                    let before = parallel.len();
                    if l.kind != LoopKind::Sequential && l.trips > 1 {
                        parallel.extend(var);
                    }
                    self.ranges(&l.body, counters, parallel);
                    parallel.truncate(before);
                }
                _ => {}
            }
        }
    }

    fn range(&mut self, inst: &'a Inst, buffer: BufferId, form: &Form, sizes: &[usize]) {
        let (low, high) = range(form, sizes);
        let len = self.program[buffer].len;
        let fits = low >= 0 && high < len as i128;
        let message = format_args!("positions {low} to {high} of {buffer}, which has {len}");
        self.ensure(fits, Spot::Inst(inst), message);
    }

    /// A store whose position does not depend on a parallel counter.
    fn own_element(&mut self, inst: &'a Inst, form: &Form, parallel: &[usize]) {
        let stores = matches!(inst, Inst::Store { .. });
        let shared = stores && parallel.iter().any(|&var| form.factor(var) == 0);
        let message = "points or iterations that may run at once write the same element";
        self.ensure(!shared, Spot::Inst(inst), message);
    }

    /// Different buffers in the same memory: a point may only touch its own element.
    fn sharing_accesses(&mut self, step: &'a Step, accesses: &[Access], forms: &[Option<Form>]) {
        let same = |a: &Access, b: &Access| {
            let form = |access: &Access| forms[access.position.0 as usize].as_ref();
            a.position == b.position || (form(a).is_some() && form(a) == form(b))
        };
        for (i, a) in accesses.iter().enumerate() {
            for b in &accesses[..i] {
                let shares = a.buffer != b.buffer && self.program.may_overlap(a.buffer, b.buffer);
                let allowed = !shares || !(a.writes || b.writes) || {
                    let (x, y) = (&self.program[a.buffer], &self.program[b.buffer]);
                    let start_alike = x.place == y.place || !self.is_arena(a.buffer);
                    start_alike && x.dtype.size_bytes() == y.dtype.size_bytes() && same(a, b)
                };
                let (a, b) = (a.buffer, b.buffer);
                self.ensure(
                    allowed,
                    Spot::Step(step),
                    format_args!("{a} and {b} share memory, but not element by element"),
                );
            }
        }
    }

    fn is_arena(&self, id: BufferId) -> bool {
        matches!(self.program[id].place, crate::program::Place::Arena(_))
    }
}

/// The smallest and largest value, for counters below the sizes.
fn range(form: &Form, sizes: &[usize]) -> (i128, i128) {
    form.terms.iter().fold((form.constant.into(), form.constant.into()), |(low, high), term| {
        let reach = i128::from(term.1) * (sizes[term.0] as i128 - 1);
        (low + reach.min(0), high + reach.max(0))
    })
}
