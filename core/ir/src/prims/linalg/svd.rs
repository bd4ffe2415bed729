//! Singular values and vectors.

use jaxrs_data::{DType, Result, Shape, SmallVec, bail, smallvec};
use jaxrs_kernel::Compare;
use jaxrs_linalg::{Field, Matrix, Threads};

use super::eigh::{check_subset, read_subset, subset_param};
use super::{Matrices, Results, formula, shape};
use crate::{Cx, Jvp, Param, ParamReader, Params, Tangent, Value, ops};

/// Singular values, descending; left singular vectors, in columns, and conjugate right ones, in rows, if they are
/// asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Svd {
    /// Whether there are vectors among the results.
    pub compute_uv: bool,
    /// Whether matrices of vectors are square.
    pub full_matrices: bool,
    /// The range of singular values that is asked for: all of them.
    pub subset_by_index: Option<(usize, usize)>,
}

impl Matrices for Svd {
    const NAME: &'static str = "svd";
    const RANKS: &'static [usize] = &[2];

    fn params(&self) -> Params {
        vec![
            ("algorithm", Param::None),
            ("compute_uv", Param::Bool(self.compute_uv)),
            ("full_matrices", Param::Bool(self.full_matrices)),
            ("subset_by_index", subset_param(self.subset_by_index)),
        ]
    }

    fn read(read: &ParamReader<'_>) -> Result<Svd> {
        Ok(Svd {
            compute_uv: read.bool("compute_uv")?,
            full_matrices: read.bool("full_matrices")?,
            subset_by_index: read_subset(read)?,
        })
    }

    fn results(&self, dims: &[&[usize]], dtype: DType) -> Result<Results> {
        let (m, n) = (dims[0][0], dims[0][1]);
        let k = m.min(n);
        check_subset(Self::NAME, self.subset_by_index, k)?;
        let mut results: Results = smallvec![(dtype.real_part(), shape(&[k]))];
        if self.compute_uv {
            let (left, right) = if self.full_matrices { (m, n) } else { (k, k) };
            results.push((dtype, shape(&[m, left])));
            results.push((dtype, shape(&[right, n])));
        }
        Ok(results)
    }

    fn compute<T: Field>(
        &self,
        threads: Threads<'_>,
        dims: &[Shape],
        inputs: &[&[u8]],
        outputs: &mut [&mut [u8]],
    ) {
        let (m, n) = (dims[0][0], dims[0][1]);
        let a = Matrix::<T>::from_bytes(m, n, inputs[0]);
        if !self.compute_uv {
            let nan = |_| vec![T::nan().re(); m.min(n)];
            let s = T::svdvals(threads, &a).unwrap_or_else(nan);
            return jaxrs_linalg::write(&s, outputs[0]);
        }
        let Ok(svd) = T::svd(threads, &a, self.full_matrices) else {
            jaxrs_linalg::write(&vec![T::nan().re(); m.min(n)], outputs[0]);
            for bytes in &mut outputs[1..] {
                let count = bytes.len() / size_of::<T>();
                jaxrs_linalg::write(&vec![T::nan(); count], bytes);
            }
            return;
        };
        jaxrs_linalg::write(&svd.s, outputs[0]);
        svd.u.write_to(outputs[1]);
        svd.vh.write_to(outputs[2]);
    }

    /// Giles 2008, section 3.2, for distinct singular values.
    fn jvp(&self, cx: Cx<'_>, primals: &[Value], tangents: &[Tangent]) -> Result<Jvp> {
        let thin = Svd { compute_uv: true, full_matrices: false, ..*self };
        let mut outputs = cx.bind(&thin.into(), primals)?;
        let (m, n) = formula::dims(&primals[0]);
        if self.compute_uv && self.full_matrices && m != n {
            bail!(Unimplemented, "svd with full_matrices of {} has no derivative", primals[0].ty());
        }
        let Some(da) = tangents[0].value() else {
            outputs.truncate(if self.compute_uv { 3 } else { 1 });
            let tangents = outputs.iter().map(|y| Tangent::Zero(y.ty().clone())).collect();
            return Ok(Jvp { primals: outputs, tangents });
        };
        let factors = Factors::new(cx, &outputs, da)?;
        let ds = formula::diagonal(cx, &formula::real(cx, &factors.ds)?)?;
        if !self.compute_uv {
            outputs.truncate(1);
            return Ok(Jvp { primals: outputs, tangents: smallvec![ds.into()] });
        }
        let [du, dvh] = factors.vectors_tangents(cx, da)?;
        let tangents: SmallVec<[Tangent; 2]> = smallvec![ds.into(), du.into(), dvh.into()];
        Ok(Jvp { primals: outputs, tangents })
    }

    #[cfg(any(test, feature = "testing"))]
    fn samples() -> Vec<crate::prims::Sample> {
        use super::operands::{ANY, regular, sample, with_nan};
        let mut samples = Vec::new();
        for dtype in super::NUMBERS {
            for (compute_uv, full_matrices) in [(true, true), (true, false), (false, false)] {
                let svd = Svd { compute_uv, full_matrices, subset_by_index: None };
                for dims in ANY {
                    // The phases of complex vectors are free, and the derivative chooses its own.
                    let smooth = !(dtype.is_complex() && compute_uv);
                    samples.push(sample(svd, vec![regular(dtype, dims)], smooth));
                }
                samples.push(sample(svd, vec![with_nan(dtype, 3)], false));
            }
        }
        samples
    }
}

/// What the derivatives are computed from.
struct Factors {
    s: Value,
    u: Value,
    v: Value,
    u_adjoint: Value,
    v_adjoint: Value,
    /// `Uᴴ A' V`.
    ds: Value,
}

impl Factors {
    fn new(cx: Cx<'_>, outputs: &[Value], da: &Value) -> Result<Factors> {
        let (s, u, v_adjoint) = (outputs[0].clone(), outputs[1].clone(), outputs[2].clone());
        let (u_adjoint, v) = (formula::adjoint(cx, &u)?, formula::adjoint(cx, &v_adjoint)?);
        let ds = formula::matmul(cx, &formula::matmul(cx, &u_adjoint, da)?, &v)?;
        Ok(Factors { s, u, v, u_adjoint, v_adjoint, ds })
    }

    /// `1 / (s_j² − s_i²)`, and 0 on the diagonal.
    fn inverse_differences(&self, cx: Cx<'_>, k: usize) -> Result<Value> {
        let (rows, columns) =
            (formula::as_rows(cx, &self.s, k)?, formula::as_columns(cx, &self.s, k)?);
        let product =
            ops::mul(cx, &ops::add(cx, &rows, &columns)?, &ops::sub(cx, &rows, &columns)?)?;
        let eye = formula::eye(cx, product.ty().dtype, product.shape())?;
        let inverse = ops::div(cx, &ops::scalar_like(&eye, 1.0), &ops::add(cx, &product, &eye)?)?;
        ops::sub(cx, &inverse, &eye)
    }

    /// `1 / s` on the diagonal, and 0 where `s` is.
    fn inverse_values(&self, cx: Cx<'_>, k: usize) -> Result<Value> {
        let dtype = self.s.ty().dtype;
        let is_zero = ops::compare(cx, Compare::Eq, &self.s, &ops::scalar_like(&self.s, 0.0))?;
        let zeros = ops::convert(cx, &is_zero, dtype)?;
        let one = ops::scalar_like(&zeros, 1.0);
        let inverse = ops::div(cx, &one, &ops::add(cx, &self.s, &zeros)?)?;
        let inverse = ops::sub(cx, &inverse, &zeros)?;
        let rows = formula::as_rows(cx, &inverse, k)?;
        ops::mul(cx, &rows, &formula::eye(cx, dtype, rows.shape())?)
    }

    fn vectors_tangents(&self, cx: Cx<'_>, da: &Value) -> Result<[Value; 2]> {
        let (dtype, (m, n)) = (da.ty().dtype, formula::dims(da));
        let k = m.min(n);
        let f = ops::convert(cx, &self.inverse_differences(cx, k)?, dtype)?;
        let s = ops::convert(cx, &self.s, dtype)?;
        let (rows, columns) = (formula::as_rows(cx, &s, k)?, formula::as_columns(cx, &s, k)?);
        // F ∘ (X + Xᴴ).
        let symmetric = |x: &Value| ops::mul(cx, &f, &ops::add(cx, x, &formula::adjoint(cx, x)?)?);
        let right = symmetric(&ops::mul(cx, &columns, &self.ds)?)?;
        let skew = ops::sub(cx, &self.ds, &formula::adjoint(cx, &self.ds)?)?;
        let inverse = ops::convert(cx, &self.inverse_values(cx, k)?, dtype)?;
        let skew = ops::mul(cx, &ops::scale(cx, &skew, 0.5)?, &inverse)?;
        let left = ops::add(cx, &symmetric(&ops::mul(cx, &rows, &self.ds)?)?, &skew)?;
        let mut du = formula::matmul(cx, &self.u, &left)?;
        let mut dv = formula::matmul(cx, &self.v, &right)?;
        // What lies outside of the spaces that the vectors span.
        let outside = |image: &Value, q: &Value, q_adjoint: &Value, count: usize| {
            let inside = formula::matmul(cx, q, &formula::matmul(cx, q_adjoint, image)?)?;
            ops::div(cx, &ops::sub(cx, image, &inside)?, &formula::as_rows(cx, &s, count)?)
        };
        if m > n {
            let image = formula::matmul(cx, da, &self.v)?;
            du = ops::add(cx, &du, &outside(&image, &self.u, &self.u_adjoint, m)?)?;
        }
        if n > m {
            let image = formula::matmul(cx, &formula::adjoint(cx, da)?, &self.u)?;
            dv = ops::add(cx, &dv, &outside(&image, &self.v, &self.v_adjoint, n)?)?;
        }
        Ok([du, formula::adjoint(cx, &dv)?])
    }
}
