//! Kernels as functions: what they need from outside, and which of them are the same.

use jaxrs_kernel::{Block, BufferId, IndexVar, Inst, Kernel, Program};

/// What a kernel needs from outside, in order of first use.
#[derive(Default)]
pub(crate) struct Needs {
    /// The buffers that it touches.
    pub(crate) buffers: Vec<BufferId>,
    /// The counters of program loops that it reads.
    pub(crate) counters: Vec<IndexVar>,
    /// The number of instructions.
    pub(crate) size: usize,
}

impl Needs {
    /// Looks through a kernel.
    pub(crate) fn of(kernel: &Kernel) -> Needs {
        let mut needs = Needs::default();
        kernel.visit(&mut |inst| {
            needs.size += 1;
            match inst {
                Inst::Load { buffer, .. } | Inst::Store { buffer, .. } => {
                    insert(&mut needs.buffers, *buffer);
                }
                Inst::Index { var, .. } => insert(&mut needs.counters, *var),
                _ => {}
            }
        });
        needs
    }

    /// A text that is the same for kernels that one function can serve: names are left out, buffers and
    /// counters numbered in order of use, and what code depends on is added.
    pub(crate) fn signature(
        &self,
        program: &Program,
        kernel: &Kernel,
        streamed: &[BufferId],
    ) -> String {
        let mut kernel = kernel.clone();
        kernel.name.clear();
        kernel.grain = 0;
        self.renumber(&mut kernel.body);
        let buffer = |&id: &BufferId| {
            let overlaps = self.buffers.iter().map(|&other| program.may_overlap(id, other));
            let overlaps: Vec<bool> = overlaps.collect();
            (program[id].dtype, program[id].len, streamed.contains(&id), overlaps)
        };
        let buffers: Vec<_> = self.buffers.iter().map(buffer).collect();
        format!("{kernel:?} {buffers:?}")
    }

    fn renumber(&self, block: &mut Block) {
        for inst in &mut block.insts {
            match inst {
                Inst::Load { buffer, .. } | Inst::Store { buffer, .. } => {
                    *buffer = BufferId(position(&self.buffers, *buffer));
                }
                Inst::Index { var, .. } => *var = IndexVar(position(&self.counters, *var)),
                Inst::Loop(l) => self.renumber(&mut l.body),
                Inst::While(w) => {
                    self.renumber(&mut w.condition);
                    self.renumber(&mut w.body);
                }
                Inst::Const { .. } | Inst::Point { .. } | Inst::Op { .. } => {}
            }
        }
    }
}

fn insert<T: PartialEq>(list: &mut Vec<T>, item: T) {
    if !list.contains(&item) {
        list.push(item);
    }
}

fn position<T: PartialEq>(list: &[T], item: T) -> u32 {
    list.iter().position(|known| *known == item).unwrap_or(0) as u32
}
