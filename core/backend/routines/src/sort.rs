//! Stable sorting along an axis. Elements become integers of the same order; where these have up to 64
//! bits they are sorted together with their positions, which makes any algorithm stable.

use std::cmp::Ordering;

use jaxrs_data::{DType, Scalar};
use jaxrs_kernel::Sort;
use jaxrs_runtime::Pool;

#[derive(Clone, Copy)]
struct Pointers<'a>(&'a [*mut u8]);

// SAFETY: tasks read the inputs and write to sequences of their own.
unsafe impl Sync for Pointers<'_> {}

/// Working memory, kept from sequence to sequence.
#[derive(Default)]
struct Scratch {
    narrow: Vec<u64>,
    spare: Vec<u64>,
    wide: Vec<u128>,
    order: Vec<u32>,
}

/// From this length on, sorting digit by digit is faster than comparing.
const RADIX_LEN: usize = 2048;

/// Runs a call.
///
/// # Safety
///
/// `pointers` are the inputs, then the outputs, each to all elements of its type.
pub unsafe fn run(pool: &Pool, sort: &Sort, dtypes: &[DType], pointers: &[*mut u8]) {
    let sequences = sort.outer * sort.inner;
    let grain = ((1 << 12) / sort.len.max(1)).max(1);
    let pointers = Pointers(pointers);
    pool.parallel_for(sequences, grain, &|begin, end| {
        let pointers = &pointers;
        let mut scratch = Scratch::default();
        for sequence in begin..end {
            let start = sequence / sort.inner * sort.len * sort.inner + sequence % sort.inner;
            // SAFETY: by the caller's promise.
            unsafe { sort_one(sort, dtypes, pointers.0, start, &mut scratch) };
        }
    });
}

/// # Safety
///
/// As for [`run`].
unsafe fn sort_one(
    sort: &Sort,
    dtypes: &[DType],
    pointers: &[*mut u8],
    start: usize,
    scratch: &mut Scratch,
) {
    let key_bits = dtypes[0].bits();
    if sort.n_keys == 1 && key_bits <= 32 {
        // SAFETY: by the caller's promise.
        unsafe { order_narrow(sort, dtypes[0], pointers[0], start, scratch) };
    } else if sort.n_keys == 1 && key_bits == 64 && !dtypes[0].is_complex() {
        // SAFETY: by the caller's promise.
        unsafe { order_wide(sort, dtypes[0], pointers[0], start, scratch) };
    } else {
        // SAFETY: by the caller's promise.
        unsafe { order_any(sort, dtypes, pointers, start, scratch) };
    }
    let n = sort.inputs.len();
    for (operand, dtype) in dtypes.iter().enumerate() {
        let (from, to) = (pointers[operand].cast_const(), pointers[n + operand]);
        // SAFETY: by the caller's promise.
        unsafe { permute(sort, dtype.size_bytes(), from, to, start, &scratch.order) };
    }
}

/// # Safety
///
/// As for [`run`]; the key has at most 32 bits.
unsafe fn order_narrow(
    sort: &Sort,
    dtype: DType,
    base: *const u8,
    start: usize,
    scratch: &mut Scratch,
) {
    let Scratch { narrow, spare, order, .. } = scratch;
    narrow.clear();
    for i in 0..sort.len {
        // SAFETY: by the caller's promise.
        let key = unsafe { narrow_key(dtype, base, start + i * sort.inner) };
        narrow.push(u64::from(key) << 32 | i as u64);
    }
    if sort.len < RADIX_LEN {
        narrow.sort_unstable();
    } else {
        radix(narrow, spare);
    }
    order.clear();
    order.extend(narrow.iter().map(|&packed| packed as u32));
}

/// Sorts by the upper 32 bits, lowest digit first; equal ones keep their order.
fn radix(values: &mut Vec<u64>, spare: &mut Vec<u64>) {
    const BITS: u32 = 11;
    const DIGITS: usize = 1 << BITS;
    spare.clear();
    spare.resize(values.len(), 0);
    let mut counts = vec![[0u32; DIGITS]; 3];
    let digit = |v: u64, pass: usize| (v >> (32 + BITS * pass as u32)) as usize & (DIGITS - 1);
    for &v in values.iter() {
        (0..3).for_each(|pass| counts[pass][digit(v, pass)] += 1);
    }
    for (pass, counts) in counts.iter_mut().enumerate() {
        if counts.iter().any(|&count| count as usize == values.len()) {
            continue;
        }
        let mut sum = 0;
        for count in counts.iter_mut() {
            (*count, sum) = (sum, sum + *count);
        }
        for &v in values.iter() {
            let place = &mut counts[digit(v, pass)];
            spare[*place as usize] = v;
            *place += 1;
        }
        std::mem::swap(values, spare);
    }
}

/// # Safety
///
/// As for [`run`].
unsafe fn order_wide(
    sort: &Sort,
    dtype: DType,
    base: *const u8,
    start: usize,
    scratch: &mut Scratch,
) {
    let Scratch { wide, order, .. } = scratch;
    wide.clear();
    for i in 0..sort.len {
        // SAFETY: by the caller's promise.
        let key = unsafe { any_key(dtype, base, start + i * sort.inner) };
        wide.push(key << 32 | i as u128);
    }
    wide.sort_unstable();
    order.clear();
    order.extend(wide.iter().map(|&packed| packed as u32));
}

/// # Safety
///
/// As for [`run`].
unsafe fn order_any(
    sort: &Sort,
    dtypes: &[DType],
    pointers: &[*mut u8],
    start: usize,
    scratch: &mut Scratch,
) {
    let column = |k: usize| -> Vec<u128> {
        let key = |i: usize| {
            // SAFETY: by the caller's promise.
            unsafe { any_key(dtypes[k], pointers[k], start + i * sort.inner) }
        };
        (0..sort.len).map(key).collect()
    };
    let keys: Vec<Vec<u128>> = (0..sort.n_keys).map(column).collect();
    scratch.order.clear();
    scratch.order.extend(0..sort.len as u32);
    scratch.order.sort_by(|&a, &b| {
        let by = |keys: &Vec<u128>| keys[a as usize].cmp(&keys[b as usize]);
        keys.iter().map(by).find(|&order| order != Ordering::Equal).unwrap_or(Ordering::Equal)
    });
}

/// # Safety
///
/// As for [`run`]; elements have `size` bytes.
unsafe fn permute(
    sort: &Sort,
    size: usize,
    from: *const u8,
    to: *mut u8,
    start: usize,
    order: &[u32],
) {
    macro_rules! permute {
        ($element:ty) => {
            for (i, &source) in order.iter().enumerate() {
                let source =
                    from.cast::<$element>().wrapping_add(start + source as usize * sort.inner);
                let place = to.cast::<$element>().wrapping_add(start + i * sort.inner);
                // SAFETY: both lie within their buffers, by the caller's promise.
                unsafe { place.write_unaligned(source.read_unaligned()) };
            }
        };
    }
    match size {
        1 => permute!(u8),
        2 => permute!(u16),
        4 => permute!(u32),
        8 => permute!(u64),
        _ => permute!(u128),
    }
}

/// A number of up to 32 bits whose order is that of the elements: NaN last, −0 as 0.
///
/// # Safety
///
/// There is an element of the type, of at most 32 bits, at this position.
unsafe fn narrow_key(dtype: DType, base: *const u8, position: usize) -> u32 {
    match dtype {
        DType::F32 => {
            // SAFETY: by the caller's promise.
            let v = unsafe { base.cast::<f32>().wrapping_add(position).read_unaligned() };
            if v.is_nan() {
                return u32::MAX;
            }
            let bits = if v == 0.0 { 0 } else { v.to_bits() };
            if bits >> 31 == 1 { !bits } else { bits | 1 << 31 }
        }
        DType::I32 => {
            // SAFETY: by the caller's promise.
            let v = unsafe { base.cast::<u32>().wrapping_add(position).read_unaligned() };
            v ^ 1 << 31
        }
        DType::U32 => {
            // SAFETY: by the caller's promise.
            unsafe { base.cast::<u32>().wrapping_add(position).read_unaligned() }
        }
        _ if dtype.is_float() => {
            // SAFETY: by the caller's promise. Values of up to 16 bits keep their order in the upper half.
            (unsafe { any_key(dtype, base, position) } >> 32) as u32
        }
        _ => {
            // SAFETY: by the caller's promise.
            let key = unsafe { any_key(dtype, base, position) };
            if dtype.is_signed() { (key as u64 ^ 1 << 63) as u32 ^ 1 << 31 } else { key as u32 }
        }
    }
}

/// The same in up to 128 bits; complex numbers by real part first.
///
/// # Safety
///
/// There is an element of the type at this position.
unsafe fn any_key(dtype: DType, base: *const u8, position: usize) -> u128 {
    let size = dtype.size_bytes();
    let at = base.wrapping_add(position * size);
    // SAFETY: by the caller's promise.
    let bytes = unsafe { std::slice::from_raw_parts(at, size) };
    match Scalar::from_bytes(dtype, bytes) {
        Scalar::Bool(v) => v.into(),
        Scalar::Int(v) => ((v as u64) ^ (1 << 63)).into(),
        Scalar::Uint(v) => v.into(),
        Scalar::Float(v) => float_key(v).into(),
        Scalar::Key(words) => words,
        Scalar::Complex(re, im) => u128::from(float_key(re)) << 64 | u128::from(float_key(im)),
    }
}

fn float_key(v: f64) -> u64 {
    if v.is_nan() {
        return u64::MAX;
    }
    let bits = if v == 0.0 { 0 } else { v.to_bits() };
    if bits >> 63 == 1 { !bits } else { bits | 1 << 63 }
}
