"""Sparse arrays: the primitives of jax.experimental.sparse, and functions that are composed of them."""
import numpy as np
from jax import lax
from jax.experimental import sparse
from jax.experimental.sparse import bcoo, bcsr, coo, csr, linalg

from recording import FLOATS, ordinary

NUMBERS = [*FLOATS, "complex64", "int32"]


def values(shape, dtype, seed=7):
    if dtype == "int32":
        return np.random.default_rng(seed).integers(-5, 9, shape).astype(dtype)
    x = ordinary(-2, 2, shape, dtype.replace("complex64", "float32"), seed)
    return x if dtype != "complex64" else (x + 1j * ordinary(-2, 2, shape, "float32", seed + 1)).astype(dtype)


def places(batch, nse, sizes, seed=3, beyond=True):
    """Indices of which some are repeated; with `beyond` some are out of bounds."""
    draw = np.random.default_rng(seed)
    columns = [draw.integers(0, size + (size > 1 and beyond), (*batch, nse)) for size in sizes]
    shape = (*batch, nse, len(sizes))
    return np.stack(columns, -1).astype("int32") if sizes else np.zeros(shape, "int32")


# Shape, batches of data, batches of indices, number of sparse axes.
FORMS = [((3, 4), (), (), 2), ((5,), (), (), 1), ((3, 2), (), (), 1), ((2, 3, 2), (2,), (2,), 1), ((2, 3, 4), (2,), (1,), 2),
         ((2, 3, 4), (1,), (2,), 2), ((2, 3), (2,), (2,), 0), ((3, 2, 2), (3,), (3,), 2)]


def arrays(form, nse=6, dtype="float32", beyond=True):
    shape, batch, at, n_sparse = form
    dense = shape[len(at) + n_sparse:]
    return values((*batch, nse, *dense), dtype), places(at, nse, shape[len(at):len(at) + n_sparse], beyond=beyond)


def info(shape):
    return dict(shape=shape, indices_sorted=False, unique_indices=False)


def spinfo(shape):
    return sparse.util.SparseInfo(tuple(shape))


def coordinate_arrays(r):
    for form in FORMS:
        shape = form[0]
        for dtype in NUMBERS if form is FORMS[0] else ["float32"]:
            for nse in [0, 6]:
                data, at = arrays(form, nse, dtype)
                # Where data is shared and indices are not, JAX's transpose rule gives a wrong shape.
                derive = form is not FORMS[5] and dtype != "int32"
                r.case("bcoo_todense", lambda d, i: bcoo._bcoo_todense(d, i, spinfo=spinfo(shape)), data, at, derive=derive, **info(shape))
                dense = values(shape, dtype, 9)
                for unique in [True] if form is FORMS[4] else [True, False]:
                    r.case("bcoo_extract", lambda i, x: bcoo._bcoo_extract(i, x, assume_unique=unique), at, dense,
                           derive=derive and unique, assume_unique=unique)
                if form[3]:
                    r.case("bcoo_sort_indices", lambda d, i: tuple(bcoo.bcoo_sort_indices_p.bind(d, i, spinfo=spinfo(shape))), data, at, **info(shape))
                for count in [2, 9]:
                    r.case("bcoo_sum_duplicates", lambda d, i: tuple(bcoo._bcoo_sum_duplicates(d, i, spinfo=spinfo(shape), nse=count)), data, at,
                           nse=count, **info(shape))
    below = np.array([[-1, 0], [1, -4], [2, 3], [-1, 0]], "int32")
    r.case("bcoo_todense", lambda d, i: bcoo._bcoo_todense(d, i, spinfo=spinfo((3, 4))), values((4,), "float32"), below, **info((3, 4)))
    r.case("bcoo_extract", lambda i, x: bcoo._bcoo_extract(i, x), below, values((3, 4), "float32"), assume_unique=True)
    for permutation, form in [((1, 0), FORMS[0]), ((0, 2, 1), FORMS[4]), ((0, 2, 1), FORMS[5]), ((0, 2, 1), FORMS[7])]:
        for dtype in NUMBERS:
            for nse in [0, 6]:
                data, at = arrays(form, nse, dtype)
                r.case("bcoo_transpose", lambda d, i: tuple(bcoo._bcoo_transpose(d, i, permutation=permutation, spinfo=spinfo(form[0]))), data, at,
                       permutation=permutation, **info(form[0]))


def coordinate_products(r):
    cases = [(0, (((1,), (0,)), ((), ())), (4, 2)), (0, (((1,), (0,)), ((), ())), (4,)), (0, (((0,), (1,)), ((), ())), (2, 3)),
             (0, (((0, 1), (1, 0)), ((), ())), (4, 3)), (0, (((), ()), ((), ())), (2,)), (1, (((0,), (0,)), ((), ())), (5,)),
             (2, (((0,), (0,)), ((), ())), (3, 2)), (3, (((1,), (1,)), ((0,), (0,))), (2, 3, 2)), (3, (((0,), (1,)), ((), ())), (3, 2)),
             (4, (((2,), (0,)), ((0,), (1,))), (4, 2)), (4, (((2,), (0,)), ((), ())), (4, 2)), (7, (((1, 2), (0, 1)), ((), ())), (2, 2)),
             (6, (((), ()), ((0,), (0,))), (2, 2))]
    for form, numbers, rhs in cases:
        for dtype in NUMBERS if form == 0 else ["float32"]:
            for nse in [0, 6]:
                data, at = arrays(FORMS[form], nse, dtype)
                shape = FORMS[form][0]
                r.case("bcoo_dot_general", lambda d, i, x: bcoo._bcoo_dot_general(
                    d, i, x, dimension_numbers=numbers, preferred_element_type=None, lhs_spinfo=spinfo(shape)),
                    data, at, values(rhs, dtype, 9), derive=dtype != "int32" and form in (0, 1) and nse > 0,
                    dimension_numbers=numbers, preferred_element_type=None, **info(shape))
    matmul = (((1,), (0,)), ((), ()))
    sampled = [(matmul, (3, 2), (2, 4), ((), (3, 4))), ((((), ()), ((), ())), (3,), (4,), ((), (3, 4))),
               ((((0,), (1,)), ((), ())), (2, 3), (4, 2), ((), (3, 4))), (matmul, (3, 2), (2, 4), ((3,), (4,))),
               ((((2,), (1,)), ((0,), (0,))), (2, 3, 2), (2, 2, 4), ((2,), (3, 4)))]
    for numbers, left, right, (batch, sizes) in sampled:
        for dtype in NUMBERS:
            for nse in [0, 6]:
                r.case("bcoo_dot_general_sampled", lambda a, b, i: bcoo.bcoo_dot_general_sampled(a, b, i, dimension_numbers=numbers),
                       values(left, dtype), values(right, dtype, 9), places(batch, nse, sizes), derive=dtype != "int32",
                       dimension_numbers=numbers)
    both = [(matmul, ((3, 4), (), (), 2), ((4, 2), (), (), 2)), (matmul, ((3, 4), (), (), 2), ((4,), (), (), 1)),
            ((((0,), (0,)), ((), ())), ((4,), (), (), 1), ((4,), (), (), 1)), ((((), ()), ((), ())), ((4,), (), (), 1), ((3,), (), (), 1)),
            ((((2,), (2,)), ((0,), (0,))), ((2, 3, 4), (2,), (1,), 2), ((2, 3, 4), (2,), (2,), 2)),
            ((((2,), (0,)), ((), ())), ((2, 3, 4), (2,), (2,), 2), ((4,), (), (), 1))]
    for numbers, lhs, rhs in both:
        for dtype in NUMBERS:
            (ld, li), (rd, ri) = arrays(lhs, 4, dtype), arrays(rhs, 6, dtype)
            r.case("bcoo_spdot_general", lambda a, i, b, j: tuple(bcoo._bcoo_spdot_general(
                a, i, b, j, lhs_spinfo=spinfo(lhs[0]), rhs_spinfo=spinfo(rhs[0]), dimension_numbers=numbers, preferred_element_type=None)),
                ld, li, rd, ri, dimension_numbers=numbers, preferred_element_type=None, lhs_shape=lhs[0], rhs_shape=rhs[0])


def holes(shape, dtype):
    x = values(shape, dtype)
    return np.where(np.random.default_rng(11).uniform(size=shape) < 0.5, x, np.zeros_like(x))


def from_dense(r):
    for dtype in NUMBERS:
        for nse in [0, 3, 8, 12, 20]:
            x = holes((3, 4), dtype)
            r.case("bcoo_fromdense", lambda v: bcoo._bcoo_fromdense(v, nse=nse), x, nse=nse, n_batch=0, n_dense=0, index_dtype="i32")
            r.case("bcsr_fromdense", lambda v: bcsr._bcsr_fromdense(v, nse=nse), x, nse=nse, n_batch=0, n_dense=0, index_dtype="i32")
            r.case("coo_fromdense", lambda v: coo._coo_fromdense(v, nse=nse), x, nse=nse, index_dtype="i32")
            r.case("csr_fromdense", lambda v: csr._csr_fromdense(v, nse=nse), x, nse=nse, index_dtype="i32")
    for shape, n_batch, n_dense in [((4,), 0, 0), ((3, 2), 0, 1), ((2, 3, 2), 1, 1), ((2, 3, 2), 1, 0), ((2, 3), 1, 1), ((2,), 1, 0)]:
        for nse in [0, 1, 5]:
            r.case("bcoo_fromdense", lambda v: bcoo._bcoo_fromdense(v, nse=nse, n_batch=n_batch, n_dense=n_dense), holes(shape, "float32"),
                   nse=nse, n_batch=n_batch, n_dense=n_dense, index_dtype="i32")
    for nse in [0, 1, 5]:
        r.case("bcsr_fromdense", lambda v: bcsr._bcsr_fromdense(v, nse=nse, n_batch=1, n_dense=1), holes((2, 3, 2, 2), "float32"),
               nse=nse, n_batch=1, n_dense=1, index_dtype="i32")
    special = np.array([[0.0, -0.0, np.nan], [np.inf, 0, 1]], np.float32)
    r.case("bcoo_fromdense", lambda v: bcoo._bcoo_fromdense(v, nse=4), special, nse=4, n_batch=0, n_dense=0, index_dtype="i32")
    r.case("bcoo_fromdense", lambda v: bcoo._bcoo_fromdense(v, nse=4, index_dtype="int64"), special, nse=4, n_batch=0, n_dense=0, index_dtype="i64")


def compressed(rows, cols, nse, stored):
    starts = np.sort(np.random.default_rng(5).integers(0, stored + 1, rows + 1))
    starts[0], starts[-1] = 0, stored
    return places((), nse, (cols,), beyond=False)[:, 0], starts.astype("int32")


def compressed_rows(r):
    for dtype in NUMBERS:
        derive = dtype != "int32"
        for nse, stored in [(0, 0), (6, 6), (1, 1), (9, 9), (3, 3), (6, 4)]:
            data, (cols, starts) = values((nse,), dtype), compressed(3, 4, nse, stored)
            dense, vector = values((3, 4), dtype, 9), values((4, 2), dtype, 9)
            r.case("bcsr_todense", lambda d, i, p: bcsr._bcsr_todense(d, i, p, spinfo=spinfo((3, 4))), data, cols, starts, derive=derive, **info((3, 4)))
            r.case("bcsr_extract", lambda i, p, x: bcsr.bcsr_extract(i, p, x), cols, starts, dense, derive=derive)
            numbers = (((1,), (0,)), ((), ()))
            r.case("bcsr_dot_general", lambda d, i, p, x: bcsr._bcsr_dot_general(
                d, i, p, x, dimension_numbers=numbers, preferred_element_type=None, lhs_spinfo=spinfo((3, 4))), data, cols, starts, vector,
                derive=derive and nse > 0, dimension_numbers=numbers, preferred_element_type=None, **info((3, 4)))
            r.case("csr_todense", lambda d, i, p: csr._csr_todense(d, i, p, shape=(3, 4)), data, cols, starts, derive=False, **info((3, 4)))
            if nse != stored:
                # What is in no row is read from the nearest in derivatives, but written nowhere.
                continue
            for transpose in [False, True]:
                # JAX's rule for the cotangent of data takes no heed of the transposition.
                derivatives = dict(derive=derive, wrt=[3] if transpose else None)
                size = 3 if transpose else 4
                v, m = values((size,), dtype, 9), values((size, 2), dtype, 9)
                more = dict(transpose=transpose, **info((3, 4)))
                r.case("csr_matvec", lambda d, i, p, x: csr._csr_matvec(d, i, p, x, shape=(3, 4), transpose=transpose),
                       data, cols, starts, v, **derivatives, **more)
                r.case("csr_matmat", lambda d, i, p, x: csr._csr_matmat(d, i, p, x, shape=(3, 4), transpose=transpose),
                       data, cols, starts, m, **derivatives, **more)
                row, col = places((), nse, (3, 4), 4, beyond=False).T
                r.case("coo_matvec", lambda d, i, j, x: coo._coo_matvec(d, i, j, x, spinfo=coo.COOInfo((3, 4)), transpose=transpose),
                       data, row, col, v, **derivatives, **more)
                r.case("coo_matmat", lambda d, i, j, x: coo._coo_matmat(d, i, j, x, spinfo=coo.COOInfo((3, 4)), transpose=transpose),
                       data, row, col, m, **derivatives, **more)
            r.case("coo_todense", lambda d, i, j: coo._coo_todense(d, i, j, spinfo=coo.COOInfo((3, 4))), data, row, col, derive=derive, **info((3, 4)))
            for any_of in [sparse.COO((data, row, col), shape=(3, 4)), sparse.CSR((data, cols, starts), shape=(3, 4)),
                           sparse.BCSR((data, cols, starts), shape=(3, 4)),
                           sparse.BCOO((data, np.stack([row, col], -1)), shape=(3, 4))]:
                layout = type(any_of).__name__.lower()
                rebuild = lambda *bufs: sparse.todense(type(any_of)(bufs, shape=(3, 4)))
                indices = {"coo": (row, col), "bcoo": (np.stack([row, col], -1),)}.get(layout, (cols, starts))
                r.case("todense", rebuild, data, *indices, derive=derive and layout != "csr", layout=layout, **info((3, 4)))


def layouts(r, case):
    narrow = ((1, 3, 1), (), (), 3)
    changes = [(FORMS[0], 1, 0), (FORMS[0], 0, 1), (FORMS[0], 1, 1), (FORMS[0], 2, 0), (FORMS[0], 0, 2), (FORMS[2], -1, 0), (FORMS[2], 1, 0),
               (FORMS[2], 0, 2), (FORMS[2], 2, 0), (FORMS[3], 0, 0), (FORMS[3], 0, 1), (FORMS[3], 1, 0), (FORMS[3], 3, 0), (FORMS[3], 0, 3),
               (FORMS[4], 2, 0), (FORMS[4], 1, 1), (FORMS[5], 1, 2), (FORMS[6], 0, 0), (FORMS[6], 2, 0), (FORMS[7], 0, 1), (FORMS[7], 0, 0)]
    for form, n_batch, n_dense in changes:
        given = dict(n_batch=None if n_batch < 0 else n_batch, n_dense=n_dense)
        case("bcoo_update_layout", lambda x: sparse.bcoo_update_layout(x, **given, on_inefficient=None), form, derive=form in (FORMS[0], FORMS[3]),
             n_batch=n_batch, n_dense=n_dense, on_inefficient="none")
    for n_batch, n_dense in [(1, 0), (1, 1), (0, 1), (-1, -1)]:
        given = {k: v for k, v in dict(n_batch=n_batch, n_dense=n_dense).items() if v >= 0}
        case("bcoo_update_layout", lambda x: sparse.bcoo_update_layout(x, **given), narrow, n_batch=n_batch, n_dense=n_dense)
    case("bcoo_update_layout", lambda x: sparse.bcoo_update_layout(x, n_batch=1, on_inefficient=None), FORMS[0], nse=0, n_batch=1, on_inefficient="none")


def gathered(r, case):
    """Where axes that are stored whole are dropped: with others JAX fails."""
    rows, pairs = np.array([[0], [2], [1]], "int32"), np.array([[0, 1], [2, 2], [1, 0]], "int32")
    numbers = [(rows[:2], (1,), (0,), (0,), (1, 4)), (rows, (0,), (0,), (0,), (1, 4)), (rows, (1,), (1,), (1,), (3, 1)), (pairs, (), (0, 1), (0, 1), (1, 1)),
               (pairs, (1, 2), (), (0, 1), (2, 2)), (pairs[None], (0, 3), (), (0, 1), (2, 2)), (rows[1], (0,), (0,), (0,), (1, 4)),
               (rows[1], (0, 1), (), (0,), (2, 4)), (pairs[:, ::-1], (1,), (0,), (1, 0), (1, 2)), (rows[:0], (1,), (0,), (0,), (1, 4)),
               (-rows, (1,), (0,), (0,), (1, 4))]
    forms = [FORMS[0], ((3, 4), (3,), (3,), 1), ((3, 4), (3, 4), (3, 4), 0), ((3, 4), (), (), 1)]
    for form in forms:
        for starts, offsets, collapsed, mapped, sizes in numbers:
            if form is forms[3] and 1 not in collapsed:
                continue
            dims = lax.GatherDimensionNumbers(offsets, collapsed, mapped)
            case("bcoo_gather", lambda x, at: sparse.bcoo_gather(x, at, dims, sizes), form, more=[starts], derive=form is FORMS[0],
                 offset_dims=offsets, collapsed_slice_dims=collapsed, start_index_map=mapped, slice_sizes=sizes)


def convolved(r, parts):
    line = lambda n: ((1, 1, n), (1, 1), (1, 1), 1)
    flat = lambda n: ((1, 1, n), (), (), 3)
    for lhs, rhs in [(line(6), line(3)), (flat(6), line(3)), (line(5), flat(2)), (line(3), line(5)), (((1, 1, 4), (1, 1), (1, 1), 0), line(2))]:
        for pads in ["VALID", "SAME", (1, 0), (2, 3), (-1, 1)]:
            (a, i), (b, j) = arrays(lhs, 4), arrays(rhs, 3)
            given = dict(padding=pads) if isinstance(pads, str) else dict(pads=pads)
            r.case("bcoo_conv_general_dilated", lambda a, i, b, j: parts(sparse.bcoo_conv_general_dilated(
                sparse.BCOO((a, i), shape=lhs[0]), sparse.BCOO((b, j), shape=rhs[0]), window_strides=(1,),
                padding=pads if isinstance(pads, str) else [pads])), a, i, b, j, derive=pads == "VALID", lhs_shape=lhs[0], rhs_shape=rhs[0], **given)


def sparse_operations(r):
    def bcoo_case(op, fn, form, nse=6, derive=False, more=(), **params):
        data, at = arrays(form, nse)
        made = lambda d, i, *rest: parts(fn(sparse.BCOO((d, i), shape=form[0]), *rest))
        r.case(op, made, data, at, *more, derive=derive, shape=form[0], **params)

    def parts(x):
        return (x.data, x.indices) if isinstance(x, sparse.BCOO) else x

    matrix, blocks, batches, every = FORMS[0], FORMS[2], FORMS[7], ((2, 3, 4), (2,), (2,), 2)
    for axes in [(0,), (1,), (0, 1)]:
        for form in [matrix, blocks, batches, every]:
            bcoo_case("bcoo_reduce_sum", lambda x: sparse.bcoo_reduce_sum(x, axes=axes), form, axes=axes)
    for permutation in [(1, 0), (0, 1)]:
        bcoo_case("bcoo_transpose", lambda x: sparse.bcoo_transpose(x, permutation=permutation), matrix, permutation=permutation)
    for form in [matrix, blocks, every]:
        data, at = arrays(form)
        data[..., 1] = 0
        rebuild = lambda d, i: sparse.BCOO((d, i), shape=form[0])
        for nse in [-1, 3, 9]:
            given = None if nse < 0 else nse
            r.case("bcoo_sum_duplicates", lambda d, i: parts(sparse.bcoo_sum_duplicates(rebuild(d, i), nse=given)), data, at, shape=form[0], nse=nse)
            r.case("bcoo_eliminate_zeros", lambda d, i: parts(sparse.bcoo.bcoo_eliminate_zeros(rebuild(d, i), nse=given)), data, at, shape=form[0], nse=nse)
        bcoo_case("bcoo_sort_indices", sparse.bcoo_sort_indices, form)
    for dimensions in [(0,), (1,), (0, 1)]:
        for form in [matrix, blocks, every]:
            bcoo_case("bcoo_rev", lambda x: sparse.bcoo_rev(x, dimensions=dimensions), form, dimensions=dimensions)
    for dimensions in [(1,), (0, 1), (-2,)]:
        bcoo_case("bcoo_squeeze", lambda x: sparse.bcoo_squeeze(x, dimensions=dimensions), ((1, 1, 4), (1,), (1,), 2), dimensions=dimensions)
    for form, sizes in [(matrix, (2, 6)), (matrix, (12,)), (matrix, (1, 3, 2, 2)), (blocks, (3, 2, 1)), (every, (2, 12)), (every, (2, 4, 3))]:
        bcoo_case("bcoo_reshape", lambda x: sparse.bcoo_reshape(x, new_sizes=sizes), form, new_sizes=sizes)
    for form, sizes, dims in [(matrix, (2, 3, 4), (1, 2)), (matrix, (3, 1, 4), (0, 2)), (every, (2, 5, 3, 4), (0, 2, 3))]:
        bcoo_case("bcoo_broadcast_in_dim", lambda x: sparse.bcoo_broadcast_in_dim(x, shape=sizes, broadcast_dimensions=dims), form,
                  new_sizes=sizes, broadcast_dimensions=dims)
    for form, start, limit, strides in [(matrix, (0, 1), (3, 4), (1, 1)), (matrix, (1, 0), (2, 4), (1, 2)), (matrix, (0, 0), (1, 2), (1, 1)),
                                        (blocks, (1, 0), (3, 1), (1, 1)), (every, (0, 1, 0), (1, 3, 3), (1, 1, 2))]:
        bcoo_case("bcoo_slice", lambda x: sparse.bcoo_slice(x, start_indices=start, limit_indices=limit, strides=strides), form,
                  start_indices=start, limit_indices=limit, strides=strides)
    for form, starts, sizes in [(matrix, (1, 1), (2, 2)), (matrix, (-1, 3), (2, 3)), (matrix, (0, 0), (1, 2)), (blocks, (1, 1), (2, 1)), (every, (1, 0, 2), (1, 3, 2)),
                                (every, (-1, 0, -3), (1, 3, 2)), (blocks, (1, -1), (2, 1))]:
        at = [np.int32(k) for k in starts]
        bcoo_case("bcoo_dynamic_slice", lambda x, *s: sparse.bcoo_dynamic_slice(x, s, sizes), form, more=at, slice_sizes=sizes)
    for form, other in [(matrix, (3, 4)), (matrix, (4,)), (matrix, (3, 1)), (matrix, ()), (every, (2, 3, 4)), (blocks, (3, 2))]:
        clean = arrays(form, beyond=False)
        r.case("bcoo_multiply_dense", lambda d, i, v: sparse.bcoo.bcoo_multiply_dense(sparse.BCOO((d, i), shape=form[0]), v), *clean,
               values(other, "float32", 9), shape=form[0])
    for left, right in [(matrix, matrix), (matrix, ((3, 1), (), (), 2)), (FORMS[1], FORMS[1]), (every, every)]:
        (a, i), (b, j) = arrays(left, 4), arrays(right, 5)
        r.case("bcoo_multiply_sparse", lambda a, i, b, j: parts(sparse.bcoo_multiply_sparse(
            sparse.BCOO((a, i), shape=left[0]), sparse.BCOO((b, j), shape=right[0]))), a, i, b, j, lhs_shape=left[0], rhs_shape=right[0])
    for form, shapes, dimension in [(matrix, [(3, 4), (2, 4)], 0), (matrix, [(3, 4), (3, 2)], 1), (every, [(2, 3, 4), (1, 3, 4)], 0), (every, [(2, 3, 4), (2, 1, 4)], 1)]:
        first, second = arrays((shapes[0], *form[1:]), 4), arrays((shapes[1], tuple(shapes[1][:len(form[1])]), tuple(shapes[1][:len(form[2])]), form[3]), 3)
        r.case("bcoo_concatenate", lambda a, i, b, j: parts(sparse.bcoo_concatenate(
            [sparse.BCOO((a, i), shape=shapes[0]), sparse.BCOO((b, j), shape=shapes[1])], dimension=dimension)), *first, *second,
            shapes=[*shapes[0], *shapes[1]], dimension=dimension)
    layouts(r, bcoo_case)
    gathered(r, bcoo_case)
    convolved(r, parts)
    numbers = dict(lhs_contracting=(1,), rhs_contracting=(0,))
    matmul = (((1,), (0,)), ((), ()))
    bcoo_case("bcoo_dot_general", lambda x, v: sparse.bcoo_dot_general(x, v, dimension_numbers=matmul), matrix, derive=True,
              more=[values((4, 2), "float32", 9)], **numbers)
    bcoo_case("bcoo_todense", lambda x: x.todense(), matrix, derive=True)
    data, at = arrays(matrix)
    r.case("bcoo_rdot_general", lambda v, d, i: sparse.bcoo.bcoo_dot_general(v, sparse.BCOO((d, i), shape=(3, 4)), dimension_numbers=matmul),
           values((2, 3), "float32", 9), data, at, shape=(3, 4), **numbers)
    r.case("bcoo_extract", lambda i, x: sparse.bcoo._bcoo_extract(i, x), at, values((3, 4), "float32", 9), assume_unique=True)
    r.case("bcoo_dot_general_sampled", lambda a, b, i: sparse.bcoo_dot_general_sampled(a, b, i, dimension_numbers=matmul),
           values((3, 2), "float32"), values((2, 4), "float32"), at, **numbers)
    (a, i), (b, j) = arrays(matrix, 4), arrays(((4, 2), (), (), 2), 4)
    r.case("bcoo_spdot_general", lambda a, i, b, j: parts(sparse.bcoo_dot_general(
        sparse.BCOO((a, i), shape=(3, 4)), sparse.BCOO((b, j), shape=(4, 2)), dimension_numbers=matmul)), a, i, b, j,
        lhs_shape=(3, 4), rhs_shape=(4, 2), **numbers)
    x = holes((3, 4), "float32")
    for nse in [-1, 3, 9]:
        given = None if nse < 0 else nse
        for of, name in [(sparse.BCOO, "bcoo"), (sparse.BCSR, "bcsr"), (sparse.COO, "coo"), (sparse.CSR, "csr")]:
            arrays_of = lambda v: tuple(of.fromdense(v, nse=given)._bufs)
            r.case(f"{name}_fromdense", arrays_of, x, nse=nse)
    data, (cols, starts) = values((6,), "float32"), compressed(3, 4, 6, 6)
    row, col = places((), 6, (3, 4), 4, beyond=False).T
    vector, other = values((4,), "float32", 9), values((4, 2), "float32", 9)
    for of, name, where in [(sparse.BCSR, "bcsr", (cols, starts)), (sparse.CSR, "csr", (cols, starts)), (sparse.COO, "coo", (row, col))]:
        build = lambda *a: of(a, shape=(3, 4))
        r.case(f"{name}_todense", lambda *a: build(*a).todense(), data, *where, shape=(3, 4))
        r.case("todense", lambda *a: sparse.todense(build(*a)), data, *where, derive=name != "csr", layout=name, shape=(3, 4))
        if name == "bcsr":
            r.case("bcsr_dot_general", lambda *a: sparse.bcsr_dot_general(build(*a[:3]), a[3], dimension_numbers=matmul), data, *where, other,
                   shape=(3, 4), **numbers)
            r.case("bcsr_extract", lambda *a: bcsr.bcsr_extract(*a), *where, values((3, 4), "float32", 9))
            r.case("bcsr_to_bcoo", lambda *a: bcsr._bcsr_to_bcoo(*a, shape=(3, 4)), *where)
            r.case("bcoo_to_bcsr", lambda i: bcsr._bcoo_to_bcsr(i, shape=(3, 4), index_dtype="int32"), bcsr._bcsr_to_bcoo(*where, shape=(3, 4)), shape=(3, 4))
        else:
            r.case(f"{name}_matvec", lambda *a: build(*a[:3]) @ a[3], data, *where, vector, shape=(3, 4))
            r.case(f"{name}_matmat", lambda *a: build(*a[:3]) @ a[3], data, *where, other, shape=(3, 4))


def equations(r):
    """Where the matrix is far from singular: what is in no row does not count."""
    for dtype in [*FLOATS, "complex64", "complex128"]:
        for n in [1, 2, 3, 5, 8]:
            dense = values((n, n), "complex64" if dtype == "complex128" else dtype).astype(dtype)
            dense = np.where(np.random.default_rng(n).uniform(size=(n, n)) < 0.5, dense, 0) + 4 * np.eye(n)[::-1]
            made = sparse.CSR.fromdense(dense.astype(dtype))
            b = values((n,), "complex64" if dtype == "complex128" else dtype, 9).astype(dtype)
            r.case("spsolve", lambda d, i, p, b: linalg.spsolve(d, i, p, b), made.data, made.indices, made.indptr, b, tol="1e-06", reorder=1)


GROUPS = [coordinate_arrays, coordinate_products, from_dense, compressed_rows, equations, sparse_operations]
