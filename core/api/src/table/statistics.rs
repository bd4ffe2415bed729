//! Averages, order statistics, histograms; differences, areas, interpolation; polynomials and windows.

use super::numbers::given;
use super::search::one_more;
use super::*;
use crate::numpy::{self, CovOptions, FitReport, Outside, QuantileOptions};

const DDOF: &str = "how many fewer than there are elements the divisor is";
const METHOD: &str = "between two elements: `linear`, `lower`, `higher`, `midpoint` or `nearest`";
const FLAT: &str = "along which axis; of the flattened array if none";
const KEPT: &str = "whether the reduced axis stays with size 1";
const ROWVAR: &str = "whether variables are rows, not columns";

macro_rules! over_axes {
    ($name:literal, $function:path, $doc:literal) => {
        op!($name, $doc, (x) { axes: I64s = &[], AXES; keepdims: Bool = false, KEEPDIMS; }
            => |cx| $function(cx, x, axes, keepdims))
    };
}

macro_rules! with_ddof {
    ($name:literal, $function:path, $doc:literal) => {
        op!($name, $doc, (x) { axes: I64s = &[], AXES; ddof: F64 = 0.0, DDOF; keepdims: Bool = false, KEEPDIMS; }
            => |cx| $function(cx, x, axes, ddof, keepdims))
    };
}

macro_rules! quantile {
    ($name:literal, $function:path, $ignores_nan:literal, $doc:literal) => {
        op!($name, $doc, (x, q) { axes: I64s = &[], AXES; method: Str = "linear", METHOD; keepdims: Bool = false, KEEPDIMS; }
            => |cx| $function(cx, x, q, QuantileOptions { axes, method, keepdims, ignores_nan: $ignores_nan }))
    };
}

macro_rules! window {
    ($name:literal, $function:path, $doc:literal) => {
        op!($name, $doc, () { m: I64, "how many numbers"; } => |cx| $function(cx, m))
    };
}

fn outside(name: &str, word: &str) -> Result<Outside> {
    match word {
        "" => Ok(Outside::Nearest),
        "extrapolate" => Ok(Outside::Extrapolate),
        number => match number.parse() {
            Ok(number) => Ok(Outside::Number(number)),
            Err(_) => bail!(
                InvalidArgument,
                "interp takes for {name} a number or extrapolate, got {number:?}"
            ),
        },
    }
}

fn range(low: f64, high: f64) -> Option<[f64; 2]> {
    Some([given(low)?, given(high)?])
}

pub(super) static OPS: &[Op] = &[
    op!("average", "The mean, with weights for each element or for each place along the axes.", (x [weights])
    { axes: I64s = &[], AXES; returned: Bool = false, "whether to give the sum of weights, too"; keepdims: Bool = false, KEEPDIMS; }
    => list |cx| {
        let all = numpy::average(cx, x, one_more("average", weights)?, axes, keepdims)?;
        Ok(all.into_iter().take(if returned { 2 } else { 1 }).collect())
    }),
    over_axes!("ptp", numpy::ptp, "The largest element less the smallest."),
    over_axes!(
        "nanmax",
        numpy::nanmax,
        "The largest element that is not NaN; NaN if there is none."
    ),
    over_axes!(
        "nanmin",
        numpy::nanmin,
        "The smallest element that is not NaN; NaN if there is none."
    ),
    over_axes!("nansum", numpy::nansum, "The sum of elements that are not NaN."),
    over_axes!("nanprod", numpy::nanprod, "The product of elements that are not NaN."),
    over_axes!("nanmean", numpy::nanmean, "The mean of elements that are not NaN."),
    with_ddof!("nanvar", numpy::nanvar, "The variance of elements that are not NaN."),
    with_ddof!("nanstd", numpy::nanstd, "The standard deviation of elements that are not NaN."),
    op!("nancumsum", "The sums of elements up to each one, NaN counting as 0.", (x) { axis: Axis = None, FLAT; } => |cx| numpy::nancumsum(cx, x, axis)),
    op!("nancumprod", "The products of elements up to each one, NaN counting as 1.", (x) { axis: Axis = None, FLAT; } => |cx| numpy::nancumprod(cx, x, axis)),
    op!("nanargmax", "The position of the largest element that is not NaN; -1 if there is none.", (x) { axis: Axis = None, FLAT; keepdims: Bool = false, KEPT; }
        => |cx| numpy::nanargmax(cx, x, axis, keepdims, cx.defaults().int())),
    op!("nanargmin", "The position of the smallest element that is not NaN; -1 if there is none.", (x) { axis: Axis = None, FLAT; keepdims: Bool = false, KEPT; }
        => |cx| numpy::nanargmin(cx, x, axis, keepdims, cx.defaults().int())),
    quantile!(
        "quantile",
        numpy::quantile,
        false,
        "The elements below which there are parts q of all, q from 0 to 1; an axis for q comes first."
    ),
    quantile!(
        "nanquantile",
        numpy::quantile,
        true,
        "The elements below which there are parts q of those that are not NaN."
    ),
    quantile!(
        "percentile",
        numpy::percentile,
        false,
        "The elements below which there are hundredths q of all."
    ),
    quantile!(
        "nanpercentile",
        numpy::percentile,
        true,
        "The elements below which there are hundredths q of those that are not NaN."
    ),
    op!("median", "The element in the middle, or the mean of both.", (x) { axes: I64s = &[], AXES; keepdims: Bool = false, KEEPDIMS; }
        => |cx| numpy::median(cx, x, axes, keepdims, false)),
    op!("nanmedian", "The element in the middle of those that are not NaN, or the mean of both.", (x) { axes: I64s = &[], AXES; keepdims: Bool = false, KEEPDIMS; }
        => |cx| numpy::median(cx, x, axes, keepdims, true)),
    op!("cov", "The covariances of variables, and of those of y after them.", (x [y])
        { rowvar: Bool = true, ROWVAR; ddof: F64 = 1.0, DDOF; }
        => |cx| numpy::cov(cx, x, one_more("cov", y)?, CovOptions { rowvar, ddof })),
    op!("corrcoef", "The correlations of variables, and of those of y after them.", (x [y]) { rowvar: Bool = true, ROWVAR; }
        => |cx| numpy::corrcoef(cx, x, one_more("corrcoef", y)?, rowvar)),
    op!("histogram_bin_edges", "The edges of bins of one width.", (x)
        { bins: I64 = 10, "how many bins"; low: F64 = f64::NAN, "the first edge; the smallest element if this or the last is NaN"; high: F64 = f64::NAN, "the last edge; the largest element if this or the first is NaN"; }
        => |cx| numpy::histogram_bin_edges(cx, x, bins, range(low, high))),
    op!("histogram", "How many elements (or the sums of their weights) lie in each bin, the last one holding both of its edges; see histogram_bin_edges.", (x, edges [weights])
        { density: Bool = false, "whether areas add up to 1"; }
        => |cx| numpy::histogram(cx, x, edges, one_more("histogram", weights)?, density)),
    op!("histogram2d", "How many points lie in each bin of a grid.", (x, y, x_edges, y_edges [weights])
    { density: Bool = false, "whether volumes add up to 1"; }
    => |cx| {
        let sample = numpy::stack(cx, &[x.clone(), y.clone()], 1)?;
        let edges = [x_edges.clone(), y_edges.clone()];
        numpy::histogramdd(cx, &sample, &edges, one_more("histogram2d", weights)?, density)
    }),
    op!("histogramdd", "How many samples, which are rows, lie in each bin of a grid.", (sample [edges])
        { density: Bool = false, "whether volumes add up to 1"; }
        => |cx| numpy::histogramdd(cx, sample, edges, None, density)),
    op!("diff", "The differences of neighbours, again and again; of truth values, whether they differ.", (x)
        { n: I64 = 1, "how often"; axis: I64 = -1, "along which axis"; } => |cx| numpy::diff(cx, x, n, axis)),
    op!("ediff1d", "The differences of neighbours in the flattened array.", (x) => |cx| numpy::ediff1d(cx, x)),
    op!("gradient", "The gradient along axes by central differences, at the ends by one-sided ones. Spacings are numbers or places, one for all axes or one for each.", (x [spacings])
        { axes: I64s = &[], AXES; } => list |cx| numpy::gradient(cx, x, spacings, axes)),
    op!("trapezoid", "The area under a curve by trapezoids, at places x or at equal distances.", (y [x])
        { dx: F64 = 1.0, "the distance of places"; axis: I64 = -1, "along which axis"; }
        => |cx| numpy::trapezoid(cx, y, one_more("trapezoid", x)?, dx, axis)),
    op!("unwrap", "Jumps along an axis taken out by whole periods.", (x)
        { discont: F64 = f64::NAN, "from what size on; half a period if NaN"; axis: I64 = -1, "along which axis"; period: F64 = std::f64::consts::TAU, "the period"; }
        => |cx| numpy::unwrap(cx, x, given(discont), axis, period)),
    op!("interp", "The values at x of the line through points.", (x, xp, fp)
        { left: Str = "", "the value before the first point: a number or `extrapolate`; that of the point if empty";
          right: Str = "", "the value after the last point: a number or `extrapolate`; that of the point if empty"; period: F64 = f64::NAN, "after which the line repeats itself, or NaN"; }
        => |cx| numpy::interp(cx, x, (xp, fp), (outside("left", left)?, outside("right", right)?), given(period))),
    op!("cumulative_sum", "The sums of all elements up to each one.", (x)
        { axis: Axis = None, "along which axis; the only one if none"; include_initial: Bool = false, "whether the sum of no elements comes first"; }
        => |cx| numpy::cumulative(cx, x, true, axis, include_initial)),
    op!("cumulative_prod", "The products of all elements up to each one.", (x)
        { axis: Axis = None, "along which axis; the only one if none"; include_initial: Bool = false, "whether the product of no elements comes first"; }
        => |cx| numpy::cumulative(cx, x, false, axis, include_initial)),
    op!("vecdot", "The products of vectors, the first conjugated.", (x, y) { axis: I64 = -1, "the axis of the vectors"; } => |cx| numpy::vecdot(cx, x, y, axis)),
    op!("matvec", "Matrices times vectors.", (x, y) => |cx| numpy::matvec(cx, x, y)),
    op!("vecmat", "Vectors, conjugated, times matrices.", (x, y) => |cx| numpy::vecmat(cx, x, y)),
    op!("polyval", "The values of polynomials, the coefficient of the highest power first.", (p, x) => |cx| numpy::polyval(cx, p, x)),
    op!("polyadd", "The sum of two polynomials.", (x, y) => |cx| numpy::polyadd(cx, x, y)),
    op!("polysub", "The difference of two polynomials.", (x, y) => |cx| numpy::polysub(cx, x, y)),
    op!("polymul", "The product of two polynomials.", (x, y) => |cx| numpy::polymul(cx, x, y)),
    op!("polydiv", "Quotient and remainder of two polynomials.", (u, v) => list |cx| Ok(numpy::polydiv(cx, u, v)?.into())),
    op!("polyder", "A derivative of a polynomial.", (p) { m: I64 = 1, "which derivative"; } => |cx| numpy::polyder(cx, p, m)),
    op!("polyint", "An integral of a polynomial, with a constant for all or for each integration.", (p [k]) { m: I64 = 1, "how often"; }
        => |cx| numpy::polyint(cx, p, one_more("polyint", k)?, m)),
    op!("polyfit", "The polynomial of a degree that comes nearest to points in the sense of least squares, each weighted by w if that is given; with `full` also the squared residuals, the rank, the singular values and rcond; with `cov` also the covariance.", (x, y [w])
    { degree: I64, "the degree"; rcond: F64 = f64::NAN, "below which part of the largest singular values count as 0; the number of points times the precision if NaN";
      full: Bool = false, "whether more is reported"; cov: Str = "", "`scaled` by the residuals, `unscaled`, or empty for none"; }
    => list |cx| {
        let report = match (full, cov) {
            (true, _) => FitReport::Full,
            (false, "") => FitReport::Nothing,
            (false, "scaled") => FitReport::Covariance,
            (false, "unscaled") => FitReport::Unscaled,
            _ => bail!(InvalidArgument, "polyfit takes a cov of scaled, unscaled or none, got {cov:?}"),
        };
        numpy::polyfit(cx, [x, y], one_more("polyfit", w)?, degree, (given(rcond), report))
    }),
    op!("roots", "The roots of a polynomial, the coefficient of the highest power first.", (p)
        { strip_zeros: Bool = true, "whether leading zeros are left out, for which the coefficients must be known; else there is a NaN for each, at the end"; }
        => |cx| numpy::roots(cx, p, strip_zeros)),
    op!("poly", "The polynomial that has these roots.", (roots) => |cx| numpy::poly(cx, roots)),
    window!("bartlett", numpy::bartlett, "The Bartlett window."),
    window!("blackman", numpy::blackman, "The Blackman window."),
    window!("hamming", numpy::hamming, "The Hamming window."),
    window!("hanning", numpy::hanning, "The Hann window."),
    op!("kaiser", "The Kaiser window.", () { m: I64, "how many numbers"; beta: F64, "its shape"; } => |cx| numpy::kaiser(cx, m, beta)),
];
