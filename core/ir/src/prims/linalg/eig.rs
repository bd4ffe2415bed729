//! Eigenvalues and eigenvectors of matrices that need not be symmetric.

use jaxrs_data::{DType, Result, Shape, SmallVec, bail, smallvec};
use jaxrs_kernel::Compare;
use jaxrs_linalg::{Field, Matrix, Threads};

use super::{Matrices, Results, check_square, complex_of, formula, shape};
use crate::prims::ArgReduce;
use crate::{Cx, Jvp, Param, ParamReader, Params, Tangent, Value, ops};

/// Eigenvalues, and left and right eigenvectors in columns, if they are asked for. All are complex.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Eig {
    /// Whether there are left vectors among the results.
    pub compute_left_eigenvectors: bool,
    /// Whether there are right vectors among the results.
    pub compute_right_eigenvectors: bool,
    /// Whether derivatives of vectors are given, which are right if no other choice of length and phase was
    /// possible.
    pub enable_eigvec_derivs: bool,
}

impl Matrices for Eig {
    const NAME: &'static str = "eig";
    const RANKS: &'static [usize] = &[2];

    fn params(&self) -> Params {
        vec![
            ("compute_left_eigenvectors", Param::Bool(self.compute_left_eigenvectors)),
            ("compute_right_eigenvectors", Param::Bool(self.compute_right_eigenvectors)),
            ("enable_eigvec_derivs", Param::Bool(self.enable_eigvec_derivs)),
            ("implementation", Param::None),
        ]
    }

    fn read(read: &ParamReader<'_>) -> Result<Eig> {
        Ok(Eig {
            compute_left_eigenvectors: read.bool("compute_left_eigenvectors")?,
            compute_right_eigenvectors: read.bool("compute_right_eigenvectors")?,
            enable_eigvec_derivs: read.bool("enable_eigvec_derivs")?,
        })
    }

    fn results(&self, dims: &[&[usize]], dtype: DType) -> Result<Results> {
        let (n, dtype) = (check_square(Self::NAME, dims[0])?, complex_of(dtype));
        let mut results: Results = smallvec![(dtype, shape(&[n]))];
        for wanted in [self.compute_left_eigenvectors, self.compute_right_eigenvectors] {
            if wanted {
                results.push((dtype, shape(&[n, n])));
            }
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
        let (left, right) = (self.compute_left_eigenvectors, self.compute_right_eigenvectors);
        let Ok(eig) = T::eig(&a, left, right) else {
            for bytes in outputs {
                let count = bytes.len() / size_of::<T::Complex>();
                jaxrs_linalg::write(&vec![T::Complex::nan(); count], bytes);
            }
            return;
        };
        jaxrs_linalg::write(&eig.values, outputs[0]);
        let vectors = eig.left.iter().chain(&eig.right);
        vectors.zip(&mut outputs[1..]).for_each(|(v, bytes)| v.write_to(bytes));
    }

    fn jvp(&self, cx: Cx<'_>, primals: &[Value], tangents: &[Tangent]) -> Result<Jvp> {
        let (left, right) = (self.compute_left_eigenvectors, self.compute_right_eigenvectors);
        if (left || right) && !self.enable_eigvec_derivs {
            bail!(
                Unimplemented,
                "eig differentiates eigenvectors with enable_eigvec_derivs only: their length and phase are chosen, and derivatives follow that choice"
            );
        }
        let all = Eig { compute_right_eigenvectors: true, ..*self };
        let outputs = cx.bind(&all.into(), primals)?;
        let (w, v) = (&outputs[0], &outputs[outputs.len() - 1]);
        let mut results: SmallVec<[Value; 2]> = smallvec![w.clone()];
        if left {
            results.push(outputs[1].clone());
        }
        if right {
            results.push(v.clone());
        }
        let Some(da) = tangents[0].value().filter(|da| !da.shape().contains(&0)) else {
            let tangents = results.iter().map(|y| Tangent::Zero(y.ty().clone())).collect();
            return Ok(Jvp { primals: results, tangents });
        };
        let da = ops::convert(cx, da, v.ty().dtype)?;
        let mut out: SmallVec<[Tangent; 2]> = SmallVec::new();
        if !left && !right {
            let product = ops::mul(cx, &formula::solve(cx, v, &da)?, &formula::transpose(cx, v)?)?;
            let last = product.ty().rank() - 1;
            out.push(ops::reduce_sum(cx, &product, [last])?.into());
            return Ok(Jvp { primals: results, tangents: out });
        }
        let [dw, dv] = vectors_tangent(cx, w, v, &da)?;
        out.push(dw.into());
        if left {
            let (w, da) = (ops::conj(cx, w)?, formula::adjoint(cx, &da)?);
            let [_, du] = vectors_tangent(cx, &w, &outputs[1], &da)?;
            out.push(du.into());
        }
        if right {
            out.push(dv.into());
        }
        Ok(Jvp { primals: results, tangents: out })
    }

    #[cfg(any(test, feature = "testing"))]
    fn samples() -> Vec<crate::prims::Sample> {
        use super::operands::{SQUARE, regular, sample, with_nan};
        let mut samples = Vec::new();
        for dtype in super::NUMBERS {
            for bits in 0..4 {
                let eig = Eig {
                    compute_left_eigenvectors: bits & 1 == 1,
                    compute_right_eigenvectors: bits & 2 == 2,
                    enable_eigvec_derivs: true,
                };
                let of = |shape: &&[usize]| sample(eig, vec![regular(dtype, shape)], true);
                samples.extend(SQUARE.iter().map(of));
                samples.push(sample(eig, vec![with_nan(dtype, 3)], false));
            }
        }
        samples
    }
}

/// Of eigenvalues and vectors, for distinct eigenvalues (Giles 2008, section 3.1). Vectors keep length 1 and a
/// real largest element: `dv = u + c v`, where `u` is what the equation gives and `c` what that choice does.
fn vectors_tangent(cx: Cx<'_>, w: &Value, v: &Value, da: &Value) -> Result<[Value; 2]> {
    let (dtype, (n, _), rank) = (v.ty().dtype, formula::dims(v), v.ty().rank());
    let eye = formula::eye(cx, dtype, v.shape())?;
    let differences = ops::sub(
        cx,
        &ops::add(cx, &eye, &formula::as_rows(cx, w, n)?)?,
        &formula::as_columns(cx, w, n)?,
    )?;
    let f = ops::sub(cx, &ops::div(cx, &ops::scalar_like(&eye, 1.0), &differences)?, &eye)?;
    let p = formula::matmul(cx, &formula::solve(cx, v, da)?, v)?;
    let dw = formula::diagonal(cx, &p)?;
    let u = formula::matmul(cx, v, &ops::mul(cx, &f, &p)?)?;
    // Ones at the largest element of each vector.
    let size = ops::unary(cx, crate::prims::Unary::Abs, v)?;
    let argmax = ArgReduce { is_max: true, axis: rank - 2, index_dtype: DType::I32 };
    let largest = ops::bind1(cx, argmax, &[size])?;
    let places = ops::iota(cx, DType::I32, v.shape(), rank - 2)?;
    let largest = formula::as_rows(cx, &largest, n)?;
    let mask = ops::convert(cx, &ops::compare(cx, Compare::Eq, &places, &largest)?, dtype)?;
    let column_sum = |x: &Value, y: &Value| ops::reduce_sum(cx, &ops::mul(cx, x, y)?, [rank - 2]);
    let along = ops::real(cx, &column_sum(&ops::conj(cx, v)?, &u)?)?;
    let turned = ops::imag(cx, &column_sum(&mask, &u)?)?;
    let own = ops::real(cx, &column_sum(&mask, v)?)?;
    let c =
        ops::complex(cx, &ops::neg(cx, &along)?, &ops::div(cx, &ops::neg(cx, &turned)?, &own)?)?;
    let dv = ops::add(cx, &u, &ops::mul(cx, v, &formula::as_rows(cx, &c, n)?)?)?;
    Ok([dw, dv])
}
