//! JAX's type promotion lattice, with weak types.
//!
//! Python's own numbers are the nodes `i*`, `f*`, `c*`; a weak integer type stands at `i*`, a weak float
//! at `f*`, a weak complex at `c*`. The result of a promotion is the least upper bound; where that is a
//! starred node, the result is weak.

use crate::{DType, DTypeKind, Result, Type};

/// The width that starred nodes stand for, and which pairs promote.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Defaults {
    /// Whether integers, floats and complex numbers without a stated type are 64 bits wide.
    pub wide: bool,
    /// Whether strong types promote only to themselves, as with JAX's
    /// `numpy_dtype_promotion = 'strict'`.
    pub strict: bool,
}

impl Defaults {
    /// 32-bit defaults, as JAX has them unless told otherwise.
    pub const NARROW: Defaults = Defaults { wide: false, strict: false };

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

/// The element type and weakness that two operands promote to. Types of at most 8 bits that are not
/// integers of 8 promote to themselves only, or from truth values and what is weak or, for floats, an
/// integer.
pub fn promote_pair(
    a: (DType, bool),
    b: (DType, bool),
    defaults: Defaults,
) -> Result<(DType, bool)> {
    // Equal types stay, weak or not: a weak f64 with a weak f64 is not narrowed to the default.
    if a.0 == b.0 {
        return Ok((a.0, a.1 && b.1));
    }
    let stands_apart =
        |(dtype, weak): (DType, bool)| !weak && (dtype.is_narrow() || dtype.is_key());
    if defaults.strict && !(a.1 && b.1) {
        return strict_pair(a, b);
    }
    match (stands_apart(a), stands_apart(b)) {
        (false, false) => Ok(join_pair(a, b, defaults)),
        (true, false) => narrow_pair(a.0, b),
        (false, true) => narrow_pair(b.0, a),
        (true, true) => Err(no_promotion(a, b)),
    }
}

#[cold]
fn no_promotion(a: (DType, bool), b: (DType, bool)) -> crate::Error {
    let [a, b] = [a, b].map(|(dtype, weak)| Type::scalar(dtype).with_weak(weak));
    crate::Error::new(
        crate::ErrorKind::Dtype,
        format_args!("{a} and {b} have no element type that both promote to; convert one of them"),
    )
}

fn join_pair(a: (DType, bool), b: (DType, bool), defaults: Defaults) -> (DType, bool) {
    let joined = join(node(a.0, a.1), node(b.0, b.1));
    match (STRONG[joined], joined) {
        (Some(dtype), _) => (dtype, false),
        (None, I_STAR) => (defaults.int(), true),
        (None, F_STAR) => (defaults.float(), true),
        (None, _) => (defaults.complex(), true),
    }
}

/// What a type that stands apart from the lattice gives with one of the lattice.
fn narrow_pair(narrow: DType, other: (DType, bool)) -> Result<(DType, bool)> {
    let fits = match other.0.kind() {
        DTypeKind::Bool => true,
        DTypeKind::Signed | DTypeKind::Unsigned => other.1 || narrow.is_float(),
        DTypeKind::Float => other.1 && narrow.is_float(),
        DTypeKind::Complex | DTypeKind::Key => false,
    };
    if !fits || narrow.is_key() {
        return Err(no_promotion((narrow, false), other));
    }
    Ok((narrow, false))
}

/// A strong type beside a weak one of no higher kind stays; nothing else promotes.
fn strict_pair(a: (DType, bool), b: (DType, bool)) -> Result<(DType, bool)> {
    let rank = |dtype: DType| match dtype.kind() {
        DTypeKind::Bool | DTypeKind::Key => 0,
        DTypeKind::Signed | DTypeKind::Unsigned => 1,
        DTypeKind::Float => 2,
        DTypeKind::Complex => 3,
    };
    let (strong, weak) = if b.1 { (a, b) } else { (b, a) };
    if !weak.1 || rank(weak.0) == 0 || rank(strong.0) < rank(weak.0) {
        return Err(no_promotion(a, b));
    }
    Ok((strong.0, false))
}

/// The element type and weakness that some operands promote to; the default float without any.
pub fn promote<'a>(
    types: impl IntoIterator<Item = &'a Type>,
    defaults: Defaults,
) -> Result<(DType, bool)> {
    let mut types = types.into_iter().map(|ty| (ty.dtype, ty.weak));
    let Some(first) = types.next() else { return Ok((defaults.float(), true)) };
    types.try_fold(first, |a, b| promote_pair(a, b, defaults))
}
