//! Conversions between element types.

use jaxrs_data::{DType, DTypeKind, Result, bail};

use crate::ir::{FloatCmp, IntCmp, Ir, Ty, V};

/// Converts by value: integers wrap, floats saturate into integers with NaN as 0.
pub(crate) fn cast(ir: &Ir<'_>, from: DType, to: DType, v: V) -> Result<V> {
    if from == to {
        return Ok(v);
    }
    // 16-bit floats go by way of f32, which holds them exactly.
    if matches!(from, DType::F16 | DType::BF16) {
        return cast(ir, DType::F32, to, widen(ir, from, v));
    }
    let ty = ir.like(v, ir.register(to));
    Ok(match (from.kind(), to.kind()) {
        (DTypeKind::Complex, _) | (_, DTypeKind::Complex) => {
            bail!(Unimplemented, "compiled code has no cast of {from} to {to}")
        }
        (_, DTypeKind::Float) if to == DType::F16 || to == DType::BF16 => narrow(ir, from, to, v)?,
        (DTypeKind::Float, DTypeKind::Bool) => {
            ir.fcmp(FloatCmp::LLVMRealUNE, v, ir.zero(ir.type_of(v)))
        }
        (_, DTypeKind::Bool) => ir.icmp(IntCmp::LLVMIntNE, v, ir.zero(ir.type_of(v))),
        (DTypeKind::Float, DTypeKind::Float) if from == DType::F32 => ir.fpext(v, ty),
        (DTypeKind::Float, DTypeKind::Float) => ir.fptrunc(v, ty),
        (DTypeKind::Float, _) => saturate(ir, to, v),
        (DTypeKind::Signed, DTypeKind::Float) => ir.sitofp(v, ty),
        (_, DTypeKind::Float) => ir.uitofp(v, ty),
        _ if to.bits() < from.bits() => shortened(ir, v, ty),
        (DTypeKind::Signed, _) if to.bits() > from.bits() => ir.sext(v, ty),
        _ if to.bits() > from.bits() || from.is_bool() => ir.zext(v, ty),
        _ => v,
    })
}

/// An integer's low bits. LLVM 19 extends the upper halves of products of 16-bit lanes with zeros where they are
/// extended with signs (`vpmulhw` and `vpmovzxwd` of `sext(trunc(ashr(mul(sext, sext))))` in lanes of 64 bits); it
/// does not look through a freeze.
fn shortened(ir: &Ir<'_>, v: V, ty: Ty) -> V {
    let short = ir.trunc(v, ty);
    if ir.width_of(v) > 1 && ir.scalar_bits(short) == 16 { ir.freeze(short) } else { short }
}

/// The same bits under another type.
pub(crate) fn bitcast(ir: &Ir<'_>, from: DType, to: DType, v: V) -> V {
    let v = if from == DType::Bool { ir.zext(v, ir.like(v, ir.int(8))) } else { v };
    if to == DType::Bool {
        return ir.icmp(IntCmp::LLVMIntNE, v, ir.zero(ir.type_of(v)));
    }
    let ty = ir.like(v, ir.register(to));
    if ir.type_of(v) == ty { v } else { ir.bitcast(v, ty) }
}

/// A float to an integer; LLVM's own conversion has no meaning out of range.
fn saturate(ir: &Ir<'_>, to: DType, v: V) -> V {
    let bits = to.bits();
    let ty = ir.like(v, ir.register(to));
    let float = |x: f64| ir.const_float(ir.type_of(v), x);
    let (low, beyond) = match to.is_signed() {
        true => (-(2f64.powi(bits as i32 - 1)), 2f64.powi(bits as i32 - 1)),
        false => (0.0, 2f64.powi(bits as i32)),
    };
    let too_high = ir.fcmp(FloatCmp::LLVMRealOGE, v, float(beyond));
    let not_low = ir.fcmp(FloatCmp::LLVMRealOGT, v, float(if to.is_signed() { low } else { -1.0 }));
    let nan = ir.fcmp(FloatCmp::LLVMRealUNO, v, v);
    let in_range = ir.and(not_low, ir.not(too_high));
    let v = ir.select(in_range, v, float(0.0));
    // Narrow types go by way of 32 bits, which vectors convert to.
    let wide = ir.like(v, ir.int(bits.max(32)));
    let i = match to.is_signed() || bits < 32 {
        true => ir.fptosi(v, wide),
        false => ir.fptoui(v, wide),
    };
    let i = if bits < 32 { ir.trunc(i, ty) } else { i };
    let (min, max) = match to.is_signed() {
        true => (i64::MIN >> (64 - bits), i64::MAX >> (64 - bits)),
        false => (0, -1),
    };
    let outside = ir.select(too_high, ir.const_int(ty, max), ir.const_int(ty, min));
    let i = ir.select(in_range, i, outside);
    ir.select(nan, ir.const_int(ty, 0), i)
}

/// A 16-bit float to f32.
fn widen(ir: &Ir<'_>, from: DType, v: V) -> V {
    if from == DType::F16 {
        let half = ir.bitcast(v, ir.like(v, ir.float(16)));
        return ir.fpext(half, ir.like(v, ir.float(32)));
    }
    let ty = ir.like(v, ir.int(32));
    let bits = ir.shl(ir.zext(v, ty), ir.const_int(ty, 16));
    ir.bitcast(bits, ir.like(v, ir.float(32)))
}

/// To a 16-bit float, rounded once to nearest even.
fn narrow(ir: &Ir<'_>, from: DType, to: DType, v: V) -> Result<V> {
    let single = match from.kind() {
        DTypeKind::Float if from == DType::F32 => v,
        DTypeKind::Float => round_to_odd(ir, v),
        // Integers up to 53 bits are exact in f64; the few larger ones overflow or round alike.
        _ => round_to_odd(ir, cast(ir, from, DType::F64, v)?),
    };
    if to == DType::F16 {
        let half = ir.fptrunc(single, ir.like(v, ir.float(16)));
        return Ok(ir.bitcast(half, ir.like(v, ir.int(16))));
    }
    let ty = ir.like(v, ir.int(32));
    let int = |v: i64| ir.const_int(ty, v);
    let bits = ir.bitcast(single, ty);
    let lowest = ir.and(ir.lshr(bits, int(16)), int(1));
    let rounded = ir.add(bits, ir.add(lowest, int(0x7fff)));
    let nan = ir.fcmp(FloatCmp::LLVMRealUNO, single, single);
    let bits = ir.select(nan, ir.or(bits, int(0x40_0000)), rounded);
    Ok(ir.trunc(ir.lshr(bits, int(16)), ir.like(v, ir.int(16))))
}

/// f64 to f32 such that a second rounding to fewer bits gives what one rounding would have: inexact
/// results get an odd last bit.
fn round_to_odd(ir: &Ir<'_>, v: V) -> V {
    let single = ir.fptrunc(v, ir.like(v, ir.float(32)));
    let back = ir.fpext(single, ir.type_of(v));
    let ty = ir.like(v, ir.int(32));
    let int = |v: i64| ir.const_int(ty, v);
    let bits = ir.bitcast(single, ty);
    let magnitude = |v: V| ir.same("llvm.fabs", &[v]);
    let inexact = ir.fcmp(FloatCmp::LLVMRealONE, back, v);
    let too_large = ir.fcmp(FloatCmp::LLVMRealOGT, magnitude(back), magnitude(v));
    let toward_zero = ir.select(too_large, ir.sub(bits, int(1)), bits);
    let odd = ir.select(inexact, ir.or(toward_zero, int(1)), bits);
    ir.bitcast(odd, ir.like(v, ir.float(32)))
}

/// A complex number from its parts, or a key from its halves. In vectors first and second ones alternate.
pub(crate) fn join(ir: &Ir<'_>, part: DType, re: V, im: V) -> V {
    let width = ir.width_of(re);
    let whole = ir.like(re, ir.int(2 * part.bits()));
    if width > 1 {
        let lanes: Vec<u32> = (0..width).flat_map(|lane| [lane, width + lane]).collect();
        return ir.bitcast(ir.shuffle(re, im, &lanes), whole);
    }
    let bits = |v: V| ir.zext(ir.bitcast(v, ir.int(part.bits())), whole);
    let high = ir.shl(bits(im), ir.zext(ir.i64(part.bits().into()), whole));
    ir.or(bits(re), high)
}

/// Each lane twice.
pub(crate) fn twice(ir: &Ir<'_>, v: V) -> V {
    let lanes: Vec<u32> = (0..ir.width_of(v)).flat_map(|lane| [lane, lane]).collect();
    ir.shuffle(v, v, &lanes)
}

/// Selects among lanes; those of 128 bits, for which processors have no masks, as two words.
pub(crate) fn select(ir: &Ir<'_>, condition: V, a: V, b: V) -> V {
    let (ty, width) = (ir.type_of(a), ir.width_of(a));
    if width == 1 || ty != ir.lanes(ir.int(128), width) {
        return ir.select(condition, a, b);
    }
    let words = ir.lanes(ir.int(64), 2 * width);
    let condition = if ir.width_of(condition) == 1 { condition } else { twice(ir, condition) };
    ir.bitcast(ir.select(condition, ir.bitcast(a, words), ir.bitcast(b, words)), ty)
}

/// The lower (0) or upper (1) 64 bits of each of several lanes of 128.
pub(crate) fn half(ir: &Ir<'_>, which: u32, v: V) -> V {
    let width = ir.width_of(v);
    let words = ir.bitcast(v, ir.lanes(ir.int(64), 2 * width));
    let lanes: Vec<u32> = (0..width).map(|lane| 2 * lane + which).collect();
    ir.shuffle(words, words, &lanes)
}

/// The real (0) or imaginary (1) part of a complex number, or a half of a key; they are of the given type.
pub(crate) fn part(ir: &Ir<'_>, part: DType, which: u32, v: V) -> V {
    let (width, bits, part) = (ir.width_of(v), part.bits(), ir.register(part));
    if width > 1 {
        let parts = ir.bitcast(v, ir.lanes(part, 2 * width));
        let lanes: Vec<u32> = (0..width).map(|lane| 2 * lane + which).collect();
        return ir.shuffle(parts, parts, &lanes);
    }
    let places = ir.zext(ir.i64((which * bits).into()), ir.int(2 * bits));
    ir.bitcast(ir.trunc(ir.lshr(v, places), ir.int(bits)), part)
}
