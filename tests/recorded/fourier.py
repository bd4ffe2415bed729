"""Fourier transforms: the primitive, and jax.numpy.fft."""
import jax.numpy as jnp
import numpy as np
from jax import lax

from recording import integers, ordinary

NAMES = {"s": "lengths"}
REAL = {"complex64": "float32", "complex128": "float64"}


def complex_array(shape, dtype, seed=7):
    return (ordinary(-2, 2, shape, REAL[dtype], seed) + 1j * ordinary(-2, 2, shape, REAL[dtype], seed + 1)).astype(dtype)


def fourier(r):
    numbers = {"fft": 0, "ifft": 1, "rfft": 2, "irfft": 3}
    for dtype in REAL:
        for kind in numbers:
            for outer, lengths in [((), (1,)), ((), (4,)), ((2,), (5,)), ((), (7,)), ((2,), (2, 3)), ((), (3, 4)), ((), (2, 3, 4)),
                                   ((2,), (3, 1, 5)), ((), (96,)), ((0,), (4,)), ((), (0, 4)), ((), (0,))]:
                if kind == "rfft" and lengths == (0,):
                    continue
                last = lengths[-1] // 2 + 1 if kind == "irfft" else lengths[-1]
                shape = (*outer, *lengths[:-1], last)
                x = ordinary(-2, 2, shape, REAL[dtype]) if kind == "rfft" else complex_array(shape, dtype)
                r.case("fft", lambda v: lax.fft(v, kind, lengths), x, derive=x.size > 0 and np.prod(lengths) > 0, fft_type=numbers[kind], fft_lengths=lengths)


def fourier_operations(r):
    fft = jnp.fft
    x, z = ordinary(-2, 2, (4, 5), "float32"), complex_array((4, 5), "complex64")
    for op in ["fft", "ifft", "rfft", "irfft", "hfft", "ihfft"]:
        fn, real = getattr(fft, op), op in ("rfft", "ihfft")
        for norm in ["backward", "ortho", "forward"]:
            for options in [{}, {"n": 3}, {"n": 8}, {"axis": 0}, {"n": 6, "axis": 0}]:
                r.case(op, lambda v: fn(v, norm=norm, **options), x if real else z, norm=norm, **options)
        r.case(op, fn, integers((6,), "int32"))
        r.case(op, fn, ordinary(-2, 2, (6,), "float64"))
    for op in ["fft2", "ifft2", "rfft2", "irfft2", "fftn", "ifftn", "rfftn", "irfftn"]:
        fn = getattr(fft, op)
        many = ordinary(-2, 2, (2, 3, 2, 3), "float32") if op.startswith("r") else complex_array((2, 3, 2, 3), "complex64")
        for options in [{}, {"norm": "ortho"}, {"norm": "forward"}, {"s": (4, 2)}, {"axes": (0, 2)}, {"s": (3, 5), "axes": (1, -1), "norm": "ortho"}]:
            r.case(op, lambda v: fn(v, **options), many, **{NAMES.get(name, name): value for name, value in options.items()})
        if op.endswith("n"):
            r.case(op, fn, many[:, :, None])
            r.case(op, lambda v: fn(v, axes=(2,)), many, axes=(2,))
    for n in [0, 1, 4, 7]:
        r.case("fftfreq", lambda: fft.fftfreq(n, 0.5), n=n, d=0.5)
        r.case("fftfreq", lambda: fft.fftfreq(n, 0.1, dtype="float32"), n=n, d=0.1, dtype="f32")
        r.case("rfftfreq", lambda: fft.rfftfreq(n or 1, 0.5), n=n or 1, d=0.5)
    for op, fn in [("fftshift", fft.fftshift), ("ifftshift", fft.ifftshift)]:
        for options in [{}, {"axes": (0,)}, {"axes": (-1,)}]:
            r.case(op, lambda v: fn(v, **options), x, **options)
        r.case(op, fn, np.arange(5))
    for kind, lengths in [("fft", ()), ("fft", (5,)), ("ifft", (4, 5)), ("irfft", (4, 8))]:
        r.case("lax_fft", lambda v: lax.fft(v, kind, lengths), x, fft_type=kind, fft_lengths=lengths)
    r.case("lax_fft", lambda v: lax.fft(v, "rfft", (5,)), integers((4, 5), "int32"), fft_type="rfft", fft_lengths=(5,))


GROUPS = [fourier, fourier_operations]
