//! Linear algebra.

use jaxrs_ir::prims::Eig;
use jaxrs_linalg::Triangular;

use super::*;
use crate::lax::linalg as lax;
use crate::numpy::linalg as numpy;
use crate::operands::{promoted_inexact, to_inexact};

/// A number, where NaN stands for none.
fn given(x: f64) -> Option<f64> {
    (!x.is_nan()).then_some(x)
}

fn size(name: &str, what: &str, value: i64) -> Result<usize> {
    match usize::try_from(value) {
        Ok(value) => Ok(value),
        Err(_) => bail!(InvalidArgument, "{name} needs {what} of at least 0, got {value}"),
    }
}

const RTOL: &str = "singular values count as 0 that are at most the largest times this; NaN stands for a default by size and element type";
const ORD: &str = "which norm: `fro`, `nuc` (both of matrices only), or a number such as `1`, `-2`, `inf`; by default the Euclidean one, `fro` of matrices";
const SYMMETRIZE: &str = "whether the mean of the matrix and its conjugate transpose is taken";
const HERMITIAN: &str =
    "whether the matrix is Hermitian, so that eigenvalues give the singular ones";

pub(super) static OPS: &[Op] = &[
    op!("cholesky", "The lower triangular factor L of positive definite matrices L L^H; NaN for others.", (a)
        { upper: Bool = false, "whether the upper triangular factor L^H is given"; symmetrize_input: Bool = true, SYMMETRIZE; }
        => |cx| numpy::cholesky(cx, a, upper, symmetrize_input)),
    op!("solve", "The solution of A X = B; b may be one vector.", (a, b) => |cx| numpy::solve(cx, a, b)),
    op!("inv", "The inverses of square matrices.", (a) => |cx| numpy::inv(cx, a)),
    op!("pinv", "The pseudo-inverses of matrices.", (a)
        { rtol: F64 = f64::NAN, RTOL; hermitian: Bool = false, HERMITIAN; }
        => |cx| numpy::pinv(cx, a, given(rtol), hermitian)),
    op!("lstsq", "The solution of least squares, its squared residuals, the rank of a, and the singular values.", (a, b)
        { rcond: F64 = f64::NAN, "singular values count as 0 that are below the largest times this; NaN stands for a default by size and element type"; }
        => list |cx| numpy::lstsq(cx, a, b, given(rcond))),
    op!("det", "The determinants of square matrices.", (a) => |cx| numpy::det(cx, a)),
    op!("slogdet", "Signs, and logarithms of magnitudes, of determinants.", (a)
        { method: Str = "lu", "the factors that they are computed from: `lu` or `qr`"; }
        => list |cx| numpy::slogdet(cx, a, method)),
    op!("eig", "Eigenvalues and right eigenvectors, in columns; both are complex.", (a) => list |cx| numpy::eig(cx, a)),
    op!("eigvals", "Eigenvalues, which are complex.", (a) => |cx| numpy::eigvals(cx, a)),
    op!("eigh", "Eigenvalues, ascending, and eigenvectors, in columns, of Hermitian matrices.", (a)
        { uplo: Str = "L", "the triangle that is read: `L` or `U`"; symmetrize_input: Bool = true, SYMMETRIZE; }
        => list |cx| numpy::eigh(cx, a, uplo, symmetrize_input)),
    op!("eigvalsh", "Eigenvalues of Hermitian matrices, ascending.", (a)
        { uplo: Str = "L", "the triangle that is read: `L` or `U`"; symmetrize_input: Bool = true, SYMMETRIZE; }
        => |cx| numpy::eigvalsh(cx, a, uplo, symmetrize_input)),
    op!("svd", "Left singular vectors in columns, singular values, descending, and conjugate right vectors in rows.", (a)
        { full_matrices: Bool = true, "whether matrices of vectors are square"; compute_uv: Bool = true, "whether there are vectors among the results"; hermitian: Bool = false, HERMITIAN; }
        => list |cx| numpy::svd(cx, a, full_matrices, compute_uv, hermitian)),
    op!("svdvals", "Singular values, descending.", (a) => |cx| numpy::svdvals(cx, a)),
    op!("qr", "A matrix Q with orthonormal columns and an upper triangular R whose product a is.", (a)
        { mode: Str = "reduced", "`reduced`, `complete` (Q is square), `r` (R alone), or `raw` (reflectors, transposed, and their factors)"; }
        => list |cx| numpy::qr(cx, a, mode)),
    op!("matrix_power", "Whole powers of square matrices.", (a) { n: I64, "the power; negative ones are of inverses"; }
        => |cx| numpy::matrix_power(cx, a, n)),
    op!("matrix_rank", "The ranks of matrices.", (a) { rtol: F64 = f64::NAN, "singular values count as 0 up to this; NaN stands for a default by size and element type"; hermitian: Bool = false, HERMITIAN; }
        => |cx| numpy::matrix_rank(cx, a, given(rtol), hermitian)),
    op!("cond", "Condition numbers of matrices.", (x) { ord: Str = "", "by which norm; by default the ratio of the largest and smallest singular value"; }
        => |cx| numpy::cond(cx, x, ord)),
    op!("linalg_norm", "The norm of vectors along one axis, of matrices along two, or of all elements.", (x)
        { ord: Str = "", ORD; axes: I64s = &[], AXES; keepdims: Bool = false, KEEPDIMS; }
        => |cx| numpy::norm(cx, x, ord, axes, keepdims)),
    op!("vector_norm", "The norm of elements along axes.", (x)
        { ord: Str = "", ORD; axes: I64s = &[], AXES; keepdims: Bool = false, KEEPDIMS; }
        => |cx| numpy::vector_norm(cx, x, ord, axes, keepdims)),
    op!("matrix_norm", "The norm of the matrices in the last two axes.", (x)
        { ord: Str = "fro", ORD; keepdims: Bool = false, KEEPDIMS; }
        => |cx| numpy::matrix_norm(cx, x, ord, keepdims)),
    op!("multi_dot", "The product of several matrices in the order that costs least.", ([arrays]) => |cx| numpy::multi_dot(cx, arrays)),
    op!("tensorinv", "The inverse of the map from an array's last axes to its first ones.", (a)
        { ind: I64 = 2, "how many first axes there are"; } => |cx| numpy::tensorinv(cx, a, ind)),
    op!("tensorsolve", "The array whose contraction with the last axes of a gives b.", (a, b)
        { axes: I64s = &[], "axes of a that are moved to the end first"; }
        => |cx| numpy::tensorsolve(cx, a, b, axes)),
    op!("lu", "Factors L and U in one matrix, the rows that rows were exchanged with, and the order of rows.", (x)
        => list |cx| lax::lu(cx, &to_inexact(cx, x)?)),
    op!("lu_pivots_to_permutation", "The order of rows that exchanges lead to.", (pivots)
        { permutation_size: I64, "how many rows there are"; }
        => |cx| lax::lu_pivots_to_permutation(cx, pivots, size("lu_pivots_to_permutation", "permutation_size", permutation_size)?)),
    op!("triangular_solve", "The solution of a system of equations with a triangle of a matrix.", (a, b)
        { left_side: Bool = false, "whether the matrix stands on the left of the unknowns"; lower: Bool = false, "whether the lower triangle is used"; transpose_a: Bool = false, "whether it is transposed"; conjugate_a: Bool = false, "whether it is conjugated"; unit_diagonal: Bool = false, "whether its diagonal is taken to be 1"; }
    => |cx| {
        let [a, b] = promoted_inexact(cx, [a, b])?;
        lax::triangular_solve(cx, &a, &b, Triangular { left_side, lower, transpose_a, conjugate_a, unit_diagonal })
    }),
    op!("tridiagonal_solve", "The solution of a system of equations with a tridiagonal matrix, of which the diagonals are given: the first element of the lower and the last of the upper one lie outside.", (dl, d, du, b)
        => |cx| lax::tridiagonal_solve(cx, [dl, d, du], b)),
    op!("lax_qr", "Q and R, and with pivoting the order of columns.", (x)
        { pivoting: Bool = false, "whether columns are put in an order that makes the diagonal of R descend"; full_matrices: Bool = true, "whether Q is square"; }
        => list |cx| lax::qr(cx, &to_inexact(cx, x)?, pivoting, full_matrices)),
    op!("geqrf", "R with reflectors below the diagonal, and the factors of the reflectors.", (a) => list |cx| lax::geqrf(cx, a)),
    op!("geqp3", "As geqrf of a matrix with its columns put in order; the order, counted from 1, is the second result.", (a, jpvt)
        => list |cx| lax::geqp3(cx, a, jpvt)),
    op!("householder_product", "The first columns of a product of reflectors.", (a, taus) => |cx| lax::householder_product(cx, a, taus)),
    op!("ormqr", "The product of a matrix with a product Q of reflectors.", (a, taus, c)
        { left: Bool = true, "whether Q stands on the left"; transpose: Bool = false, "whether Q is transposed and conjugated"; }
        => |cx| lax::ormqr(cx, a, taus, c, left, transpose)),
    op!("lax_eig", "Eigenvalues, and left and right eigenvectors, if they are asked for.", (x)
        { compute_left_eigenvectors: Bool = true, "whether there are left vectors among the results"; compute_right_eigenvectors: Bool = true, "whether there are right vectors among the results"; enable_eigvec_derivs: Bool = false, "whether vectors are differentiated, with the length and phase that they are given here"; }
        => list |cx| lax::eig(cx, &to_inexact(cx, x)?, Eig { compute_left_eigenvectors, compute_right_eigenvectors, enable_eigvec_derivs })),
    op!("lax_schur", "The Schur form of matrices, and the Schur vectors.", (x)
        { compute_schur_vectors: Bool = true, "whether there are vectors among the results"; }
        => list |cx| lax::schur(cx, &to_inexact(cx, x)?, compute_schur_vectors)),
    op!("lax_hessenberg", "The Hessenberg form with reflectors below the subdiagonal, and the factors of the reflectors.", (a)
        => list |cx| lax::hessenberg(cx, a)),
    op!("tridiagonal", "The tridiagonal form of Hermitian matrices with reflectors, its diagonal, what lies beside it, and the factors of the reflectors.", (a)
        { lower: Bool = true, "whether the lower triangle is read"; }
        => list |cx| lax::tridiagonal(cx, a, lower)),
];
