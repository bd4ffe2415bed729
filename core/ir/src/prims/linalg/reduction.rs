//! Reductions to simpler matrices by unitary transformations. JAX knows no derivatives of them.

use jaxrs_data::{DType, Result, Shape, bail, smallvec};
use jaxrs_linalg::{Field, Matrix, Threads};

use super::{Matrices, Results, check_square, shape};
use crate::{Param, ParamReader, Params};

/// The Schur form `T` of a matrix `Z T Zᴴ`, and `Z` if it is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Schur {
    /// Whether `Z` is among the results.
    pub compute_schur_vectors: bool,
}

impl Matrices for Schur {
    const NAME: &'static str = "schur";
    const RANKS: &'static [usize] = &[2];

    fn params(&self) -> Params {
        vec![
            ("compute_schur_vectors", Param::Bool(self.compute_schur_vectors)),
            ("select_callable", Param::None),
            ("sort_eig_vals", Param::Bool(false)),
        ]
    }

    fn read(read: &ParamReader<'_>) -> Result<Schur> {
        if read.optional("sort_eig_vals").is_some() && read.bool("sort_eig_vals")? {
            bail!(Unimplemented, "schur does not sort eigenvalues");
        }
        Ok(Schur { compute_schur_vectors: read.bool("compute_schur_vectors")? })
    }

    fn results(&self, dims: &[&[usize]], dtype: DType) -> Result<Results> {
        let n = check_square(Self::NAME, dims[0])?;
        let mut results: Results = smallvec![(dtype, shape(&[n, n]))];
        if self.compute_schur_vectors {
            results.push((dtype, shape(&[n, n])));
        }
        Ok(results)
    }

    fn compute<T: Field>(
        &self,
        _: Threads<'_>,
        dims: &[Shape],
        inputs: &[&[u8]],
        outputs: &mut [&mut [u8]],
    ) {
        let n = dims[0][0];
        let a = Matrix::<T>::from_bytes(n, n, inputs[0]);
        let nan = || Matrix::from_fn(n, n, |_, _| T::nan());
        let (form, vectors) = match T::schur(&a) {
            Ok(schur) => (schur.form, schur.vectors),
            Err(_) => (nan(), nan()),
        };
        form.write_to(outputs[0]);
        if self.compute_schur_vectors {
            vectors.write_to(outputs[1]);
        }
    }

    #[cfg(any(test, feature = "testing"))]
    fn samples() -> Vec<crate::prims::Sample> {
        use super::operands::{SQUARE, regular, sample, with_nan};
        let mut samples = Vec::new();
        for dtype in super::NUMBERS {
            for compute_schur_vectors in [true, false] {
                let schur = Schur { compute_schur_vectors };
                let of = |shape: &&[usize]| sample(schur, vec![regular(dtype, shape)], true);
                samples.extend(SQUARE.iter().map(of));
                samples.push(sample(schur, vec![with_nan(dtype, 3)], false));
            }
        }
        samples
    }
}

/// The Hessenberg form of a matrix, with the vectors of reflectors below the subdiagonal, and their factors τ.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Hessenberg;

impl Matrices for Hessenberg {
    const NAME: &'static str = "hessenberg";
    const RANKS: &'static [usize] = &[2];

    fn read(_read: &ParamReader<'_>) -> Result<Hessenberg> {
        Ok(Hessenberg)
    }

    fn results(&self, dims: &[&[usize]], dtype: DType) -> Result<Results> {
        let n = check_square(Self::NAME, dims[0])?;
        let Some(count) = n.checked_sub(1) else {
            bail!(Shape, "hessenberg needs matrices of at least 1 row, got 0");
        };
        Ok(smallvec![(dtype, shape(&[n, n])), (dtype, shape(&[count]))])
    }

    fn compute<T: Field>(
        &self,
        _: Threads<'_>,
        dims: &[Shape],
        inputs: &[&[u8]],
        outputs: &mut [&mut [u8]],
    ) {
        let mut a = Matrix::<T>::from_bytes(dims[0][0], dims[0][1], inputs[0]);
        let taus = T::hessenberg(&mut a);
        a.write_to(outputs[0]);
        jaxrs_linalg::write(&taus, outputs[1]);
    }

    #[cfg(any(test, feature = "testing"))]
    fn samples() -> Vec<crate::prims::Sample> {
        use super::operands::{regular, sample, with_nan};
        let mut samples = Vec::new();
        for dtype in super::NUMBERS {
            for dims in [&[3, 3][..], &[2, 4, 4], &[1, 1], &[2, 2], &[0, 2, 2]] {
                samples.push(sample(Hessenberg, vec![regular(dtype, dims)], true));
            }
            samples.push(sample(Hessenberg, vec![with_nan(dtype, 3)], false));
        }
        samples
    }
}

/// The tridiagonal form of a Hermitian matrix, of which one triangle is read: that triangle with the vectors of
/// reflectors in it, the diagonal, what lies beside it, and the factors τ.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Tridiagonal {
    /// Whether the lower triangle is read.
    pub lower: bool,
}

impl Matrices for Tridiagonal {
    const NAME: &'static str = "tridiagonal";
    const RANKS: &'static [usize] = &[2];

    fn params(&self) -> Params {
        vec![("lower", Param::Bool(self.lower))]
    }

    fn read(read: &ParamReader<'_>) -> Result<Tridiagonal> {
        Ok(Tridiagonal { lower: read.bool("lower")? })
    }

    fn results(&self, dims: &[&[usize]], dtype: DType) -> Result<Results> {
        let n = check_square(Self::NAME, dims[0])?;
        let Some(count) = n.checked_sub(1) else {
            bail!(Shape, "tridiagonal needs matrices of at least 1 row, got 0");
        };
        let real = dtype.real_part();
        Ok(smallvec![
            (dtype, shape(&[n, n])),
            (real, shape(&[n])),
            (real, shape(&[count])),
            (dtype, shape(&[count])),
        ])
    }

    fn compute<T: Field>(
        &self,
        threads: Threads<'_>,
        dims: &[Shape],
        inputs: &[&[u8]],
        outputs: &mut [&mut [u8]],
    ) {
        let mut a = Matrix::<T>::from_bytes(dims[0][0], dims[0][1], inputs[0]);
        let form = T::tridiagonal(threads, &mut a, self.lower);
        a.write_to(outputs[0]);
        jaxrs_linalg::write(&form.diagonal, outputs[1]);
        jaxrs_linalg::write(&form.off_diagonal, outputs[2]);
        jaxrs_linalg::write(&form.taus, outputs[3]);
    }

    #[cfg(any(test, feature = "testing"))]
    fn samples() -> Vec<crate::prims::Sample> {
        use super::operands::{positive, sample, with_nan};
        let mut samples = Vec::new();
        for dtype in super::NUMBERS {
            for lower in [true, false] {
                let tridiagonal = Tridiagonal { lower };
                for dims in [&[3, 3][..], &[2, 4, 4], &[1, 1], &[2, 2], &[0, 2, 2]] {
                    samples.push(sample(tridiagonal, vec![positive(dtype, dims)], true));
                }
                samples.push(sample(tridiagonal, vec![with_nan(dtype, 3)], false));
            }
        }
        samples
    }
}
