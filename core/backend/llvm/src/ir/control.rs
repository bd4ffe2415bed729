//! Control flow.

use std::ffi::c_uint;

use inkwell::llvm_sys::core::*;

use super::{Ir, Label, NO_NAME, Ty, V};

impl Ir<'_> {
    /// A new block at the end of a function.
    pub(crate) fn block(&self, function: V) -> Label {
        // SAFETY: the function is live.
        Label(unsafe { LLVMAppendBasicBlockInContext(self.ctx, function.0, NO_NAME) })
    }

    /// Goes on at the end of a block.
    pub(crate) fn go_to(&self, block: Label) {
        // SAFETY: builder and block belong to one live context.
        unsafe { LLVMPositionBuilderAtEnd(self.builder, block.0) };
    }

    /// The block under construction.
    pub(crate) fn here(&self) -> Label {
        // SAFETY: the builder is at a block.
        Label(unsafe { LLVMGetInsertBlock(self.builder) })
    }

    /// Jumps.
    pub(crate) fn br(&self, to: Label) {
        // SAFETY: builder and block belong to one live function.
        unsafe { LLVMBuildBr(self.builder, to.0) };
    }

    /// Jumps by a condition.
    pub(crate) fn cond_br(&self, condition: V, if_true: Label, if_false: Label) {
        // SAFETY: builder, condition and blocks belong to one live function.
        unsafe { LLVMBuildCondBr(self.builder, condition.0, if_true.0, if_false.0) };
    }

    /// Jumps by an integer; the blocks are for 0, 1, ….
    pub(crate) fn switch(&self, index: V, otherwise: Label, blocks: &[Label]) {
        let n = blocks.len() as c_uint;
        // SAFETY: builder, index and block belong to one live function.
        let switch = unsafe { LLVMBuildSwitch(self.builder, index.0, otherwise.0, n) };
        for (number, block) in blocks.iter().enumerate() {
            let number = self.const_int(self.type_of(index), number as i64);
            // SAFETY: the switch has room for as many cases.
            unsafe { LLVMAddCase(switch, number.0, block.0) };
        }
    }

    /// A value that depends on where control came from.
    pub(crate) fn phi(&self, ty: Ty, incoming: &[(V, Label)]) -> V {
        // SAFETY: builder and type belong to one live context.
        let phi = V(unsafe { LLVMBuildPhi(self.builder, ty.0, NO_NAME) });
        incoming.iter().for_each(|&(v, from)| self.add_incoming(phi, v, from));
        phi
    }

    /// One more origin of such a value.
    pub(crate) fn add_incoming(&self, phi: V, v: V, from: Label) {
        let (mut values, mut blocks) = ([v.0], [from.0]);
        // SAFETY: one value and one block, of the phi's function.
        unsafe { LLVMAddIncoming(phi.0, values.as_mut_ptr(), blocks.as_mut_ptr(), 1) };
    }

    /// Returns nothing.
    pub(crate) fn ret(&self) {
        // SAFETY: the builder is at a block of a function without result.
        unsafe { LLVMBuildRetVoid(self.builder) };
    }

    /// Gives a value.
    pub(crate) fn ret_value(&self, v: V) {
        // SAFETY: builder and value belong to one live context.
        unsafe { LLVMBuildRet(self.builder, v.0) };
    }
}
