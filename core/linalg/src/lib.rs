//! Factorisations of dense matrices, and solvers for systems of equations.
//!
//! Conventions are LAPACK's, which JAX's results follow on a CPU: how reflectors are stored, which of several
//! equal pivots is taken, what signs vectors get. Where LAPACK's routine for small matrices is an iteration,
//! this is that iteration. Matrices lie in memory row after row. A matrix that a routine cannot handle, such as
//! one with a NaN, makes it fail or gives NaN, as documented; no routine panics or runs forever.
//!
//! Anderson et al., LAPACK Users' Guide, 3rd ed., SIAM 1999; Golub & Van Loan, Matrix Computations, 4th ed., 2013.
#![forbid(unsafe_code)]

mod cholesky;
mod eig;
mod field;
mod hessenberg;
mod householder;
mod lu;
mod matrix;
mod product;
mod qr;
mod schur;
mod svd;
mod symmetric;
mod triangular;
mod tridiagonal;
mod vector;

pub use num_complex::Complex;

pub use cholesky::cholesky;
pub use eig::{Eig, eig};
pub use field::{Field, Real};
pub use hessenberg::hessenberg;
pub use lu::{lu, permutation_of};
pub use matrix::{Matrix, elements, write};
pub use qr::{geqp3, geqrf, householder_product, ormqr};
pub use schur::{Schur, schur};
pub use svd::{Svd, svd, svdvals};
pub use symmetric::{eigh, eigvalsh};
pub use triangular::{Triangular, triangular_solve};
pub use tridiagonal::{Tridiagonal, tridiagonal, tridiagonal_solve};

/// An iteration that did not converge, or a matrix that is not positive definite.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Failed;

#[cfg(test)]
mod tests;
