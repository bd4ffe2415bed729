//! Memory.

use inkwell::llvm_sys::core::*;

use super::{Ir, Label, NO_NAME, Ty, V};

impl Ir<'_> {
    /// The address of an element of a scalar type.
    pub(crate) fn element(&self, of: Ty, base: V, index: V) -> V {
        let mut indices = [index.0];
        // SAFETY: builder and operands belong to one live context; one index is given.
        V(unsafe { LLVMBuildGEP2(self.builder, of.0, base.0, indices.as_mut_ptr(), 1, NO_NAME) })
    }

    /// Reads memory.
    pub(crate) fn load(&self, ty: Ty, address: V, align: u32) -> V {
        // SAFETY: builder, type and address belong to one live context.
        let v = unsafe { LLVMBuildLoad2(self.builder, ty.0, address.0, NO_NAME) };
        // SAFETY: `v` is a load.
        unsafe { LLVMSetAlignment(v, align) };
        V(v)
    }

    /// Writes memory.
    pub(crate) fn store(&self, v: V, address: V, align: u32) -> V {
        // SAFETY: builder and operands belong to one live context.
        let store = unsafe { LLVMBuildStore(self.builder, v.0, address.0) };
        // SAFETY: `store` is a store.
        unsafe { LLVMSetAlignment(store, align) };
        V(store)
    }

    /// Makes a store go past the caches.
    pub(crate) fn set_nontemporal(&self, store: V) {
        // SAFETY: `store` is an instruction of this context, as the metadata is.
        unsafe { LLVMSetMetadata(store.0, self.nontemporal.0, self.nontemporal.1) };
    }

    /// A stack slot, made in the function's first block so that loops don't grow the stack.
    pub(crate) fn stack_slot(&self, function: V, ty: Ty, align: u32) -> V {
        let here = self.here();
        // SAFETY: the function has a first block.
        let entry = unsafe { LLVMGetEntryBasicBlock(function.0) };
        // SAFETY: the block is live.
        let first = unsafe { LLVMGetFirstInstruction(entry) };
        if first.is_null() {
            self.go_to(Label(entry));
        } else {
            // SAFETY: the instruction lies in a block.
            unsafe { LLVMPositionBuilderBefore(self.builder, first) };
        }
        // SAFETY: builder and type belong to one live context.
        let slot = unsafe { LLVMBuildAlloca(self.builder, ty.0, NO_NAME) };
        // SAFETY: `slot` is an alloca.
        unsafe { LLVMSetAlignment(slot, align) };
        self.go_to(here);
        V(slot)
    }
}
