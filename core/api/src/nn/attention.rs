//! Attention.

use jaxrs_data::{DType, Result, bail};
use jaxrs_ir::{Value, ops};
use jaxrs_kernel::Compare;
use jaxrs_transform::Scope;

use crate::numpy;
use crate::operands::{constant_like, convert};

/// What attention sees.
#[derive(Clone, Copy, Debug, Default)]
pub struct AttentionOptions<'a> {
    /// What is added to the logits, of shape (batch, heads, queries, keys) or broadcast to it.
    pub bias: Option<&'a Value>,
    /// Where attention is possible, of such a shape.
    pub mask: Option<&'a Value>,
    /// By what logits are multiplied; one over the root of the size of heads if missing.
    pub scale: Option<f64>,
    /// Whether queries see no later keys.
    pub is_causal: bool,
    /// How many keys before and after its own place a query sees.
    pub local_window_size: Option<[i64; 2]>,
}

/// Attention of queries to keys: means of values weighted by the softmax of products. Operands are of shape (batch,
/// length, heads, size), or without batch; there may be several query heads for each head of keys.
pub fn dot_product_attention(
    cx: &Scope,
    [query, key, value]: [&Value; 3],
    options: AttentionOptions<'_>,
) -> Result<Value> {
    let shape = query.shape().clone();
    let full = |x: &Value| {
        let new: Vec<i64> = (0..4i64.saturating_sub(x.ty().rank() as i64)).collect();
        numpy::expand_dims(cx, x, &new)
    };
    let (query, key, value) = (full(query)?, full(key)?, full(value)?);
    let (&[b, t, n, h], &[kb, _, k, kh]) = (&query.shape()[..], &key.shape()[..]) else {
        bail!(
            Shape,
            "dot_product_attention needs 3 or 4 axes, got {} and {}",
            query.ty(),
            key.ty()
        );
    };
    if value.ty() != key.ty()
        || query.ty().dtype != key.ty().dtype
        || (b, h) != (kb, kh)
        || k == 0
        || !n.is_multiple_of(k)
    {
        bail!(
            Shape,
            "dot_product_attention needs keys and values alike, and as many query heads or a multiple, got {}, {} and {}",
            query.ty(),
            key.ty(),
            value.ty()
        );
    }
    let groups = n / k;
    let query = ops::reshape(cx, &query, &[b, t, k, groups, h].into())?;
    let logits_dtype = if key.ty().dtype == DType::F64 { DType::F64 } else { DType::F32 };
    let wide = |x: &Value| convert(cx, x, logits_dtype, false);
    let logits = numpy::einsum(cx, "btkgh,bskh->bkgts", &[wide(&query)?, wide(&key)?])?;
    let scale = options.scale.unwrap_or(1.0 / (h as f64).sqrt());
    let mut logits = ops::scale(cx, &logits, scale)?;
    if let Some(bias) = options.bias {
        let sum = numpy::add(cx, &logits, &grouped(cx, &full(bias)?, k, groups)?)?;
        logits = convert(cx, &sum, logits_dtype, false)?;
    }
    let logits = masked(cx, &logits, options, |mask| grouped(cx, &full(mask)?, k, groups))?;
    let probabilities = super::softmax(cx, &convert(cx, &logits, DType::F32, false)?, &[-1])?;
    let probabilities = convert(cx, &probabilities, key.ty().dtype, false)?;
    let encoded = numpy::einsum(cx, "bkgts,bskh->btkgh", &[probabilities, value])?;
    ops::reshape(cx, &encoded, &shape)
}

/// Heads (or 1 for all) of a bias or mask, by heads of keys and groups.
fn grouped(cx: &Scope, x: &Value, k: usize, groups: usize) -> Result<Value> {
    let &[b, n, t, s] = &x.shape()[..] else {
        bail!(
            Shape,
            "dot_product_attention needs a bias or mask with at most 4 axes, got {}",
            x.ty()
        );
    };
    match n {
        1 => ops::reshape(cx, x, &[b, 1, 1, t, s].into()),
        n if n == k * groups => ops::reshape(cx, x, &[b, k, groups, t, s].into()),
        _ => bail!(
            Shape,
            "dot_product_attention needs a bias or mask for each of {} heads, got {}",
            k * groups,
            x.ty()
        ),
    }
}

fn masked(
    cx: &Scope,
    logits: &Value,
    options: AttentionOptions<'_>,
    group: impl Fn(&Value) -> Result<Value>,
) -> Result<Value> {
    let mut masks = Vec::new();
    if let Some(mask) = options.mask {
        if !mask.ty().dtype.is_bool() {
            bail!(Dtype, "dot_product_attention needs a mask of truth values, got {}", mask.ty());
        }
        masks.push(group(mask)?);
    }
    if options.is_causal {
        masks.push(numpy::diagonal_mask(cx, logits.shape(), Compare::Le, 0)?);
    }
    if let Some([left, right]) = options.local_window_size {
        masks.push(numpy::diagonal_mask(cx, logits.shape(), Compare::Ge, -left)?);
        masks.push(numpy::diagonal_mask(cx, logits.shape(), Compare::Le, right)?);
    }
    let low = constant_like(logits, -0.7 * f64::from(f32::MAX));
    let seen = |seen: Option<Value>, mask: Value| match seen {
        Some(seen) => numpy::logical_and(cx, &seen, &mask).map(Some),
        None => Ok(Some(mask)),
    };
    match masks.into_iter().try_fold(None, seen)? {
        Some(mask) => numpy::select(cx, &mask, logits, &low),
        None => Ok(logits.clone()),
    }
}
