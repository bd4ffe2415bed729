//! Operations across the examples of named axes.

use super::*;
use jaxrs_transform as transform;

/// What `axis_name` means where several may be given.
const NAMES: &str = "the name of the axis, or several names with commas between";
/// What `axis_name` means where one must be given.
const NAME: &str = "the name of the axis";
/// What `axis` means where arrays are stacked or joined.
const WHERE: &str = "where the values lie along in the result";

fn names(axis_name: &str) -> SmallVec<[&str; 4]> {
    axis_name.split(',').map(str::trim).collect()
}

fn size(operation: &str, number: i64) -> Result<usize> {
    match usize::try_from(number) {
        Ok(number) => Ok(number),
        Err(_) => bail!(InvalidArgument, "{operation} needs numbers of at least 0, got {number}"),
    }
}

fn ppermute(cx: &Scope, x: &Value, name: &str, from: &[i64], to: &[i64]) -> Result<Value> {
    if from.len() != to.len() {
        bail!(
            InvalidArgument,
            "ppermute needs as many sources as destinations, got {} and {}",
            from.len(),
            to.len()
        );
    }
    let pair = |(&from, &to)| Ok((size("ppermute", from)?, size("ppermute", to)?));
    let pairs: Vec<(usize, usize)> = from.iter().zip(to).map(pair).collect::<Result<_>>()?;
    transform::ppermute(cx, x, name, &pairs)
}

fn pshuffle(cx: &Scope, x: &Value, name: &str, perm: &[i64]) -> Result<Value> {
    let places: Vec<i64> = (0..perm.len() as i64).collect();
    let mut sorted = perm.to_vec();
    sorted.sort_unstable();
    if sorted != places {
        bail!(InvalidArgument, "pshuffle needs each of {} examples once, got {perm:?}", perm.len());
    }
    ppermute(cx, x, name, perm, &places)
}

pub(super) static OPS: &[Op] = &[
    op!("psum", "The sum over all examples of named axes; each gets it. Booleans are counted.", (x)
        { axis_name: Str, NAMES; } => |cx| transform::psum(cx, x, &names(axis_name))),
    op!("pmean", "The mean over all examples of named axes; each gets it.", (x)
        { axis_name: Str, NAMES; } => |cx| transform::pmean(cx, x, &names(axis_name))),
    op!("pmax", "The maximum over all examples of named axes; each gets it.", (x)
        { axis_name: Str, NAMES; } => |cx| transform::pmax(cx, x, &names(axis_name))),
    op!("pmin", "The minimum over all examples of named axes; each gets it.", (x)
        { axis_name: Str, NAMES; } => |cx| transform::pmin(cx, x, &names(axis_name))),
    op!("all_gather", "The values of all examples of named axes, stacked or joined; each gets them.", (x)
        { axis_name: Str, NAMES; axis: I64 = 0, WHERE;
          tiled: Bool = false, "whether joined along an axis that is there, not stacked along a new one"; }
        => |cx| transform::all_gather(cx, x, &names(axis_name), axis, tiled)),
    op!("psum_scatter", "Each example's part of the sum over all examples of a named axis.", (x)
        { axis_name: Str, NAME; axis: I64 = 0, "which axis is cut";
          tiled: Bool = false, "whether parts keep that axis"; }
        => |cx| transform::psum_scatter(cx, x, axis_name, axis, tiled)),
    op!("all_to_all", "Sends the parts of an axis, one to each example of a named axis, and joins what comes.", (x)
        { axis_name: Str, NAME; split_axis: I64, "which axis is cut";
          concat_axis: I64, "where what comes is joined along";
          tiled: Bool = false, "whether joined along an axis that is there, not stacked along a new one"; }
        => |cx| transform::all_to_all(cx, x, axis_name, split_axis, concat_axis, tiled)),
    op!("ppermute", "Sends the value of example sources[k] of a named axis to example destinations[k].", (x)
        { axis_name: Str, NAME; sources: I64s, "who sends"; destinations: I64s, "who gets"; }
        => |cx| ppermute(cx, x, axis_name, sources, destinations)),
    op!("pshuffle", "The value of example perm[k] of a named axis, for example k.", (x)
        { axis_name: Str, NAME; perm: I64s, "whose value each gets, one for each example"; }
        => |cx| pshuffle(cx, x, axis_name, perm)),
    op!("pswapaxes", "An axis exchanged with a named axis of the same size.", (x)
        { axis_name: Str, NAME; axis: I64, "which axis"; }
        => |cx| transform::all_to_all(cx, x, axis_name, axis, axis, false)),
    op!("pvary", "The same value, as one of its own for each example of named axes.", (x)
        { axis_name: Str, NAMES; } => |cx| transform::pvary(cx, x, &names(axis_name))),
    op!("axis_index", "The position of the example along named axes, of which the last counts fastest.", ()
        { axis_name: Str, NAMES; } => |cx| transform::axis_index(cx, &names(axis_name))),
    op!("axis_size", "The number of examples along named axes.", ()
        { axis_name: Str, NAMES; } => |cx| transform::axis_size(cx, &names(axis_name))),
];
