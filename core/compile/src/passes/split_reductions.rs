//! Large reductions in two stages, so that all threads and lanes have something to do.
//!
//! The chunks depend on the shapes alone, never on the number of threads, so that results do not either.

use jaxrs_data::{Axes, Literal, Shape, SmallVec, Type};
use jaxrs_ir::lower::identity;
use jaxrs_ir::prims::{Pad, Reduce, Reshape};
use jaxrs_ir::{Atom, Eqn, Jaxpr, Prim};

use super::rewrite::{Names, Rebuilt, map_bodies};

/// Below this many elements one stage is fast enough.
const LARGE: usize = 1 << 16;
/// With this many results there is enough to do for all.
const MANY_RESULTS: usize = 1 << 13;
/// How many elements a chunk has at least.
const CHUNK: usize = 1 << 13;
/// How many chunks there are at most.
const MAX_CHUNKS: usize = 64;

/// Splits large reductions with few results in two.
pub(crate) fn split_reductions(jaxpr: Jaxpr) -> Jaxpr {
    rebuild(&jaxpr)
}

fn rebuild(jaxpr: &Jaxpr) -> Jaxpr {
    let (mut new, mut names) = Rebuilt::new(jaxpr);
    for eqn in &jaxpr.eqns {
        let mut eqn = eqn.clone();
        map_bodies(&mut eqn.prim, &mut rebuild);
        match plan(jaxpr, &eqn) {
            Some(plan) => split(&mut new, &eqn, &plan, &mut names),
            None => new.keep(jaxpr, &eqn, &mut names),
        }
    }
    new.finish(jaxpr, &names)
}

/// Which axis is cut, and how.
struct Plan {
    reduce: Reduce,
    axis: usize,
    n_chunks: usize,
    len: usize,
}

fn plan(jaxpr: &Jaxpr, eqn: &Eqn) -> Option<Plan> {
    let Prim::Reduce(reduce) = &eqn.prim else { return None };
    let shape = &jaxpr.atom_type(&eqn.inputs[0]).shape;
    let n_results = jaxpr[eqn.outputs[0]].shape.numel();
    let total = shape.numel();
    let is_half = jaxpr[eqn.outputs[0]].dtype.size_bytes() == 2;
    // Sums of 16-bit floats are kept wider until the end, which a second stage would cut short.
    if is_half || total < LARGE || n_results == 0 || n_results >= MANY_RESULTS {
        return None;
    }
    let per_chunk = (total / MAX_CHUNKS).max(CHUNK);
    let wanted = total / per_chunk;
    // Of several long enough axes the first is cut, which leaves rows whole.
    let is_enough = |&axis: &usize| shape[axis] / 4 >= wanted;
    let longest = || reduce.axes.iter().copied().max_by_key(|&axis| shape[axis]);
    let axis = reduce.axes.iter().copied().find(is_enough).or_else(longest)?;
    // Rows that lie together are enough work for a few threads, without a second stage.
    let are_rows = reduce.axes.iter().all(|&axis| axis >= shape.rank() - reduce.axes.len());
    if are_rows && n_results >= 64 {
        return None;
    }
    let n_chunks = wanted.min(shape[axis] / 4);
    if n_chunks < 2 {
        return None;
    }
    let n_chunks = near_divisor(shape[axis], n_chunks);
    let len = shape[axis].div_ceil(n_chunks);
    Some(Plan { reduce: reduce.clone(), axis, n_chunks: shape[axis].div_ceil(len), len })
}

/// A number near the wanted one that divides a size, if there is one.
fn near_divisor(size: usize, wanted: usize) -> usize {
    let found = (wanted / 2 + 1..=wanted).rev().find(|&n| size.is_multiple_of(n));
    found.unwrap_or(wanted)
}

fn split(new: &mut Rebuilt, eqn: &Eqn, plan: &Plan, names: &mut Names) {
    let Plan { reduce, axis, n_chunks, len } = plan;
    let x = names.get(&eqn.inputs[0]);
    let ty = new.jaxpr.atom_type(&x).clone();
    let name = &eqn.name_stack;
    let mut push = |prim: Prim, inputs: &[Atom], shape: Shape| {
        let ty = Type { shape, ..ty.clone() };
        Atom::Var(new.push(prim, inputs.into(), [ty], name.clone())[0])
    };
    let missing = n_chunks * len - ty.shape[*axis];
    let mut padded = ty.shape.clone();
    padded[*axis] += missing;
    let x = match missing {
        0 => x,
        _ => {
            let mut config: SmallVec<[(i64, i64, i64); 4]> =
                SmallVec::from_elem((0, 0, 0), ty.rank());
            config[*axis] = (0, missing as i64, 0);
            let neutral = Literal::scalar(ty.dtype, identity(reduce.op, ty.dtype));
            let pad = Pad { padding_config: config };
            push(pad.into(), &[x, Atom::Literal(neutral)], padded.clone())
        }
    };
    let mut cut = padded.without(*axis).with(*axis, *len);
    cut = cut.with(*axis, *n_chunks);
    let x = push(Reshape { new_sizes: cut.clone() }.into(), &[x], cut.clone());
    // Axes after the one that was cut moved up; all but the chunks go in the first stage.
    let first = reduce.axes.iter().map(|&a| a + usize::from(a >= *axis));
    let first = Axes::from_distinct(first);
    let kept: Vec<usize> = (0..cut.rank()).filter(|a| !first.contains(a)).collect();
    let partial: Shape = kept.iter().map(|&a| cut[a]).collect();
    let stage = Reduce { op: reduce.op, axes: first };
    let x = push(stage.into(), &[x], partial.clone());
    let chunks = kept.iter().position(|a| a == axis).unwrap_or(0);
    let stage = Reduce { op: reduce.op, axes: Axes::from_distinct([chunks]) };
    let out = push(stage.into(), &[x], partial.without(chunks));
    names.set(eqn.outputs[0], out);
}
