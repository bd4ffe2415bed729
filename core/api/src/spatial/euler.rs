//! Rotations as turns about axes, one after another.

use std::f64::consts::{FRAC_PI_2, PI, TAU};

use jaxrs_data::{Result, bail};
use jaxrs_ir::{Value, ops};
use jaxrs_transform::Scope;

use super::{joined, parts, product};
use crate::formula::Term;
use crate::numpy;
use crate::operands::to_inexact;

/// The axes of turns, and whether they turn with the body: capital letters say so.
fn axes_of(name: &str, seq: &str) -> Result<(Vec<usize>, bool)> {
    let axes: Vec<usize> = seq.chars().filter_map(|c| "xyz".find(c.to_ascii_lowercase())).collect();
    let intrinsic = seq.chars().all(|c| c.is_ascii_uppercase());
    let is_known = axes.len() == seq.len() && (1..=3).contains(&axes.len());
    if !is_known || !(intrinsic || seq.chars().all(|c| c.is_ascii_lowercase())) {
        bail!(InvalidArgument, "{name} needs up to 3 axes of xyz, or of XYZ, got {seq:?}");
    }
    if axes.windows(2).any(|pair| pair[0] == pair[1]) {
        bail!(InvalidArgument, "{name} needs another axis after each, got {seq:?}");
    }
    Ok((axes, intrinsic))
}

/// Turns about axes by angles, which lie along the last axis; one alone may be a scalar.
pub fn from_euler(cx: &Scope, angles: &Value, seq: &str, degrees: bool) -> Result<Value> {
    let (axes, intrinsic) = axes_of("rotation_from_euler", seq)?;
    let mut angles = to_inexact(cx, angles)?;
    if angles.ty().rank() == 0 {
        angles = ops::reshape(cx, &angles, &[1].into())?;
    }
    let last = angles.ty().rank() - 1;
    if angles.shape()[last] != axes.len() {
        bail!(Shape, "rotation_from_euler needs an angle for each of {seq:?}, got {}", angles.ty());
    }
    let angles = if degrees { numpy::deg2rad(cx, &angles)? } else { angles };
    let mut result: Option<[Term<'_>; 4]> = None;
    for (k, &axis) in axes.iter().enumerate() {
        let angle = ops::squeeze(cx, &ops::slice_in_dim(cx, &angles, last, k, k + 1)?, [last])?;
        let half = Term::new(cx, &angle) / 2.0;
        let mut turn = [0; 3].map(|_| half.constant(0.0)).into_iter().collect::<Vec<_>>();
        turn[axis] = half.map(numpy::sin);
        turn.push(half.cos());
        let Ok(turn) = <[Term<'_>; 4]>::try_from(turn) else { continue };
        result = Some(match result {
            None => turn,
            Some(before) if intrinsic => product(&before, &turn),
            Some(before) => product(&turn, &before),
        });
    }
    joined(cx, result.into_iter().flatten())
}

fn hypot<'a>(x: &Term<'a>, y: &Term<'a>) -> Term<'a> {
    x.with(y, numpy::hypot)
}

/// The same angle from −π up to π, in radians or degrees.
fn within<'a>(angle: &Term<'a>, degrees: bool) -> Term<'a> {
    let turned = (angle + PI).with(&angle.constant(TAU), numpy::r#mod) - PI;
    if degrees { turned.map(numpy::rad2deg) } else { turned }
}

/// The angles of three turns about axes that make a rotation.
pub fn as_euler(cx: &Scope, quat: &Value, seq: &str, degrees: bool) -> Result<Value> {
    let (mut axes, intrinsic) = axes_of("rotation_as_euler", seq)?;
    if intrinsic {
        axes.reverse();
    }
    let [i, j, mut k] = axes[..] else {
        bail!(InvalidArgument, "rotation_as_euler needs 3 axes, got {seq:?}");
    };
    let symmetric = i == k;
    if symmetric {
        k = 3 - i - j;
    }
    let [ai, aj, ak] = [i, j, k].map(|axis| axis as i64);
    let sign = ((ai - aj) * (aj - ak) * (ak - ai) / 2) as f64;
    let q: [Term<'_>; 4] = parts(cx, "rotation_as_euler", quat)?;
    let (signed, whole) = (&q[k] * sign, &q[3]);
    let [a, b, c, d] = match symmetric {
        true => [whole.clone(), q[i].clone(), q[j].clone(), signed],
        false => [whole - &q[j], &q[i] + &signed, &q[j] + whole, &signed - &q[i]],
    };
    let middle = hypot(&c, &d).with(&hypot(&a, &b), numpy::arctan2) * 2.0;
    let eps = middle.constant(1e-7);
    let is_none = middle.abs().at_most(&eps);
    let is_half = (&middle - PI).abs().at_most(&eps);
    let sum = b.with(&a, numpy::arctan2);
    let difference = d.with(&c, numpy::arctan2);
    let turned = &difference * if intrinsic { 2.0 } else { -2.0 };
    // Where the axes of the first and the last turn are one, the first angle is that of both.
    let degenerate = is_none.or(&is_half);
    let both = is_none.choose(&(&sum * 2.0), &turned);
    let zero = middle.constant(0.0);
    let (first, third) = (&sum - &difference, &sum + &difference);
    let mut angles = match intrinsic {
        false => [degenerate.choose(&both, &first), middle, degenerate.choose(&zero, &third)],
        true => [degenerate.choose(&both, &third), middle, degenerate.choose(&zero, &first)],
    };
    if !symmetric {
        let last = if intrinsic { 0 } else { 2 };
        angles[last] = &angles[last] * sign;
        angles[1] = &angles[1] - FRAC_PI_2;
    }
    joined(cx, angles.map(|angle| within(&angle, degrees)))
}
