//! What is computed of matrices, as methods of the numbers that they are made of.

use num_complex::Complex;

use crate::{
    Eig, Failed, Field, Matrix, Schur, Svd, Threads, Triangular, Tridiagonal, cholesky, eig,
    hessenberg, lu, qr, schur, singular, svd, symmetric, triangular, tridiagonal,
};

/// Declares the trait, and implements it by functions for any number.
///
/// Functions for any number are compiled where they are called, the way that code there is compiled. These
/// methods are compiled here, once for each type of number, and for speed.
macro_rules! routines {
    ($($(#[$doc:meta])* $module:ident::$name:ident($($arg:ident: $ty:ty),*) -> $out:ty;)*) => {
        /// Factorisations and solvers. Threads share the work of large matrices; results do not depend on them.
        pub trait Routines: Sized {
            $($(#[$doc])* fn $name($($arg: $ty),*) -> $out where Self: Field;)*
        }
        routines!(@for [f32, f64, Complex<f32>, Complex<f64>]
            { $($module::$name($($arg: $ty),*) -> $out;)* });
    };
    (@for [$($number:ty),*] $all:tt) => {
        $(routines!(@one $number, $all);)*
    };
    (@one $number:ty,
        { $($module:ident::$name:ident($($arg:ident: $ty:ty),*) -> $out:ty;)* }) => {
        impl Routines for $number {
            $(fn $name($($arg: $ty),*) -> $out { $module::$name($($arg),*) })*
        }
    };
}

routines! {
    /// Replaces the lower triangle of a Hermitian matrix by the `L` with positive diagonal for which it is
    /// `L Lᴴ`. Only that triangle is read, and the other one is left as it is. A NaN spreads as it does in sums
    /// and products.
    cholesky::cholesky(threads: Threads<'_>, a: &mut Matrix<Self>) -> Result<(), Failed>;

    /// Replaces a matrix by its factors `L` (unit lower triangular, below the diagonal) and `U`, and gives the
    /// row that each row was exchanged with, one after another.
    lu::lu(threads: Threads<'_>, a: &mut Matrix<Self>) -> Vec<i32>;

    /// Replaces `b` by the solution. Only the triangle is read, without its diagonal if that is 1.
    triangular::triangular_solve(
        threads: Threads<'_>, a: &Matrix<Self>, b: &mut Matrix<Self>, how: Triangular
    ) -> ();

    /// Replaces a matrix by `R` and, below the diagonal, the reflectors whose product is `Q`; gives their τ.
    qr::geqrf(threads: Threads<'_>, a: &mut Matrix<Self>) -> Vec<Self>;

    /// As `geqrf` of the matrix with its columns in another order, which makes the magnitudes on the diagonal of
    /// `R` descend. Columns whose entry of `order` is not 0 come first; it becomes the number from 1 of the
    /// column that lies at each place.
    qr::geqp3(a: &mut Matrix<Self>, order: &mut [i32]) -> Vec<Self>;

    /// The first columns of the product of reflectors that lie below the diagonal.
    qr::householder_product(
        threads: Threads<'_>, a: &Matrix<Self>, taus: &[Self]
    ) -> Matrix<Self>;

    /// `Q C`, `Qᴴ C`, `C Q` or `C Qᴴ` with the product `Q` of reflectors.
    qr::ormqr(
        threads: Threads<'_>, a: &Matrix<Self>, taus: &[Self], c: &Matrix<Self>, left: bool, transpose: bool
    ) -> Matrix<Self>;

    /// Eigenvalues of a Hermitian matrix, ascending, and eigenvectors in the columns of a matrix. One triangle
    /// is read.
    symmetric::eigh(
        threads: Threads<'_>, a: &Matrix<Self>, lower: bool
    ) -> Result<(Vec<<Self as Field>::Real>, Matrix<Self>), Failed>;

    /// Its eigenvalues alone, ascending.
    symmetric::eigvalsh(
        threads: Threads<'_>, a: &Matrix<Self>, lower: bool
    ) -> Result<Vec<<Self as Field>::Real>, Failed>;

    /// Singular values and vectors; of these all, or as many as there are values.
    svd::svd(threads: Threads<'_>, a: &Matrix<Self>, full: bool) -> Result<Svd<Self>, Failed>;

    /// Singular values alone, descending.
    svd::svdvals(threads: Threads<'_>, a: &Matrix<Self>) -> Result<Vec<<Self as Field>::Real>, Failed>;

    /// Eigenvalues of any square matrix, and eigenvectors where asked for.
    eig::eig(a: &Matrix<Self>, left: bool, right: bool) -> Result<Eig<<Self as Field>::Complex>, Failed>;

    /// The Schur form of a square matrix.
    schur::schur(a: &Matrix<Self>) -> Result<Schur<Self>, Failed>;

    /// Replaces a square matrix by its Hessenberg form `Qᴴ A Q` and, below the subdiagonal, the reflectors whose
    /// product is `Q`; gives their τ.
    hessenberg::hessenberg(a: &mut Matrix<Self>) -> Vec<Self>;

    /// Reduces a Hermitian matrix, of which one triangle is read and replaced by the tridiagonal matrix and the
    /// reflectors whose product is `Q`.
    tridiagonal::tridiagonal(
        threads: Threads<'_>, a: &mut Matrix<Self>, lower: bool
    ) -> Tridiagonal<Self>;

    /// Replaces `b` by the solution of a tridiagonal system: elimination with partial pivoting (LAPACK's
    /// `gtsv`). The first element below and the last above the diagonal are not read. Gives whether there is a
    /// solution.
    tridiagonal::tridiagonal_solve(
        dl: &[Self], d: &[Self], du: &[Self], b: &mut Matrix<Self>
    ) -> bool;

    /// Replaces `b` by the solution of a tridiagonal system that may be singular: pivots that would overflow are
    /// moved away from zero. The first element below and the last above the diagonal are not read.
    singular::tridiagonal_solve_perturbed(
        dl: &[Self], d: &[Self], du: &[Self], b: &mut Matrix<Self>
    ) -> ();
}
