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
mod divide;
mod eig;
mod field;
mod hessenberg;
mod householder;
mod lu;
mod matrix;
mod matvec;
mod product;
mod qr;
mod reflections;
mod rotations;
mod routines;
mod schur;
mod singular;
mod svd;
mod symmetric;
mod threads;
mod triangular;
mod tridiagonal;
mod vector;
mod view;

pub use num_complex::Complex;

pub use eig::Eig;
pub use field::{Field, Real};
pub use lu::permutation_of;
pub use matrix::{Matrix, elements, write};
pub use routines::Routines;
pub use schur::Schur;
pub use svd::Svd;
pub use threads::{ALONE, ParallelFor, Threads};
pub use triangular::Triangular;
pub use tridiagonal::Tridiagonal;

/// An iteration that did not converge, or a matrix that is not positive definite.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Failed;

#[cfg(test)]
mod tests;
