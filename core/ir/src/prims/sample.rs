//! How samples are made: operands of every element type, with the values that are hard.

use std::collections::BTreeMap;

use jaxrs_data::tolerance::Class;
use jaxrs_data::{DType, DTypeKind, Literal, Result, Scalar, Shape, SmallVec, Type, narrow};

use crate::lower::Lowering;
use crate::{Atom, Eqn, Jaxpr, Prim};

/// An application of a primitive, for tests.
#[derive(Clone, Debug)]
pub struct Sample {
    /// The primitive.
    pub prim: Prim,
    /// The operands.
    pub inputs: Vec<Literal>,
    /// How exact results are expected to be.
    pub class: Class,
    /// Whether the function is smooth around these operands, so that differences tell derivatives.
    pub smooth: bool,
}

impl Sample {
    /// The types of the operands.
    pub fn types(&self) -> Vec<Type> {
        self.inputs.iter().map(|input| input.ty().clone()).collect()
    }

    /// The samples that are compiled by themselves, and not with the programs around them; by primitive.
    pub fn compiled() -> BTreeMap<&'static str, Vec<Sample>> {
        let mut by_name: BTreeMap<&str, Vec<Sample>> = BTreeMap::new();
        for sample in Prim::samples() {
            let lowering = sample.prim.lowering(&sample.types());
            if !matches!(lowering, Lowering::Control | Lowering::Inline) {
                by_name.entry(sample.prim.name()).or_default().push(sample);
            }
        }
        by_name
    }

    /// One program that applies the primitives of all samples, to be compiled at once.
    pub fn program(samples: &[Sample]) -> Result<Jaxpr> {
        let mut jaxpr = Jaxpr::default();
        for sample in samples {
            let inputs = sample.types().into_iter().map(|ty| Atom::Var(jaxpr.add_invar(ty)));
            let inputs = inputs.collect();
            let results = sample.prim.output_types(&sample.types())?;
            let outputs: SmallVec<_> = results.into_iter().map(|ty| jaxpr.fresh_var(ty)).collect();
            jaxpr.outputs.extend(outputs.iter().map(|&var| Atom::Var(var)));
            jaxpr.eqns.push(Eqn { prim: sample.prim.clone(), inputs, outputs, name_stack: None });
        }
        Ok(jaxpr)
    }
}

/// The element types that every operation takes which moves elements, and has zeros or an order of them: all
/// but keys.
pub const DTYPES: [DType; 30] = [
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
    DType::C64,
    DType::C128,
    DType::I2,
    DType::I4,
    DType::U2,
    DType::U4,
    DType::F4E2M1Fn,
    DType::F6E2M3Fn,
    DType::F6E3M2Fn,
    DType::F8E3M4,
    DType::F8E4M3,
    DType::F8E4M3B11Fnuz,
    DType::F8E4M3Fn,
    DType::F8E4M3Fnuz,
    DType::F8E5M2,
    DType::F8E5M2Fnuz,
    DType::F8E8M0Fnu,
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
            DTypeKind::Float => Scalar::Float((value - 50) as f64 / 16.0),
            DTypeKind::Complex => {
                Scalar::Complex((value - 50) as f64 / 16.0, (value * 7 % 53 - 26) as f64 / 16.0)
            }
            // A different number in each word.
            DTypeKind::Key => Scalar::Key((value as u128) << 64 | (value as u128 + 7) << 32 | 1),
        }
    })
}

/// Values with the hard ones among them: NaN, infinities, both zeros, ties, the ends of integers.
pub fn hard(dtype: DType, shape: &[usize]) -> Literal {
    let (float, nan) = (Scalar::Float, Scalar::Float(f64::NAN));
    let (low, high) = (float(f64::NEG_INFINITY), float(f64::INFINITY));
    let pattern: Vec<Scalar> = match dtype.kind() {
        DTypeKind::Float => {
            vec![float(1.5), nan, float(-0.0), low, float(0.0), high, float(1.5), float(-2.0)]
        }
        DTypeKind::Complex => complex_edges().to_vec(),
        // Conversion saturates, so that these are the ends of each integer type.
        _ => vec![float(3.0), low, float(0.0), high, float(3.0), float(1.0)],
    };
    Literal::from_fn(Type::new(dtype, shape), |position| pattern[position % pattern.len()])
}

/// Complex numbers whose parts are hard, and ties of one part. No part is so large that products overflow:
/// whether their differences do depends on contraction.
fn complex_edges() -> [Scalar; 20] {
    let (inf, nan) = (f64::INFINITY, f64::NAN);
    let parts = [
        (1.5, -0.5),
        (nan, 1.0),
        (-0.0, 0.0),
        (-inf, 2.0),
        (0.0, -0.0),
        (inf, -inf),
        (1.5, 2.0),
        (-2.0, 0.0),
        (0.0, 1.0),
        (1.0, nan),
        (0.0, -inf),
        (1.0, 0.0),
        (-2.0, -0.0),
        (0.5, 0.25),
        (-0.0, -0.5),
        (inf, 0.0),
        (0.0, 0.0),
        (-1.0, 3.0),
        (3.0, 4.0),
        (-0.75, -1.25),
    ];
    parts.map(|(re, im)| Scalar::Complex(re, im))
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
    DType::ALL.into_iter().map(sample).collect()
}

/// Distinct floats between two bounds, neither of them among the values; complex numbers with such real parts.
pub fn between(dtype: DType, shape: &[usize], (low, high): (f64, f64)) -> Literal {
    let ty = Type::new(dtype, shape);
    let step = (high - low) / (ty.numel() + 1) as f64;
    let is_complex = ty.dtype.is_complex();
    Literal::from_fn(ty, |position| {
        let value = low + (position + 1) as f64 * step;
        // The imaginary parts go down while the real parts go up, off the axes.
        match is_complex {
            true => Scalar::Complex(value, 0.4 - 0.5 * (position + 1) as f64 * step),
            false => Scalar::Float(value),
        }
    })
}

/// The values that are hard for arithmetic: those of [`hard`], and the ends of the exponents' range.
fn edges(dtype: DType) -> Vec<Scalar> {
    let float = |v: &f64| Scalar::Float(*v);
    if dtype.is_complex() {
        return complex_edges().to_vec();
    }
    if dtype.is_integer() || dtype.is_bool() {
        // Conversion saturates, so that the infinities are the ends of each integer type.
        let values = [3.0, f64::NEG_INFINITY, 0.0, f64::INFINITY, 1.0, -1.0, 7.0, 33.0];
        return values.iter().map(float).collect();
    }
    if dtype.is_key() {
        let words = [1, 2, 1 << 32, 1 << 32 | 1, 1 << 96, (1 << 64) - 1, 0];
        return words.map(Scalar::Key).to_vec();
    }
    let (max, min) = match dtype.real_part() {
        _ if dtype.is_narrow() => narrow_ends(dtype),
        DType::F16 => (65504.0, 2f64.powi(-14)),
        DType::BF16 => (2f64.powi(128) - 2f64.powi(120), 2f64.powi(-126)),
        DType::F32 => (f32::MAX.into(), f32::MIN_POSITIVE.into()),
        _ => (f64::MAX, f64::MIN_POSITIVE),
    };
    let (inf, nan) = (f64::INFINITY, f64::NAN);
    let values =
        [1.5, nan, -0.0, -inf, 0.0, inf, -2.0, 0.5, 2.5, -0.5, 1.0, -1.0, max, -max, min, 3.5];
    values.iter().map(float).collect()
}

/// The largest number of a float of at most 8 bits, and the smallest that is not 0.
fn narrow_ends(dtype: DType) -> (f64, f64) {
    let largest = narrow::Format::of(dtype).map_or(0, |format| format.largest());
    (narrow::decode(largest as u8, dtype), narrow::decode(1, dtype))
}

/// Values that are hard for arithmetic, in a row.
pub fn row(dtype: DType) -> Literal {
    let edges = edges(dtype);
    Literal::from_scalars(Type::new(dtype, [edges.len()]), &edges)
}

/// Hard values as operand `k` of several, such that each meets each.
pub fn grid(dtype: DType, k: usize) -> Literal {
    let edges = edges(dtype);
    let n = edges.len();
    Literal::from_fn(Type::new(dtype, [n, n]), |position| {
        let (row, column) = (position / n, position % n);
        edges[(column + k * row) % n]
    })
}

/// Samples of an elementwise operation of `n` operands: for each element type that it takes hard values,
/// empty and one-element arrays and scalars beside arrays; for floats values between the bounds, where
/// the function may be `smooth`.
pub fn elementwise(
    prim: impl Into<Prim>,
    n: usize,
    takes: fn(DType) -> bool,
    domain: (f64, f64),
    class: Class,
    smooth: bool,
) -> Vec<Sample> {
    let prim = prim.into();
    let sample = |inputs, smooth| Sample { prim: prim.clone(), inputs, class, smooth };
    let mut samples = Vec::new();
    for dtype in DType::ALL.into_iter().filter(|&dtype| takes(dtype)) {
        let hard = |k| if n == 1 { row(dtype) } else { grid(dtype, k) };
        samples.push(sample((0..n).map(hard).collect(), false));
        if dtype.is_narrow() {
            continue;
        }
        samples.push(sample((0..n).map(|_| finite(dtype, &[0, 3])).collect(), false));
        samples.push(sample((0..n).map(|_| finite(dtype, &[1])).collect(), false));
        for scalar in (0..n).filter(|_| n > 1) {
            let shape = |k| if k == scalar { &[][..] } else { &[2, 3][..] };
            samples.push(sample((0..n).map(|k| finite(dtype, shape(k))).collect(), false));
        }
        if dtype.is_inexact() {
            samples.push(sample((0..n).map(|k| apart(dtype, k, domain)).collect(), smooth));
        }
    }
    samples
}

/// Values between the bounds as operand `k` of several, such that no two operands have equal elements.
fn apart(dtype: DType, k: usize, (low, high): (f64, f64)) -> Literal {
    let values = between(dtype, &[6], (low, high));
    let shift = k as f64 * (high - low) / 32.0;
    Literal::from_fn(Type::new(dtype, [2, 3]), |position| {
        // The second operand backwards, so that either may be the larger.
        let element = values.get(if k == 1 { 5 - position } else { position });
        match element {
            Scalar::Complex(re, im) => Scalar::Complex(re + shift, im - shift),
            real => Scalar::Float(real.as_f64() + shift),
        }
    })
}
