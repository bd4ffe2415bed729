//! Reductions over segments: elements along axis 0 with one number.

use jaxrs_data::{DTypeKind, Result, Scalar, bail};
use jaxrs_ir::prims::{IndexMode, ScatterKind};
use jaxrs_ir::{Value, ops};
use jaxrs_transform::Scope;

use crate::formula::Term;
use crate::numpy::index::{AtOptions, Index, at};
use crate::operands::host;

/// Which elements belong to which segment.
#[derive(Clone, Copy, Debug)]
pub struct SegmentOptions {
    /// How many segments; one more than the largest number, which then has to be known, if missing.
    pub num_segments: Option<usize>,
    /// What happens to elements of other segments; they are left out if missing.
    pub mode: Option<IndexMode>,
}

/// The sums (or products, smallest or largest elements) of segments; those without elements have the identity.
pub fn segment(
    cx: &Scope,
    kind: ScatterKind,
    data: &Value,
    segment_ids: &Value,
    options: SegmentOptions,
) -> Result<Value> {
    if data.ty().rank() == 0 {
        bail!(Shape, "segments need data along axis 0, got {}", data.ty());
    }
    let count = match options.num_segments {
        Some(count) => count,
        None => {
            host(segment_ids)?.iter().map(|id| id.as_i64() + 1).max().unwrap_or(0).max(0) as usize
        }
    };
    let mut shape = data.shape().clone();
    shape[0] = count;
    let kind_of = data.ty().dtype.kind();
    // Conversions saturate.
    let identity = match (kind, kind_of) {
        (ScatterKind::Mul, _) => Scalar::Int(1),
        (ScatterKind::Min, DTypeKind::Bool) => Scalar::Bool(true),
        (ScatterKind::Min, _) => Scalar::Float(f64::INFINITY),
        (ScatterKind::Max, DTypeKind::Bool) => Scalar::Bool(false),
        (ScatterKind::Max, _) => Scalar::Float(f64::NEG_INFINITY),
        _ => Scalar::Int(0),
    };
    let ty = data.ty().with_shape(shape).with_weak(false);
    let start = ops::full(cx, &ty, identity.cast(ty.dtype))?;
    let mode = options.mode.unwrap_or(IndexMode::FillOrDrop);
    // Negative numbers are those of no segment: they do not count from the end.
    let instead = if mode == IndexMode::FillOrDrop { count as f64 } else { 0.0 };
    let ids = Term::new(cx, segment_ids);
    let ids = ids.unless(&ids.below(0.0), instead).done()?;
    let mode = Some(mode);
    let at_options = AtOptions { mode, unique_indices: false, size: None };
    at(cx, kind, &start, &[Index::Array(ids)], data, at_options)
}
