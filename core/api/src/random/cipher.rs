//! The cipher beneath the default generator.

use jaxrs_data::{DType, Literal, Result, Scalar, Type, bail};
use jaxrs_ir::prims::Cipher;
use jaxrs_ir::{Context as _, Value, ops};
use jaxrs_transform::Scope;

/// Threefry-2x32 of an array of counts, whose second half is the low words of the first, under the two words of
/// a key. An odd number of counts is one with a 0 behind.
pub fn threefry_2x32(cx: &Scope, key: &Value, count: &Value) -> Result<Value> {
    let is_words = |x: &Value| x.ty().dtype == DType::U32;
    if !is_words(key) || !is_words(count) || key.shape().as_ref() != [2] {
        let (key, count) = (key.ty(), count.ty());
        bail!(
            Dtype,
            "threefry_2x32 needs a key of u32[2] and counts of u32, got {key} and {count}"
        );
    }
    let n = count.shape().numel();
    let mut counts = ops::reshape(cx, count, &[n].into())?;
    if n % 2 == 1 {
        let zero = Literal::full(Type::new(DType::U32, [1]), Scalar::Uint(0));
        counts = ops::concatenate(cx, &[counts, Value::literal(zero)], 0)?;
    }
    let half = n.div_ceil(2);
    let word = |k: usize| ops::reshape(cx, &ops::slice_in_dim(cx, key, 0, k, k + 1)?, &[].into());
    let first = ops::slice_in_dim(cx, &counts, 0, 0, half)?;
    let second = ops::slice_in_dim(cx, &counts, 0, half, 2 * half)?;
    let words = cx.bind(&Cipher::Threefry2x32.into(), &[word(0)?, word(1)?, first, second])?;
    let all = ops::concatenate(cx, &words, 0)?;
    ops::reshape(cx, &ops::slice_in_dim(cx, &all, 0, 0, n)?, count.shape())
}
