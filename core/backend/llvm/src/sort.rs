//! Stable sorting along an axis.

use std::cmp::Ordering;

use jaxrs_data::{DType, Scalar};
use jaxrs_kernel::Sort;
use jaxrs_runtime::Pool;

#[derive(Clone, Copy)]
struct Pointers<'a>(&'a [*mut u8]);

// SAFETY: tasks read the inputs and write to sequences of their own.
unsafe impl Sync for Pointers<'_> {}

/// Runs a call.
///
/// # Safety
///
/// `pointers` are the inputs, then the outputs, each to all elements of its type.
pub(crate) unsafe fn run(pool: &Pool, sort: &Sort, dtypes: &[DType], pointers: &[*mut u8]) {
    let sequences = sort.outer * sort.inner;
    let grain = ((1 << 12) / sort.len.max(1)).max(1);
    let pointers = Pointers(pointers);
    pool.parallel_for(sequences, grain, &|begin, end| {
        let pointers = &pointers;
        let mut order: Vec<u32> = Vec::with_capacity(sort.len);
        for sequence in begin..end {
            let start = sequence / sort.inner * sort.len * sort.inner + sequence % sort.inner;
            // SAFETY: by the caller's promise.
            unsafe { sort_one(sort, dtypes, pointers.0, start, &mut order) };
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
    order: &mut Vec<u32>,
) {
    let n = sort.inputs.len();
    let keys: Vec<Vec<u128>> = (0..sort.n_keys)
        .map(|k| {
            // SAFETY: by the caller's promise.
            (0..sort.len)
                .map(|i| unsafe { key(dtypes[k], pointers[k], start + i * sort.inner) })
                .collect()
        })
        .collect();
    order.clear();
    order.extend(0..sort.len as u32);
    order.sort_by(|&a, &b| {
        let by = |keys: &Vec<u128>| keys[a as usize].cmp(&keys[b as usize]);
        keys.iter().map(by).find(|&order| order != Ordering::Equal).unwrap_or(Ordering::Equal)
    });
    for operand in 0..n {
        let size = dtypes[operand].size_bytes();
        for (i, &from) in order.iter().enumerate() {
            let from = pointers[operand].wrapping_add((start + from as usize * sort.inner) * size);
            let to = pointers[n + operand].wrapping_add((start + i * sort.inner) * size);
            // SAFETY: both lie within their buffers, which do not overlap.
            unsafe { from.copy_to_nonoverlapping(to, size) };
        }
    }
}

/// A number whose order is that of the elements: NaN last, −0 as 0; complex numbers by real part first.
///
/// # Safety
///
/// There is an element of the type at this position.
unsafe fn key(dtype: DType, base: *const u8, position: usize) -> u128 {
    let size = dtype.size_bytes();
    let at = base.wrapping_add(position * size);
    // SAFETY: by the caller's promise.
    let bytes = unsafe { std::slice::from_raw_parts(at, size) };
    match Scalar::from_bytes(dtype, bytes) {
        Scalar::Bool(v) => v.into(),
        Scalar::Int(v) => ((v as u64) ^ (1 << 63)).into(),
        Scalar::Uint(v) => v.into(),
        Scalar::Float(v) => float_key(v).into(),
        Scalar::Complex(re, im) => u128::from(float_key(re)) << 64 | u128::from(float_key(im)),
    }
}

fn float_key(v: f64) -> u64 {
    if v.is_nan() {
        return u64::MAX;
    }
    let bits = (v + 0.0).to_bits();
    if bits >> 63 == 1 { !bits } else { bits | 1 << 63 }
}
