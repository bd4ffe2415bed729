//! Fourier transforms.

use jaxrs_ir::prims::FftType;

use super::*;
use crate::lax;
use crate::numpy::{self, fft};

const LENGTH: &str =
    "how many elements, cut or filled with zeros; 0 stands for as many as there are";
const LENGTHS: &str = "how many elements along each axis, cut or filled with zeros; an empty list stands for as many as there are";
const ALONG: &str = "along which axis";
const BY_DEFAULT: &str =
    "which axes; an empty list stands for the last ones, as many as lengths, or for all";
const TWO: &str = "which two axes";
const NORM: &str = "what is divided by the number of elements: `backward` the inverse, `forward` the forward \
    transforms, `ortho` both by its square root";

/// A length, if it is given.
fn given(n: i64) -> Option<i64> {
    (n != 0).then_some(n)
}

/// A list, if it is given.
fn listed(list: &[i64]) -> Option<&[i64]> {
    (!list.is_empty()).then_some(list)
}

fn two(name: &str, axes: &[i64]) -> Result<[i64; 2]> {
    match axes {
        &[first, second] => Ok([first, second]),
        _ => bail!(InvalidArgument, "{name} needs 2 axes, got {axes:?}"),
    }
}

/// The whole numbers that are lengths.
fn whole(name: &str, lengths: &[i64]) -> Result<Vec<usize>> {
    let length = |&n: &i64| match usize::try_from(n) {
        Ok(n) => Ok(n),
        Err(_) => bail!(InvalidArgument, "{name} needs lengths of at least 0, got {lengths:?}"),
    };
    lengths.iter().map(length).collect()
}

macro_rules! along_one {
    ($name:literal, $function:path, $doc:literal) => {
        op!($name, $doc, (x)
            { n: I64 = 0, LENGTH; axis: I64 = -1, ALONG; norm: Str = "backward", NORM; }
            => |cx| $function(cx, x, given(n), axis, norm))
    };
}

macro_rules! along_two {
    ($name:literal, $function:path, $doc:literal) => {
        op!($name, $doc, (x)
            { lengths: I64s = &[], LENGTHS; axes: I64s = &[-2, -1], TWO; norm: Str = "backward", NORM; }
            => |cx| $function(cx, x, listed(lengths), two($name, axes)?, norm))
    };
}

macro_rules! along_several {
    ($name:literal, $function:path, $doc:literal) => {
        op!($name, $doc, (x)
            { lengths: I64s = &[], LENGTHS; axes: I64s = &[], BY_DEFAULT; norm: Str = "backward", NORM; }
            => |cx| $function(cx, x, listed(lengths), listed(axes), norm))
    };
}

pub(super) static OPS: &[Op] = &[
    along_one!("fft", fft::fft, "The discrete Fourier transform along an axis."),
    along_one!("ifft", fft::ifft, "The inverse discrete Fourier transform along an axis."),
    along_one!("rfft", fft::rfft, "The first half of the spectrum of real numbers along an axis."),
    along_one!(
        "irfft",
        fft::irfft,
        "The real numbers that half of a spectrum belongs to; by default an even number of them."
    ),
    along_one!(
        "hfft",
        fft::hfft,
        "The real spectrum of numbers of which half is given, the other half being conjugate to it."
    ),
    along_one!("ihfft", fft::ihfft, "The first half of the numbers whose real spectrum is given."),
    along_two!("fft2", fft::fft2, "The discrete Fourier transform along two axes."),
    along_two!("ifft2", fft::ifft2, "The inverse discrete Fourier transform along two axes."),
    along_two!(
        "rfft2",
        fft::rfft2,
        "The transform of real numbers along two axes, halved along the second."
    ),
    along_two!("irfft2", fft::irfft2, "The inverse of rfft2."),
    along_several!("fftn", fft::fftn, "The discrete Fourier transform along several axes."),
    along_several!(
        "ifftn",
        fft::ifftn,
        "The inverse discrete Fourier transform along several axes."
    ),
    along_several!(
        "rfftn",
        fft::rfftn,
        "The transform of real numbers along several axes, halved along the last of them."
    ),
    along_several!("irfftn", fft::irfftn, "The inverse of rfftn."),
    along_one!(
        "dct",
        numpy::dct,
        "The cosine transform of the second kind along an axis; `ortho` makes it orthogonal."
    ),
    along_one!("idct", numpy::idct, "The inverse of dct."),
    along_several!(
        "dctn",
        numpy::dctn,
        "The cosine transform of the second kind along several axes."
    ),
    along_several!("idctn", numpy::idctn, "The inverse of dctn."),
    op!("lax_fft", "A Fourier transform along the last axes, up to three of them.", (x)
        { fft_type: Str, "`fft`, `ifft`, `rfft` or `irfft`"; fft_lengths: I64s, "the sizes of those axes, for `irfft` of the result"; }
        => |cx| lax::fft(cx, x, FftType::from_name(fft_type)?, &whole("lax_fft", fft_lengths)?)),
    op!("fftfreq", "The frequencies of the results of fft of n samples.", ()
        { n: I64, "how many samples"; d: F64 = 1.0, "how far they are apart"; dtype: DType = None, "the element type; by default the default float"; }
        => |cx| fft::fftfreq(cx, n, d, dtype)),
    op!("rfftfreq", "The frequencies of the results of rfft of n samples.", ()
        { n: I64, "how many samples"; d: F64 = 1.0, "how far they are apart"; dtype: DType = None, "the element type; by default the default float"; }
        => |cx| fft::rfftfreq(cx, n, d, dtype)),
    op!("fftshift", "A spectrum with the zero frequency in the middle.", (x)
        { axes: I64s = &[], "of which axes; an empty list stands for all"; }
        => |cx| fft::fftshift(cx, x, axes)),
    op!("ifftshift", "Undoes fftshift.", (x)
        { axes: I64s = &[], "of which axes; an empty list stands for all"; }
        => |cx| fft::ifftshift(cx, x, axes)),
];
