//! Orders and choices.

use jaxrs_data::{Literal, Result, Scalar, Shape, bail, normalize_axis};
use jaxrs_ir::prims::Sort;
use jaxrs_ir::{Context as _, Value, ops};
use jaxrs_kernel::{Compare, ReduceOp};
use jaxrs_transform::Scope;

use super::categorical::gumbel;
use super::integers::randint;
use super::keys::{children, draw, sampler_key};
use super::uniform::uniform;
use crate::formula::Term;
use crate::operands::{broadcast, convert, to_inexact};
use crate::{lax, numpy};

/// The numbers from 0 up to `n` in random order.
pub fn permutation(cx: &Scope, key: &Value, n: i64) -> Result<Value> {
    let key = sampler_key(cx, "random_permutation", key)?;
    let shape = Shape::from_user("random_permutation", &[n], 4)?;
    let ordered = ops::iota(cx, cx.defaults().int(), &shape, 0)?;
    shuffled(cx, &key, ordered, 0)
}

/// `x` with its parts along an axis in random order; or each vector along it in an order of its own.
pub fn shuffle(cx: &Scope, key: &Value, x: &Value, axis: i64, independent: bool) -> Result<Value> {
    let key = sampler_key(cx, "random_shuffle", key)?;
    let axis = normalize_axis("random_shuffle", axis, x.ty().rank())?;
    if independent || x.ty().rank() == 1 {
        return shuffled(cx, &key, x.clone(), axis);
    }
    let order = permutation(cx, &key, x.shape()[axis] as i64)?;
    numpy::take(cx, x, &order, axis as i64, "fill")
}

/// Sorts by random keys, often enough that ties do not matter.
fn shuffled(cx: &Scope, key: &Value, mut x: Value, dimension: usize) -> Result<Value> {
    let size = x.ty().numel().max(1) as f64;
    let rounds = (3.0 * size.ln() / f64::from(u32::MAX).ln()).ceil() as usize;
    let mut key = key.clone();
    for _ in 0..rounds {
        let [next, now] = children(cx, &key)?;
        key = next;
        let order = draw(cx, &now, 32, x.shape())?;
        let sort = Sort { dimension, num_keys: 1, is_stable: true };
        x = cx.bind(&sort.into(), &[order, x])?.swap_remove(1);
    }
    Ok(x)
}

/// How elements are chosen.
pub struct Choice<'a> {
    /// Whether an element may be chosen again.
    pub replace: bool,
    /// The probability of each; all are equally likely without.
    pub p: Option<&'a Value>,
    /// Along which axis of an array the elements lie.
    pub axis: i64,
    /// How choices without repetition are drawn, see [`gumbel`].
    pub mode: &'a str,
}

/// An array of elements along an axis of `a`, chosen at random.
pub fn choice(
    cx: &Scope,
    key: &Value,
    a: &Value,
    shape: &Shape,
    how: &Choice<'_>,
) -> Result<Value> {
    let key = sampler_key(cx, "random_choice", key)?;
    let axis = normalize_axis("random_choice", how.axis, a.ty().rank())?;
    let (n, n_draws) = (a.shape()[axis], shape.numel());
    let (before, behind) = (&a.shape()[..axis], &a.shape()[axis + 1..]);
    let full: Shape = before.iter().chain(shape.iter()).chain(behind).copied().collect();
    if n_draws == 0 {
        // As JAX has it, without the other axes.
        return ops::full(cx, &a.ty().with_shape(shape.clone()), Scalar::zero(a.ty().dtype));
    }
    if n == 0 {
        bail!(InvalidArgument, "random_choice needs elements to choose from, got {}", a.ty());
    }
    if !how.replace && n_draws > n {
        bail!(
            InvalidArgument,
            "random_choice cannot take {n_draws} of {n} elements where replace is false"
        );
    }
    let chosen = match how.p {
        None if how.replace => {
            let dtype = cx.defaults().int();
            let bound = |value| Value::literal(Literal::scalar(dtype, Scalar::Int(value)));
            randint(cx, &key, shape, &bound(0), &bound(n as i64), dtype)?
        }
        None => {
            let order = shuffle(cx, &key, a, axis as i64, false)?;
            let first = ops::slice_in_dim(cx, &order, axis, 0, n_draws)?;
            return ops::reshape(cx, &first, &full);
        }
        Some(p) => weighted(cx, &key, shape, n, p, how)?,
    };
    ops::reshape(cx, &numpy::take(cx, a, &chosen, axis as i64, "fill")?, &full)
}

/// The positions of elements that are chosen with probabilities.
fn weighted(
    cx: &Scope,
    key: &Value,
    shape: &Shape,
    n: usize,
    p: &Value,
    how: &Choice<'_>,
) -> Result<Value> {
    let p = to_inexact(cx, p)?;
    let (dtype, index) = (p.ty().dtype, cx.defaults().int());
    if **p.shape() != [n] {
        bail!(Shape, "random_choice needs p as a vector of {n} probabilities, got {}", p.ty());
    }
    if !how.replace {
        let noise = gumbel(cx, key, &[n].into(), dtype, how.mode)?;
        let scores = (Term::new(cx, &noise) + Term::new(cx, &p).ln()).done()?;
        let [_, positions] = lax::top_k(cx, &scores, shape.numel() as i64, 0)?;
        let positions = convert(cx, &positions, index, false)?;
        return ops::reshape(cx, &positions, shape);
    }
    let sums = lax::cumulative(cx, ReduceOp::Add, &p, 0, false)?;
    let total = ops::squeeze(cx, &ops::slice_in_dim(cx, &sums, 0, n - 1, n)?, [0])?;
    let unit = Term::new(cx, &uniform(cx, key, shape, dtype, 0.0, 1.0)?);
    let level = (Term::new(cx, &total) * (1.0 - unit)).done()?;
    search(cx, &sums, &level)
}

/// How many of the sorted numbers are less than each level.
fn search(cx: &Scope, sorted: &Value, levels: &Value) -> Result<Value> {
    let (rank, n) = (levels.ty().rank(), sorted.shape()[0]);
    let grid = levels.shape().with(rank, n);
    let sorted = broadcast(cx, "random_choice", sorted, &grid)?;
    let levels = ops::broadcast_in_dim(cx, levels, &grid, 0..rank)?;
    let less = ops::compare(cx, Compare::Lt, &sorted, &levels)?;
    let counted = convert(cx, &less, cx.defaults().int(), false)?;
    ops::reduce_sum(cx, &counted, [rank])
}
