//! Scalar operations as instructions, for any number of lanes.

use jaxrs_data::{DType, DTypeKind, Result, bail};
use jaxrs_kernel::{Compare, ReduceOp, ScalarOp};

use crate::ir::{FloatCmp, IntCmp, Ir, Ty, V};
use crate::rare::Rare;
use crate::{casts, math};

/// What emitting an operation needs.
#[derive(Clone, Copy)]
pub(crate) struct Emit<'e, 'c> {
    pub(crate) ir: &'e Ir<'c>,
    pub(crate) rare: Rare,
    pub(crate) function: V,
}

/// The predicate of a comparison of signed integers.
pub(crate) fn signed(compare: Compare) -> IntCmp {
    match compare {
        Compare::Eq => IntCmp::LLVMIntEQ,
        Compare::Ne => IntCmp::LLVMIntNE,
        Compare::Lt => IntCmp::LLVMIntSLT,
        Compare::Le => IntCmp::LLVMIntSLE,
        Compare::Gt => IntCmp::LLVMIntSGT,
        Compare::Ge => IntCmp::LLVMIntSGE,
    }
}

fn unsigned(compare: Compare) -> IntCmp {
    match compare {
        Compare::Lt => IntCmp::LLVMIntULT,
        Compare::Le => IntCmp::LLVMIntULE,
        Compare::Gt => IntCmp::LLVMIntUGT,
        Compare::Ge => IntCmp::LLVMIntUGE,
        equality => signed(equality),
    }
}

fn ordered(compare: Compare) -> FloatCmp {
    match compare {
        Compare::Eq => FloatCmp::LLVMRealOEQ,
        Compare::Ne => FloatCmp::LLVMRealUNE,
        Compare::Lt => FloatCmp::LLVMRealOLT,
        Compare::Le => FloatCmp::LLVMRealOLE,
        Compare::Gt => FloatCmp::LLVMRealOGT,
        Compare::Ge => FloatCmp::LLVMRealOGE,
    }
}

/// What a reduction starts from: combined with anything, it leaves that as it is.
pub(crate) fn identity(ir: &Ir<'_>, op: ReduceOp, dtype: DType, ty: Ty) -> V {
    let float = |v: f64| ir.const_float(ty, v);
    let int = |v: i64| ir.const_int(ty, v);
    let bits = dtype.bits();
    match (op, dtype.kind()) {
        // −0 + −0 is −0, +0 would turn it positive.
        (ReduceOp::Add, DTypeKind::Float) => float(-0.0),
        (ReduceOp::Mul, DTypeKind::Float) => float(1.0),
        (ReduceOp::Max, DTypeKind::Float) => float(f64::NEG_INFINITY),
        (ReduceOp::Min, DTypeKind::Float) => float(f64::INFINITY),
        (ReduceOp::Mul, _) => int(1),
        (ReduceOp::And, _) => int(-1),
        (ReduceOp::Max, DTypeKind::Signed) => int(i64::MIN >> (64 - bits)),
        (ReduceOp::Min, DTypeKind::Signed) => int(i64::MAX >> (64 - bits)),
        (ReduceOp::Min, _) => int(-1),
        _ => int(0),
    }
}

impl<'c> Emit<'_, 'c> {
    /// Emits an operation on operands of the given types.
    pub(crate) fn op(&self, op: ScalarOp, types: &[DType], args: &[V]) -> Result<V> {
        let dtype = types[0];
        match op {
            ScalarOp::Select => return Ok(casts::select(self.ir, args[0], args[1], args[2])),
            ScalarOp::Cast(to) => return casts::cast(self.ir, dtype, to, args[0]),
            ScalarOp::Bitcast(to) => return Ok(casts::bitcast(self.ir, dtype, to, args[0])),
            ScalarOp::Complex if dtype.is_float() => {
                return Ok(casts::join(self.ir, dtype, args[0], args[1]));
            }
            ScalarOp::Re if dtype.is_complex() => {
                return Ok(casts::part(self.ir, dtype.real_part(), 0, args[0]));
            }
            ScalarOp::Im if dtype.is_complex() => {
                return Ok(casts::part(self.ir, dtype.real_part(), 1, args[0]));
            }
            ScalarOp::Join(_) if op.takes(dtype) => {
                return Ok(casts::join(self.ir, dtype, args[0], args[1]));
            }
            ScalarOp::Low | ScalarOp::High if op.takes(dtype) => {
                let which = u32::from(op == ScalarOp::High);
                return Ok(casts::part(self.ir, DType::U64, which, args[0]));
            }
            _ => {}
        }
        let v = match (dtype, args) {
            (DType::F32 | DType::F64, &[a]) => self.float_unary(op, dtype, a),
            (DType::F32 | DType::F64, &[a, b]) => self.float_binary(op, dtype, a, b),
            (_, &[a]) if dtype.is_integer() || dtype.is_bool() => self.int_unary(op, dtype, a),
            (_, &[a, b]) if dtype.is_integer() || dtype.is_bool() => {
                self.int_binary(op, dtype, a, b)
            }
            _ => None,
        };
        match v {
            Some(v) => Ok(v),
            None => bail!(Unimplemented, "compiled code has no {op:?} of {dtype}"),
        }
    }

    /// A float constant in as many lanes as a value has.
    pub(crate) fn float(&self, like: V, value: f64) -> V {
        self.ir.const_float(self.ir.type_of(like), value)
    }

    fn float_unary(&self, op: ScalarOp, dtype: DType, x: V) -> Option<V> {
        let ir = self.ir;
        Some(match op {
            ScalarOp::Neg => ir.fneg(x),
            ScalarOp::Abs => ir.same("llvm.fabs", &[x]),
            ScalarOp::Sign => {
                let one = ir.same("llvm.copysign", &[self.float(x, 1.0), x]);
                let ordinary = ir.fcmp(FloatCmp::LLVMRealONE, x, self.float(x, 0.0));
                // Denormal numbers count as zero, and have the sign of zero.
                let end = ir.fmul(x, self.float(x, 0.0));
                ir.select(ordinary, one, end)
            }
            ScalarOp::Floor => ir.same("llvm.floor", &[x]),
            ScalarOp::Ceil => ir.same("llvm.ceil", &[x]),
            ScalarOp::RoundTiesEven => ir.same("llvm.rint", &[x]),
            ScalarOp::Round => {
                // The largest float under one half, so that just under a half goes to zero.
                let half = if dtype == DType::F32 {
                    0.5f32.next_down().into()
                } else {
                    0.5f64.next_down()
                };
                let half = ir.same("llvm.copysign", &[self.float(x, half), x]);
                ir.same("llvm.trunc", &[ir.fadd(x, half)])
            }
            ScalarOp::Sqrt => ir.same("llvm.sqrt", &[x]),
            ScalarOp::Rsqrt => ir.fdiv(self.float(x, 1.0), ir.same("llvm.sqrt", &[x])),
            ScalarOp::IsFinite => {
                let magnitude = ir.same("llvm.fabs", &[x]);
                ir.fcmp(FloatCmp::LLVMRealOLT, magnitude, self.float(x, f64::INFINITY))
            }
            _ => return math::unary(self, op, dtype, x),
        })
    }

    fn float_binary(&self, op: ScalarOp, dtype: DType, a: V, b: V) -> Option<V> {
        let ir = self.ir;
        Some(match op {
            ScalarOp::Add => ir.fadd(a, b),
            ScalarOp::Sub => ir.fsub(a, b),
            ScalarOp::Mul => ir.fmul(a, b),
            ScalarOp::Div => ir.fdiv(a, b),
            ScalarOp::Max => ir.same("llvm.maximum", &[a, b]),
            ScalarOp::Min => ir.same("llvm.minimum", &[a, b]),
            ScalarOp::Compare(compare) => ir.fcmp(ordered(compare), a, b),
            ScalarOp::NextAfter => self.next_after(dtype, a, b),
            _ => return math::binary(self, op, dtype, a, b),
        })
    }

    /// One step in the order of bit patterns; on integers, so that denormals are not flushed.
    fn next_after(&self, dtype: DType, a: V, b: V) -> V {
        let ir = self.ir;
        let ty = ir.like(a, ir.int(dtype.bits()));
        let int = |v: i64| ir.const_int(ty, v);
        let sign = int(i64::MIN >> (64 - dtype.bits()));
        let (x, y) = (ir.bitcast(a, ty), ir.bitcast(b, ty));
        let magnitude = |v: V| ir.and(v, ir.not(sign));
        let is_zero = |v: V| ir.icmp(IntCmp::LLVMIntEQ, magnitude(v), int(0));
        let smallest = ir.or(ir.and(y, sign), int(1));
        // Away from zero when the signs agree and |y| is larger.
        let other_sign = ir.icmp(IntCmp::LLVMIntSLT, ir.xor(x, y), int(0));
        let shrinks = ir.icmp(IntCmp::LLVMIntUGT, magnitude(x), magnitude(y));
        let shrinks = ir.or(shrinks, other_sign);
        let step = ir.select(shrinks, int(-1), int(1));
        let next = ir.select(is_zero(x), smallest, ir.add(x, step));
        let same = ir.icmp(IntCmp::LLVMIntEQ, x, y);
        let same = ir.or(same, ir.and(is_zero(x), is_zero(y)));
        let next = ir.bitcast(ir.select(same, y, next), ir.type_of(a));
        let nan = ir.fcmp(FloatCmp::LLVMRealUNO, a, b);
        ir.select(nan, ir.fadd(a, b), next)
    }

    fn int_unary(&self, op: ScalarOp, dtype: DType, x: V) -> Option<V> {
        let ir = self.ir;
        let ty = ir.type_of(x);
        let int = |v: i64| ir.const_int(ty, v);
        let negative = || ir.icmp(IntCmp::LLVMIntSLT, x, int(0));
        let falsity = ir.bool(false);
        Some(match op {
            ScalarOp::Neg => ir.sub(int(0), x),
            ScalarOp::Abs if dtype.is_signed() => ir.select(negative(), ir.sub(int(0), x), x),
            ScalarOp::Abs => x,
            ScalarOp::Sign => {
                let positive = ir.select(ir.icmp(IntCmp::LLVMIntNE, x, int(0)), int(1), int(0));
                if dtype.is_signed() { ir.select(negative(), int(-1), positive) } else { positive }
            }
            ScalarOp::Not => ir.not(x),
            ScalarOp::PopulationCount => ir.same("llvm.ctpop", &[x]),
            ScalarOp::CountLeadingZeros => ir.intrinsic("llvm.ctlz", &[ty], &[x, falsity]),
            ScalarOp::Floor | ScalarOp::Ceil | ScalarOp::Round | ScalarOp::RoundTiesEven => x,
            _ => return None,
        })
    }

    fn int_binary(&self, op: ScalarOp, dtype: DType, a: V, b: V) -> Option<V> {
        let ir = self.ir;
        let is_signed = dtype.is_signed();
        let bits = i64::from(dtype.bits());
        let int = |v: i64| ir.const_int(ir.type_of(a), v);
        let in_range = || ir.icmp(IntCmp::LLVMIntULT, b, int(bits));
        Some(match op {
            ScalarOp::Add if dtype.is_bool() => ir.or(a, b),
            ScalarOp::Add => ir.add(a, b),
            ScalarOp::Sub => ir.sub(a, b),
            ScalarOp::Mul => ir.mul(a, b),
            ScalarOp::Div | ScalarOp::Rem => self.divide(op, is_signed, a, b),
            ScalarOp::Max => ir.same(if is_signed { "llvm.smax" } else { "llvm.umax" }, &[a, b]),
            ScalarOp::Min => ir.same(if is_signed { "llvm.smin" } else { "llvm.umin" }, &[a, b]),
            ScalarOp::And => ir.and(a, b),
            ScalarOp::Or => ir.or(a, b),
            ScalarOp::Xor => ir.xor(a, b),
            ScalarOp::ShiftLeft => ir.select(in_range(), ir.shl(a, b), int(0)),
            ScalarOp::ShiftRightLogical => ir.select(in_range(), ir.lshr(a, b), int(0)),
            ScalarOp::ShiftRightArithmetic => ir.ashr(a, ir.same("llvm.umin", &[b, int(bits - 1)])),
            ScalarOp::Compare(compare) if is_signed => ir.icmp(signed(compare), a, b),
            ScalarOp::Compare(compare) => ir.icmp(unsigned(compare), a, b),
            _ => return None,
        })
    }

    /// Division that never traps: zero and −1 are replaced, and the result corrected.
    fn divide(&self, op: ScalarOp, is_signed: bool, a: V, b: V) -> V {
        let ir = self.ir;
        let int = |v: i64| ir.const_int(ir.type_of(a), v);
        if ir.as_const(b).is_some_and(|b| b > 0) {
            return self.divide_by_safe(op, is_signed, a, b);
        }
        let by_zero = ir.icmp(IntCmp::LLVMIntEQ, b, int(0));
        let by_minus_one = ir.icmp(IntCmp::LLVMIntEQ, b, int(-1));
        let unsafe_divisor = if is_signed { ir.or(by_zero, by_minus_one) } else { by_zero };
        let safe = ir.select(unsafe_divisor, int(1), b);
        let v = self.divide_by_safe(op, is_signed, a, safe);
        match op {
            ScalarOp::Rem => ir.select(by_zero, a, v),
            _ if is_signed => {
                let v = ir.select(by_minus_one, ir.sub(int(0), a), v);
                ir.select(by_zero, int(-1), v)
            }
            _ => ir.select(by_zero, int(-1), v),
        }
    }

    fn divide_by_safe(&self, op: ScalarOp, is_signed: bool, a: V, b: V) -> V {
        let (ir, bits) = (self.ir, self.int_bits(a));
        // Vector units have no integer division; LLVM would take the lanes apart.
        if ir.width_of(a) > 1 && (is_signed || bits <= 32) && !ir.is_constant(b) {
            return self.divide_in_lanes(op, is_signed, a, b);
        }
        if ir.width_of(a) > 1 && is_signed && bits == 64 {
            return self.divide_in_lanes(op, is_signed, a, b);
        }
        match (op, is_signed) {
            (ScalarOp::Div, true) => ir.sdiv(a, b),
            (ScalarOp::Div, false) => ir.udiv(a, b),
            (_, true) => ir.srem(a, b),
            (_, false) => ir.urem(a, b),
        }
    }

    fn int_bits(&self, v: V) -> u32 {
        self.ir.scalar_bits(v)
    }

    /// Division through double precision. A quotient of 32-bit integers is exact once it is truncated;
    /// with 64 bits the first quotient is nearly right, a second one of the remainder off by one at most.
    fn divide_in_lanes(&self, op: ScalarOp, is_signed: bool, a: V, b: V) -> V {
        let (ir, ty) = (self.ir, self.ir.type_of(a));
        let double = ir.like(a, ir.float(64));
        let as_float = |v: V| if is_signed { ir.sitofp(v, double) } else { ir.uitofp(v, double) };
        let divisor = as_float(b);
        let quotient_of = |v: V| {
            let q = ir.fdiv(as_float(v), divisor);
            if is_signed { ir.fptosi(q, ty) } else { ir.fptoui(q, ty) }
        };
        if self.int_bits(a) <= 32 {
            let q = quotient_of(a);
            return if op == ScalarOp::Div { q } else { ir.sub(a, ir.mul(q, b)) };
        }
        let first = self.near_quotient(a, divisor);
        let rest = ir.sub(a, ir.mul(first, b));
        let q = ir.add(first, self.near_quotient(rest, divisor));
        self.correct_quotient(op, a, b, q)
    }

    /// The quotient of 64-bit integers but for rounding; the largest ones are kept in range.
    fn near_quotient(&self, a: V, divisor: V) -> V {
        let (ir, ty) = (self.ir, self.ir.type_of(a));
        let q = ir.fdiv(ir.sitofp(a, ir.type_of(divisor)), divisor);
        // The largest double under 2⁶³.
        let most = self.float(q, 9223372036854774784.0);
        let q = ir.select(ir.fcmp(FloatCmp::LLVMRealOGT, q, most), most, q);
        ir.fptosi(q, ty)
    }

    /// Makes a quotient that is off by one exact: the remainder has the dividend's sign and is smaller
    /// than the divisor. The divisor is neither 0 nor −1.
    fn correct_quotient(&self, op: ScalarOp, a: V, b: V, q: V) -> V {
        let (ir, ty) = (self.ir, self.ir.type_of(a));
        let int = |v: i64| ir.const_int(ty, v);
        let negative = |v: V| ir.icmp(IntCmp::LLVMIntSLT, v, int(0));
        let (mut q, mut r) = (q, ir.sub(a, ir.mul(q, b)));
        // What brings the remainder up, and by how much the quotient changes then.
        let magnitude = ir.select(negative(b), ir.sub(int(0), b), b);
        let step = ir.select(negative(b), int(-1), int(1));
        let below = ir.and(negative(r), ir.not(negative(a)));
        let positive = ir.icmp(IntCmp::LLVMIntSGT, r, int(0));
        let above = ir.and(positive, negative(a));
        let too_large = ir.and(
            ir.icmp(IntCmp::LLVMIntUGE, r, magnitude),
            ir.and(ir.not(negative(r)), ir.not(negative(a))),
        );
        let too_small = ir.and(
            ir.icmp(IntCmp::LLVMIntUGE, ir.sub(int(0), r), magnitude),
            ir.and(negative(r), negative(a)),
        );
        let up = ir.or(below, too_small);
        let down = ir.or(above, too_large);
        r = ir.select(up, ir.add(r, magnitude), ir.select(down, ir.sub(r, magnitude), r));
        q = ir.select(up, ir.sub(q, step), ir.select(down, ir.add(q, step), q));
        if op == ScalarOp::Div { q } else { r }
    }
}
