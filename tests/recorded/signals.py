"""Signals: convolution, trends, spectra over time."""
import jax
import jax.numpy as jnp
import numpy as np
from jax.scipy import signal

from recording import FLOATS, integers, ordinary


def convolved(r):
    for dtype in [*FLOATS, "complex64"]:
        turn = 1 if dtype != "complex64" else 1 - 0.5j
        row, kernel = (ordinary(-1, 1, (7,), "float64") * turn).astype(dtype), (ordinary(-1, 1, (3,), "float64", 8) * turn).astype(dtype)
        image, stamp = (ordinary(-1, 1, (4, 5), "float64") * turn).astype(dtype), (ordinary(-1, 1, (2, 3), "float64", 8) * turn).astype(dtype)
        for mode in ["full", "same", "valid"]:
            for a, b in [(row, kernel), (kernel, row), (image, stamp), (stamp, image), (row, row)]:
                r.case("fftconvolve", lambda a, b: signal.fftconvolve(a, b, mode), a, b, mode=mode)
                for op in ["convolve", "correlate"]:
                    r.case(f"signal_{op}", lambda a, b: getattr(signal, op)(jnp.asarray(a), jnp.asarray(b), mode), a, b, mode=mode)
                if a.ndim == 2:
                    r.case("convolve2d", lambda a, b: signal.convolve2d(jnp.asarray(a), jnp.asarray(b), mode), a, b, mode=mode)
                    r.case("correlate2d", lambda a, b: signal.correlate2d(jnp.asarray(a), jnp.asarray(b), mode), a, b, mode=mode)
            r.case("signal_convolve", lambda a, b: signal.convolve(a, b, mode, "fft"), row, kernel, mode=mode, method="fft")
            r.case("fftconvolve", lambda a, b: signal.fftconvolve(a, b, mode, axes=1), image, ordinary(-1, 1, (4, 2), "float64").astype(dtype), mode=mode, axes=(1,))
    r.case("signal_convolve", signal.convolve, integers((5,), "int32"), integers((2,), "int32"))
    r.case("fftconvolve", signal.fftconvolve, np.float64([[2.0]]), ordinary(-1, 1, (1, 3), "float64"))
    for dtype in FLOATS:
        x = ordinary(-1, 1, (3, 8), dtype)
        for axis in [0, -1]:
            r.case("detrend", lambda v: signal.detrend(v, axis, "constant"), x, axis=axis, kind="constant")
            r.case("detrend", lambda v: signal.detrend(v, axis), x, axis=axis)
        r.case("detrend", lambda v: signal.detrend(v, bp=[3, 5]), x, bp=(3, 5))


def spectra(r):
    own = ordinary(0.2, 1, (8,), "float64", 9)
    for dtype in [*FLOATS, "complex128"]:
        turn = 1 if dtype != "complex128" else 1 - 0.5j
        x, y = (ordinary(-1, 1, (2, 37), "float64") * turn).astype(dtype), (ordinary(-1, 1, (2, 30), "float64", 8) * turn).astype(dtype)
        cases = [{}, {"nperseg": 8}, {"nperseg": 7, "noverlap": 2}, {"nperseg": 8, "nfft": 11}, {"nperseg": 8, "return_onesided": False}, {"fs": 4.0, "nperseg": 6},
                 {"nperseg": 1, "noverlap": 0}]
        for options in cases:
            for boundary in ["zeros", "constant", "even", "odd", None] if options == {"nperseg": 8} else ["zeros"]:
                words = {**options, **({"boundary": boundary or ""} if boundary != "zeros" else {})}
                r.case("stft", lambda v: signal.stft(v, **options, boundary=boundary), x, **words, derive=False)
            for detrend in ["constant", "linear", False] if options == {"nperseg": 8} else ["constant"]:
                words = {**options, **({"detrend": detrend or ""} if detrend != "constant" else {})}
                r.case("welch", lambda v: signal.welch(v, **options, detrend=detrend), x, **words, derive=False)
            r.case("csd", lambda a, b: signal.csd(a, b, **options), x, y, **options, derive=False)
        for average in ["mean", "median"]:
            for scaling in ["density", "spectrum"]:
                r.case("welch", lambda v: signal.welch(v, nperseg=5, average=average, scaling=scaling), x, nperseg=5, average=average, scaling=scaling, derive=False)
                r.case("csd", lambda a, b: signal.csd(a, b, nperseg=5, average=average, scaling=scaling), x, y, nperseg=5, average=average, scaling=scaling, derive=False)
        r.case("welch", lambda v: signal.welch(v, nperseg=2, axis=0), x, nperseg=2, axis=0, derive=False)
        r.case("stft", lambda v: signal.stft(v, nperseg=2, axis=0, padded=False), x, nperseg=2, axis=0, padded=False, derive=False)
        if dtype == "float64":
            r.case("welch", lambda v, w: signal.welch(v, window=w), x, own, derive=False)
            r.case("stft", lambda v, w: signal.stft(v, window=w, nperseg=8), x, own, nperseg=8, derive=False)
        backwards(r, x, dtype)


def backwards(r, x, dtype):
    sided = dtype != "complex128"
    for options in [{}, {"noverlap": 2}, {"fs": 4.0}, {"boundary": False}]:
        z = np.asarray(signal.stft(x, nperseg=8, return_onesided=sided, **({"noverlap": 2} if "noverlap" in options else {}))[2])
        r.case("istft", lambda v: signal.istft(v, input_onesided=sided, **options), z, input_onesided=sided, **options, derive=False)
    r.case("istft", lambda v: signal.istft(v, input_onesided=sided, time_axis=0, freq_axis=1), np.moveaxis(z, (2, 1), (0, 1)), input_onesided=sided, time_axis=0, freq_axis=1, derive=False)


GROUPS = [convolved, spectra]
