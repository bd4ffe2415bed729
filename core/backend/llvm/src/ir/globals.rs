//! Constants in memory, and which names others see.

use std::ffi::CString;

use inkwell::llvm_sys::core::*;
use inkwell::llvm_sys::prelude::*;
use inkwell::llvm_sys::{LLVMLinkage, LLVMVisibility};

use super::{Ir, V};

impl Ir<'_> {
    /// Bytes of the module's own.
    pub(crate) fn constant_bytes(&self, bytes: &[u8], align: u32) -> V {
        let (start, len) = (bytes.as_ptr().cast(), bytes.len());
        // SAFETY: the context is live, and there are as many bytes.
        let value = unsafe { LLVMConstStringInContext2(self.ctx, start, len, 1) };
        self.constant(value, align)
    }

    /// A table of addresses and numbers, each 8 bytes wide.
    pub(crate) fn constant_table(&self, entries: &[V]) -> V {
        let mut raw: Vec<LLVMValueRef> = entries.iter().map(|v| v.0).collect();
        // SAFETY: the context is live, and there are as many constants of it.
        let value =
            unsafe { LLVMConstStructInContext(self.ctx, raw.as_mut_ptr(), raw.len() as u32, 0) };
        self.constant(value, 8)
    }

    fn constant(&self, value: LLVMValueRef, align: u32) -> V {
        // SAFETY: the value is live.
        let ty = unsafe { LLVMTypeOf(value) };
        // SAFETY: module and type belong to one live context; the name ends with zero.
        let global = unsafe { LLVMAddGlobal(self.module, ty, c"constant".as_ptr()) };
        // SAFETY: the value has the global's type.
        unsafe { LLVMSetInitializer(global, value) };
        // SAFETY: the global is live.
        unsafe { LLVMSetGlobalConstant(global, 1) };
        // SAFETY: as above.
        unsafe { LLVMSetAlignment(global, align) };
        // SAFETY: as above.
        unsafe { LLVMSetLinkage(global, LLVMLinkage::LLVMInternalLinkage) };
        V(global)
    }

    /// A function of the module.
    pub(crate) fn function_named(&self, name: &str) -> Option<V> {
        let name = CString::new(name).ok()?;
        // SAFETY: the module is live; the name ends with zero.
        let function = unsafe { LLVMGetNamedFunction(self.module, name.as_ptr()) };
        (!function.is_null()).then_some(V(function))
    }

    /// Hides a function from other objects.
    pub(crate) fn make_internal(&self, function: V) {
        // SAFETY: the function is live.
        unsafe { LLVMSetVisibility(function.0, LLVMVisibility::LLVMDefaultVisibility) };
        // SAFETY: as above.
        unsafe { LLVMSetLinkage(function.0, LLVMLinkage::LLVMInternalLinkage) };
    }

    /// Lets the whole program see a function.
    pub(crate) fn make_public(&self, function: V) {
        // SAFETY: the function is live.
        unsafe { LLVMSetVisibility(function.0, LLVMVisibility::LLVMDefaultVisibility) };
    }
}
