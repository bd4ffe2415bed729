//! The types of values.

use inkwell::llvm_sys::LLVMTypeKind;
use inkwell::llvm_sys::core::*;
use jaxrs_data::DType;

use super::{Ir, Ty, V};

impl Ir<'_> {
    /// An integer of some bits.
    pub(crate) fn int(&self, bits: u32) -> Ty {
        // SAFETY: the context is live.
        Ty(unsafe { LLVMIntTypeInContext(self.ctx, bits) })
    }

    /// A float of 32 or 64 bits.
    pub(crate) fn float(&self, bits: u32) -> Ty {
        let make = match bits {
            16 => LLVMHalfTypeInContext,
            32 => LLVMFloatTypeInContext,
            _ => LLVMDoubleTypeInContext,
        };
        // SAFETY: the context is live.
        Ty(unsafe { make(self.ctx) })
    }

    /// A pointer.
    pub(crate) fn ptr(&self) -> Ty {
        // SAFETY: the context is live.
        Ty(unsafe { LLVMPointerTypeInContext(self.ctx, 0) })
    }

    /// An array type, for stack slots.
    pub(crate) fn array(&self, of: Ty, len: usize) -> Ty {
        // SAFETY: the element type is a live one that arrays can have.
        Ty(unsafe { LLVMArrayType2(of.0, len as u64) })
    }

    /// Some lanes of a scalar type; one lane is the scalar itself.
    pub(crate) fn lanes(&self, of: Ty, width: u32) -> Ty {
        if width == 1 {
            return of;
        }
        // SAFETY: the element type is a live scalar.
        Ty(unsafe { LLVMVectorType(of.0, width) })
    }

    /// What an element is in registers: truth values are one bit; floats of up to 16 bits, complex numbers
    /// and keys are their bits.
    pub(crate) fn register(&self, dtype: DType) -> Ty {
        match dtype {
            DType::Bool => self.int(1),
            DType::F32 => self.float(32),
            DType::F64 => self.float(64),
            _ => self.int(dtype.size_bytes() as u32 * 8),
        }
    }

    /// What an element is in memory.
    pub(crate) fn memory(&self, dtype: DType) -> Ty {
        if dtype == DType::Bool { self.int(8) } else { self.register(dtype) }
    }

    /// The type of a value.
    pub(crate) fn type_of(&self, v: V) -> Ty {
        // SAFETY: the value is live.
        Ty(unsafe { LLVMTypeOf(v.0) })
    }

    /// The number of lanes of a value.
    pub(crate) fn width_of(&self, v: V) -> u32 {
        let ty = self.type_of(v);
        // SAFETY: the type is live.
        if unsafe { LLVMGetTypeKind(ty.0) } != LLVMTypeKind::LLVMVectorTypeKind {
            return 1;
        }
        // SAFETY: the type is a vector.
        unsafe { LLVMGetVectorSize(ty.0) }
    }

    /// The bits of an integer, or of each lane's.
    pub(crate) fn scalar_bits(&self, v: V) -> u32 {
        let mut ty = self.type_of(v);
        if self.width_of(v) > 1 {
            // SAFETY: the type is a vector.
            ty = Ty(unsafe { LLVMGetElementType(ty.0) });
        }
        // SAFETY: the type is an integer type.
        unsafe { LLVMGetIntTypeWidth(ty.0) }
    }

    /// Whether a value is a constant.
    pub(crate) fn is_constant(&self, v: V) -> bool {
        // SAFETY: the value is live.
        (unsafe { LLVMIsConstant(v.0) }) != 0
    }

    /// The same number of lanes of another scalar type.
    pub(crate) fn like(&self, v: V, scalar: Ty) -> Ty {
        self.lanes(scalar, self.width_of(v))
    }
}
