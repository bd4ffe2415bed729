//! What only code for graphics processors has.

use std::ffi::c_uint;

use inkwell::llvm_sys::core::*;

use super::{Ir, Ty, V};

/// The calling convention of functions that the host launches (`llvm::CallingConv::PTX_Kernel`).
const PTX_KERNEL: c_uint = 71;

/// The address space of the device's memory.
const GLOBAL: c_uint = 1;

impl Ir<'_> {
    /// A pointer into the device's memory.
    pub(crate) fn global_ptr(&self) -> Ty {
        // SAFETY: the context is live.
        Ty(unsafe { LLVMPointerTypeInContext(self.ctx, GLOBAL) })
    }

    /// A new function that the host launches with at most so many threads in a block.
    pub(crate) fn device_entry(&self, name: &str, ty: Ty, threads: usize) -> V {
        let function = self.function(name, ty, false, &[("nounwind", "")]);
        self.make_public(function);
        // SAFETY: the function is live.
        unsafe { LLVMSetFunctionCallConv(function.0, PTX_KERNEL) };
        for (key, value) in [("kernel", 1), ("maxntidx", threads as i64)] {
            self.annotate(function, key, value);
        }
        function
    }

    /// Adds to what NVIDIA's code generator reads of a function.
    fn annotate(&self, function: V, key: &str, value: i64) {
        // SAFETY: the function is live.
        let what = unsafe { LLVMValueAsMetadata(function.0) };
        // SAFETY: the context is live, and the key is as long as said.
        let key = unsafe { LLVMMDStringInContext2(self.ctx, key.as_ptr().cast(), key.len()) };
        // SAFETY: the constant is live.
        let value = unsafe { LLVMValueAsMetadata(self.i32(value).0) };
        // SAFETY: three operands, of the live context.
        let node = unsafe { LLVMMDNodeInContext2(self.ctx, [what, key, value].as_mut_ptr(), 3) };
        // SAFETY: the node belongs to the live context.
        let node = unsafe { LLVMMetadataAsValue(self.ctx, node) };
        // SAFETY: the module is live; the name ends with zero.
        unsafe {
            LLVMAddNamedMetadataOperand(self.module, c"nvvm.annotations".as_ptr(), node);
        }
    }

    /// Promises something of a pointer that a function takes.
    pub(crate) fn param_attribute(&self, function: V, index: u32, name: &str) {
        // SAFETY: the name is as long as said.
        let kind = unsafe { LLVMGetEnumAttributeKindForName(name.as_ptr().cast(), name.len()) };
        // SAFETY: the kind is one that LLVM knows and takes no value.
        let attribute = unsafe { LLVMCreateEnumAttribute(self.ctx, kind, 0) };
        // SAFETY: function and attribute belong to one live context; parameters are numbered from 1.
        unsafe { LLVMAddAttributeAtIndex(function.0, index + 1, attribute) };
    }
}
