//! Giving buffers their places in the arena.
//!
//! A buffer lives from its first mention to its last; what crosses the border of a loop lives through all
//! of it. Buffers that do not live at the same time may share memory.

mod in_place;

use in_place::Pair;
use jaxrs_kernel::{Block, BufferId, Inst, LibraryCall, Place, Program, Step};

/// Arena offsets are multiples of this.
const ALIGN: usize = 64;

/// From when to when a buffer lives, in steps counted in order.
#[derive(Clone, Copy, Debug)]
struct Lifetime {
    first: usize,
    last: usize,
}

/// Gives all unassigned buffers a place in the arena, and outputs the memory of donated inputs where that
/// is safe. Buffers that nothing mentions disappear.
pub fn assign_buffers(program: &mut Program, donated: &[bool]) {
    drop_unused(program);
    let lifetimes = lifetimes(program);
    let pairs = in_place::pairs(program);
    share_donated(program, donated, &lifetimes, &pairs);
    let slots = slots(program, &lifetimes, &pairs);
    let mut order: Vec<usize> = (0..slots.len()).collect();
    // Large ones first: small ones fill the gaps.
    order.sort_by_key(|&k| (std::cmp::Reverse(slots[k].size), k));
    let mut placed: Vec<(Lifetime, std::ops::Range<usize>)> = Vec::new();
    for k in order {
        let Slot { life, size, .. } = slots[k];
        let offset = lowest_gap(&placed, life, size);
        for &BufferId(buffer) in &slots[k].buffers {
            program.buffers[buffer as usize].place = Place::Arena(offset);
        }
        placed.push((life, offset..offset + size));
        program.arena_bytes = program.arena_bytes.max(offset + size);
    }
}

/// Buffers that lie in the same place, one after the other.
struct Slot {
    buffers: Vec<BufferId>,
    life: Lifetime,
    size: usize,
}

/// The unassigned buffers; those that a kernel may compute in place share a slot.
fn slots(program: &Program, lifetimes: &[Lifetime], pairs: &[Pair]) -> Vec<Slot> {
    let mut slots: Vec<Slot> = Vec::new();
    let mut slot_of: Vec<Option<usize>> = vec![None; program.buffers.len()];
    let mut order: Vec<usize> = (0..program.buffers.len())
        .filter(|&k| program.buffers[k].place == Place::Unassigned)
        .collect();
    order.sort_by_key(|&k| (lifetimes[k].first, k));
    for k in order {
        let (buffer, life) = (BufferId(k as u32), lifetimes[k]);
        let takes_over = |pair: &&Pair| {
            let old = pair.read.0 as usize;
            pair.written == buffer
                && life.first == pair.step
                && lifetimes[old].last == pair.step
                && slot_of[old].is_some_and(|slot| slots[slot].buffers.last() == Some(&pair.read))
        };
        match pairs.iter().find(takes_over).and_then(|pair| slot_of[pair.read.0 as usize]) {
            Some(slot) => {
                slots[slot].buffers.push(buffer);
                slots[slot].life.last = life.last;
                slot_of[k] = Some(slot);
            }
            None => {
                slot_of[k] = Some(slots.len());
                let size = program.buffers[k].size_bytes().next_multiple_of(ALIGN);
                slots.push(Slot { buffers: vec![buffer], life, size });
            }
        }
    }
    slots
}

/// Lets outputs take the memory of donated inputs that are read no more, or only by the kernel that
/// writes the output, at the same element.
fn share_donated(program: &mut Program, donated: &[bool], lifetimes: &[Lifetime], pairs: &[Pair]) {
    let mut free: Vec<usize> =
        (0..program.inputs.len()).filter(|&k| donated.get(k).copied().unwrap_or(false)).collect();
    for output in 0..program.outputs.len() {
        let written = program.outputs[output];
        let fits = |&input: &usize| {
            let read = program.inputs[input];
            let (old, new) = (&program[read], &program[written]);
            let (last, first) =
                (lifetimes[read.0 as usize].last, lifetimes[written.0 as usize].first);
            let same_step = || {
                pairs.iter().any(|pair| {
                    (pair.read, pair.written, pair.step) == (read, written, last) && last == first
                })
            };
            (old.dtype, old.len) == (new.dtype, new.len)
                && old.len > 0
                && (last < first || same_step())
        };
        if let Some(place) = free.iter().position(fits) {
            program.shares_input[output] = Some(free.remove(place));
        }
    }
}

/// Removes unassigned buffers that no step mentions.
fn drop_unused(program: &mut Program) {
    let walk = Walk::new(program);
    let mut names = rustc_hash::FxHashMap::default();
    let mut kept = Vec::with_capacity(program.buffers.len());
    for (k, buffer) in std::mem::take(&mut program.buffers).into_iter().enumerate() {
        if buffer.place != Place::Unassigned || walk.lifetimes[k].is_some() {
            names.insert(BufferId(k as u32), BufferId(kept.len() as u32));
            kept.push(buffer);
        }
    }
    program.buffers = kept;
    // Inputs and outputs come first and keep their numbers.
    names.retain(|old, new| old != new);
    crate::lower::rename_once(&mut program.steps, &names);
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

/// The lifetimes of all buffers; those that nothing mentions live before all steps.
fn lifetimes(program: &Program) -> Vec<Lifetime> {
    let mut walk = Walk::new(program);
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
    // The memory of the two names of a carried value may have changed places after the loop.
    for (current, next) in walk.exchanged {
        let (a, b) = (walk.lifetimes[current.0 as usize], walk.lifetimes[next.0 as usize]);
        let (Some(a), Some(b)) = (a, b) else { continue };
        let both = Lifetime { first: a.first.min(b.first), last: a.last.max(b.last) };
        walk.lifetimes[current.0 as usize] = Some(both);
        walk.lifetimes[next.0 as usize] = Some(both);
    }
    walk.lifetimes.into_iter().map(|life| life.unwrap_or(Lifetime { first: 0, last: 0 })).collect()
}

struct Walk {
    lifetimes: Vec<Option<Lifetime>>,
    loops: Vec<Lifetime>,
    /// The two names of each carried value.
    exchanged: Vec<(BufferId, BufferId)>,
    now: usize,
}

impl Walk {
    fn new(program: &Program) -> Walk {
        let lifetimes = vec![None; program.buffers.len()];
        let mut walk = Walk { lifetimes, loops: Vec::new(), exchanged: Vec::new(), now: 0 };
        walk.steps(&program.steps);
        walk
    }

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
            Step::Library(LibraryCall::TopK(top)) => {
                [top.input, top.values, top.positions].into_iter().for_each(|b| self.mention(b));
            }
            Step::Library(LibraryCall::Host(call)) => {
                call.inputs.iter().chain(&call.outputs).for_each(|&b| self.mention(b));
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
        self.exchanged.extend(carries.iter().map(|c| (c.current, c.next)));
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
