//! What arithmetic instructions compute, on bits.

use jaxrs_data::{DType, Scalar};

use super::parse::{Class, Inst, Ty};

/// The low bits.
pub(crate) fn masked(x: u64, bits: u32) -> u64 {
    if bits >= 64 { x } else { x & ((1 << bits) - 1) }
}

/// The value of the low bits with their sign.
pub(crate) fn signed(x: u64, bits: u32) -> i64 {
    (x << (64 - bits)) as i64 >> (64 - bits)
}

/// The float that bits are.
pub(crate) fn float(x: u64, bits: u32) -> f64 {
    match bits {
        16 => Scalar::from_bits(DType::F16, masked(x, 16)).as_f64(),
        32 => f32::from_bits(x as u32).into(),
        _ => f64::from_bits(x),
    }
}

/// The bits of the nearest float.
pub(crate) fn rounded(x: f64, bits: u32) -> u64 {
    match bits {
        16 => Scalar::Float(x).to_bits(DType::F16),
        32 => (x as f32).to_bits().into(),
        _ => x.to_bits(),
    }
}

/// The result of an instruction for the bits of its operands.
pub(crate) fn compute(inst: &Inst, x: &[u64]) -> Option<u64> {
    let ty = *inst.types.first()?;
    match ty.class {
        Class::Halves => {
            let ty = Ty { class: Class::Float, bits: 16 };
            let half = |at: u32| {
                let x: Vec<u64> = x.iter().map(|x| x >> at & 0xffff).collect();
                floats(inst, ty, &x)
            };
            Some(half(0)? | half(16)? << 16)
        }
        Class::Float => floats(inst, ty, x),
        _ => integers(inst, ty, x),
    }
}

fn floats(inst: &Inst, ty: Ty, x: &[u64]) -> Option<u64> {
    let bits = ty.bits;
    let value = |k: usize| float(x[k], bits);
    let sign = 1u64 << (bits - 1);
    let exact = |v: f64| Some(rounded(v, bits));
    // Quotients and roots of doubles that are floats, rounded again, are those of floats (Figueroa, "When is
    // double rounding innocuous?", 1995), and so are sums and products.
    match inst.name.as_str() {
        "add" => exact(value(0) + value(1)),
        "sub" => exact(value(0) - value(1)),
        "mul" => exact(value(0) * value(1)),
        "div" => exact(value(0) / value(1)),
        "rcp" => exact(1.0 / value(0)),
        "sqrt" => exact(value(0).sqrt()),
        "fma" if bits == 32 => {
            let [a, b, c] = [0, 1, 2].map(|k| f32::from_bits(x[k] as u32));
            Some(a.mul_add(b, c).to_bits().into())
        }
        "fma" => exact(value(0).mul_add(value(1), value(2))),
        "neg" => Some(masked(x[0], bits) ^ sign),
        "abs" => Some(masked(x[0], bits) & !sign),
        "min" | "max" => Some(choice(inst, ty, x)),
        _ => None,
    }
}

/// The smaller or larger number; NaN only where there is no number, or with `.NaN` where one is none.
fn choice(inst: &Inst, ty: Ty, x: &[u64]) -> u64 {
    let [a, b] = [0, 1].map(|k| float(x[k], ty.bits));
    if a.is_nan() || b.is_nan() {
        let all = inst.words.iter().any(|word| word == "NaN") || (a.is_nan() && b.is_nan());
        return match all {
            true => rounded(f64::NAN, ty.bits),
            false => x[usize::from(a.is_nan())],
        };
    }
    let smaller = a < b || (a == b && a.is_sign_negative());
    x[usize::from(smaller != (inst.name == "min"))]
}

fn integers(inst: &Inst, ty: Ty, x: &[u64]) -> Option<u64> {
    let bits = ty.bits;
    let is_signed = ty.class == Class::Signed;
    let wide = |k: usize| match is_signed {
        true => i128::from(signed(x[k], bits)),
        false => i128::from(masked(x[k], bits)),
    };
    let has = |word: &str| inst.words.iter().any(|w| w == word);
    let low = |v: i128| Some(masked(v as u64, if has("wide") { 2 * bits } else { bits }));
    match inst.name.as_str() {
        "add" => low(wide(0) + wide(1)),
        "sub" => low(wide(0) - wide(1)),
        "mul" if has("hi") => low((wide(0) * wide(1)) >> bits),
        "mul" => low(wide(0).wrapping_mul(wide(1))),
        "mad" => low(wide(0).wrapping_mul(wide(1)) + wide(2)),
        "div" => low(wide(0).checked_div(wide(1))?),
        "rem" => low(wide(0).checked_rem(wide(1))?),
        "min" => low(wide(0).min(wide(1))),
        "max" => low(wide(0).max(wide(1))),
        "neg" => low(-wide(0)),
        "abs" => low(wide(0).abs()),
        "shl" => low(if x[1] as u32 >= bits { 0 } else { wide(0) << x[1] as u32 }),
        "shr" => low(wide(0) >> (x[1] as u32).min(if is_signed { bits - 1 } else { 64 })),
        _ => of_bits(inst, bits, is_signed, x),
    }
}

fn of_bits(inst: &Inst, bits: u32, is_signed: bool, x: &[u64]) -> Option<u64> {
    let v = masked(x[0], bits);
    Some(match inst.name.as_str() {
        "and" => masked(x[0] & x[1], bits),
        "or" => masked(x[0] | x[1], bits),
        "xor" => masked(x[0] ^ x[1], bits),
        "not" => masked(!x[0], bits),
        "popc" => v.count_ones().into(),
        "clz" => (v.leading_zeros() - (64 - bits)).into(),
        "shf" => {
            let both = masked(x[1], 32) << 32 | masked(x[0], 32);
            masked(both << (x[2] & 31) >> 32, 32)
        }
        "bfe" => {
            let (start, n) = (x[1] as u32 & 0xff, x[2] as u32 & 0xff);
            let field = masked(v.checked_shr(start).unwrap_or(0), n);
            let negative = is_signed && n > 0 && v >> (start + n - 1).min(bits - 1) & 1 == 1;
            masked(if negative { signed(field, n) as u64 } else { field }, bits)
        }
        "bfi" => {
            let (start, n) = (x[2] as u32 & 0xff, x[3] as u32 & 0xff);
            let mask = masked(u64::MAX, n) << start;
            masked(x[1] & !mask | x[0] << start & mask, bits)
        }
        _ => return None,
    })
}

/// Whether a comparison holds.
pub(crate) fn compare(word: &str, ty: Ty, a: u64, b: u64) -> Option<bool> {
    use std::cmp::Ordering::{Equal, Greater, Less};
    let order = match ty.class {
        Class::Float => float(a, ty.bits).partial_cmp(&float(b, ty.bits)),
        Class::Signed => Some(signed(a, ty.bits).cmp(&signed(b, ty.bits))),
        _ => Some(masked(a, ty.bits).cmp(&masked(b, ty.bits))),
    };
    // `ltu` and so on hold where there is no order.
    let (word, unordered) = match word {
        "equ" | "neu" | "ltu" | "leu" | "gtu" | "geu" => (&word[..2], true),
        word => (word, false),
    };
    let Some(order) = order else { return Some(unordered || word == "nan") };
    Some(match word {
        "eq" => order == Equal,
        "ne" => order != Equal,
        "lt" => order == Less,
        "le" => order != Greater,
        "gt" => order == Greater,
        "ge" => order != Less,
        "num" => true,
        "nan" => false,
        _ => return None,
    })
}
