"""Linear algebra: the primitives, and jax.numpy.linalg. Signs of vectors are LAPACK's here and there, so results are recorded as they are."""
import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jax._src.lax import linalg as internal

from recording import integers, ordinary

REAL = {"float32": "float32", "float64": "float64", "complex64": "float32", "complex128": "float64"}


def numbers(shape, dtype, seed=7):
    x = ordinary(-2, 2, shape, REAL[dtype], seed)
    if dtype.startswith("complex"):
        x = x + 1j * ordinary(-2, 2, shape, REAL[dtype], seed + 1)
    return x.astype(dtype)


def regular(shape, dtype, seed=7):
    """Square matrices far from singular ones."""
    return (numbers(shape, dtype, seed) + np.diag(4.0 + np.arange(shape[-1]))).astype(dtype)


def positive(shape, dtype, seed=7):
    x = numbers(shape, dtype, seed)
    return (x @ np.conj(np.swapaxes(x, -1, -2)) / shape[-1] + np.diag(1.0 + np.arange(shape[-1]))).astype(dtype)


def with_nan(x):
    x = x.copy()
    x[0, 0] = np.nan
    return x


SQUARE = [(4, 4), (2, 3, 3), (1, 1), (0, 0), (2, 2), (0, 2, 2)]
ANY = [(3, 3), (5, 2), (2, 5), (2, 3, 2), (1, 1), (4, 3), (0, 2), (2, 0)]


def some(shapes, dtype):
    """All of them in double precision; in single precision those that come first."""
    return shapes if is_double(dtype) else shapes[:2]


def is_double(dtype):
    return REAL[dtype] == "float64"


def bind(prim, **params):
    return lambda *operands: prim.bind(*operands, **params)


def matrices(r):
    for dtype in REAL:
        for shape in some(SQUARE, dtype):
            full = np.prod(shape) > 1 and is_double(dtype)
            # Above the diagonal the operand stays, but not where it is differentiated: see the operation.
            r.case("cholesky", bind(internal.cholesky_p), positive(shape, dtype), derive=False)
            for lower in [True, False]:
                params = {"lower": lower, "sort_eigenvalues": True}
                r.case("eigh", bind(internal.eigh_p, **params, subset_by_index=None, algorithm=None), positive(shape, dtype), derive=full, **params)
            for left, right in [(False, False), (True, True), (False, True)]:
                params = {"compute_left_eigenvectors": left, "compute_right_eigenvectors": right, "enable_eigvec_derivs": True}
                r.case("eig", bind(internal.eig_p, **params, implementation=None), regular(shape, dtype), derive=full, **params)
            # Phases of complex Schur vectors are those of rounding errors.
            for vectors in [True, False] if dtype == REAL[dtype] else []:
                r.case("schur", bind(internal.schur_p, compute_schur_vectors=vectors, sort_eig_vals=False, select_callable=None),
                       numbers(shape, dtype), derive=False, compute_schur_vectors=vectors)
            if shape[-1]:
                r.case("hessenberg", bind(internal.hessenberg_p), numbers(shape, dtype), derive=False)
                for lower in [True, False]:
                    r.case("tridiagonal", bind(internal.tridiagonal_p, lower=lower), positive(shape, dtype), derive=False, lower=lower)
        r.case("cholesky", bind(internal.cholesky_p), -positive((3, 3), dtype), derive=False)
        r.case("cholesky", bind(internal.cholesky_p), with_nan(positive((3, 3), dtype)), derive=False)
        for shape in some(ANY, dtype):
            full, some_of_it = np.prod(shape) > 1 and is_double(dtype), np.prod(shape) > 0
            x = numbers(shape, dtype)
            r.case("lu", bind(internal.lu_p), x)
            r.case("geqrf", bind(internal.geqrf_p), x, derive=False)
            if some_of_it:
                for fixed in [0, 1]:
                    order = np.zeros(shape[:-2] + shape[-1:], np.int32)
                    order[..., -1] = fixed
                    r.case("geqp3", bind(internal.geqp3_p, use_magma=None), x, order)
            for full_matrices in [True, False]:
                for pivoting in [True, False]:
                    params = {"full_matrices": full_matrices, "pivoting": pivoting}
                    r.case("qr", bind(internal.qr_p, **params, use_magma=None), x, derive=full, **params)
            for compute_uv, full_matrices in [(True, True), (True, False), (False, False)]:
                params = {"compute_uv": compute_uv, "full_matrices": full_matrices}
                derive = full and (not full_matrices or shape[-1] == shape[-2])
                r.case("svd", bind(internal.svd_p, **params, subset_by_index=None, algorithm=None), x, derive=derive, **params)
            m, n, k = shape[-2], shape[-1], min(shape[-2:])
            taus = numbers((*shape[:-2], k), dtype, 9)
            if m >= n:
                for count in {k, k // 2}:
                    r.case("householder_product", bind(internal.householder_product_p), x, taus[..., :count], derive=False)
            for left, transpose in [(True, False), (True, True), (False, False), (False, True)]:
                c = numbers((*shape[:-2], *((m, 3) if left else (3, m))), dtype, 11)
                params = {"left": left, "transpose": transpose}
                if some_of_it:
                    r.case("ormqr", bind(internal.ormqr_p, **params), x, taus, c, derive=False, **params)
        for shape in some([(4, 2), (2, 3, 2), (1, 1), (3, 0), (3, 1), (5, 3), (2, 1), (3, 4, 2)], dtype):
            diagonal = shape[:-1]
            d = numbers(diagonal, dtype, 3) + 5
            operands = [numbers(diagonal, dtype, 1), d.astype(dtype), numbers(diagonal, dtype, 2), numbers(shape, dtype, 4)]
            r.case("tridiagonal_solve", bind(internal.tridiagonal_solve_p, perturb_singular=False), *operands,
                   derive=np.prod(shape) > 0 and is_double(dtype), perturb_singular=False)
        flags = ["left_side", "lower", "transpose_a", "conjugate_a", "unit_diagonal"]
        for bits in range(0, 32, 1 if is_double(dtype) else 5):
            params = {flag: bool(bits >> k & 1) for k, flag in enumerate(flags)}
            a, b = regular((3, 3), dtype), numbers((3, 2) if params["left_side"] else (2, 3), dtype, 9)
            r.case("triangular_solve", bind(internal.triangular_solve_p, **params), a, b, derive=bits % 3 == 0 and is_double(dtype), **params)
        lower = {flag: flag in ("left_side", "lower") for flag in flags}
        for a, b in [((2, 3, 3), (2, 3, 1)), ((0, 0), (0, 2)), ((2, 2), (2, 0)), ((1, 1), (1, 3))]:
            r.case("triangular_solve", bind(internal.triangular_solve_p, **lower), regular(a, dtype), numbers(b, dtype, 9), derive=0 not in b and is_double(dtype), **lower)
    drawn = [(np.sort(np.random.default_rng(k).integers(0, n, (*batch, min(n, 3 + k % 3))), -1), n) for k, (n, batch) in
             enumerate([(3, ()), (4, ()), (5, (2,)), (6, (2, 3)), (4, (0,)), (9, ()), (1, ()), (2, (3, 1))] * 2)]
    for pivots, size in [([1, 2, 2], 3), ([3, 3], 4), ([[0, 1], [1, 1]], 2), ([], 2), *drawn]:
        r.case("lu_pivots_to_permutation", bind(internal.lu_pivots_to_permutation_p, permutation_size=size), np.array(pivots, np.int32), permutation_size=size)


def matrix_operations(r):
    linalg = jnp.linalg
    for dtype in REAL:
        for shape in some([(3, 3), (2, 4, 4), (1, 1), (2, 2), (0, 0)], dtype):
            full = np.prod(shape) > 0 and is_double(dtype)
            a, p = regular(shape, dtype), positive(shape, dtype)
            r.case("cholesky", linalg.cholesky, p, derive=full)
            r.case("inv", linalg.inv, a, derive=full)
            r.case("det", linalg.det, a, derive=full)
            r.case("slogdet", linalg.slogdet, a, derive=full)
            r.case("eigvals", linalg.eigvals, a, derive=full)
            r.case("eigvalsh", linalg.eigvalsh, p, derive=full)
            for columns in [1, 3]:
                r.case("solve", linalg.solve, a, numbers((*shape[:-1], columns), dtype, 9), derive=full)
            r.case("solve", linalg.solve, a, numbers(shape[-1:], dtype, 9), derive=full)
            for n in [-2, 0, 3, 5]:
                r.case("matrix_power", lambda x: linalg.matrix_power(x, n), a, derive=full, n=n)
            if np.prod(shape) > 1:
                for ord in ["fro", "nuc", 1, -1, 2, -2, np.inf, -np.inf]:
                    r.case("matrix_norm", lambda x: linalg.matrix_norm(x, ord=ord), a, derive=full, ord=str(ord))
                    r.case("cond", lambda x: linalg.cond(x, ord), a, derive=dtype == "float64" and shape == (3, 3), ord=str(ord))
        r.case("cholesky", lambda x: linalg.cholesky(x, upper=True), positive((3, 3), dtype), upper=True)
        r.case("cholesky", lambda x: linalg.cholesky(x, symmetrize_input=False), positive((3, 3), dtype), symmetrize_input=False)
        r.case("eigvalsh", lambda x: linalg.eigvalsh(x, "U"), positive((3, 3), dtype), uplo="U")
        r.case("solve", linalg.solve, regular((3, 3), dtype), numbers((2, 3, 2), dtype, 9))
        singular = np.array([[1, 2, 3, 4], [2, 4, 6, 8], [1, 0, 1, 0], [0, 1, 1, 5]], dtype)
        r.case("det", linalg.det, singular, derive=False)
        r.case("slogdet", linalg.slogdet, singular, derive=False)
        for shape in some([(3, 3), (2, 4), (4, 2), (2, 3, 2)], dtype):
            x, derive = numbers(shape, dtype), is_double(dtype)
            r.case("svdvals", linalg.svdvals, x, derive=derive)
            r.case("pinv", linalg.pinv, x, derive=derive)
            r.case("matrix_rank", linalg.matrix_rank, x)
            for mode in ["reduced", "complete", "r", "raw"]:
                r.case("qr", lambda v: linalg.qr(v, mode=mode), x, derive=derive and mode == "reduced", mode=mode)
            for ord in [None, 0, 1, 2, 3, 0.5, np.inf, -np.inf]:
                options = {} if ord is None else {"ord": str(ord)}
                r.case("vector_norm", lambda v: linalg.vector_norm(v, ord=2 if ord is None else ord, axis=-1), x, derive=derive and ord != 0, axes=(-1,), **options)
            r.case("linalg_norm", linalg.norm, x, derive=derive)
            r.case("linalg_norm", lambda v: linalg.norm(v, 1, axis=(-1, -2), keepdims=True), x, derive=derive, ord="1", axes=(-1, -2), keepdims=True)
            r.case("linalg_norm", lambda v: linalg.norm(v, 3, axis=0), x, derive=derive, ord="3", axes=(0,))
        for a, b in [((4, 2), (4,)), ((4, 2), (4, 3)), ((2, 4), (2, 1)), ((3, 3), (3, 2)), ((0, 2), (0, 1))]:
            r.case("lstsq", linalg.lstsq, numbers(a, dtype), numbers(b, dtype, 9))
        r.case("lstsq", lambda a, b: linalg.lstsq(a, b, 0.6), numbers((4, 3), dtype), numbers((4, 2), dtype, 9), rcond=0.6)
        r.case("pinv", lambda v: linalg.pinv(v, hermitian=True), positive((3, 3), dtype), hermitian=True)
        r.case("pinv", lambda v: linalg.pinv(v, 0.5), numbers((3, 4), dtype), derive=False, rtol=0.5)
        r.case("matrix_rank", lambda v: linalg.matrix_rank(v, hermitian=True), positive((3, 3), dtype), hermitian=True)
        r.case("svd", lambda v: linalg.svd(v, compute_uv=False), numbers((3, 2), dtype), compute_uv=False)
        r.case("svd", lambda v: linalg.svd(v, hermitian=True, compute_uv=False), positive((3, 3), dtype), compute_uv=False, hermitian=True)
        r.case("multi_dot", lambda *v: linalg.multi_dot(v), numbers((4,), dtype), numbers((4, 2), dtype), numbers((2, 5), dtype), numbers((5, 3), dtype))
        r.case("multi_dot", lambda *v: linalg.multi_dot(v), numbers((2, 3), dtype), numbers((3,), dtype))
        r.case("tensorinv", linalg.tensorinv, numbers((2, 3, 6), dtype))
        r.case("tensorinv", lambda v: linalg.tensorinv(v, 1), numbers((6, 3, 2), dtype), ind=1)
        r.case("tensorsolve", linalg.tensorsolve, numbers((2, 3, 6), dtype), numbers((2, 3), dtype, 9))
    whole = integers((3, 3), "int32")
    for op in ["inv", "det", "pinv", "svdvals", "matrix_rank"]:
        r.case(op, getattr(linalg, op), whole)
    r.case("matrix_power", lambda v: linalg.matrix_power(v, 3), whole, n=3)
    r.case("slogdet", lambda v: linalg.slogdet(v, method="qr"), regular((4, 4), "float64"), method="qr")
    r.case("matrix_rank", linalg.matrix_rank, np.array([0.0, 1.0]))


GROUPS = [matrices, matrix_operations]
