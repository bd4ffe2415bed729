//! `jax.scipy.linalg`: what `jax.numpy.linalg` does not have. Names that both have are as there, with another
//! one for SciPy's conventions where these differ.

mod exponential;
mod factors;
mod functions;
mod named;
mod patterns;
mod schur;
mod sylvester;

use jaxrs_data::{Result, Shape};
use jaxrs_ir::{Value, ops};
use jaxrs_transform::{Function, Scope, VmapOptions, vmap};

pub use exponential::{expm, expm_frechet};
pub use factors::{
    QrMultiply, cho_factor, cho_solve, lu, lu_factor, lu_solve, qr, qr_multiply, solve,
    solve_triangular,
};
pub use functions::{eigh_tridiagonal, polar, sqrtm};
pub use named::{dft, hadamard, helmert, hilbert, invhilbert, invpascal, pascal};
pub use patterns::{
    block_diag, circulant, companion, convolution_matrix, fiedler, fiedler_companion, hankel,
    leslie, toeplitz,
};
pub use schur::{hessenberg, rsf2csf, schur};
pub use sylvester::solve_sylvester;

use crate::operands::{broadcast, broadcast_shape};

/// Applies a function of arrays with `ranks` axes to the last axes of arrays, whose other axes are broadcast
/// together.
fn vectorized(
    cx: &Scope,
    name: &'static str,
    operands: &[Value],
    ranks: &[usize],
    f: impl Fn(&Scope, &[Value]) -> Result<Vec<Value>> + Send + Sync + 'static,
) -> Result<Vec<Value>> {
    let leading = |x: &Value, rank: usize| -> Result<Shape> {
        match x.ty().rank().checked_sub(rank) {
            Some(n) => Ok(x.shape()[..n].into()),
            None => jaxrs_data::bail!(Shape, "{name} needs at least {rank} axes, got {}", x.ty()),
        }
    };
    let shapes: Result<Vec<Shape>> =
        operands.iter().zip(ranks).map(|(x, &rank)| leading(x, rank)).collect();
    let shapes = shapes?;
    let batch = broadcast_shape(name, &shapes.iter().collect::<Vec<_>>())?;
    if batch.rank() == 0 {
        return f(cx, operands);
    }
    let flat = |x: &Value, rank: usize| -> Result<Value> {
        let last = &x.shape()[x.ty().rank() - rank..];
        let full: Shape = batch.iter().chain(last).copied().collect();
        let one: Shape = std::iter::once(&batch.numel()).chain(last).copied().collect();
        ops::reshape(cx, &broadcast(cx, name, x, &full)?, &one)
    };
    let examples: Result<Vec<Value>> =
        operands.iter().zip(ranks).map(|(x, &rank)| flat(x, rank)).collect();
    let mapped = vmap(&Function::new(name, f), VmapOptions::default());
    let results = mapped.call(cx, &examples?)?;
    let restored = |y: &Value| {
        let shape: Shape = batch.iter().chain(&y.shape()[1..]).copied().collect();
        ops::reshape(cx, y, &shape)
    };
    results.iter().map(restored).collect()
}
