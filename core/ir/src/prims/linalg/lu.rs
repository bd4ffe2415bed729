//! Gaussian elimination.

use jaxrs_data::{DType, Result, Shape, Type, bail, smallvec};
use jaxrs_linalg::{Field, Matrix, Threads, Triangular};

use super::{Matrices, Results, formula, shape};
use crate::rules::linear;
use crate::{Cx, Jvp, Param, ParamReader, Params, Tangent, Value, ops};

/// The factors `L`, without its diagonal of ones, and `U` of a matrix with its rows in another order; the row
/// that each was exchanged with, one after another; and the order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Lu;

impl Matrices for Lu {
    const NAME: &'static str = "lu";
    const RANKS: &'static [usize] = &[2];

    fn read(_read: &ParamReader<'_>) -> Result<Lu> {
        Ok(Lu)
    }

    fn results(&self, dims: &[&[usize]], dtype: DType) -> Result<Results> {
        let (m, n) = (dims[0][0], dims[0][1]);
        let (pivots, order) = (shape(&[m.min(n)]), shape(&[m]));
        Ok(smallvec![(dtype, shape(&[m, n])), (DType::I32, pivots), (DType::I32, order)])
    }

    fn compute<T: Field>(
        &self,
        threads: Threads<'_>,
        dims: &[Shape],
        inputs: &[&[u8]],
        outputs: &mut [&mut [u8]],
    ) {
        let (m, n) = (dims[0][0], dims[0][1]);
        let mut a = Matrix::<T>::from_bytes(m, n, inputs[0]);
        let pivots = T::lu(threads, &mut a);
        a.write_to(outputs[0]);
        jaxrs_linalg::write(&pivots, outputs[1]);
        jaxrs_linalg::write(&jaxrs_linalg::permutation_of(&pivots, m), outputs[2]);
    }

    fn jvp(&self, cx: Cx<'_>, primals: &[Value], tangents: &[Tangent]) -> Result<Jvp> {
        let outputs = cx.bind(&Lu.into(), primals)?;
        let tangent = tangents[0]
            .map(outputs[0].ty(), |da| factors_tangent(cx, &outputs[0], &outputs[2], da))?;
        let none = |k: usize| Tangent::Zero(outputs[k].ty().clone());
        let tangents = smallvec![tangent, none(1), none(2)];
        Ok(Jvp { primals: outputs, tangents })
    }

    #[cfg(any(test, feature = "testing"))]
    fn samples() -> Vec<crate::prims::Sample> {
        use super::operands::{ANY, regular, sample, with_nan};
        let mut samples = Vec::new();
        for dtype in super::NUMBERS {
            samples.extend(ANY.iter().map(|shape| sample(Lu, vec![regular(dtype, shape)], true)));
            let zeros = jaxrs_data::Literal::full(
                jaxrs_data::Type::new(dtype, [3, 3]),
                jaxrs_data::Scalar::Int(0),
            );
            samples.push(sample(Lu, vec![zeros], false));
            samples.push(sample(Lu, vec![with_nan(dtype, 3)], false));
        }
        samples
    }
}

/// `L' = L tril(L⁻¹ A' U⁻¹, −1)` and `U' = triu(L⁻¹ A' U⁻¹) U`, where both are made square (de Hoog, Anderssen &
/// Lukas 2011).
fn factors_tangent(cx: Cx<'_>, factors: &Value, order: &Value, da: &Value) -> Result<Value> {
    let (m, n) = formula::dims(factors);
    let (k, dtype, rank) = (m.min(n), factors.ty().dtype, factors.ty().rank());
    let square = |n: usize| {
        let leading: Shape = factors.shape()[..rank - 2].into();
        leading.with(rank - 2, n).with(rank - 1, n)
    };
    let pad = |x: &Value, axis: usize, by: usize| {
        let mut config = vec![(0, 0, 0); rank];
        config[axis].1 = by as i64;
        ops::pad_zeros(cx, x, &config)
    };
    let l = formula::tril(cx, &formula::block(cx, factors, 0..m, 0..k)?, -1)?;
    let l = ops::add(cx, &pad(&l, rank - 1, m - k)?, &formula::eye(cx, dtype, &square(m))?)?;
    let u = formula::triu(cx, &formula::block(cx, factors, 0..k, 0..n)?, 0)?;
    let mut u = pad(&u, rank - 2, n - k)?;
    if n > k {
        // Ones on the rest of the diagonal.
        let rest = Shape::from(&square(n)[..rank - 2]).with(rank - 2, n - k).with(rank - 1, n - k);
        let mut config = vec![(0, 0, 0); rank];
        (config[rank - 2].0, config[rank - 1].0) = (k as i64, k as i64);
        let rest = ops::pad_zeros(cx, &formula::eye(cx, dtype, &rest)?, &config)?;
        u = ops::add(cx, &u, &rest)?;
    }
    let unit = Triangular { unit_diagonal: true, ..formula::LOWER };
    let la = formula::triangular_solve(cx, unit, &l, &formula::take_rows(cx, da, order)?)?;
    let right = Triangular { left_side: false, ..formula::UPPER };
    let lau = formula::triangular_solve(cx, right, &u, &la)?;
    let dl = formula::matmul(cx, &l, &formula::tril(cx, &lau, -1)?)?;
    let du = formula::matmul(cx, &formula::triu(cx, &lau, 0)?, &u)?;
    ops::add(cx, &dl, &du)
}

/// The order of rows after each was exchanged with the row of a number, one after another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct LuPivotsToPermutation {
    /// How many rows there are.
    pub permutation_size: usize,
}

impl Matrices for LuPivotsToPermutation {
    const NAME: &'static str = "lu_pivots_to_permutation";
    const RANKS: &'static [usize] = &[1];

    fn params(&self) -> Params {
        vec![("permutation_size", Param::size(self.permutation_size))]
    }

    fn read(read: &ParamReader<'_>) -> Result<LuPivotsToPermutation> {
        Ok(LuPivotsToPermutation { permutation_size: read.size("permutation_size")? })
    }

    fn check_dtypes(&self, inputs: &[Type]) -> Result<()> {
        if inputs[0].dtype != DType::I32 {
            bail!(Dtype, "{} needs i32, got {}", Self::NAME, inputs[0]);
        }
        Ok(())
    }

    fn results(&self, dims: &[&[usize]], dtype: DType) -> Result<Results> {
        let (size, count) = (self.permutation_size, dims[0][0]);
        if size < count || i32::try_from(size).is_err() {
            bail!(
                InvalidArgument,
                "{} needs a permutation_size of at least {count}, got {size}",
                Self::NAME
            );
        }
        Ok(smallvec![(dtype, shape(&[size]))])
    }

    fn compute<T: Field>(
        &self,
        _: Threads<'_>,
        _dims: &[Shape],
        inputs: &[&[u8]],
        outputs: &mut [&mut [u8]],
    ) {
        let pivots: Vec<i32> = jaxrs_linalg::elements(inputs[0]);
        let order = jaxrs_linalg::permutation_of(&pivots, self.permutation_size);
        jaxrs_linalg::write(&order, outputs[0]);
    }

    fn jvp(&self, cx: Cx<'_>, primals: &[Value], _tangents: &[Tangent]) -> Result<Jvp> {
        linear::no_tangent(*self, cx, primals)
    }

    #[cfg(any(test, feature = "testing"))]
    fn samples() -> Vec<crate::prims::Sample> {
        use crate::prims::sample::{exact, integers};
        let sample = |permutation_size, shape: &[usize], pivots: &[i64]| {
            let pivots = integers(DType::I32, shape, pivots);
            exact(LuPivotsToPermutation { permutation_size }, vec![pivots])
        };
        vec![
            sample(4, &[3], &[2, 1, 3]),
            sample(3, &[2, 3], &[2, 2, 2, 0, 1, 2]),
            sample(2, &[0], &[]),
            sample(0, &[0], &[]),
            sample(1, &[1], &[0]),
        ]
    }
}
