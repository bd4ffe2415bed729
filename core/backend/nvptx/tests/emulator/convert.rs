//! Conversions: `cvt.rzi.s32.f64`.

use super::arithmetic::{float, masked, rounded, signed};
use super::parse::{Class, Inst, Ty};

/// The converted bits.
pub(crate) fn convert(inst: &Inst, x: u64) -> Option<u64> {
    let &[to, from] = &inst.types[..] else { return None };
    let rounding = inst.words.first().map_or("", String::as_str);
    Some(match (to.class, from.class) {
        (Class::Float, Class::Float) => rounded(integral(float(x, from.bits), rounding), to.bits),
        (Class::Float, _) => of_integer(to, from, x),
        (_, Class::Float) => saturated(to, integral(float(x, from.bits), rounding)),
        _ => {
            let value = if from.class == Class::Signed {
                signed(x, from.bits) as u64
            } else {
                masked(x, from.bits)
            };
            match to.class {
                // A register that is wider holds the sign in all its bits.
                Class::Signed => signed(value, to.bits) as u64,
                _ => masked(value, to.bits),
            }
        }
    })
}

fn integral(x: f64, rounding: &str) -> f64 {
    match rounding {
        "rni" => x.round_ties_even(),
        "rzi" => x.trunc(),
        "rmi" => x.floor(),
        "rpi" => x.ceil(),
        _ => x,
    }
}

fn of_integer(to: Ty, from: Ty, x: u64) -> u64 {
    match (from.class == Class::Signed, to.bits) {
        (true, 32) => (signed(x, from.bits) as f32).to_bits().into(),
        (false, 32) => (masked(x, from.bits) as f32).to_bits().into(),
        (true, bits) => rounded(signed(x, from.bits) as f64, bits),
        (false, bits) => rounded(masked(x, from.bits) as f64, bits),
    }
}

fn saturated(to: Ty, x: f64) -> u64 {
    match to.class {
        Class::Signed => {
            let largest = i64::MAX >> (64 - to.bits);
            (x as i64).clamp(-largest - 1, largest) as u64
        }
        _ => (x as u64).min(masked(u64::MAX, to.bits)),
    }
}
