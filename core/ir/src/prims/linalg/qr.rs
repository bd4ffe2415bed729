//! Factorisation into a unitary and an upper triangular matrix.

use jaxrs_data::{DType, Result, Scalar, Shape, SmallVec, Type, smallvec};
use jaxrs_linalg::{Field, Matrix, Threads, Triangular};

use super::formula::{self, Op};
use super::{Lu, Matrices, Results, shape};
use crate::{Cx, Jvp, Outputs, Param, ParamReader, Params, Tangent, Value, ops};

/// `A = Q R`; with pivoting of the matrix with its columns in an order that makes the diagonal of `R` descend,
/// which is the third result.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Qr {
    /// Whether `Q` is square, rather than as wide as there are columns.
    pub full_matrices: bool,
    /// Whether columns are put in order.
    pub pivoting: bool,
}

impl Matrices for Qr {
    const NAME: &'static str = "qr";
    const RANKS: &'static [usize] = &[2];

    fn params(&self) -> Params {
        vec![
            ("full_matrices", Param::Bool(self.full_matrices)),
            ("pivoting", Param::Bool(self.pivoting)),
            ("use_magma", Param::None),
        ]
    }

    fn read(read: &ParamReader<'_>) -> Result<Qr> {
        Ok(Qr { full_matrices: read.bool("full_matrices")?, pivoting: read.bool("pivoting")? })
    }

    fn results(&self, dims: &[&[usize]], dtype: DType) -> Result<Results> {
        let (m, n) = (dims[0][0], dims[0][1]);
        let k = if self.full_matrices { m } else { m.min(n) };
        let mut results: Results = smallvec![(dtype, shape(&[m, k])), (dtype, shape(&[k, n]))];
        if self.pivoting {
            results.push((DType::I32, shape(&[n])));
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
        let mut a = Matrix::<T>::from_bytes(m, n, inputs[0]);
        let mut order = vec![0; n];
        let is_empty = m == 0 || n == 0;
        let taus = match self.pivoting && !is_empty {
            true => T::geqp3(&mut a, &mut order),
            false => T::geqrf(threads, &mut a),
        };
        let k = if self.full_matrices { m } else { m.min(n) };
        let below = |i: usize, j: usize| if j < n { a[(i, j)] } else { T::zero() };
        T::householder_product(threads, &Matrix::from_fn(m, k, below), &taus).write_to(outputs[0]);
        let r = |i: usize, j: usize| if i <= j { a[(i, j)] } else { T::zero() };
        Matrix::from_fn(k, n, r).write_to(outputs[1]);
        if self.pivoting {
            let from_0 = |number: &i32| if is_empty { 0 } else { number - 1 };
            jaxrs_linalg::write(&order.iter().map(from_0).collect::<Vec<i32>>(), outputs[2]);
        }
    }

    fn jvp(&self, cx: Cx<'_>, primals: &[Value], tangents: &[Tangent]) -> Result<Jvp> {
        let outputs = cx.bind(&(*self).into(), primals)?;
        let mut out: SmallVec<[Tangent; 2]> =
            outputs.iter().map(|y| Tangent::Zero(y.ty().clone())).collect();
        if let Some(dx) = tangents[0].value() {
            // JAX leaves the columns of a wide matrix itself in their old order, and so gets R's tangent wrong.
            let in_order = |x: &Value| match outputs.get(2) {
                Some(order) => formula::take_columns(cx, x, order),
                None => Ok(x.clone()),
            };
            let (x, dx) = (in_order(&primals[0])?, in_order(dx)?);
            let [dq, dr] = self.tangents(cx, &x, &outputs, &dx)?;
            (out[0], out[1]) = (dq.into(), dr.into());
        }
        Ok(Jvp { primals: outputs, tangents: out })
    }

    #[cfg(any(test, feature = "testing"))]
    fn samples() -> Vec<crate::prims::Sample> {
        use super::operands::{ANY, regular, sample, with_nan};
        let mut samples = Vec::new();
        for dtype in super::NUMBERS {
            for bits in 0..4 {
                let qr = Qr { full_matrices: bits & 1 == 1, pivoting: bits & 2 == 2 };
                for dims in ANY {
                    samples.push(sample(qr, vec![regular(dtype, dims)], is_smooth(qr, dims)));
                }
                samples.push(sample(qr, vec![with_nan(dtype, 3)], false));
            }
        }
        samples
    }
}

/// Whether differences tell derivatives: JAX's rule for the columns of `Q` beyond those of the matrix chooses
/// another basis than the reflectors do.
#[cfg(any(test, feature = "testing"))]
fn is_smooth(qr: Qr, dims: &[usize]) -> bool {
    let (m, n) = (dims[dims.len() - 2], dims[dims.len() - 1]);
    !(qr.full_matrices && m > n)
}

impl Qr {
    fn tangents(&self, cx: Cx<'_>, x: &Value, outputs: &Outputs, dx: &Value) -> Result<[Value; 2]> {
        let (q, r) = (&outputs[0], &outputs[1]);
        let (m, n) = formula::dims(dx);
        if m < n {
            return wide(cx, x, [q, r], dx);
        }
        let q_thin = formula::block(cx, q, 0..m, 0..n)?;
        let r_square = formula::block(cx, r, 0..n, 0..n)?;
        let [dq, dr] = thin(cx, &q_thin, &r_square, dx)?;
        if !self.full_matrices || m == n {
            return Ok([dq, dr]);
        }
        full(cx, q, [&dq, &dr])
    }
}

/// Of a matrix with at least as many rows as columns (Townsend 2018; Walter & Lehmann 2010).
fn thin(cx: Cx<'_>, q: &Value, r: &Value, dx: &Value) -> Result<[Value; 2]> {
    let right = Triangular { left_side: false, ..formula::UPPER };
    let dx_rinv = formula::triangular_solve(cx, right, r, dx)?;
    let m = formula::matmul(cx, &formula::adjoint(cx, q)?, &dx_rinv)?;
    let lower = formula::tril(cx, &m, -1)?;
    let mut rotation = ops::sub(cx, &lower, &formula::adjoint(cx, &lower)?)?;
    if m.ty().dtype.is_complex() {
        // The diagonal of R stays real.
        let real = ops::convert(cx, &formula::real(cx, &m)?, m.ty().dtype)?;
        let eye = formula::eye(cx, m.ty().dtype, m.shape())?;
        let imaginary = ops::mul(cx, &eye, &ops::sub(cx, &m, &real)?)?;
        rotation = ops::add(cx, &rotation, &imaginary)?;
    }
    let inner = ops::sub(cx, &rotation, &m)?;
    let dq = ops::add(cx, &formula::matmul(cx, q, &inner)?, &dx_rinv)?;
    let dr = formula::matmul(cx, &ops::sub(cx, &m, &rotation)?, r)?;
    Ok([dq, dr])
}

/// Of a matrix with more columns than rows: `Q` is that of the first ones.
fn wide(cx: Cx<'_>, x: &Value, [q, r]: [&Value; 2], dx: &Value) -> Result<[Value; 2]> {
    let (m, n) = formula::dims(dx);
    let last = dx.ty().rank() - 1;
    let dx_1 = formula::block(cx, dx, 0..m, 0..m)?;
    let [dq, dr_1] = thin(cx, q, &formula::block(cx, r, 0..m, 0..m)?, &dx_1)?;
    let by_q =
        formula::matmul(cx, &formula::adjoint(cx, &dq)?, &formula::block(cx, x, 0..m, m..n)?)?;
    let by_x =
        formula::matmul(cx, &formula::adjoint(cx, q)?, &formula::block(cx, dx, 0..m, m..n)?)?;
    let dr = ops::concatenate(cx, &[dr_1, ops::add(cx, &by_q, &by_x)?], last)?;
    Ok([dq, dr])
}

/// With all columns of `Q` (Roberts & Roberts 2024, equations 32 and 33).
fn full(cx: Cx<'_>, q: &Value, [dq, dr]: [&Value; 2]) -> Result<[Value; 2]> {
    let (m, n) = formula::dims(dq);
    let last = dq.ty().rank() - 1;
    let q_mn = formula::block(cx, q, 0..m, 0..n)?;
    let q_mp = formula::block(cx, q, 0..m, n..m)?;
    let q_nn = formula::block(cx, q, 0..n, 0..n)?;
    let q_pn = formula::block(cx, q, n..m, 0..n)?;
    let (dq_nn, dq_pn) = (formula::block(cx, dq, 0..n, 0..n)?, formula::block(cx, dq, n..m, 0..n)?);
    let moved = ops::sub(cx, &q_nn, &formula::eye(cx, q.ty().dtype, q_nn.shape())?)?;
    let lu = cx.bind(&Lu.into(), &[moved])?;
    let z_adjoint =
        formula::lu_solve(cx, &lu[0], &lu[2], &formula::adjoint(cx, &q_pn)?, Op::Adjoint)?;
    let z = formula::adjoint(cx, &z_adjoint)?;
    let base = ops::add(cx, &q_mn, &formula::matmul(cx, &q_mp, &z)?)?;
    let turned = ops::sub(cx, &dq_pn, &formula::matmul(cx, &z, &dq_nn)?)?;
    let dq_mp = ops::sub(
        cx,
        &formula::matmul(cx, dq, &z_adjoint)?,
        &formula::matmul(cx, &base, &formula::adjoint(cx, &turned)?)?,
    )?;
    let zeros = dr.shape().without(last - 1).with(last - 1, m - n);
    let zeros = ops::full(cx, &Type::new(dr.ty().dtype, zeros), Scalar::Int(0))?;
    Ok([
        ops::concatenate(cx, &[dq.clone(), dq_mp], last)?,
        ops::concatenate(cx, &[dr.clone(), zeros], last - 1)?,
    ])
}
