//! Copies and library calls.

use jaxrs_kernel::{BufferId, HostCall, MatMul, Operand, Sort, TopK};

use crate::ir::{IntCmp, V};
use crate::program::Emitter;
use crate::table::Slot;

impl Emitter<'_, '_> {
    pub(crate) fn copy(&self, from: BufferId, to: BufferId) {
        let ir = self.ir;
        let bytes = self.program[from].size_bytes();
        let (from, to) = (self.pointer(from), self.pointer(to));
        match bytes {
            0 => {}
            1 | 2 | 4 | 8 | 16 | 32 | 64 => {
                let ty = ir.lanes(ir.int(8), bytes as u32);
                ir.store(ir.load(ty, from, 1), to, 1);
            }
            _ => {
                let bytes = ir.i64(bytes as i64);
                self.runtime.call(ir, Slot::Copy, &[self.runtime.ctx, to, from, bytes]);
            }
        }
    }

    fn operand(&self, operand: &Operand) -> V {
        let ir = self.ir;
        let element = ir.memory(self.program[operand.buffer].dtype);
        let mut offset = ir.i64(operand.offset as i64);
        if let Some((var, step)) = operand.step {
            let counter = self.index_vars[var.0 as usize].unwrap_or_else(|| ir.i64(0));
            offset = ir.add(offset, ir.mul(counter, ir.i64(step as i64)));
        }
        ir.element(element, self.pointer(operand.buffer), offset)
    }

    fn next_call(&mut self) -> V {
        self.n_calls += 1;
        self.ir.i64(self.n_calls as i64 - 1)
    }

    pub(crate) fn matmul(&mut self, matmul: &MatMul) {
        let call = self.next_call();
        let (out, lhs) = (self.operand(&matmul.out), self.operand(&matmul.lhs));
        let rhs = self.operand(&matmul.rhs);
        self.runtime.call(self.ir, Slot::MatMul, &[self.runtime.ctx, call, out, lhs, rhs]);
    }

    /// The addresses of buffers, in a table on the stack.
    fn addresses<'b>(&self, buffers: impl ExactSizeIterator<Item = &'b BufferId>) -> V {
        let ir = self.ir;
        let table = ir.stack_slot(self.entry, ir.array(ir.ptr(), buffers.len().max(1)), 8);
        for (i, &buffer) in buffers.enumerate() {
            ir.store(self.pointer(buffer), ir.element(ir.ptr(), table, ir.i64(i as i64)), 8);
        }
        table
    }

    pub(crate) fn sort(&mut self, sort: &Sort) {
        let call = self.next_call();
        let buffers: Vec<BufferId> = sort.inputs.iter().chain(&sort.outputs).copied().collect();
        let table = self.addresses(buffers.iter());
        self.runtime.call(self.ir, Slot::Sort, &[self.runtime.ctx, call, table]);
    }

    pub(crate) fn top_k(&mut self, top: &TopK) {
        let call = self.next_call();
        let buffers = [top.input, top.values, top.positions];
        let table = self.addresses(buffers.iter());
        self.runtime.call(self.ir, Slot::TopK, &[self.runtime.ctx, call, table]);
    }

    /// Calls a routine of the host's; if it fails the program returns.
    pub(crate) fn host(&mut self, host: &HostCall) {
        let ir = self.ir;
        let call = self.next_call();
        let buffers: Vec<BufferId> = host.inputs.iter().chain(&host.outputs).copied().collect();
        let table = self.addresses(buffers.iter());
        let failed = self.runtime.ask(ir, Slot::Host, &[self.runtime.ctx, call, table]);
        let failed = ir.icmp(IntCmp::LLVMIntNE, failed, ir.i32(0));
        let (end, next) = (ir.block(self.entry), ir.block(self.entry));
        ir.cond_br(failed, end, next);
        ir.go_to(end);
        ir.ret();
        ir.go_to(next);
    }
}
