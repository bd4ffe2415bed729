//! JAX's type promotion lattice, with weak types.
//!
//! Python's own numbers are the nodes `i*`, `f*`, `c*`; a weak integer type stands at `i*`, a weak float
//! at `f*`, a weak complex at `c*`. The result of a promotion is the least upper bound; where that is a
//! starred node, the result is weak.

use crate::{DType, Type};

/// The width that starred nodes stand for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Defaults {
    /// Whether integers, floats and complex numbers without a stated type are 64 bits wide.
    pub wide: bool,
}

impl Defaults {
    /// 32-bit defaults, as JAX has them unless told otherwise.
    pub const NARROW: Defaults = Defaults { wide: false };

    /// The default signed integer.
    pub fn int(self) -> DType {
        if self.wide { DType::I64 } else { DType::I32 }
    }

    /// The default float.
    pub fn float(self) -> DType {
        if self.wide { DType::F64 } else { DType::F32 }
    }

    /// The default complex type.
    pub fn complex(self) -> DType {
        if self.wide { DType::C128 } else { DType::C64 }
    }
}

/// A node of the lattice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Node {
    Strong(DType),
    Int,
    Float,
    Complex,
}
use Node::{Complex as CStar, Float as FStar, Int as IStar, Strong};

fn node(dtype: DType, weak: bool) -> Node {
    match (weak, dtype) {
        (true, d) if d.is_integer() => IStar,
        (true, d) if d.is_float() => FStar,
        (true, d) if d.is_complex() => CStar,
        (_, d) => Strong(d),
    }
}

/// The nodes directly above one.
fn above(node: Node) -> &'static [Node] {
    use DType::*;
    match node {
        Strong(Bool) => &[IStar],
        IStar => &[Strong(U8), Strong(I8)],
        Strong(U8) => &[Strong(I16), Strong(U16)],
        Strong(U16) => &[Strong(I32), Strong(U32)],
        Strong(U32) => &[Strong(I64), Strong(U64)],
        Strong(U64) => &[FStar],
        Strong(I8) => &[Strong(I16)],
        Strong(I16) => &[Strong(I32)],
        Strong(I32) => &[Strong(I64)],
        Strong(I64) => &[FStar],
        FStar => &[Strong(BF16), Strong(F16), CStar],
        Strong(BF16 | F16) => &[Strong(F32)],
        Strong(F32) => &[Strong(F64), Strong(C64)],
        Strong(F64) => &[Strong(C128)],
        CStar => &[Strong(C64)],
        Strong(C64) => &[Strong(C128)],
        Strong(C128) => &[],
    }
}

fn is_above_or_equal(upper: Node, lower: Node) -> bool {
    upper == lower || above(lower).iter().any(|&next| is_above_or_equal(upper, next))
}

const NODES: [Node; 18] = [
    Strong(DType::Bool),
    IStar,
    Strong(DType::U8),
    Strong(DType::I8),
    Strong(DType::U16),
    Strong(DType::I16),
    Strong(DType::U32),
    Strong(DType::I32),
    Strong(DType::U64),
    Strong(DType::I64),
    FStar,
    Strong(DType::BF16),
    Strong(DType::F16),
    CStar,
    Strong(DType::F32),
    Strong(DType::F64),
    Strong(DType::C64),
    Strong(DType::C128),
];

fn join(a: Node, b: Node) -> Node {
    let is_bound = |n: Node| is_above_or_equal(n, a) && is_above_or_equal(n, b);
    let bounds = || NODES.into_iter().filter(|&n| is_bound(n));
    bounds()
        .find(|&low| bounds().all(|other| is_above_or_equal(other, low)))
        .expect("the lattice has a least upper bound for every pair")
}

/// The element type and weakness that two operands promote to.
pub fn promote_pair(a: (DType, bool), b: (DType, bool), defaults: Defaults) -> (DType, bool) {
    // Equal types stay, starred or not: a weak f64 with a weak f64 is not narrowed to the default.
    if a == b {
        return a;
    }
    match join(node(a.0, a.1), node(b.0, b.1)) {
        Strong(dtype) => (dtype, false),
        IStar => (defaults.int(), true),
        FStar => (defaults.float(), true),
        CStar => (defaults.complex(), true),
    }
}

/// The element type and weakness that some operands promote to; the default float without any.
pub fn promote<'a>(types: impl IntoIterator<Item = &'a Type>, defaults: Defaults) -> (DType, bool) {
    types
        .into_iter()
        .map(|ty| (ty.dtype, ty.weak))
        .reduce(|a, b| promote_pair(a, b, defaults))
        .unwrap_or((defaults.float(), true))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Both orders must give `expected`, written as printed types are: `~f32`.
    #[track_caller]
    fn check(a: &str, b: &str, expected: &str) {
        let read = |s: &str| {
            let weak = s.starts_with('~');
            (DType::from_name(s.trim_start_matches('~')).unwrap(), weak)
        };
        assert_eq!(
            promote_pair(read(a), read(b), Defaults::NARROW),
            read(expected),
            "{a} with {b}"
        );
        assert_eq!(
            promote_pair(read(b), read(a), Defaults::NARROW),
            read(expected),
            "{b} with {a}"
        );
    }

    #[test]
    fn weak_types_give_way() {
        check("i8", "~i32", "i8");
        check("i8", "~f32", "~f32");
        check("bf16", "~f32", "bf16");
        check("f16", "~c64", "c64");
        check("bool", "~i32", "~i32");
    }

    #[test]
    fn mixed_signs_and_halves_meet_above() {
        check("u8", "i8", "i16");
        check("u32", "i32", "i64");
        check("u64", "i64", "~f32");
        check("bf16", "f16", "f32");
        check("i64", "f16", "f16");
        check("f64", "c64", "c128");
    }
}
