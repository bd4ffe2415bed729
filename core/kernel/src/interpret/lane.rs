//! The register file's lanes: how elements lie in it as bytes, and loops over them.
//!
//! All registers lie in one vector of bytes. An instruction's result lies behind all its operands, so
//! that one `split_at_mut` gives both sides, and elements are read and written through byte arrays,
//! which compile to plain vector loads and stores.

use jaxrs_data::{bf16_bits, f16_bits};

/// A register: where its first lane lies, and whether it has a lane for each point of the block or one
/// for all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Reg {
    pub(super) at: usize,
    pub(super) wide: bool,
}

/// The registers of one operation.
#[derive(Clone, Copy, Debug)]
pub(super) struct Operands {
    pub(super) out: Reg,
    pub(super) args: [Reg; 3],
}

/// An operation on so many lanes.
pub(super) type Run = fn(&mut [u8], &Operands, usize);

/// An element type as the loops compute with it.
pub(super) trait Lane: Copy + 'static {
    type Bytes: Copy;
    fn read(bytes: Self::Bytes) -> Self;
    fn write(self) -> Self::Bytes;
    fn lanes(bytes: &[u8]) -> &[Self::Bytes];
    fn lanes_mut(bytes: &mut [u8]) -> &mut [Self::Bytes];
}

macro_rules! lane {
    ($($ty:ty: $size:literal, $read:expr, $write:expr;)*) => {$(
        impl Lane for $ty {
            type Bytes = [u8; $size];
            #[inline(always)]
            fn read(bytes: [u8; $size]) -> $ty { $read(bytes) }
            #[inline(always)]
            fn write(self) -> [u8; $size] { $write(self) }
            #[inline(always)]
            fn lanes(bytes: &[u8]) -> &[[u8; $size]] { bytes.as_chunks().0 }
            #[inline(always)]
            fn lanes_mut(bytes: &mut [u8]) -> &mut [[u8; $size]] { bytes.as_chunks_mut().0 }
        }
    )*};
}

/// The bits of a binary16, which is converted but never computed with.
#[derive(Clone, Copy)]
pub(super) struct Half(u16);

/// The bits of a bfloat16, which is converted but never computed with.
#[derive(Clone, Copy)]
pub(super) struct Brain(u16);

/// Sixteen bytes that are only moved.
#[derive(Clone, Copy)]
pub(super) struct Wide([u8; 16]);

/// A complex number in two binary32.
#[derive(Clone, Copy)]
pub(super) struct Single(pub(super) f32, pub(super) f32);

/// A complex number in two binary64.
#[derive(Clone, Copy)]
pub(super) struct Double(pub(super) f64, pub(super) f64);

/// A key of four words, two in each half.
#[derive(Clone, Copy)]
pub(super) struct Halves(pub(super) u64, pub(super) u64);

lane! {
    bool: 1, |b: [u8; 1]| b[0] != 0, |v| [u8::from(v)];
    i8: 1, i8::from_ne_bytes, i8::to_ne_bytes;
    u8: 1, u8::from_ne_bytes, u8::to_ne_bytes;
    i16: 2, i16::from_ne_bytes, i16::to_ne_bytes;
    u16: 2, u16::from_ne_bytes, u16::to_ne_bytes;
    i32: 4, i32::from_ne_bytes, i32::to_ne_bytes;
    u32: 4, u32::from_ne_bytes, u32::to_ne_bytes;
    i64: 8, i64::from_ne_bytes, i64::to_ne_bytes;
    u64: 8, u64::from_ne_bytes, u64::to_ne_bytes;
    f32: 4, f32::from_ne_bytes, f32::to_ne_bytes;
    f64: 8, f64::from_ne_bytes, f64::to_ne_bytes;
    Half: 2, |b| Half(u16::from_ne_bytes(b)), |v: Half| v.0.to_ne_bytes();
    Brain: 2, |b| Brain(u16::from_ne_bytes(b)), |v: Brain| v.0.to_ne_bytes();
    Wide: 16, Wide, |v: Wide| v.0;
    Single: 8, Single::from_bytes, Single::to_bytes;
    Double: 16, Double::from_bytes, Double::to_bytes;
    Halves: 16, Halves::from_bytes, Halves::to_bytes;
}

macro_rules! pairs {
    ($($pair:ident: $part:ident, $size:literal, $half:literal;)*) => {$(
        impl $pair {
            fn from_bytes(bytes: [u8; $size]) -> $pair {
                let part = |at| $part::from_ne_bytes(std::array::from_fn(|i| bytes[at + i]));
                $pair(part(0), part($half))
            }
            fn to_bytes(self) -> [u8; $size] {
                let (re, im) = (self.0.to_ne_bytes(), self.1.to_ne_bytes());
                std::array::from_fn(|i| if i < $half { re[i] } else { im[i - $half] })
            }
        }
    )*};
}

pairs! {
    Single: f32, 8, 4;
    Double: f64, 16, 8;
    Halves: u64, 16, 8;
}

impl Half {
    pub(super) fn from_f64(v: f64) -> Half {
        Half(f16_bits::from_f64(v))
    }
    pub(super) fn to_f64(self) -> f64 {
        f16_bits::to_f64(self.0)
    }
}

impl Brain {
    pub(super) fn from_f64(v: f64) -> Brain {
        Brain(bf16_bits::from_f64(v))
    }
    pub(super) fn to_f64(self) -> f64 {
        bf16_bits::to_f64(self.0)
    }
}

/// `out[i] = f(a[i])`.
#[inline(always)]
pub(super) fn unary<A: Lane, R: Lane>(
    regs: &mut [u8],
    operands: &Operands,
    n: usize,
    f: impl Fn(A) -> R,
) {
    let (low, high) = regs.split_at_mut(operands.out.at);
    let a = &A::lanes(&low[operands.args[0].at..])[..n];
    for (out, &a) in R::lanes_mut(high)[..n].iter_mut().zip(a) {
        *out = f(A::read(a)).write();
    }
}

/// `out[i] = f(a[i], b[i])`, where a narrow operand is the same for all lanes.
#[inline(always)]
pub(super) fn binary<A: Lane, R: Lane>(
    regs: &mut [u8],
    operands: &Operands,
    n: usize,
    f: impl Fn(A, A) -> R,
) {
    let [a, b, _] = operands.args;
    let (low, high) = regs.split_at_mut(operands.out.at);
    let out = &mut R::lanes_mut(high)[..n];
    let (x, y) = (A::lanes(&low[a.at..]), A::lanes(&low[b.at..]));
    if n == 1 {
        out[0] = f(A::read(x[0]), A::read(y[0])).write();
    } else if !a.wide {
        let x = A::read(x[0]);
        out.iter_mut().zip(&y[..n]).for_each(|(out, &y)| *out = f(x, A::read(y)).write());
    } else if !b.wide {
        let y = A::read(y[0]);
        out.iter_mut().zip(&x[..n]).for_each(|(out, &x)| *out = f(A::read(x), y).write());
    } else {
        for ((out, &x), &y) in out.iter_mut().zip(&x[..n]).zip(&y[..n]) {
            *out = f(A::read(x), A::read(y)).write();
        }
    }
}

/// `out[i] = c[i] ? a[i] : b[i]`; all operands have as many lanes as the result.
pub(super) fn select<T: Lane>(regs: &mut [u8], operands: &Operands, n: usize) {
    let [c, a, b] = operands.args;
    let (low, high) = regs.split_at_mut(operands.out.at);
    let c = &low[c.at..][..n];
    let (a, b) = (&T::lanes(&low[a.at..])[..n], &T::lanes(&low[b.at..])[..n]);
    for (((out, &c), &a), &b) in T::lanes_mut(high)[..n].iter_mut().zip(c).zip(a).zip(b) {
        *out = if c != 0 { a } else { b };
    }
}

/// Repeats the one lane of the operand.
pub(super) fn splat<T: Lane>(regs: &mut [u8], operands: &Operands, n: usize) {
    let (low, high) = regs.split_at_mut(operands.out.at);
    let value = T::lanes(&low[operands.args[0].at..])[0];
    T::lanes_mut(high)[..n].fill(value);
}

/// `out[i] = f(out[i], a[i])`; here the *operand* lies behind the result.
#[inline(always)]
pub(super) fn accumulate<T: Lane>(
    regs: &mut [u8],
    operands: &Operands,
    n: usize,
    f: impl Fn(T, T) -> T,
) {
    let (low, high) = regs.split_at_mut(operands.args[0].at);
    let out = &mut T::lanes_mut(&mut low[operands.out.at..])[..n];
    for (out, &a) in out.iter_mut().zip(&T::lanes(high)[..n]) {
        *out = f(T::read(*out), T::read(a)).write();
    }
}

/// `out = f(out, f(a[0], f(a[1], …)))`; here too the operand lies behind the result.
///
/// Eight partial results are kept: that is what vectors can do, and it keeps the rounding error of long
/// sums small.
#[inline(always)]
pub(super) fn fold<T: Lane>(regs: &mut [u8], operands: &Operands, n: usize, f: impl Fn(T, T) -> T) {
    const PARTS: usize = 8;
    let (low, high) = regs.split_at_mut(operands.args[0].at);
    let out = &mut T::lanes_mut(&mut low[operands.out.at..])[0];
    let (rows, rest) = T::lanes(high)[..n].as_chunks::<PARTS>();
    let mut total = T::read(*out);
    if let Some((first, rows)) = rows.split_first() {
        let mut parts = first.map(T::read);
        for row in rows {
            for (part, &a) in parts.iter_mut().zip(row) {
                *part = f(*part, T::read(a));
            }
        }
        for half in [4, 2, 1] {
            for i in 0..half {
                parts[i] = f(parts[i], parts[i + half]);
            }
        }
        total = f(total, parts[0]);
    }
    *out = rest.iter().fold(total, |total, &a| f(total, T::read(a))).write();
}
