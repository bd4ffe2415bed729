//! A thin, untyped builder over LLVM's C interface: the same call makes a scalar or a vector
//! instruction, whichever its operands are, so that emitters are written once for both.

mod arithmetic;
mod constants;
mod control;
mod device;
mod functions;
mod globals;
mod memory;
mod shapes;

use std::cell::RefCell;
use std::ffi::{c_char, c_uint};
use std::marker::PhantomData;

use inkwell::context::{AsContextRef, Context};
use inkwell::llvm_sys::core::*;
use inkwell::llvm_sys::prelude::*;
pub(crate) use inkwell::llvm_sys::{LLVMIntPredicate as IntCmp, LLVMRealPredicate as FloatCmp};
use inkwell::module::Module;

use crate::table::SlowCalls;

/// A value of the function under construction, or a constant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct V(LLVMValueRef);

/// A type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ty(LLVMTypeRef);

/// A basic block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Label(LLVMBasicBlockRef);

/// Builds the functions of one module.
pub(crate) struct Ir<'c> {
    ctx: LLVMContextRef,
    module: LLVMModuleRef,
    builder: LLVMBuilderRef,
    nontemporal: (c_uint, LLVMValueRef),
    /// Whether code runs in a mode in which denormal numbers are not zero.
    pub(crate) keeps_denormals: bool,
    /// The functions that were left to the runtime.
    pub(crate) slow_calls: RefCell<SlowCalls>,
    /// The context and module outlive the builder.
    _life: PhantomData<&'c Context>,
}

const NO_NAME: *const c_char = c"".as_ptr();

impl<'c> Ir<'c> {
    /// A builder for a module of the context.
    pub(crate) fn new(context: &'c Context, module: &Module<'c>) -> Ir<'c> {
        let ctx = context.as_ctx_ref();
        // SAFETY: the context is live.
        let builder = unsafe { LLVMCreateBuilderInContext(ctx) };
        let name = "nontemporal";
        // SAFETY: the name is `len` bytes long.
        let kind =
            unsafe { LLVMGetMDKindIDInContext(ctx, name.as_ptr().cast(), name.len() as c_uint) };
        // SAFETY: the context is live.
        let number = unsafe { LLVMInt32TypeInContext(ctx) };
        // SAFETY: the type belongs to the live context.
        let one = unsafe { LLVMConstInt(number, 1, 0) };
        // SAFETY: the value is live.
        let one = unsafe { LLVMValueAsMetadata(one) };
        // SAFETY: one operand, of the live context.
        let one = unsafe { LLVMMDNodeInContext2(ctx, [one].as_mut_ptr(), 1) };
        // SAFETY: the node belongs to the live context.
        let one = unsafe { LLVMMetadataAsValue(ctx, one) };
        let module = module.as_mut_ptr();
        Ir {
            ctx,
            module,
            builder,
            nontemporal: (kind, one),
            keeps_denormals: false,
            slow_calls: RefCell::default(),
            _life: PhantomData,
        }
    }
}

impl Drop for Ir<'_> {
    fn drop(&mut self) {
        // SAFETY: the builder is live and is disposed of once.
        unsafe { LLVMDisposeBuilder(self.builder) };
    }
}
