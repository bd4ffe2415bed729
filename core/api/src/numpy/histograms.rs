//! How many elements lie where; covariances.

use super::index::Index;
use super::shapes::part;
use crate::formula::Term;
use crate::operands::{constant_like, convert, promoted_inexact, to_inexact};
use jaxrs_data::{Result, bail};
use jaxrs_ir::{Value, ops};
use jaxrs_transform::Scope;

/// How covariances are counted.
#[derive(Clone, Copy, Debug)]
pub struct CovOptions {
    /// Whether variables are rows.
    pub rowvar: bool,
    /// How many fewer than there are samples the divisor is.
    pub ddof: f64,
}

/// The covariances of variables, and of those of `y` after them if given.
pub fn cov(cx: &Scope, x: &Value, y: Option<&Value>, options: CovOptions) -> Result<Value> {
    let [x, y] = match y {
        Some(y) => promoted_inexact(cx, [x, y])?.map(Some),
        None => [Some(to_inexact(cx, x)?), None],
    };
    let mut all = Vec::new();
    for x in [x, y].into_iter().flatten() {
        if x.ty().rank() > 2 {
            bail!(Shape, "cov needs at most 2 axes, got {}", x.ty());
        }
        let rows = super::atleast_2d(cx, &x)?;
        let turns = !options.rowvar
            && (if all.is_empty() { x.ty().rank() != 1 } else { rows.shape()[0] != 1 });
        all.push(if turns { super::transpose(cx, &rows, &[])? } else { rows });
    }
    let x = super::concatenate(cx, &all, 0)?;
    let n = x.shape()[1];
    let centred = super::subtract(cx, &x, &super::mean(cx, &x, &[1], true)?)?;
    let product =
        super::matmul(cx, &centred, &super::conj(cx, &super::transpose(cx, &centred, &[])?)?)?;
    let divisor = constant_like(&product, n as f64 - options.ddof);
    super::squeeze(cx, &ops::div(cx, &product, &divisor)?, &[])
}

/// The correlations of variables.
pub fn corrcoef(cx: &Scope, x: &Value, y: Option<&Value>, rowvar: bool) -> Result<Value> {
    let c = cov(cx, x, y, CovOptions { rowvar, ddof: 1.0 })?;
    if c.ty().rank() == 0 {
        return ops::div(cx, &c, &c);
    }
    let deviations = super::sqrt(cx, &super::real(cx, &super::diagonal(cx, &c, 0, 0, 1)?)?)?;
    let deviations = convert(cx, &deviations, c.ty().dtype, c.ty().weak)?;
    let c = super::divide(cx, &c, &super::expand_dims(cx, &deviations, &[1])?)?;
    let c = super::divide(cx, &c, &super::expand_dims(cx, &deviations, &[0])?)?;
    let clipped = |cx: &Scope, x: &Value| {
        super::clip(cx, x, Some(&constant_like(x, -1.0)), Some(&constant_like(x, 1.0)))
    };
    if c.ty().dtype.is_complex() {
        super::complex::by_parts(cx, &c, clipped)
    } else {
        clipped(cx, &c)
    }
}

/// The edges of `bins` bins of one width; by default from the smallest to the largest element.
pub fn histogram_bin_edges(
    cx: &Scope,
    x: &Value,
    bins: i64,
    range: Option<[f64; 2]>,
) -> Result<Value> {
    let x = to_inexact(cx, x)?;
    let (low, high) = match range {
        Some([low, high]) => (constant_like(&x, low), constant_like(&x, high)),
        None => (super::min(cx, &x, &[], false)?, super::max(cx, &x, &[], false)?),
    };
    let (low, high) = (Term::new(cx, &low), Term::new(cx, &high));
    let empty = low.equals(&high);
    let low_edge = empty.choose(&(&low - 0.5), &low).done()?;
    let high_edge = empty.choose(&(&high + 0.5), &high).done()?;
    super::linspace(cx, &low_edge, &high_edge, bins + 1, true, x.ty().dtype)
}

/// How many elements (or the sums of their weights) lie in each bin, the last holding both of its edges.
pub fn histogram(
    cx: &Scope,
    x: &Value,
    edges: &Value,
    weights: Option<&Value>,
    density: bool,
) -> Result<Value> {
    let [x, weights] = match weights {
        Some(weights) if weights.shape() != x.shape() => {
            bail!(
                Shape,
                "histogram needs a weight for each element of {}, got {}",
                x.ty(),
                weights.ty()
            )
        }
        Some(weights) => promoted_inexact(cx, [x, weights])?,
        None => {
            let x = to_inexact(cx, x)?;
            let ones = super::full_like(cx, &x, 1.0, None)?;
            [x, ones]
        }
    };
    let edges = convert(cx, edges, x.ty().dtype, false)?;
    let n = edges.ty().numel();
    let bin = super::searchsorted(cx, &edges, &x, "right")?;
    let is_last = super::equal(cx, &x, &part(cx, &edges, &[Index::At(-1)])?)?;
    let bin = super::select(cx, &is_last, &constant_like(&bin, n as f64 - 1.0), &bin)?;
    let zeros = super::zeros(cx, &[n].into(), weights.ty().dtype)?;
    let kind = jaxrs_ir::prims::ScatterKind::Add;
    let counts = super::scatter_at(cx, kind, &zeros, &bin, &weights, "drop")?;
    let counts = super::shapes::part_along(cx, &counts, 0, Some(1), None)?;
    if !density {
        return Ok(counts);
    }
    let widths = super::diff(cx, &edges, 1, -1)?;
    super::divide(cx, &super::divide(cx, &counts, &widths)?, &super::sum(cx, &counts, &[], false)?)
}

/// How many samples (or the sums of their weights) lie in each bin of a grid: samples are rows, with edges for each of
/// their elements.
pub fn histogramdd(
    cx: &Scope,
    sample: &Value,
    edges: &[Value],
    weights: Option<&Value>,
    density: bool,
) -> Result<Value> {
    let sample = to_inexact(cx, sample)?;
    if sample.ty().rank() != 2 || sample.shape()[1] != edges.len() {
        bail!(Shape, "histogramdd needs rows of {} elements, got {}", edges.len(), sample.ty());
    }
    let mut bins = Vec::new();
    for (i, edges) in edges.iter().enumerate() {
        let edges = convert(cx, edges, sample.ty().dtype, false)?;
        let column = part(cx, &sample, &[super::shapes::ALL, Index::At(i as i64)])?;
        let bin = super::searchsorted(cx, &edges, &column, "right")?;
        let is_last = super::equal(cx, &column, &part(cx, &edges, &[Index::At(-1)])?)?;
        bins.push(super::select(cx, &is_last, &ops::offset(cx, &bin, -1.0)?, &bin)?);
    }
    // One bin more at either end holds what lies outside.
    let sizes: Vec<i64> = edges.iter().map(|edges| edges.ty().numel() as i64 + 1).collect();
    let flat = super::ravel_multi_index(cx, &bins, &sizes, "clip", "C")?;
    let total: i64 = sizes.iter().product();
    let counts = super::bincount(cx, &flat, weights, total as usize)?;
    let counts = super::reshape(cx, &counts, &sizes)?;
    let inner = vec![Index::Slice(Some(1), Some(-1), None); sizes.len()];
    let mut counts = part(cx, &counts, &inner)?;
    if density {
        counts = super::astype(cx, &counts, sample.ty().dtype)?;
        counts = super::divide(cx, &counts, &super::sum(cx, &counts, &[], false)?)?;
        let widths =
            edges.iter().map(|edges| super::diff(cx, edges, 1, -1)).collect::<Result<Vec<_>>>()?;
        for width in super::meshgrid(cx, &widths, true, "ij")? {
            counts = super::divide(cx, &counts, &width)?;
        }
    }
    Ok(counts)
}
