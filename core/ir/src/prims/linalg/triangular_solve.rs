//! Systems with triangular matrices.

use jaxrs_data::{DType, Result, Shape, SmallVec, bail, smallvec};
use jaxrs_linalg::{Field, Matrix, Threads, Triangular};

use super::{Matrices, Results, check_square, formula, shape};
use crate::prims::not_linear;
use crate::rules::{axes, linear};
use crate::{Batched, Cx, Jvp, Operand, Param, ParamReader, Params, Tangent, Value, ops};

/// The solution `X` of `op(A) X = B` or `X op(A) = B`, `A` being a triangle of the first operand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TriangularSolve(pub Triangular);

impl Matrices for TriangularSolve {
    const NAME: &'static str = "triangular_solve";
    const RANKS: &'static [usize] = &[2, 2];

    fn params(&self) -> Params {
        vec![
            ("conjugate_a", Param::Bool(self.0.conjugate_a)),
            ("left_side", Param::Bool(self.0.left_side)),
            ("lower", Param::Bool(self.0.lower)),
            ("transpose_a", Param::Bool(self.0.transpose_a)),
            ("unit_diagonal", Param::Bool(self.0.unit_diagonal)),
        ]
    }

    fn read(read: &ParamReader<'_>) -> Result<TriangularSolve> {
        Ok(TriangularSolve(Triangular {
            conjugate_a: read.bool("conjugate_a")?,
            left_side: read.bool("left_side")?,
            lower: read.bool("lower")?,
            transpose_a: read.bool("transpose_a")?,
            unit_diagonal: read.bool("unit_diagonal")?,
        }))
    }

    fn results(&self, dims: &[&[usize]], dtype: DType) -> Result<Results> {
        let n = check_square(Self::NAME, dims[0])?;
        let axis = if self.0.left_side { 0 } else { 1 };
        if dims[1][axis] != n {
            let side = if self.0.left_side { "rows" } else { "columns" };
            bail!(
                Shape,
                "{} with {} needs {n} {side}, got {}",
                Self::NAME,
                shape(dims[0]),
                shape(dims[1])
            );
        }
        Ok(smallvec![(dtype, shape(dims[1]))])
    }

    fn compute<T: Field>(
        &self,
        threads: Threads<'_>,
        dims: &[Shape],
        inputs: &[&[u8]],
        outputs: &mut [&mut [u8]],
    ) {
        let a = Matrix::<T>::from_bytes(dims[0][0], dims[0][1], inputs[0]);
        let mut b = Matrix::from_bytes(dims[1][0], dims[1][1], inputs[1]);
        T::triangular_solve(threads, &a, &mut b, self.0);
        b.write_to(outputs[0]);
    }

    fn jvp(&self, cx: Cx<'_>, primals: &[Value], tangents: &[Tangent]) -> Result<Jvp> {
        let (a, b) = (&primals[0], &primals[1]);
        let x = formula::triangular_solve(cx, self.0, a, b)?;
        let by_a = tangents[0].map(x.ty(), |da| self.tangent_by_a(cx, a, &x, da))?;
        let by_b = tangents[1].map(x.ty(), |db| formula::triangular_solve(cx, self.0, a, db))?;
        let tangent = by_a.add(cx, &by_b)?;
        Ok(Jvp { primals: smallvec![x], tangents: smallvec![tangent] })
    }

    fn transpose(
        &self,
        cx: Cx<'_>,
        inputs: &[Operand],
        cotangents: &[Tangent],
    ) -> Result<SmallVec<[Tangent; 4]>> {
        let Some(a) = inputs[0].known() else { return Err(not_linear(self)) };
        let how = Triangular { transpose_a: !self.0.transpose_a, ..self.0 };
        let ct =
            cotangents[0].map(inputs[1].ty(), |ct| formula::triangular_solve(cx, how, a, ct))?;
        Ok(smallvec![Tangent::Zero(a.ty().clone()), ct])
    }

    /// With one matrix for all examples these are more columns, or more rows.
    fn batch(
        &self,
        cx: Cx<'_>,
        size: usize,
        inputs: &[Value],
        axes: &[Option<usize>],
    ) -> Result<Batched> {
        let (None, Some(axis)) = (axes[0], axes[1]) else {
            let a = axes::to_front(cx, size, &inputs[0], axes[0])?;
            let b = axes::to_front(cx, size, &inputs[1], axes[1])?;
            return Ok(linear::batched(formula::triangular_solve(cx, self.0, &a, &b)?, 0));
        };
        let rank = inputs[1].ty().rank();
        let place = if self.0.left_side { rank - 1 } else { rank - 2 };
        let b = ops::move_axis(cx, &inputs[1], axis, place)?;
        let flat = merge_axes(cx, &b, place)?;
        let x = formula::triangular_solve(cx, self.0, &inputs[0], &flat)?;
        Ok(linear::batched(ops::reshape(cx, &x, b.shape())?, place))
    }

    #[cfg(any(test, feature = "testing"))]
    fn samples() -> Vec<crate::prims::Sample> {
        use super::operands::{regular, sample, with_nan};
        use crate::prims::sample::finite;
        let mut samples = Vec::new();
        for bits in 0..32 {
            let flag = |k: u32| bits >> k & 1 == 1;
            let how = Triangular {
                left_side: flag(0),
                lower: flag(1),
                transpose_a: flag(2),
                conjugate_a: flag(3),
                unit_diagonal: flag(4),
            };
            let dtype = super::NUMBERS[(bits / 2 + bits / 8) as usize % 4];
            let b = if how.left_side { [3, 2] } else { [2, 3] };
            let inputs = vec![regular(dtype, &[3, 3]), finite(dtype, &b)];
            samples.push(sample(TriangularSolve(how), inputs, true));
        }
        for dtype in super::NUMBERS {
            for (a, b) in [
                (&[2, 3, 3][..], &[2, 3, 1][..]),
                (&[1, 1], &[1, 2]),
                (&[0, 0], &[0, 2]),
                (&[2, 2], &[2, 0]),
                (&[0, 2, 2], &[0, 2, 2]),
            ] {
                let inputs = vec![regular(dtype, a), finite(dtype, b)];
                samples.push(sample(TriangularSolve(formula::LOWER), inputs, true));
            }
            let inputs = vec![with_nan(dtype, 2), finite(dtype, &[2, 2])];
            samples.push(sample(TriangularSolve(formula::UPPER), inputs, false));
        }
        samples
    }
}

/// The same elements with an axis and the one before it as one.
fn merge_axes(cx: Cx<'_>, x: &Value, axis: usize) -> Result<Value> {
    let size = x.shape()[axis - 1] * x.shape()[axis];
    ops::reshape(cx, x, &x.shape().without(axis).without(axis - 1).with(axis - 1, size))
}

impl TriangularSolve {
    /// `−A⁻¹ A' X`, or `−X A' A⁻¹`, in the order that costs less.
    fn tangent_by_a(&self, cx: Cx<'_>, a: &Value, x: &Value, da: &Value) -> Result<Value> {
        let how = self.0;
        let k = i64::from(how.unit_diagonal);
        let da = match how.lower {
            true => formula::tril(cx, da, -k)?,
            false => formula::triu(cx, da, k)?,
        };
        let mut da = ops::neg(cx, &da)?;
        if how.transpose_a {
            da = formula::transpose(cx, &da)?;
        }
        if how.conjugate_a {
            da = formula::conj(cx, &da)?;
        }
        let solve = |rhs: &Value| formula::triangular_solve(cx, how, a, rhs);
        let (m, n) = formula::dims(x);
        match how.left_side {
            true if m > n => solve(&formula::matmul(cx, &da, x)?),
            true => formula::matmul(cx, &solve(&da)?, x),
            false if m < n => solve(&formula::matmul(cx, x, &da)?),
            false => formula::matmul(cx, x, &solve(&da)?),
        }
    }
}
