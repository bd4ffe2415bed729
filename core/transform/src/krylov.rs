//! Linear equations by matrix-vector products alone: `jax.scipy.sparse.linalg`.
//!
//! All of them are solved inside of [`custom_linear_solve`], so that derivatives are those of the solution.

mod bicgstab;
mod cg;
mod gmres;
mod vectors;

use jaxrs_data::{Result, bail};
use jaxrs_ir::{Value, ops};

pub use self::bicgstab::bicgstab;
pub use self::cg::cg;
pub use self::gmres::gmres;
use self::vectors::Vectors;
use crate::{Function, Scope};

/// When iterative solvers stop.
#[derive(Clone, Copy, Debug)]
pub struct KrylovOptions {
    /// The norm of the residual, relative to that of the right hand side.
    pub tol: f64,
    /// The norm of the residual; it stops at the larger of both.
    pub atol: f64,
    /// After how many iterations, for `gmres` restarts; ten for each unknown, if nothing is said.
    pub maxiter: Option<usize>,
    /// How many directions `gmres` keeps before it starts again.
    pub restart: usize,
}

impl Default for KrylovOptions {
    fn default() -> KrylovOptions {
        KrylovOptions { tol: 1e-5, atol: 0.0, maxiter: None, restart: 20 }
    }
}

/// What a solver starts from.
#[derive(Clone)]
struct Setup {
    x0: Vec<Value>,
    preconditioner: Option<Function>,
    options: KrylovOptions,
    maxiter: usize,
    /// The number of unknowns.
    size: usize,
    vectors: Vectors,
}

impl Setup {
    fn new(
        what: &str,
        scope: &Scope,
        b: &[Value],
        x0: Option<&[Value]>,
        preconditioner: Option<&Function>,
        options: KrylovOptions,
    ) -> Result<Setup> {
        let vectors = Vectors::like(what, b)?;
        let x0 = match x0 {
            Some(x0) => x0.to_vec(),
            None => b.iter().map(|b| ops::full(scope, b.ty(), zero())).collect::<Result<_>>()?,
        };
        if x0.len() != b.len() {
            bail!(InvalidArgument, "{what} needs {} values of x0, got {}", b.len(), x0.len());
        }
        for (k, (x0, b)) in x0.iter().zip(b).enumerate() {
            if x0.shape() != b.shape() || x0.ty().dtype != b.ty().dtype {
                bail!(Shape, "{what} needs x0 like {} as value {k}, got {}", b.ty(), x0.ty());
            }
        }
        let size = b.iter().map(|b| b.ty().numel()).sum();
        let maxiter = options.maxiter.unwrap_or(10 * size);
        let preconditioner = preconditioner.cloned();
        Ok(Setup { x0, preconditioner, options, maxiter, size, vectors })
    }

    /// The preconditioner applied.
    fn precondition(&self, scope: &Scope, x: &[Value]) -> Result<Vec<Value>> {
        match &self.preconditioner {
            Some(preconditioner) => preconditioner.call(scope, x),
            None => Ok(x.to_vec()),
        }
    }

    /// The square of the norm below which the residual is small enough.
    fn atol2(&self, scope: &Scope, b: &[Value]) -> Result<Value> {
        let relative = self.vectors.norm2(scope, b)?;
        let relative = ops::scale(scope, &relative, self.options.tol * self.options.tol)?;
        let absolute = ops::scalar_like(&relative, self.options.atol * self.options.atol);
        ops::binary(scope, jaxrs_ir::prims::Binary::Max, &relative, &absolute)
    }
}

fn zero() -> jaxrs_data::Scalar {
    jaxrs_data::Scalar::Int(0)
}
