//! Cholesky's factorisation.

use jaxrs_data::{DType, Result, Shape, smallvec};
use jaxrs_linalg::{Field, Matrix, Threads, Triangular};

use super::{Matrices, Results, check_square, formula, shape};
use crate::{Cx, Jvp, ParamReader, Tangent, Value, ops};

/// The lower triangular factor `L` with positive diagonal of a Hermitian matrix `L Lᴴ`, of which the lower
/// triangle is read. Above the diagonal the matrix stays; one that is not positive definite becomes NaN.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Cholesky;

impl Matrices for Cholesky {
    const NAME: &'static str = "cholesky";
    const RANKS: &'static [usize] = &[2];

    fn read(_read: &ParamReader<'_>) -> Result<Cholesky> {
        Ok(Cholesky)
    }

    fn results(&self, dims: &[&[usize]], dtype: DType) -> Result<Results> {
        let n = check_square(Self::NAME, dims[0])?;
        Ok(smallvec![(dtype, shape(&[n, n]))])
    }

    fn compute<T: Field>(
        &self,
        threads: Threads<'_>,
        dims: &[Shape],
        inputs: &[&[u8]],
        outputs: &mut [&mut [u8]],
    ) {
        let mut a = Matrix::<T>::from_bytes(dims[0][0], dims[0][1], inputs[0]);
        if T::cholesky(threads, &mut a).is_err() {
            a.as_mut_slice().fill(T::nan());
        }
        a.write_to(outputs[0]);
    }

    /// Murray 2016, equation 8.
    fn jvp(&self, cx: Cx<'_>, primals: &[Value], tangents: &[Tangent]) -> Result<Jvp> {
        let l = formula::tril(cx, &ops::bind1(cx, Cholesky, primals)?, 0)?;
        let tangent = tangents[0].map(l.ty(), |da| {
            let adjoint = Triangular {
                left_side: false,
                transpose_a: true,
                conjugate_a: true,
                ..formula::LOWER
            };
            let inner = formula::triangular_solve(cx, adjoint, &l, da)?;
            let inner = formula::triangular_solve(cx, formula::LOWER, &l, &inner)?;
            let lower = formula::tril(cx, &inner, 0)?;
            let eye = formula::eye(cx, lower.ty().dtype, lower.shape())?;
            let halved = ops::div(cx, &lower, &ops::offset(cx, &eye, 1.0)?)?;
            formula::matmul(cx, &l, &halved)
        })?;
        Ok(Jvp { primals: smallvec![l], tangents: smallvec![tangent] })
    }

    #[cfg(any(test, feature = "testing"))]
    fn samples() -> Vec<crate::prims::Sample> {
        use super::operands::{SQUARE, positive, regular, sample, with_nan};
        let mut samples = Vec::new();
        for dtype in super::NUMBERS {
            // Differences see the lower triangle alone, where the derivative supposes both to move.
            samples.extend(
                SQUARE.iter().map(|shape| sample(Cholesky, vec![positive(dtype, shape)], false)),
            );
            samples.push(sample(Cholesky, vec![regular(dtype, &[3, 3])], false));
            samples.push(sample(Cholesky, vec![with_nan(dtype, 3)], false));
        }
        samples
    }
}
