//! Eigenvalues and eigenvectors of Hermitian matrices.

use jaxrs_data::{DType, Result, Shape, bail, smallvec};
use jaxrs_linalg::{Field, Matrix, Threads};

use super::{Matrices, Results, check_square, formula, shape};
use crate::{Cx, Jvp, Param, ParamReader, Params, Tangent, Value, ops};

/// Eigenvectors, in columns, and eigenvalues, ascending, of a Hermitian matrix, of which one triangle is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Eigh {
    /// Whether the lower triangle is read.
    pub lower: bool,
    /// Whether eigenvalues have to ascend; they always do.
    pub sort_eigenvalues: bool,
    /// The range of eigenvalues that is asked for: all of them.
    pub subset_by_index: Option<(usize, usize)>,
}

/// A range that a parameter gives, or none.
pub(super) fn read_subset(read: &ParamReader<'_>) -> Result<Option<(usize, usize)>> {
    if read.optional("subset_by_index").is_none() {
        return Ok(None);
    }
    let ends: Vec<usize> = read.sizes("subset_by_index")?;
    match ends[..] {
        [start, end] => Ok(Some((start, end))),
        _ => Err(read.error(format_args!("needs subset_by_index of 2 numbers, got {ends:?}"))),
    }
}

/// A range as a parameter.
pub(super) fn subset_param(subset: Option<(usize, usize)>) -> Param {
    subset.map_or(Param::None, |(start, end)| Param::sizes(&[start, end]))
}

/// Refuses a range that leaves something out, as JAX does on a CPU.
pub(super) fn check_subset(name: &str, subset: Option<(usize, usize)>, n: usize) -> Result<()> {
    match subset {
        None => Ok(()),
        Some(all) if all == (0, n) => Ok(()),
        Some((start, end)) => {
            bail!(Unimplemented, "{name} computes all {n} values, not those of {start}..{end}")
        }
    }
}

impl Matrices for Eigh {
    const NAME: &'static str = "eigh";
    const RANKS: &'static [usize] = &[2];

    fn params(&self) -> Params {
        vec![
            ("algorithm", Param::None),
            ("lower", Param::Bool(self.lower)),
            ("sort_eigenvalues", Param::Bool(self.sort_eigenvalues)),
            ("subset_by_index", subset_param(self.subset_by_index)),
        ]
    }

    fn read(read: &ParamReader<'_>) -> Result<Eigh> {
        Ok(Eigh {
            lower: read.bool("lower")?,
            sort_eigenvalues: read.bool("sort_eigenvalues")?,
            subset_by_index: read_subset(read)?,
        })
    }

    fn results(&self, dims: &[&[usize]], dtype: DType) -> Result<Results> {
        let n = check_square(Self::NAME, dims[0])?;
        check_subset(Self::NAME, self.subset_by_index, n)?;
        Ok(smallvec![(dtype, shape(&[n, n])), (dtype.real_part(), shape(&[n]))])
    }

    fn compute<T: Field>(
        &self,
        threads: Threads<'_>,
        dims: &[Shape],
        inputs: &[&[u8]],
        outputs: &mut [&mut [u8]],
    ) {
        let n = dims[0][0];
        let a = Matrix::<T>::from_bytes(n, n, inputs[0]);
        let (w, v) = T::eigh(threads, &a, self.lower)
            .unwrap_or_else(|_| (vec![T::nan().re(); n], Matrix::from_fn(n, n, |_, _| T::nan())));
        v.write_to(outputs[0]);
        jaxrs_linalg::write(&w, outputs[1]);
    }

    /// Giles 2008, section 3.1, for distinct eigenvalues.
    fn jvp(&self, cx: Cx<'_>, primals: &[Value], tangents: &[Tangent]) -> Result<Jvp> {
        let a = &primals[0];
        let sum = ops::add(cx, a, &formula::adjoint(cx, a)?)?;
        let symmetric = ops::div(cx, &sum, &ops::scalar_like(&sum, 2.0))?;
        let outputs = cx.bind(&(*self).into(), &[symmetric])?;
        let Some(da) = tangents[0].value() else {
            let tangents = outputs.iter().map(|y| Tangent::Zero(y.ty().clone())).collect();
            return Ok(Jvp { primals: outputs, tangents });
        };
        let v = &outputs[0];
        let (dtype, (n, _)) = (v.ty().dtype, formula::dims(v));
        let w = ops::convert(cx, &outputs[1], dtype)?;
        let eye = formula::eye(cx, dtype, v.shape())?;
        let differences = ops::sub(
            cx,
            &ops::add(cx, &eye, &formula::as_rows(cx, &w, n)?)?,
            &formula::as_columns(cx, &w, n)?,
        )?;
        let f = ops::sub(cx, &ops::integer_pow(cx, &differences, -1)?, &eye)?;
        let inner = formula::matmul(cx, &formula::adjoint(cx, v)?, da)?;
        let inner = formula::matmul(cx, &inner, v)?;
        let dv = formula::matmul(cx, v, &ops::mul(cx, &f, &inner)?)?;
        let dw = formula::diagonal(cx, &formula::real(cx, &inner)?)?;
        Ok(Jvp { tangents: smallvec![dv.into(), dw.into()], primals: outputs })
    }

    #[cfg(any(test, feature = "testing"))]
    fn samples() -> Vec<crate::prims::Sample> {
        use super::operands::{SQUARE, positive, regular, sample, with_nan};
        let mut samples = Vec::new();
        for dtype in super::NUMBERS {
            for lower in [true, false] {
                let eigh = Eigh { lower, sort_eigenvalues: true, subset_by_index: None };
                // Differences see one triangle alone, where the derivative supposes both to move.
                let of = |shape: &&[usize]| sample(eigh, vec![positive(dtype, shape)], false);
                samples.extend(SQUARE.iter().map(of));
                samples.push(sample(eigh, vec![regular(dtype, &[3, 3])], false));
                samples.push(sample(eigh, vec![with_nan(dtype, 3)], false));
            }
        }
        samples
    }
}
