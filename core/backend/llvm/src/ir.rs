//! A thin, untyped builder over LLVM's C interface: the same call makes a scalar or a vector
//! instruction, whichever its operands are, so that emitters are written once for both.

use std::ffi::{CString, c_char, c_uint};
use std::marker::PhantomData;

use inkwell::context::{AsContextRef, Context};
use inkwell::llvm_sys::core::*;
use inkwell::llvm_sys::prelude::*;
use inkwell::llvm_sys::{LLVMFastMathAllowContract, LLVMLinkage, LLVMTypeKind, LLVMVisibility};
pub(crate) use inkwell::llvm_sys::{LLVMIntPredicate as IntCmp, LLVMRealPredicate as FloatCmp};
use inkwell::module::Module;
use jaxrs_data::DType;

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
    /// The context and module outlive the builder.
    _life: PhantomData<&'c Context>,
}

const NO_NAME: *const c_char = c"".as_ptr();

macro_rules! binary {
    ($($(#[$doc:meta])* $name:ident = $build:ident;)*) => {$(
        $(#[$doc])*
        pub(crate) fn $name(&self, a: V, b: V) -> V {
            // SAFETY: builder and operands belong to one live context; the operands' types agree.
            V(unsafe { $build(self.builder, a.0, b.0, NO_NAME) })
        }
    )*};
}

macro_rules! float_binary {
    ($($name:ident = $build:ident;)*) => {$(
        pub(crate) fn $name(&self, a: V, b: V) -> V {
            // SAFETY: builder and operands belong to one live context; the operands' types agree.
            self.contract(V(unsafe { $build(self.builder, a.0, b.0, NO_NAME) }))
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
        Ir { ctx, module, builder, nontemporal: (kind, one), _life: PhantomData }
    }

    // Types.

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

    /// What an element is in registers: truth values are one bit, 16-bit floats and complex numbers are
    /// their bits.
    pub(crate) fn register(&self, dtype: DType) -> Ty {
        match dtype {
            DType::Bool => self.int(1),
            DType::F32 => self.float(32),
            DType::F64 => self.float(64),
            _ => self.int(dtype.bits()),
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

    // Constants.

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

    // Arithmetic.

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

    float_binary! {
        fadd = LLVMBuildFAdd;
        fsub = LLVMBuildFSub;
        fmul = LLVMBuildFMul;
        fdiv = LLVMBuildFDiv;
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

    /// Allows contraction into fused multiply-adds, the only liberty that is taken.
    fn contract(&self, v: V) -> V {
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

    // Vectors.

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

    // Memory.

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

    // Functions and calls.

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

    // Control flow.

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
}

impl Drop for Ir<'_> {
    fn drop(&mut self) {
        // SAFETY: the builder is live and is disposed of once.
        unsafe { LLVMDisposeBuilder(self.builder) };
    }
}
