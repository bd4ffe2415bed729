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
/// Of several operands those two are contracted first whose product is smallest, less what it replaces.
pub fn einsum(cx: &Scope, subscripts: &str, operands: &[Value]) -> Result<Value> {
    let (mut terms, result) = read(cx, subscripts, operands)?;
    let Some(mut joined) = terms.pop() else {
        bail!(InvalidArgument, "einsum needs at least one operand, got none");
    };
    terms.push(joined);
    for i in 0..terms.len() {
        let term = terms.remove(i);
        let term = sum_private(cx, term, &result, &terms)?;
        terms.insert(i, term);
    }
    while terms.len() > 2 {
        let (first, second) = cheapest(&terms, &result);
        let y = terms.remove(second);
        let x = terms.remove(first);
        let product = contract(cx, x, y, &result, &terms)?;
        terms.push(product);
    }
    joined = terms.remove(0);
    if let Some(next) = terms.pop() {
        joined = contract(cx, joined, next, &result, &terms)?;
    }
    let order: SmallVec<[usize; 4]> =
        result.iter().filter_map(|&letter| joined.axis(letter)).collect();
    ops::transpose(cx, &joined.value, &order)
}

/// The first of the letters that stand for axes of ellipses.
const ELLIPSIS: char = '\u{e000}';

/// The subscripts with a letter for each axis that an ellipsis stands for; the last axes of all ellipses are the same.
fn with_letters_for_ellipses(subscripts: &str, text: &str, operands: &[Value]) -> Result<String> {
    if !text.contains("...") {
        return Ok(text.to_owned());
    }
    let (inputs, output) = match text.split_once("->") {
        Some((inputs, output)) => (inputs, Some(output)),
        None => (text, None),
    };
    let parts: Vec<&str> = inputs.split(',').collect();
    if parts.len() != operands.len() {
        bail!(
            InvalidArgument,
            "einsum {subscripts:?} names {} operands, got {}",
            parts.len(),
            operands.len()
        );
    }
    let count = |part: &str, operand: &Value| -> Result<usize> {
        let Some((before, after)) = part.split_once("...") else { return Ok(0) };
        match operand.ty().rank().checked_sub(before.chars().count() + after.chars().count()) {
            Some(n) => Ok(n),
            None => bail!(
                InvalidArgument,
                "einsum {subscripts:?} has more letters than axes for {}",
                operand.ty()
            ),
        }
    };
    let counts =
        parts.iter().zip(operands).map(|(part, x)| count(part, x)).collect::<Result<Vec<_>>>()?;
    let most = counts.iter().copied().max().unwrap_or(0);
    let letters = |n: usize| -> String {
        (most - n..most).filter_map(|i| char::from_u32(ELLIPSIS as u32 + i as u32)).collect()
    };
    let spelt: Vec<String> =
        parts.iter().zip(&counts).map(|(part, &n)| part.replacen("...", &letters(n), 1)).collect();
    let output = match output {
        Some(output) => output.replacen("...", &letters(most), 1),
        // Without an arrow axes of ellipses come first.
        None => {
            let named: Vec<Vec<char>> =
                spelt.iter().map(|part| part.chars().filter(|&c| c < ELLIPSIS).collect()).collect();
            letters(most) + &implicit_output(&named).into_iter().collect::<String>()
        }
    };
    Ok(format!("{}->{output}", spelt.join(",")))
}

/// Reads the subscripts and checks them against the operands.
fn read(cx: &Scope, subscripts: &str, operands: &[Value]) -> Result<(Vec<Term>, Vec<char>)> {
    let text: String = subscripts.chars().filter(|c| !c.is_whitespace()).collect();
    let text = with_letters_for_ellipses(subscripts, &text, operands)?;
    let is_letter = |c: char| c.is_ascii_alphabetic() || c >= ELLIPSIS;
    if let Some(c) = text.chars().find(|&c| !is_letter(c) && !",->".contains(c)) {
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
    }
    for (letters, operand) in inputs.iter().zip(operands) {
        let value = convert(cx, operand, dtype, weak)?;
        let term = spread(cx, Term { letters: letters.clone(), value }, &sizes)?;
        terms.push(diagonals(cx, term)?);
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

/// Axes of size 1 under an ellipsis go where others are longer: products broadcast without them.
fn spread(cx: &Scope, mut term: Term, sizes: &[(char, usize)]) -> Result<Term> {
    let is_full = |letter: char, dim: usize| {
        sizes.iter().any(|&(known, size)| known == letter && size == dim)
    };
    let dropped: Vec<usize> = (0..term.letters.len())
        .filter(|&axis| {
            term.letters[axis] >= ELLIPSIS && !is_full(term.letters[axis], term.value.shape()[axis])
        })
        .collect();
    term.value = ops::squeeze(cx, &term.value, dropped.iter().copied())?;
    let kept = term.letters.iter().enumerate().filter(|(axis, _)| !dropped.contains(axis));
    term.letters = kept.map(|(_, &letter)| letter).collect();
    Ok(term)
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
        match sizes.iter_mut().find(|(known, _)| *known == letter) {
            Some((_, size)) if letter >= ELLIPSIS && (*size == 1 || dim == 1) => {
                *size = dim.max(*size)
            }
            Some(&mut (_, size)) if size != dim => {
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

/// The pair whose product adds least, and is had with the fewest operations: the greedy path of opt_einsum.
fn cheapest(terms: &[Term], result: &[char]) -> (usize, usize) {
    let size_of = |letter: char| {
        let of = |term: &Term| term.axis(letter).map(|axis| term.value.shape()[axis] as f64);
        terms.iter().find_map(of).unwrap_or(1.0)
    };
    let cost = |i: usize, j: usize| -> (f64, f64) {
        let (x, y) = (&terms[i], &terms[j]);
        let mut all = x.letters.clone();
        all.extend(y.letters.iter().filter(|letter| !x.letters.contains(letter)));
        let others = terms.iter().enumerate().filter(|&(k, _)| k != i && k != j);
        let needed = |letter: &char| {
            result.contains(letter) || others.clone().any(|(_, term)| term.axis(*letter).is_some())
        };
        let kept: f64 =
            all.iter().filter(|letter| needed(letter)).map(|&letter| size_of(letter)).product();
        let operations: f64 = all.iter().map(|&letter| size_of(letter)).product();
        (kept - x.value.ty().numel() as f64 - y.value.ty().numel() as f64, operations)
    };
    let pairs = (0..terms.len()).flat_map(|i| (i + 1..terms.len()).map(move |j| (i, j)));
    let best = pairs.min_by(|&(a, b), &(c, d)| {
        cost(a, b).partial_cmp(&cost(c, d)).unwrap_or(std::cmp::Ordering::Equal)
    });
    best.unwrap_or((0, 1))
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
