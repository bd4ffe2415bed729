//! The orders that comparators are.

use jaxrs_data::Scalar;

use super::elementwise::short_name;
use crate::tree::{Attr, Op, Region, ValueId};

/// An operand that counts for the order, and which way.
#[derive(Clone, Copy, PartialEq)]
pub(super) struct Key {
    pub operand: usize,
    pub descending: bool,
}

/// The operands that a comparator orders by, if it is lexicographic.
pub(super) fn keys(region: &Region) -> Option<Vec<Key>> {
    let found = order(region, *region.returned().ok()?.first()?)?;
    let mut keys: Vec<Key> = Vec::new();
    for (part, descending) in found {
        match part {
            // A complex number is compared by its real part, then by its imaginary one.
            Part::Whole(operand) | Part::Real(operand) => keys.push(Key { operand, descending }),
            Part::Imag(operand) if keys.last() == Some(&Key { operand, descending }) => {}
            Part::Imag(_) => return None,
        }
    }
    let again = |k: usize| keys[..k].iter().any(|key| key.operand == keys[k].operand);
    (!(0..keys.len()).any(again)).then_some(keys)
}

#[derive(Clone, Copy, PartialEq)]
enum Part {
    Whole(usize),
    Real(usize),
    Imag(usize),
}

/// The parts that `value` compares, and whether the larger comes first: `a < b`, or `a < b or (a = b and …)`.
fn order(region: &Region, value: ValueId) -> Option<Vec<(Part, bool)>> {
    let op = region.defining(value)?;
    match short_name(op) {
        "compare" => match op.word("comparison_direction").ok()? {
            "LT" => Some(vec![(compared(region, op)?, false)]),
            // The total order has NaN first the other way round, which `sort` has last.
            "GT" if !is_total(op) => Some(vec![(compared(region, op)?, true)]),
            _ => None,
        },
        "or" => {
            let [first, rest] = op.operands[..] else { return None };
            let mut parts = order(region, first)?;
            let [(part, _)] = parts[..] else { return None };
            let and = region.defining(rest).filter(|op| short_name(op) == "and")?;
            let [equal, rest] = and.operands[..] else { return None };
            let equal = region.defining(equal).filter(|op| short_name(op) == "compare")?;
            let is_same = equal.word("comparison_direction").ok()? == "EQ"
                && compared(region, equal)? == part;
            if !is_same {
                return None;
            }
            parts.extend(order(region, rest)?);
            Some(parts)
        }
        _ => None,
    }
}

/// The part that a comparison is of, if both sides are the same part of the two elements of an operand. The total order
/// of floats tells −0 from +0 and one NaN from another, so there both have to be made alike first.
fn compared(region: &Region, op: &Op) -> Option<Part> {
    let [a, b] = op.operands[..] else { return None };
    let ((a, a_alike), (b, b_alike)) = (source(region, a)?, source(region, b)?);
    let is_float = region.ops.iter().any(|op| op.name == "stablehlo.select");
    let (a, b) = match (a, b) {
        (Part::Whole(a), Part::Whole(b)) if b == a + 1 => (Part::Whole(a / 2), a),
        (Part::Real(a), Part::Real(b)) if b == a + 1 => (Part::Real(a / 2), a),
        (Part::Imag(a), Part::Imag(b)) if b == a + 1 => (Part::Imag(a / 2), a),
        _ => return None,
    };
    let fits = !is_total(op) || (a_alike && b_alike) || !is_float && is_integer(region, b);
    (b.is_multiple_of(2) && fits).then_some(a)
}

fn is_total(op: &Op) -> bool {
    matches!(op.attribute("compare_type"), Some(Attr::Word(word)) if word == "TOTALORDER")
}

fn is_integer(region: &Region, argument: usize) -> bool {
    region
        .arguments
        .get(argument)
        .and_then(|(_, ty)| ty.dtype())
        .is_some_and(|dtype| !dtype.is_inexact())
}

/// The argument that a value is, and whether zeros and NaNs were made alike: `select(x ≠ x, NaN, select(x = 0, 0, x))`.
fn source(region: &Region, value: ValueId) -> Option<(Part, bool)> {
    if let Some(part) = part(region, value) {
        return Some((part, false));
    }
    let (condition, if_true, if_false) = select(region, value)?;
    let not_number = comparison(region, condition, "NE")?;
    let nan = constant(region, if_true)?;
    let (condition, if_true, x) = select(region, if_false)?;
    let zero = comparison(region, condition, "EQ")?;
    let part = part(region, x)?;
    let is_zero = |id| constant(region, id).is_some_and(|v| v.as_f64() == 0.0);
    let alike = not_number == (x, x)
        && nan.as_f64().is_nan()
        && zero.0 == x
        && is_zero(zero.1)
        && is_zero(if_true);
    alike.then_some((part, true))
}

fn part(region: &Region, value: ValueId) -> Option<Part> {
    let argument = |id: ValueId| region.arguments.iter().position(|(other, _)| *other == id);
    if let Some(k) = argument(value) {
        return Some(Part::Whole(k));
    }
    let op = region.defining(value)?;
    let k = argument(*op.operands.first()?)?;
    match short_name(op) {
        "real" => Some(Part::Real(k)),
        "imag" => Some(Part::Imag(k)),
        _ => None,
    }
}

fn select(region: &Region, value: ValueId) -> Option<(ValueId, ValueId, ValueId)> {
    let op = region.defining(value).filter(|op| short_name(op) == "select")?;
    let [condition, if_true, if_false] = op.operands[..] else { return None };
    Some((condition, if_true, if_false))
}

fn comparison(region: &Region, value: ValueId, direction: &str) -> Option<(ValueId, ValueId)> {
    let op = region.defining(value).filter(|op| short_name(op) == "compare")?;
    let [a, b] = op.operands[..] else { return None };
    (op.word("comparison_direction").ok()? == direction).then_some((a, b))
}

fn constant(region: &Region, value: ValueId) -> Option<Scalar> {
    match region.defining(value)?.attribute("value")? {
        Attr::Dense(literal) => literal.item(),
        _ => None,
    }
}
