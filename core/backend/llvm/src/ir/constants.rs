//! Constants.

use std::ffi::c_uint;

use inkwell::llvm_sys::LLVMTypeKind;
use inkwell::llvm_sys::core::*;
use inkwell::llvm_sys::prelude::*;

use super::{Ir, Ty, V};

impl Ir<'_> {
    /// A 128-bit integer constant, lower half first.
    pub(crate) fn const_wide_int(&self, low: i64, high: i64) -> V {
        let words = [low as u64, high as u64];
        // SAFETY: the type is a live integer type, and the words are as many as said.
        V(unsafe { LLVMConstIntOfArbitraryPrecision(self.int(128).0, 2, words.as_ptr()) })
    }

    /// An integer constant in all lanes of a type.
    pub(crate) fn const_int(&self, ty: Ty, value: i64) -> V {
        // SAFETY: the type is live.
        let is_vector = unsafe { LLVMGetTypeKind(ty.0) } == LLVMTypeKind::LLVMVectorTypeKind;
        if is_vector {
            return self.const_splat(ty, |scalar| self.const_int(scalar, value));
        }
        // SAFETY: the type is a live integer type.
        V(unsafe { LLVMConstInt(ty.0, value as u64, 1) })
    }

    /// A float constant in all lanes of a type.
    pub(crate) fn const_float(&self, ty: Ty, value: f64) -> V {
        // SAFETY: the type is live.
        let is_vector = unsafe { LLVMGetTypeKind(ty.0) } == LLVMTypeKind::LLVMVectorTypeKind;
        if is_vector {
            return self.const_splat(ty, |scalar| self.const_float(scalar, value));
        }
        // SAFETY: the type is a live float type.
        V(unsafe { LLVMConstReal(ty.0, value) })
    }

    fn const_splat(&self, ty: Ty, scalar: impl Fn(Ty) -> V) -> V {
        // SAFETY: the type is a vector.
        let element = scalar(Ty(unsafe { LLVMGetElementType(ty.0) }));
        // SAFETY: the type is a vector.
        let width = unsafe { LLVMGetVectorSize(ty.0) };
        self.const_vector(&vec![element; width as usize])
    }

    /// A vector constant.
    pub(crate) fn const_vector(&self, elements: &[V]) -> V {
        let mut raw: Vec<LLVMValueRef> = elements.iter().map(|v| v.0).collect();
        // SAFETY: the elements are live constants of one type.
        V(unsafe { LLVMConstVector(raw.as_mut_ptr(), raw.len() as c_uint) })
    }

    /// 0, 1, 2, … of an integer type.
    pub(crate) fn iota(&self, scalar: Ty, width: u32, stride: i64) -> V {
        let elements: Vec<V> =
            (0..i64::from(width)).map(|i| self.const_int(scalar, i.wrapping_mul(stride))).collect();
        self.const_vector(&elements)
    }

    /// A 64-bit integer.
    pub(crate) fn i64(&self, value: i64) -> V {
        self.const_int(self.int(64), value)
    }

    /// A 32-bit integer.
    pub(crate) fn i32(&self, value: i64) -> V {
        self.const_int(self.int(32), value)
    }

    /// A truth value.
    pub(crate) fn bool(&self, value: bool) -> V {
        self.const_int(self.int(1), i64::from(value))
    }

    /// All zero bits.
    pub(crate) fn zero(&self, ty: Ty) -> V {
        // SAFETY: the type is live.
        V(unsafe { LLVMConstNull(ty.0) })
    }

    /// The value, if it is a scalar integer constant.
    pub(crate) fn as_const(&self, v: V) -> Option<i64> {
        // SAFETY: the value is live.
        let constant = unsafe { LLVMIsAConstantInt(v.0) };
        if constant.is_null() {
            return None;
        }
        // SAFETY: the value is an integer constant; ours have at most 64 bits.
        Some(unsafe { LLVMConstIntGetSExtValue(constant) })
    }
}
