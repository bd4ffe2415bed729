"""Images in other sizes, values between those of grids, cosine transforms, polynomials from points."""
import jax
import jax.numpy as jnp
import numpy as np
from jax import image
from jax.scipy import fft as scipy_fft
from jax.scipy.interpolate import RegularGridInterpolator
from jax.scipy.ndimage import map_coordinates as jax_map_coordinates

from recording import FLOATS, integers, ordinary

METHODS = ["linear", "cubic", "cubic-pytorch", "lanczos3", "lanczos5", "area"]


def images(r):
    picture, volume = ordinary(-1, 2, (4, 5), "float32"), ordinary(-1, 2, (2, 3, 4), "float64")
    for method in ["nearest", *METHODS, "bicubic"]:
        for shape in [(7, 5), (2, 3), (4, 5), (8, 2), (1, 1)]:
            r.case("image_resize", lambda x: image.resize(x, shape, method), picture, shape=shape, method=method)
            r.case("image_resize", lambda x: image.resize(x, shape, method, antialias=False), picture, shape=shape, method=method, antialias=False)
        r.case("image_resize", lambda x: image.resize(x, (4, 3, 2), method), volume, shape=(4, 3, 2), method=method)
        r.case("image_resize", lambda x: image.resize(x, (3, 4), method), integers((4, 5), "int32"), shape=(3, 4), method=method)
    r.case("image_resize", lambda x: image.resize(x, (0, 5), "linear"), picture, shape=(0, 5), method="linear")
    for method in METHODS:
        for antialias in [True, False]:
            for dims in [(0, 1), (1, 0), (1,)]:
                scale, moved = ordinary(0.4, 2, (len(dims),), "float32", 3), ordinary(-1, 1.5, (len(dims),), "float32", 4)
                shape = (5, 6) if len(dims) == 2 else (4, 3)
                r.case("image_scale_and_translate", lambda x, s, t: image.scale_and_translate(x, shape, dims, s, t, method, antialias), picture, scale, moved,
                       wrt=[0] if method == "cubic-pytorch" else None, shape=shape, spatial_dims=dims, method=method, antialias=antialias)


def map_coordinates(r):
    x, cube = ordinary(-1, 2, (4, 5), "float32"), ordinary(-1, 2, (3, 2, 4), "float64")
    rows, columns = np.array([[0.3, 1.5, -0.7], [3.2, 4.9, 2.0]], np.float32), np.array([[1.2, -1.6, 4.4], [0.5, 6.1, 3.0]], np.float32)
    for mode in ["constant", "nearest", "wrap", "mirror", "reflect"]:
        for order in [0, 1]:
            r.case("map_coordinates", lambda v, a, b: jax_map_coordinates(v, [a, b], order, mode), x, rows, columns, order=order, mode=mode)
            r.case("map_coordinates", lambda v, a, b: jax_map_coordinates(v, [a, b], order, mode, 1.5), integers((4, 5), "int32"), rows, columns, order=order, mode=mode, cval=1.5)
            r.case("map_coordinates", lambda v, a: jax_map_coordinates(v, [a], order, mode, -2.0), x[0], rows[0], order=order, mode=mode, cval=-2.0)
            whole = np.array([2, -1, 7], np.int32)
            r.case("map_coordinates", lambda v, a, b: jax_map_coordinates(v, [a, b], order, mode), x, whole, whole, order=order, mode=mode)
        r.case("map_coordinates", lambda v, *a: jax_map_coordinates(v, a, 1, mode), cube, rows.astype("float64"), columns.astype("float64"), rows * 0 + 1.25, order=1, mode=mode)


def grids(r):
    places = np.array([0.0, 0.5, 2.0, 3.0], np.float32), np.array([-1.0, 0.25, 1.0], np.float32)
    values, deep = ordinary(-1, 2, (4, 3), "float32"), ordinary(-1, 2, (4, 3, 2), "float32")
    points = np.array([[0.2, 0.1], [1.7, -0.9], [3.0, 1.0], [0.5, 0.25], [-0.3, 0.2], [2.5, 1.4], [2.9, 0.3]], np.float32)
    for method in ["linear", "nearest"]:
        for data in [values, deep, values.astype(np.float64), integers((4, 3), "int32")]:
            wide = [a.astype(data.dtype if data.dtype.kind == "f" else "float32") for a in (points, *places)]
            r.case("regular_grid_interpolator", lambda x, v, *p: RegularGridInterpolator(p, v, method)(x), wide[0], data, *wide[1:], derive=method == "linear" and data.dtype.kind == "f",
                   wrt=[0, 1], method=method)
        r.case("regular_grid_interpolator", lambda x, v, *p: RegularGridInterpolator(p, v, method, fill_value=-7.0)(x), points, values, *places, wrt=[1], method=method, fill_value=-7.0)
        r.case("regular_grid_interpolator", lambda x, v, *p: RegularGridInterpolator(p, v, method, fill_value=None)(x), points, values, *places, wrt=[1], method=method, extrapolate=True)
        r.case("regular_grid_interpolator", lambda x, v, p: RegularGridInterpolator((p,), v, method)(x), points[:, 0], values, places[0], wrt=[1], method=method)
        r.case("regular_grid_interpolator", lambda x, v, *p: RegularGridInterpolator(p, v, method)(x), points[:6].reshape(2, 3, 2), values, *places, wrt=[1], method=method)


def cosines(r):
    for dtype in FLOATS:
        x = ordinary(-1, 2, (3, 5), dtype)
        for op in ["dct", "idct"]:
            fn = getattr(scipy_fft, op)
            for norm in ["backward", "ortho"]:
                for n, axis in [(None, -1), (None, 0), (4, -1), (8, 1), (1, 0)]:
                    words = {"n": n} if n else {}
                    r.case(op, lambda v: fn(v, n=n, axis=axis, norm=norm), x, axis=axis, norm=norm, **words)
        for op in ["dctn", "idctn"]:
            fn = getattr(scipy_fft, op)
            for norm in ["backward", "ortho"]:
                r.case(op, lambda v: fn(v, norm=norm), x, norm=norm)
                r.case(op, lambda v: fn(v, axes=(1,), norm=norm), x, axes=(1,), norm=norm)
                r.case(op, lambda v: fn(v, s=(4, 3), norm=norm), x, lengths=(4, 3), norm=norm)
                r.case(op, lambda v: fn(v, axes=(2, 0), norm=norm), ordinary(-1, 2, (3, 2, 4), dtype), axes=(2, 0), norm=norm)
    for op in ["dct", "idct", "dctn", "idctn"]:
        r.case(op, getattr(scipy_fft, op), (ordinary(-1, 1, (4,), "float32") + 1j).astype("complex64"), derive=False)


def fits(r):
    x, y, w = ordinary(-1, 2, (7,), "float64"), ordinary(-1, 1, (7,), "float64", 8), ordinary(0.5, 2, (7,), "float64", 9)
    for degree in [0, 1, 2, 3]:
        r.case("polyfit", lambda a, b: jnp.polyfit(a, b, degree), x, y, degree=degree)
        r.case("polyfit", lambda a, b, c: jnp.polyfit(a, b, degree, w=c), x, y, w, degree=degree)
        r.case("polyfit", lambda a, b: jnp.polyfit(a, b, degree), x.astype("float32"), y.astype("float32"), degree=degree, derive=False)
        r.case("polyfit", lambda a, b: jnp.polyfit(a, b, degree), x, np.stack([y, w], 1), degree=degree)
        for cov, ours in [(True, "scaled"), ("unscaled", "unscaled")]:
            r.case("polyfit", lambda a, b: jnp.polyfit(a, b, degree, cov=cov), x, y, degree=degree, cov=ours, derive=False)
            r.case("polyfit", lambda a, b: jnp.polyfit(a, b, degree, cov=cov), x, np.stack([y, w], 1), degree=degree, cov=ours, derive=False)
    r.case("polyfit", lambda a, b: jnp.polyfit(a, b, 2, full=True), x, y, degree=2, full=True, derive=False)
    r.case("polyfit", lambda a, b: jnp.polyfit(a, b, 2, rcond=0.5), x, y, degree=2, rcond=0.5, derive=False)
    for p in [[1.0, -3.0, 2.0], [0.0, 0.0, 2.0, -1.0, -3.0], [2.0, 0.0], [4.0], [0.0, 0.0], [1.0, 2.0, 3.0, 4.0, 5.0]]:
        for dtype in FLOATS:
            r.case("roots", jnp.roots, np.array(p, dtype), derive=False)
            r.case("roots", lambda v: jnp.roots(v, strip_zeros=False), np.array(p, dtype), strip_zeros=False, derive=False)
    r.case("roots", jnp.roots, np.array([1, -3, 2], np.int32))


def dependent_numbers(r):
    jax.config.update("jax_threefry_partitionable", True)
    key = np.asarray(jax.random.PRNGKey(7))
    mean, root = ordinary(-1, 1, (3,), "float32"), ordinary(-1, 1, (3, 3), "float32", 8)
    cov = (root @ root.T + np.eye(3)).astype("float32")
    stack = np.stack([cov, np.eye(3, dtype="float32")])
    for method in ["cholesky", "eigh", "svd"]:
        # The signs of eigenvectors are free, so these two are compared where they cancel.
        cases = [(mean, cov, None), (mean, stack, None), (np.stack([mean, mean]), cov, (2,)), (mean, cov, (4, 2))] if method == "cholesky" else []
        for m, c, shape in cases:
            words = {"shape": shape} if shape else {}
            r.case("random_multivariate_normal", lambda k, a, b: jax.random.multivariate_normal(k, a, b, shape, "float32", method), key, m, c, dtype="f32", method=method, **words)
    diagonal = np.diag(np.array([1.0, 4.0, 9.0], np.float64))
    r.case("random_multivariate_normal", lambda k, a, b: jax.random.multivariate_normal(k, a, b), key, mean.astype("float64"), diagonal)
    for n, m, shape in [(3, None, ()), (2, 4, ()), (4, 2, (2,)), (1, 1, ())]:
        words = {**({"m": m} if m else {}), **({"shape": shape} if shape else {})}
        for dtype in FLOATS:
            r.case("random_orthogonal", lambda k: jax.random.orthogonal(k, n, shape, dtype, m), key, n=n, dtype="f32" if dtype == "float32" else "f64", **words)
    for shape in [(3, 3), (2, 3, 4), (4, 2)]:
        for axis in [-1, 0]:
            r.case("initializers_orthogonal", lambda k: jax.nn.initializers.orthogonal(1.5, axis)(k, shape, "float32"), key, shape=shape, scale=1.5, column_axis=axis, dtype="f32")
    for shape in [(3, 2, 3), (2, 3, 2, 2), (1, 3, 3, 2, 4)]:
        r.case("initializers_delta_orthogonal", lambda k: jax.nn.initializers.delta_orthogonal()(k, shape, "float32"), key, shape=shape, dtype="f32")
    from jax.scipy.stats import multivariate_normal as normal
    for op in ["logpdf", "pdf"]:
        fn = getattr(normal, op)
        x = ordinary(-2, 2, (4, 3), "float32", 5)
        for args in [(x, mean, cov), (x[0], mean, cov), (x, mean, np.float32(2)), (x[0, 0], mean[0], np.float32(1.5)), (x[:2], mean, stack), (integers((3,), "int32"), mean, cov)]:
            r.case(f"multivariate_normal_{op}", fn, *args, derive=args[0].dtype.kind == "f")


GROUPS = [images, map_coordinates, grids, cosines, fits, dependent_numbers]
