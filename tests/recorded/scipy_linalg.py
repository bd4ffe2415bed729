"""jax.scipy.linalg."""
import jax.numpy as jnp
import numpy as np
from jax import lax
from jax.scipy import linalg

from matrices import REAL, is_double, numbers, positive, regular
from recording import integers, ordinary


def scipy_linalg(r):
    for dtype in REAL:
        derive, single = is_double(dtype), not is_double(dtype)
        for shape in [(3, 3)] if single else [(3, 3), (2, 2, 2), (1, 1)]:
            a, p, b = regular(shape, dtype), positive(shape, dtype), numbers((*shape[:-1], 2), dtype, 9)
            for lower in [True, False]:
                factor = np.asarray(linalg.cho_factor(p, lower=lower)[0])
                r.case("cho_factor", lambda x: linalg.cho_factor(x, lower=lower)[0], p, derive=derive, lower=lower)
                r.case("cho_solve", lambda c, x: linalg.cho_solve((c, lower), x), factor, b, derive=derive, lower=lower)
                # JAX transposes Hermitian systems as if they were symmetric.
                r.case("scipy_linalg_solve", lambda x, y: linalg.solve(x, y, assume_a="pos", lower=lower), p, b, derive=dtype == "float64", assume_a="pos", lower=lower)
            lu, pivots = map(np.asarray, linalg.lu_factor(a))
            r.case("lu_factor", linalg.lu_factor, a)
            for number, trans in enumerate("NTC"):
                r.case("lu_solve", lambda x, y, z: linalg.lu_solve((x, y), z, trans=number), lu, pivots, b, derive=derive, trans=trans)
                r.case("solve_triangular", lambda x, y: linalg.solve_triangular(x, y, trans=trans), a, b, derive=derive, trans=trans)
            r.case("solve_triangular", lambda x, y: linalg.solve_triangular(x, y, lower=True, unit_diagonal=True), a, b[..., 0] if b.ndim == 2 else b,
                   derive=derive, lower=True, unit_diagonal=True)
            # Phases of complex Schur vectors are those of rounding errors.
            if dtype == REAL[dtype]:
                r.case("schur", linalg.schur, a, derive=False)
            for calc_q in [True, False]:
                r.case("hessenberg", lambda x: linalg.hessenberg(x, calc_q=calc_q), a, derive=False, calc_q=calc_q)
            r.case("expm", linalg.expm, (a / 8).astype(dtype), derive=derive and shape == (3, 3))
        a = regular((3, 3), dtype)
        for scale in [0.001, 0.05, 0.2]:
            r.case("expm", linalg.expm, (a * scale / 2).astype(dtype), derive=False)
        r.case("expm", lambda x: linalg.expm(x, max_squarings=1), (a * 20).astype(dtype), derive=False, max_squarings=1)
        r.case("expm", lambda x: linalg.expm(x, upper_triangular=True), np.triu(a / 4).astype(dtype), derive=False, upper_triangular=True)
        r.case("expm_frechet", linalg.expm_frechet, (a / 8).astype(dtype), numbers((3, 3), dtype, 9), derive=False)
        r.case("expm_frechet", lambda x, y: linalg.expm_frechet(x, y, compute_expm=False), (a / 8).astype(dtype), numbers((3, 3), dtype, 9), derive=False, compute_expm=False)
        r.case("sqrtm", linalg.sqrtm, positive((3, 3), dtype), derive=False)
        r.case("sqrtm", linalg.sqrtm, a, derive=False)
        for shape in [(3, 3), (4, 2)]:
            r.case("polar", linalg.polar, numbers(shape, dtype), derive=False)
        r.case("polar", lambda x: linalg.polar(x, side="left"), numbers((2, 4), dtype), derive=False, side="left")
        for side in ["left", "right"]:
            r.case("polar", lambda x: linalg.polar(x, side=side, method="svd"), numbers((3, 3), dtype), derive=False, side=side, method="svd")
        for method in ["schur", "eigen"]:
            r.case("solve_sylvester", lambda x, y, z: linalg.solve_sylvester(x, y, z, method=method), a, regular((2, 2), dtype, 5), numbers((3, 2), dtype, 9),
                   derive=False, method=method)
        if dtype.startswith("float"):
            r.case("rsf2csf", linalg.rsf2csf, *map(np.asarray, linalg.schur(numbers((4, 4), dtype), output="real")), derive=False)
        for shape in [(3, 3), (4, 2), (2, 4)]:
            x = numbers(shape, dtype)
            for permute_l in [True, False]:
                r.case("scipy_linalg_lu", lambda v: linalg.lu(v, permute_l=permute_l), x, derive=derive, permute_l=permute_l)
            for mode in ["full", "economic", "r"]:
                for pivoting in [True, False]:
                    r.case("scipy_linalg_qr", lambda v: linalg.qr(v, mode=mode, pivoting=pivoting), x, derive=False, mode=mode, pivoting=pivoting)
            k = min(shape)
            for left in [True, False]:
                c = numbers((k, 2) if left else (2, shape[0]), dtype, 9)
                for pivoting, conjugate in [(False, False), (True, False), (False, True)]:
                    r.case("qr_multiply", lambda v, w: linalg.qr_multiply(v, w, mode="left" if left else "right", pivoting=pivoting, conjugate=conjugate),
                           x, c, derive=False, left=left, pivoting=pivoting, conjugate=conjugate)
        d, e = ordinary(-2, 2, (5,), REAL[dtype]).astype(dtype), numbers((4,), dtype, 9)
        r.case("eigh_tridiagonal", lambda x, y: linalg.eigh_tridiagonal(x, y, eigvals_only=True), d, e, derive=False, eigvals_only=True)
        r.case("eigh_tridiagonal", lambda x, y: linalg.eigh_tridiagonal(x, y, eigvals_only=True, select="i", select_range=(1, 3)), d, e, derive=False,
               eigvals_only=True, select_range=(1, 3))


def updates(r):
    for dtype in ["float32", "float64"]:
        for n in [1, 3, 4]:
            r.case("cholesky_update", lax.linalg.cholesky_update, np.triu(regular((n, n), dtype)).astype(dtype), numbers((n,), dtype, 9), derive=False)
        r.case("cholesky_update", lax.linalg.cholesky_update, np.triu(regular((2, 2), dtype)).astype(dtype), np.zeros(2, dtype), derive=False)


def patterns(r):
    for x, y in [(ordinary(-2, 2, (4,), "float64"), ordinary(-2, 2, (3,), "float64", 9)), (numbers((2, 3), "complex128"), numbers((4,), "complex128", 9)),
                 (integers((3,), "int32"), integers((2,), "int32", 9)), (np.zeros((0,), np.float32), np.zeros((2,), np.float32))]:
        derive = x.size > 0
        for op in ["toeplitz", "hankel"]:
            r.case(op, getattr(linalg, op), x, derive=derive)
            r.case(op, getattr(linalg, op), x, y, derive=derive)
        if x.size:
            r.case("circulant", linalg.circulant, x)
            r.case("fiedler", linalg.fiedler, x, derive=False)
            r.case("companion", linalg.companion, x)
            r.case("fiedler_companion", linalg.fiedler_companion, x)
            r.case("leslie", linalg.leslie, x, x[..., 1:])
            for mode in ["full", "same", "valid"]:
                for n in [1, 2, 5]:
                    r.case("convolution_matrix", lambda v: linalg.convolution_matrix(v, n, mode), x, derive=False, n=n, mode=mode)
    updates(r)
    r.case("fiedler_companion", linalg.fiedler_companion, ordinary(1, 2, (8,), "float64"))
    r.case("block_diag", linalg.block_diag, ordinary(-2, 2, (2, 3), "float64"), ordinary(-2, 2, (2,), "float64"), np.float64(1.5), np.zeros((2, 0)))
    r.case("block_diag", linalg.block_diag, integers((2, 1), "int32"), ordinary(-2, 2, (1, 2), "float32"), derive=False)
    for n in [1, 4]:
        r.case("hilbert", lambda: linalg.hilbert(n), n=n)
        r.case("invhilbert", lambda: linalg.invhilbert(n), n=n)
        for kind in ["symmetric", "lower", "upper"]:
            r.case("pascal", lambda: linalg.pascal(n, kind), n=n, kind=kind)
            r.case("invpascal", lambda: linalg.invpascal(n, kind), n=n, kind=kind)
        for full in [True, False]:
            r.case("helmert", lambda: linalg.helmert(n, full), n=n, full=full)
        r.case("hadamard", lambda: linalg.hadamard(n), n=n)
        r.case("hadamard", lambda: linalg.hadamard(n, "float32"), n=n, dtype="f32")
        for scale in ["", "sqrtn", "n"]:
            r.case("dft", lambda: linalg.dft(n, scale or None), n=n, scale=scale)


GROUPS = [scipy_linalg, patterns]
