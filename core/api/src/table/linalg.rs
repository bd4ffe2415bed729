//! Linear algebra.

use jaxrs_ir::prims::Eig;
use jaxrs_linalg::Triangular;

use super::*;
use crate::lax::linalg as lax;
use crate::linalg as scipy;
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

/// The only element of a list, if there is one.
fn optional<'a>(name: &str, values: &'a [Value]) -> Result<Option<&'a Value>> {
    match values {
        [] => Ok(None),
        [value] => Ok(Some(value)),
        _ => bail!(InvalidArgument, "{name} takes at most 2 operands, got {}", values.len() + 1),
    }
}

/// The ends of a range, if there is one.
fn range(name: &str, ends: &[i64]) -> Result<Option<(usize, usize)>> {
    match ends {
        [] => Ok(None),
        &[first, last] => {
            Ok(Some((size(name, "select_range", first)?, size(name, "select_range", last)?)))
        }
        _ => bail!(InvalidArgument, "{name} takes a range of 2 numbers, got {ends:?}"),
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
        { perturb_singular: Bool = false, "whether pivots that are zero, but for rounding, are moved away from it, which makes the solution finite"; }
        => |cx| lax::tridiagonal_solve(cx, [dl, d, du], b, perturb_singular)),
    op!("lax_linalg_qr", "Q and R, and with pivoting the order of columns.", (x)
        { pivoting: Bool = false, "whether columns are put in an order that makes the diagonal of R descend"; full_matrices: Bool = true, "whether Q is square"; }
        => list |cx| lax::qr(cx, &to_inexact(cx, x)?, pivoting, full_matrices)),
    op!("geqrf", "R with reflectors below the diagonal, and the factors of the reflectors.", (a) => list |cx| lax::geqrf(cx, a)),
    op!("geqp3", "As geqrf of a matrix with its columns put in order; the order, counted from 1, is the second result.", (a, jpvt)
        => list |cx| lax::geqp3(cx, a, jpvt)),
    op!("householder_product", "The first columns of a product of reflectors.", (a, taus) => |cx| lax::householder_product(cx, a, taus)),
    op!("ormqr", "The product of a matrix with a product Q of reflectors.", (a, taus, c)
        { left: Bool = true, "whether Q stands on the left"; transpose: Bool = false, "whether Q is transposed and conjugated"; }
        => |cx| lax::ormqr(cx, a, taus, c, left, transpose)),
    op!("lax_linalg_eig", "Eigenvalues, and left and right eigenvectors, if they are asked for.", (x)
        { compute_left_eigenvectors: Bool = true, "whether there are left vectors among the results"; compute_right_eigenvectors: Bool = true, "whether there are right vectors among the results"; enable_eigvec_derivs: Bool = false, "whether vectors are differentiated, with the length and phase that they are given here"; }
        => list |cx| lax::eig(cx, &to_inexact(cx, x)?, Eig { compute_left_eigenvectors, compute_right_eigenvectors, enable_eigvec_derivs })),
    op!("lax_linalg_schur", "The Schur form of matrices, and the Schur vectors.", (x)
        { compute_schur_vectors: Bool = true, "whether there are vectors among the results"; }
        => list |cx| lax::schur(cx, &to_inexact(cx, x)?, compute_schur_vectors)),
    op!("lax_linalg_hessenberg", "The Hessenberg form with reflectors below the subdiagonal, and the factors of the reflectors.", (a)
        => list |cx| lax::hessenberg(cx, a)),
    op!("tridiagonal", "The tridiagonal form of Hermitian matrices with reflectors, its diagonal, what lies beside it, and the factors of the reflectors.", (a)
        { lower: Bool = true, "whether the lower triangle is read"; }
        => list |cx| lax::tridiagonal(cx, a, lower)),
    op!("cholesky_update", "The upper triangular factor of R^T R + w w^T.", (r, w) => |cx| lax::cholesky_update(cx, r, w)),
    op!("cho_factor", "Cholesky's factor of positive definite matrices, of which that triangle is read.", (a)
        { lower: Bool = false, "whether it is the lower triangular one"; } => |cx| scipy::cho_factor(cx, a, lower)),
    op!("cho_solve", "The solution of a system with a matrix of which Cholesky's factor is given.", (c, b)
        { lower: Bool = false, "whether it is the lower triangular one"; } => |cx| scipy::cho_solve(cx, c, b, lower)),
    op!("lu_factor", "Factors L and U in one matrix, and the rows that rows were exchanged with.", (a)
        => list |cx| scipy::lu_factor(cx, a)),
    op!("lu_solve", "The solution of a system with a matrix of which the factors are given.", (lu, pivots, b)
        { trans: Str = "N", "`N`, or `T` or `C` for the transpose or its conjugate"; }
        => |cx| scipy::lu_solve(cx, lu, pivots, b, trans)),
    op!("scipy_linalg_lu", "A permutation P, L and U whose product a matrix is.", (a)
        { permute_l: Bool = false, "whether P L is given in place of P and L"; }
        => list |cx| scipy::lu(cx, a, permute_l)),
    op!("scipy_linalg_qr", "Q and R, and with pivoting the order of columns.", (a)
        { mode: Str = "full", "`full`, `economic`, or `r` for R alone"; pivoting: Bool = false, "whether columns are put in an order that makes the diagonal of R descend"; }
        => list |cx| scipy::qr(cx, a, mode, pivoting)),
    op!("qr_multiply", "The product of c with the Q of a, and R; with pivoting also the order of columns.", (a, c)
        { left: Bool = false, "whether Q stands on the left"; pivoting: Bool = false, "whether columns are put in an order that makes the diagonal of R descend"; conjugate: Bool = false, "whether Q is conjugated"; }
        => list |cx| scipy::qr_multiply(cx, a, c, scipy::QrMultiply { left, pivoting, conjugate })),
    op!("scipy_linalg_solve", "The solution of A X = B, by Cholesky's factor where matrices are said to be positive definite.", (a, b)
        { assume_a: Str = "gen", "what is known of a: `gen`, `sym`, `her` or `pos`"; lower: Bool = false, "whether the lower triangle of a positive definite matrix is read"; }
        => |cx| scipy::solve(cx, a, b, assume_a, lower)),
    op!("solve_triangular", "The solution of a system with a triangle of a matrix.", (a, b)
        { trans: Str = "N", "`N`, or `T` or `C` for the transpose or its conjugate"; lower: Bool = false, "whether the lower triangle is used"; unit_diagonal: Bool = false, "whether its diagonal is taken to be 1"; }
        => |cx| scipy::solve_triangular(cx, a, b, trans, lower, unit_diagonal)),
    op!("schur", "The Schur form and the Schur vectors.", (a)
        { output: Str = "real", "`real`, where real matrices have blocks for conjugate eigenvalues, or `complex`"; }
        => list |cx| scipy::schur(cx, a, output)),
    op!("rsf2csf", "The complex Schur form and vectors from the real ones.", (t, z) => list |cx| scipy::rsf2csf(cx, t, z)),
    op!("hessenberg", "The Hessenberg form, and the unitary matrix that leads to it.", (a)
        { calc_q: Bool = false, "whether that matrix is given"; } => list |cx| scipy::hessenberg(cx, a, calc_q)),
    op!("expm", "The exponential of matrices.", (a)
        { upper_triangular: Bool = false, "whether matrices are upper triangular"; max_squarings: I64 = 16, "the result is NaN where more squarings are needed"; }
        => |cx| scipy::expm(cx, a, upper_triangular, max_squarings)),
    op!("expm_frechet", "The exponential of a, and its derivative along e.", (a, e)
        { compute_expm: Bool = true, "whether the exponential is given"; }
        => list |cx| scipy::expm_frechet(cx, a, e, compute_expm)),
    op!("sqrtm", "The principal square root of a matrix, which is complex.", (a) => |cx| scipy::sqrtm(cx, a)),
    op!("polar", "A unitary and a positive semidefinite matrix whose product a matrix is.", (a)
        { side: Str = "right", "where the latter stands: `right` or `left`"; method: Str = "qdwh", "`qdwh`, which takes some shapes only, or `svd`"; }
        => list |cx| scipy::polar(cx, a, side, method)),
    op!("solve_sylvester", "The solution of A X + X B = C.", (a, b, c)
        { method: Str = "schur", "`schur` or `eigen`"; tol: F64 = 1e-8, "eigenvalues of a and -b that are less far apart make the result NaN"; }
        => |cx| scipy::solve_sylvester(cx, [a, b, c], method, tol)),
    op!("eigh_tridiagonal", "Eigenvalues, ascending, and eigenvectors of a Hermitian tridiagonal matrix.", (d, e)
        { eigvals_only: Bool = false, "whether eigenvalues alone are given"; select_range: I64s = &[], "the numbers of the first and the last eigenvalue that is given; an empty list stands for all"; }
        => list |cx| scipy::eigh_tridiagonal(cx, d, e, eigvals_only, range("eigh_tridiagonal", select_range)?)),
    op!("block_diag", "Matrices along a diagonal.", ([arrays]) => |cx| scipy::block_diag(cx, arrays)),
    op!("toeplitz", "Constant diagonals: the first column, then, if it is given, the first row, of which the first element is not used.", (c [r])
        => |cx| scipy::toeplitz(cx, c, optional("toeplitz", r)?)),
    op!("hankel", "Constant antidiagonals: the first column, then, if it is given, the last row, of which the first element is not used.", (c [r])
        => |cx| scipy::hankel(cx, c, optional("hankel", r)?)),
    op!("circulant", "Each column is the one before, moved down by a row.", (c) => |cx| scipy::circulant(cx, c)),
    op!("companion", "The matrix whose eigenvalues are the roots of a polynomial.", (a) => |cx| scipy::companion(cx, a)),
    op!("fiedler", "The magnitudes of the differences of all pairs of numbers.", (a) => |cx| scipy::fiedler(cx, a)),
    op!("fiedler_companion", "As companion, with five diagonals.", (a) => |cx| scipy::fiedler_companion(cx, a)),
    op!("leslie", "Fecundities in the first row, survival rates below the diagonal.", (f, survival)
        => |cx| scipy::leslie(cx, f, survival)),
    op!("convolution_matrix", "The matrix that convolves a vector with a.", (a)
        { n: I64, "the length of the vector"; mode: Str = "full", "`full`, `same` or `valid`"; }
        => |cx| scipy::convolution_matrix(cx, a, n, mode)),
    op!("hilbert", "Hilbert's matrix.", () { n: I64, "its size"; } => |cx| scipy::hilbert(cx, n)),
    op!("invhilbert", "The inverse of Hilbert's matrix.", () { n: I64, "its size"; } => |cx| scipy::invhilbert(cx, n)),
    op!("pascal", "Pascal's triangle as a matrix.", () { n: I64, "its size"; kind: Str = "symmetric", "`symmetric`, `lower` or `upper`"; }
        => |cx| scipy::pascal(cx, n, kind)),
    op!("invpascal", "The inverse of Pascal's matrix.", () { n: I64, "its size"; kind: Str = "symmetric", "`symmetric`, `lower` or `upper`"; }
        => |cx| scipy::invpascal(cx, n, kind)),
    op!("helmert", "Helmert's matrix of contrasts.", () { n: I64, "how many columns it has"; full: Bool = false, "whether there is a constant row before the others"; }
        => |cx| scipy::helmert(cx, n, full)),
    op!("hadamard", "Hadamard's matrix of 1 and -1.", () { n: I64, "its size, a power of 2"; dtype: DType = None, "the element type; by default the default integer"; }
        => |cx| scipy::hadamard(cx, n, dtype)),
    op!("dft", "The matrix of the discrete Fourier transform.", () { n: I64, "its size"; scale: Str = "", "what it is divided by: `sqrtn`, `n`, or nothing"; dtype: DType = None, "the element type; by default the default complex one"; }
        => |cx| scipy::dft(cx, n, scale, dtype)),
];
