//! How samples are made: operands of every element type, with the values that are hard.

use jaxrs_data::tolerance::Class;
use jaxrs_data::{DType, DTypeKind, Literal, Scalar, Shape, Type};

use crate::Prim;
use crate::prims::Sample;

/// The element types that kernels compute with.
pub const DTYPES: [DType; 13] = [
    DType::Bool,
    DType::I8,
    DType::I16,
    DType::I32,
    DType::I64,
    DType::U8,
    DType::U16,
    DType::U32,
    DType::U64,
    DType::F16,
    DType::BF16,
    DType::F32,
    DType::F64,
];

/// Distinct finite values, of both signs where the type has them.
pub fn finite(dtype: DType, shape: &[usize]) -> Literal {
    Literal::from_fn(Type::new(dtype, shape), |position| {
        // A multiplicative walk through a prime modulus, so that neighbours are far apart.
        let value = ((position + 1) * 37 % 101) as i64;
        match dtype.kind() {
            DTypeKind::Bool => Scalar::Bool(value % 2 == 1),
            DTypeKind::Signed => Scalar::Int(value - 50),
            DTypeKind::Unsigned => Scalar::Int(value),
            DTypeKind::Float | DTypeKind::Complex => Scalar::Float((value - 50) as f64 / 16.0),
        }
    })
}

/// Values with the hard ones among them: NaN, infinities, both zeros, ties, the ends of integers.
pub fn hard(dtype: DType, shape: &[usize]) -> Literal {
    let (float, nan) = (Scalar::Float, Scalar::Float(f64::NAN));
    let (low, high) = (float(f64::NEG_INFINITY), float(f64::INFINITY));
    let pattern: Vec<Scalar> = match dtype.kind() {
        DTypeKind::Float | DTypeKind::Complex => {
            vec![float(1.5), nan, float(-0.0), low, float(0.0), high, float(1.5), float(-2.0)]
        }
        // Conversion saturates, so that these are the ends of each integer type.
        _ => vec![float(3.0), low, float(0.0), high, float(3.0), float(1.0)],
    };
    Literal::from_fn(Type::new(dtype, shape), |position| pattern[position % pattern.len()])
}

/// An integer array.
pub fn integers(dtype: DType, shape: impl Into<Shape>, values: &[i64]) -> Literal {
    let values: Vec<Scalar> = values.iter().map(|&value| Scalar::Int(value)).collect();
    Literal::from_scalars(Type::new(dtype, shape), &values)
}

/// A sample of an operation that only moves or selects elements.
pub fn exact(prim: impl Into<Prim>, inputs: Vec<Literal>) -> Sample {
    Sample { prim: prim.into(), inputs, class: Class::Exact, smooth: true }
}

/// An operation of one `f32` operand that only moves elements.
pub fn moves(prim: impl Into<Prim>, shape: &[usize]) -> Sample {
    exact(prim, vec![finite(DType::F32, shape)])
}

/// The same for each element type, with hard values.
pub fn every_dtype(prim: impl Into<Prim>, shape: &[usize]) -> Vec<Sample> {
    let prim = prim.into();
    let sample = |dtype| Sample { smooth: false, ..exact(prim.clone(), vec![hard(dtype, shape)]) };
    DTYPES.into_iter().map(sample).collect()
}
