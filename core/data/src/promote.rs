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

/// A node of the lattice, by its place in an order in which nodes above others come later.
type Node = usize;

const I_STAR: Node = 1;
const F_STAR: Node = 10;
const C_STAR: Node = 13;
const N_NODES: usize = 18;

/// The element types at the nodes; starred nodes have none of their own.
const STRONG: [Option<DType>; N_NODES] = {
    use DType::*;
    [
        Some(Bool),
        None,
        Some(U8),
        Some(I8),
        Some(U16),
        Some(I16),
        Some(U32),
        Some(I32),
        Some(U64),
        Some(I64),
        None,
        Some(BF16),
        Some(F16),
        None,
        Some(F32),
        Some(F64),
        Some(C64),
        Some(C128),
    ]
};

/// The nodes directly above each.
const NEXT: [&[Node]; N_NODES] = [
    &[I_STAR],         // bool
    &[2, 3],           // i*
    &[4, 5],           // u8
    &[5],              // i8
    &[6, 7],           // u16
    &[7],              // i16
    &[8, 9],           // u32
    &[9],              // i32
    &[F_STAR],         // u64
    &[F_STAR],         // i64
    &[11, 12, C_STAR], // f*
    &[14],             // bf16
    &[14],             // f16
    &[16],             // c*
    &[15, 16],         // f32
    &[17],             // f64
    &[17],             // c64
    &[],               // c128
];

/// For each node the set of those that are above it or the node itself, a bit each.
const ABOVE: [u32; N_NODES] = {
    let mut above = [0; N_NODES];
    let mut node = N_NODES;
    while node > 0 {
        node -= 1;
        above[node] = 1 << node;
        let mut i = 0;
        while i < NEXT[node].len() {
            above[node] |= above[NEXT[node][i]];
            i += 1;
        }
    }
    above
};

fn node(dtype: DType, weak: bool) -> Node {
    match dtype {
        _ if weak && dtype.is_integer() => I_STAR,
        _ if weak && dtype.is_float() => F_STAR,
        _ if weak && dtype.is_complex() => C_STAR,
        _ => STRONG.iter().position(|&strong| strong == Some(dtype)).unwrap_or(0),
    }
}

/// The least upper bound. It comes first among the common bounds: all others are above it.
fn join(a: Node, b: Node) -> Node {
    (ABOVE[a] & ABOVE[b]).trailing_zeros() as Node
}

/// The element type and weakness that two operands promote to.
pub fn promote_pair(a: (DType, bool), b: (DType, bool), defaults: Defaults) -> (DType, bool) {
    // Equal types stay, weak or not: a weak f64 with a weak f64 is not narrowed to the default.
    if a.0 == b.0 {
        return (a.0, a.1 && b.1);
    }
    let joined = join(node(a.0, a.1), node(b.0, b.1));
    match (STRONG[joined], joined) {
        (Some(dtype), _) => (dtype, false),
        (None, I_STAR) => (defaults.int(), true),
        (None, F_STAR) => (defaults.float(), true),
        (None, _) => (defaults.complex(), true),
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
