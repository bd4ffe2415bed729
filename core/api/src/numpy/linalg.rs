//! `jax.numpy.linalg`: operands are promoted to floats; matrices are the last two axes.

mod determinant;
mod inverse;
mod norms;
mod power;
mod solve;
mod spectrum;
mod tensors;

use jaxrs_data::{Result, bail};
use jaxrs_ir::Value;
use jaxrs_ir::prims::linalg::formula;
use jaxrs_transform::Scope;

pub use determinant::{det, slogdet};
pub use inverse::{lstsq, pinv};
pub use norms::{cond, matrix_norm, matrix_rank, norm, vector_norm};
pub use power::{matrix_power, multi_dot};
pub(crate) use solve::aligned_matrices;
pub use solve::{inv, solve};
pub use spectrum::{eig, eigh, eigvals, eigvalsh, svd, svdvals};
pub use tensors::{tensorinv, tensorsolve};

use crate::lax;
use crate::operands::to_inexact;

/// The sizes of the last two axes.
pub(crate) fn matrix_dims(name: &str, x: &Value) -> Result<(usize, usize)> {
    match x.shape()[..] {
        [.., m, n] => Ok((m, n)),
        _ => bail!(Shape, "{name} needs at least 2 axes, got {}", x.ty()),
    }
}

/// The size of square matrices.
pub(crate) fn square(name: &str, x: &Value) -> Result<usize> {
    match matrix_dims(name, x)? {
        (m, n) if m == n => Ok(n),
        _ => bail!(Shape, "{name} needs square matrices, got {}", x.ty()),
    }
}

/// The lower triangular factor of positive definite matrices; the upper one if so.
pub fn cholesky(cx: &Scope, a: &Value, upper: bool, symmetrize_input: bool) -> Result<Value> {
    let factor = lax::linalg::cholesky(cx, &to_inexact(cx, a)?, symmetrize_input)?;
    if upper { formula::adjoint(cx, &factor) } else { Ok(factor) }
}

/// `Q` and `R`: of `reduced` or `complete` size, `R` alone (`r`), or `raw`, as reflectors.
pub fn qr(cx: &Scope, a: &Value, mode: &str) -> Result<Vec<Value>> {
    let a = to_inexact(cx, a)?;
    let mut results = match mode {
        "raw" => {
            let results = lax::linalg::geqrf(cx, &a)?;
            return Ok(vec![formula::transpose(cx, &results[0])?, results[1].clone()]);
        }
        "reduced" | "r" | "full" => lax::linalg::qr(cx, &a, false, false)?,
        "complete" => lax::linalg::qr(cx, &a, false, true)?,
        _ => bail!(InvalidArgument, "qr takes mode reduced, complete, r or raw, got {mode:?}"),
    };
    if mode == "r" {
        results.swap_remove(0);
    }
    Ok(results)
}
