//! The first elements of sequences by a ranking. Elements become integers of the same order. A pass over a
//! sequence keeps what ranks before the k-th of those that it has seen; whenever many are kept, the k-th is
//! found anew.

use jaxrs_data::{DType, DTypeKind, Scalar};
use jaxrs_kernel::{Ranking, TopK};
use jaxrs_runtime::Pool;

/// Operands: read from the first, written to the others.
#[derive(Clone, Copy)]
struct Pointers {
    input: *const u8,
    values: *mut u8,
    positions: *mut i32,
}

// SAFETY: tasks read the input and write to sequences of their own.
unsafe impl Sync for Pointers {}

/// How many elements are looked at together.
const BLOCK: usize = 64;
/// Elements that a task should have for threads to pay.
const TASK_LEN: usize = 1 << 14;

/// An unsigned integer with the bits of elements.
trait Bits: Copy + Ord + Send + Sync + 'static {
    /// The sign bit.
    const SIGN: Self;
    /// After all others.
    const LAST: Self;
    fn not(self) -> Self;
    fn xor(self, other: Self) -> Self;
    fn or(self, other: Self) -> Self;
}

macro_rules! bits {
    ($($int:ty),*) => {
        $(impl Bits for $int {
            const SIGN: $int = 1 << (<$int>::BITS - 1);
            const LAST: $int = <$int>::MAX;
            fn not(self) -> $int {
                !self
            }
            fn xor(self, other: $int) -> $int {
                self ^ other
            }
            fn or(self, other: $int) -> $int {
                self | other
            }
        })*
    };
}
bits!(u8, u16, u32, u64);

/// What turns elements into integers that ascend along the ranking.
trait Rank<B>: Copy + Sync {
    fn key(self, bits: B) -> B;
    /// The same, where it is known to be the order of floats along their total order.
    fn as_total(self) -> Option<Order<B>> {
        None
    }
}

/// The key of each code of a type of at most 8 bits that no machine computes in.
#[derive(Clone, Copy)]
struct Codes<'a>(&'a [u8; 256]);

impl Rank<u8> for Codes<'_> {
    fn key(self, bits: u8) -> u8 {
        self.0[usize::from(bits)]
    }
}

fn codes(dtype: DType, ranking: Ranking) -> [u8; 256] {
    let value = |code: u8| Scalar::from_bytes(dtype, &[code]);
    let mut order: [u8; 256] = std::array::from_fn(|code| code as u8);
    order.sort_by(|&a, &b| ranking.compare(value(a), value(b)));
    let (mut keys, mut key) = ([0; 256], 0);
    for pair in order.windows(2) {
        key += u8::from(ranking.compare(value(pair[0]), value(pair[1])).is_ne());
        keys[usize::from(pair[1])] = key;
    }
    keys
}

/// The order of elements that machines compute with.
#[derive(Clone, Copy)]
struct Order<B> {
    kind: DTypeKind,
    ranking: Ranking,
    /// The bits of infinity, of floats.
    infinity: B,
}

impl<B: Bits> Rank<B> for Order<B> {
    #[inline(always)]
    fn key(self, bits: B) -> B {
        let ascending = match self.kind {
            DTypeKind::Float => {
                let magnitude = bits.or(B::SIGN).xor(B::SIGN);
                if self.ranking != Ranking::Total && magnitude > self.infinity {
                    return B::LAST;
                }
                let is_zero = magnitude == B::SIGN.xor(B::SIGN);
                let bits = if self.ranking != Ranking::Total && is_zero { magnitude } else { bits };
                if bits >= B::SIGN { bits.not() } else { bits.or(B::SIGN) }
            }
            DTypeKind::Signed => bits.xor(B::SIGN),
            _ => bits,
        };
        if self.ranking == Ranking::Smallest { ascending } else { ascending.not() }
    }

    fn as_total(self) -> Option<Order<B>> {
        let is_total = self.kind == DTypeKind::Float && self.ranking == Ranking::Total;
        is_total.then_some(Order { kind: DTypeKind::Float, ranking: Ranking::Total, ..self })
    }
}

/// Runs a call.
///
/// # Safety
///
/// The pointers are to all elements of the call's operands; the input's are of the type given.
pub unsafe fn run(pool: &Pool, top: &TopK, dtype: DType, pointers: &[*mut u8; 3]) {
    let pointers = Pointers {
        input: pointers[0].cast_const(),
        values: pointers[1],
        positions: pointers[2].cast(),
    };
    macro_rules! of {
        ($bits:ty, $infinity:expr) => {{
            let (kind, ranking) = (dtype.kind(), top.ranking);
            let order = Order::<$bits> { kind, ranking, infinity: $infinity };
            // SAFETY: by the caller's promise.
            unsafe { select_all(pool, top, order, pointers) }
        }};
    }
    match (dtype.size_bytes(), dtype) {
        (1, _) if dtype.is_narrow() => {
            let codes = codes(dtype, top.ranking);
            // SAFETY: by the caller's promise.
            unsafe { select_all(pool, top, Codes(&codes), pointers) }
        }
        (1, _) => of!(u8, 0),
        (_, DType::F16) => of!(u16, 0x7c00),
        (_, DType::BF16) => of!(u16, 0x7f80),
        (2, _) => of!(u16, 0),
        (4, _) => of!(u32, f32::INFINITY.to_bits()),
        _ => of!(u64, f64::INFINITY.to_bits()),
    }
}

/// # Safety
///
/// As for [`run`]; elements have as many bits.
unsafe fn select_all<B: Bits>(pool: &Pool, top: &TopK, order: impl Rank<B>, pointers: Pointers) {
    let grain = (TASK_LEN / top.len.max(1)).max(1);
    pool.parallel_for(top.outer * top.inner, grain, &|begin, end| {
        let pointers = &pointers;
        let mut best = Best { kept: Vec::new(), threshold: None };
        for sequence in begin..end {
            // SAFETY: by the caller's promise.
            unsafe { select(top, order, pointers, sequence, &mut best) };
        }
    });
}

/// What was kept of a sequence so far.
struct Best<B> {
    /// Keys and positions.
    kept: Vec<(B, u32)>,
    /// The key that others must be below, once `k` elements are known that are not above.
    threshold: Option<B>,
}

impl<B: Bits> Best<B> {
    fn push(&mut self, key: B, position: u32, k: usize) {
        if self.threshold.is_some_and(|threshold| key >= threshold) {
            return;
        }
        self.kept.push((key, position));
        // Later elements that rank alike come after, so that only lower keys matter from here on.
        if self.kept.len() >= 2 * k + BLOCK || (self.threshold.is_none() && self.kept.len() == k) {
            self.cut(k);
        }
    }

    /// Keeps the first `k`.
    fn cut(&mut self, k: usize) {
        if self.kept.len() > k {
            self.kept.select_nth_unstable(k - 1);
            self.kept.truncate(k);
        }
        if self.kept.len() == k {
            self.threshold = self.kept.iter().map(|&(key, _)| key).max();
        }
    }
}

/// # Safety
///
/// As for [`run`]; elements have as many bits.
unsafe fn select<B: Bits>(
    top: &TopK,
    order: impl Rank<B>,
    pointers: &Pointers,
    sequence: usize,
    best: &mut Best<B>,
) {
    let &TopK { len, inner, k, .. } = top;
    if k == 0 {
        return;
    }
    let start = sequence / inner * len * inner + sequence % inner;
    let input = pointers.input.cast::<B>().wrapping_add(start);
    best.kept.clear();
    best.threshold = None;
    let mut keys = [B::LAST; BLOCK];
    for first in (0..len).step_by(BLOCK) {
        let count = BLOCK.min(len - first);
        // SAFETY: the elements lie in the sequence, by the caller's promise.
        unsafe { load(input.wrapping_add(first * inner), inner, order, &mut keys[..count]) };
        let keys = &keys[..count];
        let is_needed = |threshold: B| keys.iter().fold(false, |any, &key| any | (key < threshold));
        if best.threshold.is_none_or(is_needed) {
            for (i, &key) in keys.iter().enumerate() {
                best.push(key, (first + i) as u32, k);
            }
        }
    }
    best.cut(k);
    best.kept.sort_unstable();
    let start = sequence / inner * k * inner + sequence % inner;
    for (i, &(_, position)) in best.kept.iter().enumerate() {
        let to = start + i * inner;
        // SAFETY: the position is one of the sequence's.
        let value = unsafe { input.wrapping_add(position as usize * inner).read_unaligned() };
        // SAFETY: there are `k` places for values and positions.
        unsafe { pointers.values.cast::<B>().wrapping_add(to).write_unaligned(value) };
        // SAFETY: as above.
        unsafe { pointers.positions.wrapping_add(to).write_unaligned(position as i32) };
    }
}

/// # Safety
///
/// There are as many elements, so far apart.
#[inline(always)]
unsafe fn load<B: Bits>(from: *const B, inner: usize, order: impl Rank<B>, keys: &mut [B]) {
    macro_rules! load {
        ($order:expr, $stride:expr) => {
            for (i, key) in keys.iter_mut().enumerate() {
                // SAFETY: by the caller's promise.
                *key = $order.key(unsafe { from.wrapping_add(i * $stride).read_unaligned() });
            }
        };
    }
    // Floats side by side in their total order are what matters most: one loop without branches.
    match (inner, order.as_total()) {
        (1, Some(order)) => load!(order, 1),
        (1, None) => load!(order, 1),
        _ => load!(order, inner),
    }
}
