//! Giving buffers their places in the arena.
//!
//! A buffer lives from its first mention to its last; what crosses the border of a loop lives through all
//! of it. Buffers that do not live at the same time may share memory.

use jaxrs_kernel::{Block, BufferId, Inst, LibraryCall, Place, Program, Step};

/// Arena offsets are multiples of this.
const ALIGN: usize = 64;

/// From when to when a buffer lives, in steps counted in order.
#[derive(Clone, Copy, Debug)]
struct Lifetime {
    first: usize,
    last: usize,
}

/// Gives all unassigned buffers a place in the arena.
pub fn assign_buffers(program: &mut Program, _donated: &[bool]) {
    let lifetimes = lifetimes(program);
    let mut order: Vec<usize> = (0..program.buffers.len())
        .filter(|&k| program.buffers[k].place == Place::Unassigned)
        .collect();
    // Large ones first: small ones fill the gaps.
    order.sort_by_key(|&k| (std::cmp::Reverse(program.buffers[k].size_bytes()), k));
    let mut placed: Vec<(Lifetime, std::ops::Range<usize>)> = Vec::new();
    let mut arena_bytes = 0;
    for k in order {
        let size = program.buffers[k].size_bytes().next_multiple_of(ALIGN);
        let Some(life) = lifetimes[k] else {
            program.buffers[k].place = Place::Arena(0);
            program.buffers[k].len = 0;
            continue;
        };
        let offset = lowest_gap(&placed, life, size);
        program.buffers[k].place = Place::Arena(offset);
        placed.push((life, offset..offset + size));
        arena_bytes = arena_bytes.max(offset + size);
    }
    program.arena_bytes = arena_bytes;
}

/// The lowest offset at which nothing lies that lives at the same time.
fn lowest_gap(placed: &[(Lifetime, std::ops::Range<usize>)], life: Lifetime, size: usize) -> usize {
    let mut taken: Vec<&std::ops::Range<usize>> = placed
        .iter()
        .filter(|(other, _)| other.first <= life.last && life.first <= other.last)
        .map(|(_, range)| range)
        .collect();
    taken.sort_by_key(|range| range.start);
    let mut offset = 0;
    for range in taken {
        if range.start >= offset + size {
            break;
        }
        offset = offset.max(range.end);
    }
    offset
}

fn lifetimes(program: &Program) -> Vec<Option<Lifetime>> {
    let mut walk = Walk { lifetimes: vec![None; program.buffers.len()], loops: vec![], now: 0 };
    walk.steps(&program.steps);
    // Inner loops stand before the ones around them.
    for Lifetime { first, last } in walk.loops {
        for life in walk.lifetimes.iter_mut().flatten() {
            let crosses =
                life.first < first && first <= life.last || life.first <= last && last < life.last;
            if crosses {
                life.first = life.first.min(first);
                life.last = life.last.max(last);
            }
        }
    }
    walk.lifetimes
}

struct Walk {
    lifetimes: Vec<Option<Lifetime>>,
    loops: Vec<Lifetime>,
    now: usize,
}

impl Walk {
    fn mention(&mut self, buffer: BufferId) {
        let now = self.now;
        let life = &mut self.lifetimes[buffer.0 as usize];
        life.get_or_insert(Lifetime { first: now, last: now }).last = now;
    }

    fn steps(&mut self, steps: &[Step]) {
        for step in steps {
            self.now += 1;
            self.step(step);
        }
    }

    fn step(&mut self, step: &Step) {
        match step {
            Step::Kernel(kernel) => self.block(&kernel.body),
            Step::Library(LibraryCall::MatMul(m)) => {
                [&m.lhs, &m.rhs, &m.out].into_iter().for_each(|o| self.mention(o.buffer));
            }
            Step::Library(LibraryCall::Sort(sort)) => {
                sort.inputs.iter().chain(&sort.outputs).for_each(|&b| self.mention(b));
            }
            Step::Copy { from, to } => [from, to].into_iter().for_each(|&b| self.mention(b)),
            Step::Repeat { carries, body, .. } => self.looped(carries, None, &[body]),
            Step::While { carries, condition, predicate, body } => {
                self.looped(carries, Some(*predicate), &[condition, body]);
            }
            Step::Switch { index, branches } => {
                self.mention(*index);
                branches.iter().for_each(|branch| self.steps(branch));
            }
        }
    }

    fn looped(
        &mut self,
        carries: &[jaxrs_kernel::Carry],
        predicate: Option<BufferId>,
        blocks: &[&Vec<Step>],
    ) {
        let mention_all = |walk: &mut Walk| {
            carries.iter().flat_map(|c| [c.current, c.next]).for_each(|b| walk.mention(b));
            predicate.into_iter().for_each(|b| walk.mention(b));
        };
        let first = self.now;
        mention_all(self);
        blocks.iter().for_each(|steps| self.steps(steps));
        self.now += 1;
        mention_all(self);
        self.loops.push(Lifetime { first, last: self.now });
    }

    fn block(&mut self, block: &Block) {
        let mut mentioned = Vec::new();
        block.visit(&mut |inst| {
            if let Inst::Load { buffer, .. } | Inst::Store { buffer, .. } = inst {
                mentioned.push(*buffer);
            }
        });
        mentioned.into_iter().for_each(|buffer| self.mention(buffer));
    }
}
