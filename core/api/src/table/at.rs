//! Indexing as NumPy has it.

use jaxrs_ir::prims::ScatterKind;

use super::*;
use crate::numpy::index::{self, AtOptions, GetOptions, Index};
use crate::numpy::index_mode;

const INDEX: &str = "the index in Python's words, such as `1:3, ..., None, -1, ::-2, @`, where each @ stands for the next of the arrays: positions, or truth values";
const READ: &str =
    "what is read out of range: `fill`, `clip`, `promise_in_bounds`; the nearest element if empty";
const WRITE: &str =
    "what happens out of range: `drop`, `clip`, `promise_in_bounds`; nothing if empty";
const SIZE: &str = "how many elements truth values choose, the others being out of range; as many as they do if -1, which needs truth values that are known";
const UNIQUE: &str = "whether the caller promises that no position occurs twice";

fn mode(name: &str, mode: &str) -> Result<Option<jaxrs_ir::prims::IndexMode>> {
    if mode.is_empty() { Ok(None) } else { index_mode(name, mode).map(Some) }
}

pub(super) fn size(name: &str, size: i64) -> Result<Option<usize>> {
    match usize::try_from(size) {
        Ok(size) => Ok(Some(size)),
        Err(_) if size == -1 => Ok(None),
        Err(_) => {
            bail!(InvalidArgument, "{name} needs a size of at least 0, or -1 for none, got {size}")
        }
    }
}

/// How updates are combined.
enum Update {
    Scatter(ScatterKind),
    Divide,
    Power,
}

fn update(
    cx: &Scope,
    update: Update,
    (x, values, arrays): (&Value, &Value, &[Value]),
    (index, write, unique_indices, max): (&str, &str, bool, i64),
) -> Result<Value> {
    let parts: Vec<Index> = index::parse_index(index, arrays)?;
    let options = AtOptions { mode: mode("at", write)?, unique_indices, size: size("at", max)? };
    match update {
        Update::Scatter(kind) => index::at(cx, kind, x, &parts, values, options),
        Update::Divide => index::at_divide(cx, x, &parts, values, options),
        Update::Power => index::at_power(cx, x, &parts, values, options),
    }
}

macro_rules! at {
    ($name:literal, $update:expr, $doc:literal) => {
        op!($name, $doc, (x, values [arrays])
            { index: Str, INDEX; mode: Str = "", WRITE; unique_indices: Bool = false, UNIQUE; size: I64 = -1, SIZE; }
            => |cx| update(cx, $update, (x, values, arrays), (index, mode, unique_indices, size)))
    };
}

pub(super) static OPS: &[Op] = &[
    op!("getitem", "The part of x at an index, as NumPy has it: slices with steps, positions, truth values, new axes.", (x [arrays])
    { index: Str, INDEX; mode: Str = "", READ;
      fill_value: F64 = f64::NAN, "what mode `fill` reads out of range; NaN stands for NaN, the smallest signed and the largest unsigned integer, and true";
      size: I64 = -1, SIZE; }
    => |cx| {
        let fill_value = if fill_value.is_nan() { None } else { Some(fill_value) };
        let options = GetOptions { mode: self::mode("getitem", mode)?, fill_value, size: self::size("getitem", size)? };
        index::getitem(cx, x, &index::parse_index(index, arrays)?, options)
    }),
    at!(
        "at_set",
        Update::Scatter(ScatterKind::Set),
        "x with values put at an index; where a position occurs twice, the last one wins."
    ),
    at!("at_add", Update::Scatter(ScatterKind::Add), "x with values added at an index."),
    at!("at_subtract", Update::Scatter(ScatterKind::Sub), "x with values taken away at an index."),
    at!("at_multiply", Update::Scatter(ScatterKind::Mul), "x multiplied by values at an index."),
    at!("at_divide", Update::Divide, "x divided by values at an index; integers become floats."),
    at!("at_power", Update::Power, "x to the power of values at an index."),
    at!(
        "at_min",
        Update::Scatter(ScatterKind::Min),
        "x or values at an index, whichever is smaller."
    ),
    at!(
        "at_max",
        Update::Scatter(ScatterKind::Max),
        "x or values at an index, whichever is larger."
    ),
];
