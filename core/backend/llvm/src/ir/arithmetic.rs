//! Arithmetic, comparisons, and lanes of vectors.

use inkwell::llvm_sys::core::*;
use inkwell::llvm_sys::{LLVMFastMathAllowContract, LLVMOpcode};

use super::{FloatCmp, IntCmp, Ir, NO_NAME, Ty, V};

macro_rules! binary {
    ($($(#[$doc:meta])* $name:ident = $build:ident;)*) => {$(
        $(#[$doc])*
        pub(crate) fn $name(&self, a: V, b: V) -> V {
            // SAFETY: builder and operands belong to one live context; the operands' types agree.
            V(unsafe { $build(self.builder, a.0, b.0, NO_NAME) })
        }
    )*};
}

macro_rules! convert {
    ($($name:ident = $build:ident;)*) => {$(
        pub(crate) fn $name(&self, a: V, to: Ty) -> V {
            // SAFETY: builder, operand and type belong to one live context; LLVM has this conversion.
            V(unsafe { $build(self.builder, a.0, to.0, NO_NAME) })
        }
    )*};
}

impl Ir<'_> {
    binary! {
        add = LLVMBuildAdd;
        sub = LLVMBuildSub;
        mul = LLVMBuildMul;
        add_nsw = LLVMBuildNSWAdd;
        mul_nsw = LLVMBuildNSWMul;
        udiv = LLVMBuildUDiv;
        sdiv = LLVMBuildSDiv;
        urem = LLVMBuildURem;
        srem = LLVMBuildSRem;
        and = LLVMBuildAnd;
        or = LLVMBuildOr;
        xor = LLVMBuildXor;
        shl = LLVMBuildShl;
        lshr = LLVMBuildLShr;
        ashr = LLVMBuildAShr;
        extract = LLVMBuildExtractElement;
    }

    convert! {
        trunc = LLVMBuildTrunc;
        zext = LLVMBuildZExt;
        sext = LLVMBuildSExt;
        fptosi = LLVMBuildFPToSI;
        fptoui = LLVMBuildFPToUI;
        sitofp = LLVMBuildSIToFP;
        uitofp = LLVMBuildUIToFP;
        fptrunc = LLVMBuildFPTrunc;
        fpext = LLVMBuildFPExt;
        bitcast = LLVMBuildBitCast;
    }

    /// a · b.
    pub(crate) fn fmul(&self, a: V, b: V) -> V {
        // SAFETY: builder and operands belong to one live context; the operands' types agree.
        self.contract(V(unsafe { LLVMBuildFMul(self.builder, a.0, b.0, NO_NAME) }))
    }

    /// a ÷ b. LLVM 19 takes lanes of a quotient for zero in which it knows both operands to be zero, as it does of what a
    /// constant mask leaves out (`SimplifyDemandedVectorElts`), and drops the selection that replaces their NaN. It
    /// does not look through the freezing of a divisor.
    pub(crate) fn fdiv(&self, a: V, b: V) -> V {
        let keep = self.is_constant(b) || self.width_of(b) == 1;
        let b = if keep { b } else { self.freeze(b) };
        // SAFETY: builder and operands belong to one live context; the operands' types agree.
        self.contract(V(unsafe { LLVMBuildFDiv(self.builder, a.0, b.0, NO_NAME) }))
    }

    /// The value, or any one in the place of what is none.
    pub(crate) fn freeze(&self, v: V) -> V {
        // SAFETY: builder and value belong to one live context.
        V(unsafe { LLVMBuildFreeze(self.builder, v.0, NO_NAME) })
    }

    /// a + b, which a product may be contracted into; but not where it is a difference, as [`Self::fsub`] says.
    pub(crate) fn fadd(&self, a: V, b: V) -> V {
        // SAFETY: builder and operands belong to one live context; the operands' types agree.
        let sum = V(unsafe { LLVMBuildFAdd(self.builder, a.0, b.0, NO_NAME) });
        if self.is_negated(a) || self.is_negated(b) { sum } else { self.contract(sum) }
    }

    /// a − b. Equal roundings cancel in a difference, as those of the mean of x² and the square of the mean do in a
    /// variance, and those of x·y − y·x: were one product left unrounded, the other's rounding would be the result. So
    /// products are not contracted into it, unless the other side is a constant, which has no rounding of its own.
    pub(crate) fn fsub(&self, a: V, b: V) -> V {
        // SAFETY: builder and operands belong to one live context; the operands' types agree.
        let difference = V(unsafe { LLVMBuildFSub(self.builder, a.0, b.0, NO_NAME) });
        if self.is_constant(a) || self.is_constant(b) {
            return self.contract(difference);
        }
        difference
    }

    /// Whether a value is −x of some x.
    fn is_negated(&self, v: V) -> bool {
        // SAFETY: the value is live.
        let instruction = unsafe { LLVMIsAInstruction(v.0) };
        // SAFETY: the value is an instruction.
        !instruction.is_null()
            && unsafe { LLVMGetInstructionOpcode(instruction) } == LLVMOpcode::LLVMFNeg
    }

    /// Allows contraction into fused multiply-adds, the only liberty that is taken.
    pub(super) fn contract(&self, v: V) -> V {
        // SAFETY: the value is live.
        if unsafe { LLVMCanValueUseFastMathFlags(v.0) } != 0 {
            // SAFETY: the value is an instruction with such flags.
            unsafe { LLVMSetFastMathFlags(v.0, LLVMFastMathAllowContract) };
        }
        v
    }

    /// −x; the sign bit flips.
    pub(crate) fn fneg(&self, v: V) -> V {
        // SAFETY: builder and operand belong to one live context.
        self.contract(V(unsafe { LLVMBuildFNeg(self.builder, v.0, NO_NAME) }))
    }

    /// Compares integers.
    pub(crate) fn icmp(&self, predicate: IntCmp, a: V, b: V) -> V {
        // SAFETY: builder and operands belong to one live context; the operands' types agree.
        V(unsafe { LLVMBuildICmp(self.builder, predicate, a.0, b.0, NO_NAME) })
    }

    /// Compares floats.
    pub(crate) fn fcmp(&self, predicate: FloatCmp, a: V, b: V) -> V {
        // SAFETY: builder and operands belong to one live context; the operands' types agree.
        V(unsafe { LLVMBuildFCmp(self.builder, predicate, a.0, b.0, NO_NAME) })
    }

    /// Chooses, lane by lane if the condition is a vector.
    pub(crate) fn select(&self, condition: V, if_true: V, if_false: V) -> V {
        // SAFETY: builder and operands belong to one live context; the operands' types agree.
        V(unsafe { LLVMBuildSelect(self.builder, condition.0, if_true.0, if_false.0, NO_NAME) })
    }

    /// All lanes' complement.
    pub(crate) fn not(&self, v: V) -> V {
        // SAFETY: builder and operand belong to one live context.
        V(unsafe { LLVMBuildNot(self.builder, v.0, NO_NAME) })
    }

    /// A scalar in all lanes.
    pub(crate) fn splat(&self, v: V, width: u32) -> V {
        if width == 1 {
            return v;
        }
        let ty = self.lanes(self.type_of(v), width);
        // SAFETY: the type is live.
        let poison = V(unsafe { LLVMGetPoison(ty.0) });
        let first = self.insert(poison, v, 0);
        self.shuffle(first, poison, &vec![0; width as usize])
    }

    /// A vector with one lane replaced.
    pub(crate) fn insert(&self, vector: V, v: V, lane: u32) -> V {
        let lane = self.i32(lane.into());
        // SAFETY: builder and operands belong to one live context.
        V(unsafe { LLVMBuildInsertElement(self.builder, vector.0, v.0, lane.0, NO_NAME) })
    }

    /// Lanes of two vectors in another order.
    pub(crate) fn shuffle(&self, a: V, b: V, lanes: &[u32]) -> V {
        let lanes: Vec<V> = lanes.iter().map(|&lane| self.i32(lane.into())).collect();
        let mask = self.const_vector(&lanes);
        // SAFETY: builder and operands belong to one live context.
        V(unsafe { LLVMBuildShuffleVector(self.builder, a.0, b.0, mask.0, NO_NAME) })
    }
}
