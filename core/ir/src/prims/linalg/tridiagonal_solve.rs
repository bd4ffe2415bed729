//! Systems with tridiagonal matrices.

use jaxrs_data::{DType, Result, Shape, SmallVec, bail, smallvec};
use jaxrs_linalg::{Field, Matrix, Threads};

use super::{Matrices, Results, formula, shape};
use crate::prims::not_linear;
use crate::rules::{axes, linear};
use crate::{Batched, Cx, Jvp, Operand, Param, ParamReader, Params, Tangent, Value, ops};

/// The solution of a system with a matrix of three diagonals, of one length: the first element of the lower one
/// and the last of the upper one lie outside. Without a solution the result is NaN.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TridiagonalSolve {
    /// Whether a pivot that is zero, but for rounding, is moved away from it: the solution is finite then, and near a
    /// vector of the null space, as inverse iteration needs it.
    pub perturb_singular: bool,
}

impl Matrices for TridiagonalSolve {
    const NAME: &'static str = "tridiagonal_solve";
    const RANKS: &'static [usize] = &[1, 1, 1, 2];

    fn params(&self) -> Params {
        vec![("perturb_singular", Param::Bool(self.perturb_singular))]
    }

    fn read(read: &ParamReader<'_>) -> Result<TridiagonalSolve> {
        let given = read.optional("perturb_singular").is_some();
        Ok(TridiagonalSolve { perturb_singular: given && read.bool("perturb_singular")? })
    }

    fn results(&self, dims: &[&[usize]], dtype: DType) -> Result<Results> {
        let n = dims[1][0];
        if dims[0][0] != n || dims[2][0] != n || dims[3][0] != n {
            bail!(
                Shape,
                "{} needs three diagonals and right sides of one length, got {}, {n}, {} and {}",
                Self::NAME,
                dims[0][0],
                dims[2][0],
                dims[3][0]
            );
        }
        Ok(smallvec![(dtype, shape(dims[3]))])
    }

    fn compute<T: Field>(
        &self,
        _: Threads<'_>,
        dims: &[Shape],
        inputs: &[&[u8]],
        outputs: &mut [&mut [u8]],
    ) {
        let diagonal = |k: usize| jaxrs_linalg::elements::<T>(inputs[k]);
        let mut b = Matrix::from_bytes(dims[3][0], dims[3][1], inputs[3]);
        let (dl, d, du) = (diagonal(0), diagonal(1), diagonal(2));
        if self.perturb_singular {
            T::tridiagonal_solve_perturbed(&dl, &d, &du, &mut b);
        } else if !T::tridiagonal_solve(&dl, &d, &du, &mut b) {
            b.as_mut_slice().fill(T::nan());
        }
        b.write_to(outputs[0]);
    }

    fn jvp(&self, cx: Cx<'_>, primals: &[Value], tangents: &[Tangent]) -> Result<Jvp> {
        let solve = |b: &Value| {
            let inputs = [&primals[..3], std::slice::from_ref(b)].concat();
            ops::bind1(cx, *self, &inputs)
        };
        let x = solve(&primals[3])?;
        let mut rhs = tangents[3].clone();
        if tangents[..3].iter().any(|tangent| !tangent.is_zero()) {
            let moved = ops::neg(cx, &product(cx, &tangents[..3], &x)?)?;
            rhs = rhs.add(cx, &Tangent::Value(moved))?;
        }
        let tangent = rhs.map(x.ty(), solve)?;
        Ok(Jvp { primals: smallvec![x], tangents: smallvec![tangent] })
    }

    fn transpose(
        &self,
        cx: Cx<'_>,
        inputs: &[Operand],
        cotangents: &[Tangent],
    ) -> Result<SmallVec<[Tangent; 4]>> {
        let (Some(dl), Some(d), Some(du)) =
            (inputs[0].known(), inputs[1].known(), inputs[2].known())
        else {
            return Err(not_linear(self));
        };
        let ct = cotangents[0].map(inputs[3].ty(), |ct| {
            let (lower, upper) = (shifted(cx, du, 1)?, shifted(cx, dl, -1)?);
            ops::bind1(cx, *self, &[lower, d.clone(), upper, ct.clone()])
        })?;
        let none = |value: &Value| Tangent::Zero(value.ty().clone());
        Ok(smallvec![none(dl), none(d), none(du), ct])
    }

    /// With one matrix for all examples these are more columns.
    fn batch(
        &self,
        cx: Cx<'_>,
        size: usize,
        inputs: &[Value],
        axes: &[Option<usize>],
    ) -> Result<Batched> {
        let (true, Some(axis)) = (axes[..3].iter().all(Option::is_none), axes[3]) else {
            let mut operands: SmallVec<[Value; 4]> = SmallVec::new();
            for (value, &axis) in inputs.iter().zip(axes) {
                operands.push(axes::to_front(cx, size, value, axis)?);
            }
            return Ok(linear::batched(ops::bind1(cx, *self, &operands)?, 0));
        };
        let last = inputs[3].ty().rank() - 1;
        let b = ops::move_axis(cx, &inputs[3], axis, last)?;
        let size = b.shape()[last - 1] * b.shape()[last];
        let flat = b.shape().without(last).without(last - 1).with(last - 1, size);
        let flat = ops::reshape(cx, &b, &flat)?;
        let x = ops::bind1(cx, *self, &[&inputs[..3], &[flat]].concat())?;
        Ok(linear::batched(ops::reshape(cx, &x, b.shape())?, last))
    }

    #[cfg(any(test, feature = "testing"))]
    fn samples() -> Vec<crate::prims::Sample> {
        use super::operands::sample;
        use crate::prims::sample::{between, finite};
        let mut samples = Vec::new();
        for dtype in super::NUMBERS {
            for b in [&[4, 2][..], &[2, 3, 2], &[1, 1], &[0, 2], &[3, 0], &[2, 1]] {
                let diagonal = &b[..b.len() - 1];
                let inputs = vec![
                    between(dtype, diagonal, (0.1, 0.9)),
                    between(dtype, diagonal, (2.0, 4.0)),
                    between(dtype, diagonal, (-0.9, -0.1)),
                    finite(dtype, b),
                ];
                for perturb_singular in [false, true] {
                    samples.push(sample(
                        TridiagonalSolve { perturb_singular },
                        inputs.clone(),
                        true,
                    ));
                }
            }
            let zeros = jaxrs_data::Literal::full(
                jaxrs_data::Type::new(dtype, [3]),
                jaxrs_data::Scalar::Int(0),
            );
            let inputs = vec![zeros.clone(), zeros.clone(), zeros, finite(dtype, &[3, 1])];
            samples.push(sample(TridiagonalSolve { perturb_singular: false }, inputs, false));
        }
        samples
    }
}

/// A vector moved along its axis, with a zero where it was.
fn shifted(cx: Cx<'_>, x: &Value, by: i64) -> Result<Value> {
    let mut config = vec![(0, 0, 0); x.ty().rank()];
    if let Some(last) = config.last_mut() {
        *last = (by, -by, 0);
    }
    ops::pad_zeros(cx, x, &config)
}

/// The product of a tridiagonal matrix, given as tangents of its diagonals, and a matrix.
fn product(cx: Cx<'_>, diagonals: &[Tangent], x: &Value) -> Result<Value> {
    let (rank, (_, cols)) = (x.ty().rank(), formula::dims(x));
    let part = |k: usize, by: i64| {
        diagonals[k].map(x.ty(), |diagonal| {
            let mut config = vec![(0, 0, 0); rank];
            config[rank - 2] = (by, -by, 0);
            let moved = if by == 0 { x.clone() } else { ops::pad_zeros(cx, x, &config)? };
            ops::mul(cx, &formula::as_columns(cx, diagonal, cols)?, &moved)
        })
    };
    part(0, 1)?.add(cx, &part(1, 0)?)?.add(cx, &part(2, -1)?)?.instantiate(cx)
}
