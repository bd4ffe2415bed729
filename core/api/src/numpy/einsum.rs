//! Einstein summation.

use jaxrs_data::promote;
use jaxrs_data::{Result, SmallVec, bail};
use jaxrs_ir::prims::DotGeneral;
use jaxrs_ir::{Value, ops};
use jaxrs_kernel::Compare;
use jaxrs_transform::Scope;

use crate::operands::{constant_like, convert};

/// An operand with a letter for each axis.
struct Term {
    letters: Vec<char>,
    value: Value,
}

impl Term {
    fn axis(&self, letter: char) -> Option<usize> {
        self.letters.iter().position(|&l| l == letter)
    }
}

/// `einsum("ij,jk->ik", x, y)`: products of operands summed over the letters that the result does not have.
/// Operands are contracted from left to right.
pub fn einsum(cx: &Scope, subscripts: &str, operands: &[Value]) -> Result<Value> {
    let (mut terms, result) = read(cx, subscripts, operands)?;
    terms.reverse();
    let Some(mut joined) = terms.pop() else {
        bail!(InvalidArgument, "einsum needs at least one operand, got none");
    };
    joined = sum_private(cx, joined, &result, &terms)?;
    while let Some(next) = terms.pop() {
        let next = sum_private_beside(cx, next, &result, &terms, &joined)?;
        joined = contract(cx, joined, next, &result, &terms)?;
    }
    let order: SmallVec<[usize; 4]> =
        result.iter().filter_map(|&letter| joined.axis(letter)).collect();
    ops::transpose(cx, &joined.value, &order)
}

/// Reads the subscripts and checks them against the operands.
fn read(cx: &Scope, subscripts: &str, operands: &[Value]) -> Result<(Vec<Term>, Vec<char>)> {
    let text: String = subscripts.chars().filter(|c| !c.is_whitespace()).collect();
    if let Some(c) = text.chars().find(|c| !c.is_ascii_alphabetic() && !",->".contains(*c)) {
        bail!(
            InvalidArgument,
            "einsum takes letters, commas and an arrow, got {c:?} in {subscripts:?}"
        );
    }
    let (inputs, output) = match text.split_once("->") {
        Some((inputs, output)) => (inputs.to_owned(), Some(output.chars().collect::<Vec<char>>())),
        None => (text.clone(), None),
    };
    let inputs: Vec<Vec<char>> = inputs.split(',').map(|part| part.chars().collect()).collect();
    if inputs.len() != operands.len() {
        bail!(
            InvalidArgument,
            "einsum {subscripts:?} names {} operands, got {}",
            inputs.len(),
            operands.len()
        );
    }
    let (dtype, weak) = promote::promote(operands.iter().map(|x| x.ty()), cx.defaults())?;
    let mut sizes: Vec<(char, usize)> = Vec::new();
    let mut terms = Vec::new();
    for (letters, operand) in inputs.iter().zip(operands) {
        check_sizes(subscripts, letters, operand, &mut sizes)?;
        let value = convert(cx, operand, dtype, weak)?;
        terms.push(diagonals(cx, Term { letters: letters.clone(), value })?);
    }
    let output = output.unwrap_or_else(|| implicit_output(&inputs));
    for (i, letter) in output.iter().enumerate() {
        if !sizes.iter().any(|(known, _)| known == letter) || output[..i].contains(letter) {
            bail!(
                InvalidArgument,
                "einsum {subscripts:?} needs each letter of the result once and in an operand, got {letter:?}"
            );
        }
    }
    Ok((terms, output))
}

fn check_sizes(
    subscripts: &str,
    letters: &[char],
    operand: &Value,
    sizes: &mut Vec<(char, usize)>,
) -> Result<()> {
    if letters.len() != operand.ty().rank() {
        bail!(
            InvalidArgument,
            "einsum {subscripts:?} has {} letters for {}",
            letters.len(),
            operand.ty()
        );
    }
    for (&letter, &dim) in letters.iter().zip(operand.shape().iter()) {
        match sizes.iter().find(|(known, _)| *known == letter) {
            Some(&(_, size)) if size != dim => {
                bail!(
                    Shape,
                    "einsum {subscripts:?} needs one size for {letter:?}, got {size} and {dim}"
                )
            }
            Some(_) => {}
            None => sizes.push((letter, dim)),
        }
    }
    Ok(())
}

/// Without an arrow the result has the letters that occur once, in alphabetical order.
fn implicit_output(inputs: &[Vec<char>]) -> Vec<char> {
    let all: Vec<char> = inputs.concat();
    let mut once: Vec<char> =
        all.iter().copied().filter(|l| all.iter().filter(|o| *o == l).count() == 1).collect();
    once.sort_unstable();
    once
}

/// A letter that an operand has twice stands for a diagonal.
fn diagonals(cx: &Scope, mut term: Term) -> Result<Term> {
    while let Some((first, second)) = repeated(&term.letters) {
        let rows = ops::iota(cx, jaxrs_data::DType::I32, term.value.shape(), first)?;
        let columns = ops::iota(cx, jaxrs_data::DType::I32, term.value.shape(), second)?;
        let mask = ops::compare(cx, Compare::Eq, &rows, &columns)?;
        let zero = constant_like(&term.value, 0.0);
        let masked = super::select(cx, &mask, &term.value, &zero)?;
        term.value = ops::reduce_sum(cx, &masked, [second])?;
        term.letters.remove(second);
    }
    Ok(term)
}

fn repeated(letters: &[char]) -> Option<(usize, usize)> {
    (0..letters.len()).find_map(|second| {
        let first = letters[..second].iter().position(|l| *l == letters[second])?;
        Some((first, second))
    })
}

fn is_needed(letter: char, result: &[char], others: &[Term]) -> bool {
    result.contains(&letter) || others.iter().any(|term| term.axis(letter).is_some())
}

/// Sums axes whose letters occur nowhere else.
fn sum_private(cx: &Scope, term: Term, result: &[char], others: &[Term]) -> Result<Term> {
    let private = |&axis: &usize| !is_needed(term.letters[axis], result, others);
    let axes: Vec<usize> = (0..term.letters.len()).filter(private).collect();
    if axes.is_empty() {
        return Ok(term);
    }
    let value = ops::reduce_sum(cx, &term.value, axes.iter().copied())?;
    let kept = |&(axis, _): &(usize, &char)| !axes.contains(&axis);
    let letters = term.letters.iter().enumerate().filter(kept).map(|(_, &l)| l).collect();
    Ok(Term { letters, value })
}

fn sum_private_beside(
    cx: &Scope,
    term: Term,
    result: &[char],
    others: &[Term],
    joined: &Term,
) -> Result<Term> {
    let known: Vec<char> = result.iter().chain(&joined.letters).copied().collect();
    sum_private(cx, term, &known, others)
}

/// One pairwise contraction: shared letters that are needed later are batch axes, the others are summed.
fn contract(cx: &Scope, x: Term, y: Term, result: &[char], others: &[Term]) -> Result<Term> {
    let shared: Vec<char> = x.letters.iter().copied().filter(|&l| y.axis(l).is_some()).collect();
    let (batch, summed): (Vec<char>, Vec<char>) =
        shared.iter().partition(|&&letter| is_needed(letter, result, others));
    let axes = |term: &Term, letters: &[char]| -> SmallVec<[usize; 4]> {
        letters.iter().filter_map(|&letter| term.axis(letter)).collect()
    };
    let dot = DotGeneral {
        lhs_contracting: axes(&x, &summed),
        rhs_contracting: axes(&y, &summed),
        lhs_batch: axes(&x, &batch),
        rhs_batch: axes(&y, &batch),
        preferred_element_type: None,
    };
    let value = ops::dot_general(cx, dot, &x.value, &y.value)?;
    let free = |term: &Term| -> Vec<char> {
        term.letters.iter().copied().filter(|l| !shared.contains(l)).collect()
    };
    let letters = [batch, free(&x), free(&y)].concat();
    sum_private(cx, Term { letters, value }, result, others)
}
