//! Index arithmetic in kernels: on `i64` values that fold where they are known.

use jaxrs_data::{DType, Scalar, SmallVec};
use jaxrs_kernel::{BodyBuilder, Compare, ScalarOp, ValueId};

/// A place in an array, as a kernel computes it: one value for each axis.
pub type Index = SmallVec<[ValueId; 4]>;

/// `a + b`, with a constant.
pub fn offset(b: &mut BodyBuilder, a: ValueId, by: i64) -> ValueId {
    if by == 0 {
        return a;
    }
    let by = b.index(by);
    b.add(a, by)
}

/// `a · factor`, with a constant.
pub fn scale(b: &mut BodyBuilder, a: ValueId, factor: usize) -> ValueId {
    let factor = b.index(factor as i64);
    b.mul(a, factor)
}

/// The position in row-major order.
pub fn ravel(b: &mut BodyBuilder, index: &[ValueId], sizes: &[usize]) -> ValueId {
    let mut position = b.index(0);
    for (&i, &size) in index.iter().zip(sizes).filter(|&(_, &size)| size != 1) {
        let row = scale(b, position, size);
        position = b.add(row, i);
    }
    position
}

/// The coordinates of a position in row-major order that is in range.
pub fn unravel(b: &mut BodyBuilder, mut position: ValueId, sizes: &[usize]) -> Index {
    let mut index = Index::new();
    for (axis, &size) in sizes.iter().enumerate().rev() {
        if size <= 1 {
            index.push(b.index(0));
            continue;
        }
        let outermost = sizes[..axis].iter().all(|&size| size == 1);
        let size = b.index(size as i64);
        // The outermost coordinate is what is left, and needs no remainder.
        index.push(if outermost { position } else { b.op(ScalarOp::Rem, &[position, size]) });
        position = b.op(ScalarOp::Div, &[position, size]);
    }
    index.reverse();
    index
}

/// The distance of an element from the first, by strides.
pub fn position(b: &mut BodyBuilder, index: &[ValueId], strides: &[usize]) -> ValueId {
    let mut position = b.index(0);
    for (&i, &stride) in index.iter().zip(strides) {
        let term = scale(b, i, stride);
        position = b.add(position, term);
    }
    position
}

/// A start of any integer type as `i64`. What `i64` cannot hold is as far out of range as its maximum.
pub fn start(b: &mut BodyBuilder, start: ValueId) -> ValueId {
    if b.dtype(start) != DType::U64 {
        return b.cast(start, DType::I64);
    }
    let largest = b.constant(DType::U64, Scalar::Uint(i64::MAX as u64));
    let start = b.op(ScalarOp::Min, &[start, largest]);
    b.cast(start, DType::I64)
}

/// An `i64` moved into `0..=max`.
pub fn clamp(b: &mut BodyBuilder, value: ValueId, max: usize) -> ValueId {
    let (low, high) = (b.index(0), b.index(max as i64));
    if max == 0 {
        return low;
    }
    let value = b.op(ScalarOp::Max, &[value, low]);
    b.op(ScalarOp::Min, &[value, high])
}

/// Whether an `i64` lies in `0..=max`.
pub fn within(b: &mut BodyBuilder, value: ValueId, max: usize) -> ValueId {
    let (low, high) = (b.index(0), b.index(max as i64));
    let (above, below) = (b.compare(Compare::Ge, value, low), b.compare(Compare::Le, value, high));
    b.op(ScalarOp::And, &[above, below])
}

/// Whether an `i64` that was read from memory lies in `0..=max`: one comparison, to which negative numbers are large.
pub fn read_within(b: &mut BodyBuilder, value: ValueId, max: usize) -> ValueId {
    let (value, high) =
        (b.cast(value, DType::U64), b.constant(DType::U64, Scalar::Uint(max as u64)));
    b.compare(Compare::Le, value, high)
}

/// The conjunction of a mask with one more condition.
pub fn and(b: &mut BodyBuilder, mask: Option<ValueId>, condition: ValueId) -> Option<ValueId> {
    Some(match mask {
        Some(mask) => b.op(ScalarOp::And, &[mask, condition]),
        None => condition,
    })
}

/// `if_true` where the condition holds, else `if_false`, of any element type: 16-bit floats, which
/// kernels only load, store and convert, go through `f32`.
pub fn select(
    b: &mut BodyBuilder,
    condition: ValueId,
    if_true: ValueId,
    if_false: ValueId,
) -> ValueId {
    let dtype = b.dtype(if_true);
    let wide = match dtype {
        DType::F16 | DType::BF16 => DType::F32,
        _ => dtype,
    };
    let (if_true, if_false) = (b.cast(if_true, wide), b.cast(if_false, wide));
    let chosen = b.select(condition, if_true, if_false);
    b.cast(chosen, dtype)
}

/// The element type that kernels compute with for one that they store.
pub fn wide(dtype: DType) -> DType {
    dtype.compute()
}

/// The start of a window as a number, the same way as [`start`].
pub fn start_value(start: Scalar) -> i64 {
    match start {
        Scalar::Uint(value) => i64::try_from(value).unwrap_or(i64::MAX),
        other => other.as_i64(),
    }
}
