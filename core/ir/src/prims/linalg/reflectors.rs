//! Factorisations into reflectors and a triangular matrix, and products of reflectors.

use jaxrs_data::{DType, Result, Shape, Type, bail, smallvec};
use jaxrs_linalg::{Field, Matrix, Threads};

use super::{Matrices, Results, check_numbers, shape};
use crate::{Param, ParamReader, Params};

/// `R`, with the vectors of reflectors below the diagonal, and their factors τ.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Geqrf;

impl Matrices for Geqrf {
    const NAME: &'static str = "geqrf";
    const RANKS: &'static [usize] = &[2];

    fn read(_read: &ParamReader<'_>) -> Result<Geqrf> {
        Ok(Geqrf)
    }

    fn results(&self, dims: &[&[usize]], dtype: DType) -> Result<Results> {
        let k = dims[0][0].min(dims[0][1]);
        Ok(smallvec![(dtype, shape(dims[0])), (dtype, shape(&[k]))])
    }

    fn compute<T: Field>(
        &self,
        threads: Threads<'_>,
        dims: &[Shape],
        inputs: &[&[u8]],
        outputs: &mut [&mut [u8]],
    ) {
        let mut a = Matrix::<T>::from_bytes(dims[0][0], dims[0][1], inputs[0]);
        let taus = T::geqrf(threads, &mut a);
        a.write_to(outputs[0]);
        jaxrs_linalg::write(&taus, outputs[1]);
    }

    #[cfg(any(test, feature = "testing"))]
    fn samples() -> Vec<crate::prims::Sample> {
        use super::operands::{ANY, regular, sample, with_nan};
        let mut samples = Vec::new();
        for dtype in super::NUMBERS {
            let of = |shape: &&[usize]| sample(Geqrf, vec![regular(dtype, shape)], true);
            samples.extend(ANY.iter().map(of));
            samples.push(sample(Geqrf, vec![with_nan(dtype, 3)], false));
        }
        samples
    }
}

/// As [`Geqrf`], of the matrix with its columns in an order that makes the diagonal of `R` descend. Columns whose
/// entry of the second operand is not 0 come first; the second result is the order, counted from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Geqp3;

impl Matrices for Geqp3 {
    const NAME: &'static str = "geqp3";
    const RANKS: &'static [usize] = &[2, 1];

    fn params(&self) -> Params {
        vec![("use_magma", Param::None)]
    }

    fn read(_read: &ParamReader<'_>) -> Result<Geqp3> {
        Ok(Geqp3)
    }

    fn check_dtypes(&self, inputs: &[Type]) -> Result<()> {
        check_numbers(Self::NAME, &inputs[..1])?;
        if inputs[1].dtype != DType::I32 {
            bail!(Dtype, "{} needs an order of i32, got {}", Self::NAME, inputs[1]);
        }
        Ok(())
    }

    fn results(&self, dims: &[&[usize]], dtype: DType) -> Result<Results> {
        let (m, n) = (dims[0][0], dims[0][1]);
        if dims[1][0] != n {
            bail!(Shape, "{} needs an order of {n} columns, got {}", Self::NAME, dims[1][0]);
        }
        let taus = shape(&[m.min(n)]);
        Ok(smallvec![(dtype, shape(dims[0])), (DType::I32, shape(dims[1])), (dtype, taus)])
    }

    fn compute<T: Field>(
        &self,
        _: Threads<'_>,
        dims: &[Shape],
        inputs: &[&[u8]],
        outputs: &mut [&mut [u8]],
    ) {
        let mut a = Matrix::<T>::from_bytes(dims[0][0], dims[0][1], inputs[0]);
        let mut order: Vec<i32> = jaxrs_linalg::elements(inputs[1]);
        let taus = T::geqp3(&mut a, &mut order);
        a.write_to(outputs[0]);
        jaxrs_linalg::write(&order, outputs[1]);
        jaxrs_linalg::write(&taus, outputs[2]);
    }

    #[cfg(any(test, feature = "testing"))]
    fn samples() -> Vec<crate::prims::Sample> {
        use super::operands::{ANY, regular, sample, with_nan};
        use crate::prims::sample::integers;
        let mut samples = Vec::new();
        for dtype in super::NUMBERS {
            for dims in ANY {
                let order = jaxrs_data::Literal::full(
                    Type::new(DType::I32, shape(dims).without(dims.len() - 2)),
                    jaxrs_data::Scalar::Int(0),
                );
                samples.push(sample(Geqp3, vec![regular(dtype, dims), order], true));
            }
            for a in [regular(dtype, &[3, 3]), with_nan(dtype, 3)] {
                let order = integers(DType::I32, [3], &[0, 1, 0]);
                samples.push(sample(Geqp3, vec![a, order], false));
            }
        }
        samples
    }
}

/// The first columns of the product of reflectors, which lie below the diagonal of the first operand, with the
/// factors τ of the second.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct HouseholderProduct;

impl Matrices for HouseholderProduct {
    const NAME: &'static str = "householder_product";
    const RANKS: &'static [usize] = &[2, 1];

    fn read(_read: &ParamReader<'_>) -> Result<HouseholderProduct> {
        Ok(HouseholderProduct)
    }

    fn results(&self, dims: &[&[usize]], dtype: DType) -> Result<Results> {
        let (m, n, k) = (dims[0][0], dims[0][1], dims[1][0]);
        if m < n || k > n {
            bail!(
                Shape,
                "{} needs at least as many rows as columns, and as many columns as factors, got {} and {k} factors",
                Self::NAME,
                shape(dims[0])
            );
        }
        Ok(smallvec![(dtype, shape(dims[0]))])
    }

    fn compute<T: Field>(
        &self,
        threads: Threads<'_>,
        dims: &[Shape],
        inputs: &[&[u8]],
        outputs: &mut [&mut [u8]],
    ) {
        let a = Matrix::<T>::from_bytes(dims[0][0], dims[0][1], inputs[0]);
        let taus = jaxrs_linalg::elements::<T>(inputs[1]);
        T::householder_product(threads, &a, &taus).write_to(outputs[0]);
    }

    #[cfg(any(test, feature = "testing"))]
    fn samples() -> Vec<crate::prims::Sample> {
        use super::operands::sample;
        use crate::prims::sample::finite;
        let mut samples = Vec::new();
        for dtype in super::NUMBERS {
            for (a, taus) in [
                (&[3, 3][..], &[3][..]),
                (&[4, 2], &[2]),
                (&[2, 4, 3], &[2, 2]),
                (&[1, 1], &[1]),
                (&[3, 0], &[0]),
                (&[2, 2], &[0]),
                (&[0, 3, 2], &[0, 2]),
            ] {
                let inputs = vec![finite(dtype, a), finite(dtype, taus)];
                samples.push(sample(HouseholderProduct, inputs, true));
            }
        }
        samples
    }
}

/// `Q C`, `Qᴴ C`, `C Q` or `C Qᴴ`, where `Q` is a product of reflectors.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Ormqr {
    /// Whether `Q` stands on the left.
    pub left: bool,
    /// Whether it is transposed and conjugated.
    pub transpose: bool,
}

impl Matrices for Ormqr {
    const NAME: &'static str = "ormqr";
    const RANKS: &'static [usize] = &[2, 1, 2];

    fn params(&self) -> Params {
        vec![("left", Param::Bool(self.left)), ("transpose", Param::Bool(self.transpose))]
    }

    fn read(read: &ParamReader<'_>) -> Result<Ormqr> {
        Ok(Ormqr { left: read.bool("left")?, transpose: read.bool("transpose")? })
    }

    fn results(&self, dims: &[&[usize]], dtype: DType) -> Result<Results> {
        let (m, n, k) = (dims[0][0], dims[0][1], dims[1][0]);
        let (side, what) = if self.left { (0, "rows") } else { (1, "columns") };
        if dims[2][side] != m || k > m.min(n) {
            bail!(
                Shape,
                "{} of {} needs {m} {what} and at most {} factors, got {} and {k}",
                Self::NAME,
                shape(dims[0]),
                m.min(n),
                shape(dims[2])
            );
        }
        Ok(smallvec![(dtype, shape(dims[2]))])
    }

    fn compute<T: Field>(
        &self,
        threads: Threads<'_>,
        dims: &[Shape],
        inputs: &[&[u8]],
        outputs: &mut [&mut [u8]],
    ) {
        let a = Matrix::<T>::from_bytes(dims[0][0], dims[0][1], inputs[0]);
        let taus = jaxrs_linalg::elements::<T>(inputs[1]);
        let c = Matrix::from_bytes(dims[2][0], dims[2][1], inputs[2]);
        T::ormqr(threads, &a, &taus, &c, self.left, self.transpose).write_to(outputs[0]);
    }

    #[cfg(any(test, feature = "testing"))]
    fn samples() -> Vec<crate::prims::Sample> {
        use super::operands::sample;
        use crate::prims::sample::finite;
        let mut samples = Vec::new();
        for dtype in super::NUMBERS {
            for bits in 0..4 {
                let ormqr = Ormqr { left: bits & 1 == 0, transpose: bits & 2 == 2 };
                for (a, taus, c) in [
                    (&[3, 2][..], &[2][..], [3, 4]),
                    (&[3, 3], &[1], [3, 2]),
                    (&[2, 2, 2], &[2, 2], [2, 3]),
                    (&[2, 0], &[0], [2, 1]),
                    (&[1, 1], &[1], [1, 0]),
                ] {
                    let c = if ormqr.left { c } else { [c[1], c[0]] };
                    let c = [&a[..a.len() - 2], &c].concat();
                    let inputs = vec![finite(dtype, a), finite(dtype, taus), finite(dtype, &c)];
                    samples.push(sample(ormqr, inputs, true));
                }
            }
        }
        samples
    }
}
