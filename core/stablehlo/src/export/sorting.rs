//! Sorting, with JAX's comparators: ascending by the keys, the first counting most.

use jaxrs_data::{DType, Literal, Result, Scalar, Type};
use jaxrs_ir::prims::Binary;
use jaxrs_ir::{Prim, Value, ops};
use jaxrs_kernel::{Compare as Cmp, Ranking};

use super::Outputs;
use super::elementwise::compare_total;
use super::emitter::{Emitter, int};
use crate::tree::Attr;

pub(super) fn emit(
    e: &Emitter<'_>,
    prim: &Prim,
    x: &[Value],
    out: &[Type],
) -> Option<Result<Outputs>> {
    match (prim, x) {
        (Prim::Sort(p), _) => {
            let less = |e: &Emitter<'_>, v: &[Value]| ascending(e, &v[..2 * p.num_keys]);
            Some(sort(e, x, p.dimension, &less))
        }
        (Prim::TopK(p), [x]) => Some(top_k(e, x, p.axis, p.ranking, out)),
        _ => None,
    }
}

type Comparator<'a> = &'a dyn Fn(&Emitter<'_>, &[Value]) -> Result<Value>;

fn sort(e: &Emitter<'_>, x: &[Value], dimension: usize, before: Comparator<'_>) -> Result<Outputs> {
    // XLA packs elements of less than 8 bits, and sorts no arrays together that lie in memory in different ways.
    let original: Vec<DType> = x.iter().map(|x| x.ty().dtype).collect();
    let x: Vec<Value> = x.iter().map(|x| in_bytes(e, x)).collect::<Result<_>>()?;
    let pair = |x: &Value| vec![x.ty().with_shape(&[][..]).with_weak(false); 2];
    let types: Vec<Type> = x.iter().flat_map(pair).collect();
    let region = e.region(&types, |e, v| Ok(vec![before(e, v)?]))?;
    let out: Vec<Type> = x.iter().map(|x| x.ty().clone()).collect();
    let attributes = vec![("dimension", int(dimension)), ("is_stable", Attr::Bool(true))];
    let sorted = e.op("stablehlo.sort", &x, &out, attributes, vec![region])?;
    sorted.iter().zip(original).map(|(y, dtype)| ops::convert(e, y, dtype)).collect()
}

/// Elements in types of at least 8 bits.
pub(super) fn in_bytes(e: &Emitter<'_>, x: &Value) -> Result<Value> {
    let dtype = x.ty().dtype;
    let wide = match dtype {
        DType::I2 | DType::I4 => DType::I8,
        DType::U2 | DType::U4 => DType::U8,
        _ if dtype.is_float() && dtype.bits() < 8 => DType::F32,
        _ => dtype,
    };
    ops::convert(e, x, wide)
}

/// Whether the first of two elements comes before the second: pairs of their keys, the first counting most.
fn ascending(e: &Emitter<'_>, keys: &[Value]) -> Result<Value> {
    let mut parts = Vec::new();
    for pair in keys.chunks(2) {
        let sides = pair.iter().map(|key| alike(e, key)).collect::<Result<Vec<_>>>()?;
        parts.extend(sides[0].iter().cloned().zip(sides[1].iter().cloned()));
    }
    let mut order: Option<Value> = None;
    for (a, b) in parts.iter().rev() {
        let less = compare_total(e, Cmp::Lt, a, b)?;
        order = Some(match order {
            None => less,
            Some(rest) => {
                let equal = ops::compare(e, Cmp::Eq, a, b)?;
                let equal =
                    if a.ty().dtype.is_float() { compare_total(e, Cmp::Eq, a, b)? } else { equal };
                ops::binary(e, Binary::Or, &less, &ops::binary(e, Binary::And, &equal, &rest)?)?
            }
        });
    }
    Ok(order.unwrap_or_else(|| Value::literal(Literal::scalar(DType::Bool, Scalar::Bool(false)))))
}

/// The real parts of a key, with zeros and NaNs made alike: the total order tells them apart.
fn alike(e: &Emitter<'_>, key: &Value) -> Result<Vec<Value>> {
    let dtype = key.ty().dtype;
    if dtype.is_complex() {
        return [ops::real(e, key)?, ops::imag(e, key)?].iter().map(|part| one(e, part)).collect();
    }
    if dtype.is_narrow_float() {
        return alike(e, &ops::convert(e, key, DType::F32)?);
    }
    Ok(vec![if dtype.is_float() { one(e, key)? } else { key.clone() }])
}

fn one(e: &Emitter<'_>, x: &Value) -> Result<Value> {
    let (zero, nan) = (ops::scalar_like(x, 0.0), ops::scalar_like(x, f64::NAN));
    let is_zero = ops::compare(e, Cmp::Eq, x, &zero)?;
    let is_nan = ops::compare(e, Cmp::Ne, x, x)?;
    ops::select(e, &is_nan, &nan, &ops::select(e, &is_zero, &zero, x)?)
}

/// The first elements of a stable sort, with their positions.
fn top_k(
    e: &Emitter<'_>,
    x: &Value,
    axis: usize,
    ranking: Ranking,
    out: &[Type],
) -> Result<Outputs> {
    let positions = ops::iota(e, DType::I32, x.shape(), axis)?;
    let before = |e: &Emitter<'_>, v: &[Value]| match ranking {
        Ranking::Total => compare_total(e, Cmp::Gt, &v[0], &v[1]),
        Ranking::Smallest => ascending(e, &v[..2]),
        Ranking::Largest => ascending(e, &[negative(e, &v[0])?, negative(e, &v[1])?]),
    };
    let sorted = sort(e, &[x.clone(), positions], axis, &before)?;
    sorted.iter().map(|y| ops::slice_in_dim(e, y, axis, 0, out[0].shape[axis])).collect()
}

/// In a type that has a sign.
fn negative(e: &Emitter<'_>, x: &Value) -> Result<Value> {
    let wide = if x.ty().dtype.is_narrow_float() { DType::F32 } else { x.ty().dtype };
    ops::neg(e, &ops::convert(e, x, wide)?)
}
