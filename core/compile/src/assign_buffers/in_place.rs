//! Which kernels may write a result over an operand.

use jaxrs_kernel::{Block, BufferId, Inst, Kernel, Program, Step, ValueId};

/// A kernel that reads one buffer and writes another at the same positions only.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pair {
    /// The kernel's number among all steps.
    pub(super) step: usize,
    pub(super) read: BufferId,
    pub(super) written: BufferId,
}

/// All pairs of buffers of one type and length that may share memory in a kernel. Steps are counted as
/// lifetimes count them.
pub(super) fn pairs(program: &Program) -> Vec<Pair> {
    let mut finder = Finder { program, now: 0, pairs: Vec::new() };
    finder.steps(&program.steps);
    finder.pairs
}

struct Finder<'p> {
    program: &'p Program,
    now: usize,
    pairs: Vec<Pair>,
}

impl Finder<'_> {
    fn steps(&mut self, steps: &[Step]) {
        for step in steps {
            self.now += 1;
            match step {
                Step::Kernel(kernel) => self.kernel(kernel),
                Step::Repeat { body, .. } => {
                    self.steps(body);
                    self.now += 1;
                }
                Step::While { condition, body, .. } => {
                    self.steps(condition);
                    self.steps(body);
                    self.now += 1;
                }
                Step::Switch { branches, .. } => branches.iter().for_each(|b| self.steps(b)),
                Step::Library(_) | Step::Copy { .. } => {}
            }
        }
    }

    fn kernel(&mut self, kernel: &Kernel) {
        let accesses = accesses(kernel);
        let written = accesses.iter().filter(|access| access.is_written);
        for (write, read) in
            written.flat_map(|write| accesses.iter().map(move |read| (write, read)))
        {
            let (a, b) = (&self.program[read.buffer], &self.program[write.buffer]);
            let same_place = read.place.is_some() && read.place == write.place;
            let in_order = read.last < write.first;
            if same_place && in_order && !read.is_written && (a.dtype, a.len) == (b.dtype, b.len) {
                let (step, read, written) = (self.now, read.buffer, write.buffer);
                self.pairs.push(Pair { step, read, written });
            }
        }
    }
}

/// How a kernel uses a buffer.
struct Access {
    buffer: BufferId,
    is_written: bool,
    /// The position of all its loads and stores, if it is one and the same value, in one block, and a
    /// new one each time that the block runs.
    place: Option<(ValueId, usize)>,
    /// The numbers of the first and last instruction that uses it.
    first: usize,
    last: usize,
}

fn accesses(kernel: &Kernel) -> Vec<Access> {
    let blocks = vec![0; kernel.values.len()];
    let mut finder = Accesses { found: Vec::new(), blocks, n_insts: 0, n_blocks: 0 };
    finder.block(&kernel.body, &[]);
    finder.found
}

struct Accesses {
    found: Vec<Access>,
    /// The block that defines each value.
    blocks: Vec<usize>,
    n_insts: usize,
    n_blocks: usize,
}

impl Accesses {
    fn block(&mut self, block: &Block, params: &[ValueId]) {
        self.n_blocks += 1;
        let number = self.n_blocks;
        params.iter().for_each(|param| self.blocks[param.0 as usize] = number);
        for inst in &block.insts {
            self.n_insts += 1;
            match inst {
                Inst::Load { buffer, position, .. } => {
                    self.note(*buffer, (*position, number), false)
                }
                Inst::Store { buffer, position, mask, .. } => {
                    self.note(*buffer, (*position, number), true);
                    if mask.is_some() {
                        self.forget(*buffer);
                    }
                }
                Inst::Loop(l) => self.block(&l.body, &[l.index]),
                Inst::While(w) => {
                    self.block(&w.condition, &[]);
                    self.block(&w.body, &[]);
                }
                Inst::Const { out, .. }
                | Inst::Point { out, .. }
                | Inst::Index { out, .. }
                | Inst::Op { out, .. } => self.blocks[out.0 as usize] = number,
            }
        }
    }

    /// A store that only some points do may be to one position for all of them, which others read later.
    fn forget(&mut self, buffer: BufferId) {
        for access in self.found.iter_mut().filter(|access| access.buffer == buffer) {
            access.place = None;
        }
    }

    fn note(&mut self, buffer: BufferId, place: (ValueId, usize), is_written: bool) {
        let now = self.n_insts;
        let is_new_each_time = self.blocks[place.0.0 as usize] == place.1;
        match self.found.iter_mut().find(|access| access.buffer == buffer) {
            Some(access) => {
                access.is_written |= is_written;
                access.place = access.place.filter(|&known| known == place);
                access.last = now;
            }
            None => {
                let place = Some(place).filter(|_| is_new_each_time);
                self.found.push(Access { buffer, is_written, place, first: now, last: now });
            }
        }
    }
}
