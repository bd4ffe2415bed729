//! Functions and calls.

use std::ffi::{CString, c_uint};

use inkwell::llvm_sys::core::*;
use inkwell::llvm_sys::prelude::*;
use inkwell::llvm_sys::{LLVMLinkage, LLVMVisibility};

use super::{Ir, NO_NAME, Ty, V};

impl Ir<'_> {
    /// The type of a function.
    pub(crate) fn function_type(&self, result: Option<Ty>, params: &[Ty]) -> Ty {
        let mut raw: Vec<LLVMTypeRef> = params.iter().map(|ty| ty.0).collect();
        // SAFETY: the context is live.
        let result = result.unwrap_or(Ty(unsafe { LLVMVoidTypeInContext(self.ctx) }));
        // SAFETY: as many types as are said, all live.
        Ty(unsafe { LLVMFunctionType(result.0, raw.as_mut_ptr(), raw.len() as c_uint, 0) })
    }

    /// A new function, with attributes as `key`, `value`.
    pub(crate) fn function(&self, name: &str, ty: Ty, internal: bool, attrs: &[(&str, &str)]) -> V {
        let name: String = name.chars().filter(|&c| c != '\0').collect();
        let name = CString::new(name).unwrap_or_default();
        // SAFETY: module and type belong to one live context; the name ends with zero.
        let function = unsafe { LLVMAddFunction(self.module, name.as_ptr(), ty.0) };
        if internal {
            // SAFETY: the function is live.
            unsafe { LLVMSetLinkage(function, LLVMLinkage::LLVMInternalLinkage) };
        } else {
            // Hidden symbols are reached without a table of addresses.
            // SAFETY: the function is live.
            unsafe { LLVMSetVisibility(function, LLVMVisibility::LLVMHiddenVisibility) };
        }
        attrs.iter().for_each(|(key, value)| self.add_attribute(function, key, value));
        V(function)
    }

    fn add_attribute(&self, function: LLVMValueRef, key: &str, value: &str) {
        const WHOLE_FUNCTION: c_uint = c_uint::MAX;
        let (key_len, value_len) = (key.len() as c_uint, value.len() as c_uint);
        let attribute = if value.is_empty() {
            // SAFETY: the key is as long as said.
            let kind = unsafe { LLVMGetEnumAttributeKindForName(key.as_ptr().cast(), key.len()) };
            // SAFETY: the kind is one that LLVM knows and takes no value.
            unsafe { LLVMCreateEnumAttribute(self.ctx, kind, 0) }
        } else {
            let (key, value) = (key.as_ptr().cast(), value.as_ptr().cast());
            // SAFETY: key and value are as long as said.
            unsafe { LLVMCreateStringAttribute(self.ctx, key, key_len, value, value_len) }
        };
        // SAFETY: function and attribute belong to one live context.
        unsafe { LLVMAddAttributeAtIndex(function, WHOLE_FUNCTION, attribute) };
    }

    /// Removes a function that nothing calls; the builder must be moved before it builds again.
    pub(crate) fn delete_function(&self, function: V) {
        // SAFETY: the function is live and is not used after this.
        unsafe { LLVMDeleteFunction(function.0) };
    }

    /// A parameter of a function.
    pub(crate) fn param(&self, function: V, index: u32) -> V {
        // SAFETY: the function has such a parameter.
        V(unsafe { LLVMGetParam(function.0, index) })
    }

    /// Calls a function, or an address.
    pub(crate) fn call(&self, ty: Ty, function: V, args: &[V]) -> V {
        let mut raw: Vec<LLVMValueRef> = args.iter().map(|v| v.0).collect();
        let n = raw.len() as c_uint;
        // SAFETY: all belong to one live context; the arguments fit the type.
        self.contract(V(unsafe {
            LLVMBuildCall2(self.builder, ty.0, function.0, raw.as_mut_ptr(), n, NO_NAME)
        }))
    }

    /// Calls an LLVM intrinsic, overloaded on some types.
    pub(crate) fn intrinsic(&self, name: &str, overloads: &[Ty], args: &[V]) -> V {
        let mut types: Vec<LLVMTypeRef> = overloads.iter().map(|ty| ty.0).collect();
        // SAFETY: the name is as long as said.
        let id = unsafe { LLVMLookupIntrinsicID(name.as_ptr().cast(), name.len()) };
        debug_assert_ne!(id, 0, "LLVM has no intrinsic {name}");
        let (raw, n) = (types.as_mut_ptr(), types.len());
        // SAFETY: the intrinsic exists and is overloaded on as many types.
        let function = unsafe { LLVMGetIntrinsicDeclaration(self.module, id, raw, n) };
        // SAFETY: as above.
        let ty = unsafe { LLVMIntrinsicGetType(self.ctx, id, raw, n) };
        self.call(Ty(ty), V(function), args)
    }

    /// An intrinsic overloaded on its first operand's type, such as `llvm.sqrt`.
    pub(crate) fn same(&self, name: &str, args: &[V]) -> V {
        self.intrinsic(name, &[self.type_of(args[0])], args)
    }
}
