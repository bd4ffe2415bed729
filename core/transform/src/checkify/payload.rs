//! Values of any type as words, so that the errors of all checks have one type.

use jaxrs_data::{DType, Literal, Result, Scalar, Shape, Type, bail};
use jaxrs_ir::prims::{BitcastConvertType, ComplexPart};
use jaxrs_ir::{Cx, Value, ops};

/// What elements are converted to before they are cut into words: each type has its values.
fn carrier(dtype: DType) -> DType {
    match dtype {
        _ if dtype.is_complex() => dtype.real_part(),
        _ if dtype.size_bytes() >= 4 => dtype,
        _ if dtype.is_float() => DType::F32,
        _ => DType::I32,
    }
}

/// How many words values of a type take.
pub(super) fn n_words(ty: &Type) -> usize {
    let parts = if ty.dtype.is_complex() { 2 } else { 1 };
    ty.numel() * parts * carrier(ty.dtype).size_bytes() / 4
}

/// A value as `u32[n]`.
pub(super) fn encoded(cx: Cx<'_>, value: &Value) -> Result<Value> {
    if value.ty().dtype.is_complex() {
        let part =
            |part: ComplexPart| encoded(cx, &ops::bind1(cx, part, std::slice::from_ref(value))?);
        return ops::concatenate(cx, &[part(ComplexPart::Real)?, part(ComplexPart::Imag)?], 0);
    }
    let value = ops::convert(cx, value, carrier(value.ty().dtype))?;
    let n_words = n_words(value.ty());
    let bits = match value.ty().dtype {
        DType::U32 => value,
        _ => ops::bind1(cx, BitcastConvertType { new_dtype: DType::U32 }, &[value])?,
    };
    ops::reshape(cx, &bits, &Shape::from([n_words]))
}

/// The values of these types that stand one after another in some words.
pub(super) fn decoded(types: &[Type], words: &[u32]) -> Result<Vec<Literal>> {
    let mut rest = words;
    let mut values = Vec::with_capacity(types.len());
    for ty in types {
        let Some((first, others)) = rest.split_at_checked(n_words(ty)) else {
            bail!(InvalidArgument, "an error has {} words, but its check has more", words.len());
        };
        values.push(decode(ty, first)?);
        rest = others;
    }
    Ok(values)
}

fn decode(ty: &Type, words: &[u32]) -> Result<Literal> {
    let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_ne_bytes()).collect();
    let carrier = carrier(ty.dtype);
    let parts = if ty.dtype.is_complex() { 2 } else { 1 };
    let carried = Literal::from_bytes(Type::new(carrier, [ty.numel() * parts]), bytes)?;
    let element = |position: usize| match parts {
        1 => carried.get(position),
        _ => Scalar::Complex(
            carried.get(position).as_f64(),
            carried.get(ty.numel() + position).as_f64(),
        ),
    };
    Ok(Literal::from_fn(ty.clone(), element))
}
