//! Loops and branches of programs.

use jaxrs_data::Result;
use jaxrs_kernel::{BufferId, Carry, IndexVar, Step};

use crate::ir::{IntCmp, Label, V};
use crate::program::Emitter;

impl<'e> Emitter<'e, '_> {
    pub(crate) fn repeat(
        &mut self,
        index: IndexVar,
        trips: usize,
        carries: &'e [Carry],
        body: &'e [Step],
    ) -> Result<()> {
        if trips == 0 {
            return Ok(());
        }
        let ir = self.ir;
        let (before, header) = (ir.here(), ir.block(self.entry));
        ir.br(header);
        ir.go_to(header);
        let counter = ir.phi(ir.int(64), &[(ir.i64(0), before)]);
        let moving = self.moving(carries, body);
        let phis = self.pointer_phis(&moving, before);
        let outer = self.index_vars[index.0 as usize].replace(counter);
        self.depth += 1;
        self.steps(body)?;
        self.depth -= 1;
        self.exchange(carries);
        let latch = ir.here();
        let next = ir.add_nsw(counter, ir.i64(1));
        ir.add_incoming(counter, next, latch);
        phis.iter().for_each(|&(id, phi)| ir.add_incoming(phi, self.pointer(id), latch));
        let exit = ir.block(self.entry);
        let again = ir.icmp(IntCmp::LLVMIntSLT, next, ir.i64(trips as i64));
        ir.cond_br(again, header, exit);
        ir.go_to(exit);
        self.index_vars[index.0 as usize] = outer;
        Ok(())
    }

    pub(crate) fn while_(
        &mut self,
        carries: &'e [Carry],
        condition: &'e [Step],
        predicate: BufferId,
        body: &'e [Step],
    ) -> Result<()> {
        let ir = self.ir;
        let (before, header) = (ir.here(), ir.block(self.entry));
        ir.br(header);
        ir.go_to(header);
        let mut moving = self.moving(carries, body);
        moving.extend(self.moving(&[], condition));
        moving.sort_unstable();
        moving.dedup();
        let phis = self.pointer_phis(&moving, before);
        self.depth += 1;
        self.steps(condition)?;
        let holds = ir.load(ir.int(8), self.pointer(predicate), 1);
        let holds = ir.icmp(IntCmp::LLVMIntNE, holds, ir.const_int(ir.int(8), 0));
        let (then, exit) = (ir.block(self.entry), ir.block(self.entry));
        ir.cond_br(holds, then, exit);
        let after_condition = self.pointers.clone();
        ir.go_to(then);
        self.steps(body)?;
        self.depth -= 1;
        self.exchange(carries);
        let latch = ir.here();
        phis.iter().for_each(|&(id, phi)| ir.add_incoming(phi, self.pointer(id), latch));
        ir.br(header);
        ir.go_to(exit);
        self.pointers = after_condition;
        Ok(())
    }

    pub(crate) fn switch(&mut self, index: BufferId, branches: &'e [Vec<Step>]) -> Result<()> {
        let ir = self.ir;
        let Some(last) = branches.len().checked_sub(1) else { return Ok(()) };
        let number = ir.load(ir.int(32), self.pointer(index), 4);
        let labels: Vec<_> = branches.iter().map(|_| ir.block(self.entry)).collect();
        let after = ir.block(self.entry);
        ir.switch(number, labels[last], &labels[..last]);
        let before = self.pointers.clone();
        let mut ends = Vec::new();
        for (branch, &label) in branches.iter().zip(&labels) {
            ir.go_to(label);
            self.steps(branch)?;
            ends.push((ir.here(), std::mem::replace(&mut self.pointers, before.clone())));
            ir.br(after);
        }
        ir.go_to(after);
        for id in 0..before.len() {
            if ends.iter().any(|(_, pointers)| pointers[id] != before[id]) {
                let incoming: Vec<_> = ends.iter().map(|(end, p)| (p[id], *end)).collect();
                self.pointers[id] = ir.phi(ir.ptr(), &incoming);
            }
        }
        Ok(())
    }

    /// The buffers whose memory an iteration exchanges, those of loops inside it too.
    fn moving(&self, carries: &[Carry], steps: &[Step]) -> Vec<BufferId> {
        let mut moving: Vec<BufferId> = carries
            .iter()
            .filter(|c| c.current != c.next)
            .flat_map(|c| [c.current, c.next])
            .collect();
        for step in steps {
            match step {
                Step::Repeat { carries, body, .. } => moving.extend(self.moving(carries, body)),
                Step::While { carries, condition, body, .. } => {
                    moving.extend(self.moving(carries, body));
                    moving.extend(self.moving(&[], condition));
                }
                Step::Switch { branches, .. } => {
                    branches.iter().for_each(|branch| moving.extend(self.moving(&[], branch)));
                }
                Step::Kernel(_) | Step::Library(_) | Step::Copy { .. } => {}
            }
        }
        moving.sort_unstable();
        moving.dedup();
        moving
    }

    fn pointer_phis(&mut self, moving: &[BufferId], before: Label) -> Vec<(BufferId, V)> {
        let ir = self.ir;
        let phi = |&id: &BufferId| (id, ir.phi(ir.ptr(), &[(self.pointer(id), before)]));
        let phis: Vec<(BufferId, V)> = moving.iter().map(phi).collect();
        phis.iter().for_each(|&(id, phi)| self.pointers[id.0 as usize] = phi);
        phis
    }

    fn exchange(&mut self, carries: &[Carry]) {
        carries.iter().for_each(|c| self.pointers.swap(c.current.0 as usize, c.next.0 as usize));
    }
}
