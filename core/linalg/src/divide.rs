//! Eigenvalues and eigenvectors of symmetric tridiagonal matrices by divide and conquer (Cuppen 1981; Gu &
//! Eisenstat, A Divide-and-Conquer Algorithm for the Symmetric Tridiagonal Eigenproblem, SIAM J. Matrix Anal. Appl.
//! 16, 1995; LAPACK's `stedc`).
//!
//! A matrix is cut in two halves and a remainder of rank one. When the halves are diagonalised, what is left is
//! `diag(d) + ρ z zᵀ`, most of whose eigenvectors may be known already.

mod deflation;
mod merge;
mod secular;

use crate::rotations::Rotated;
use crate::symmetric::steqr;
use crate::{ALONE, Failed, Matrix, Real, Threads};

/// Matrices up to this size are diagonalised by rotations (LAPACK's `smlsiz`).
const SMALL: usize = 25;

/// Eigenvalues, ascending, and eigenvectors.
pub(crate) struct Spectrum<R> {
    pub(crate) values: Vec<R>,
    /// Eigenvectors in rows, and the row of each.
    pub(crate) vectors: Matrix<R>,
    pub(crate) order: Vec<usize>,
}

/// A diagonalised part.
struct Part<R> {
    /// Eigenvalues; their numbers in ascending order.
    values: Vec<f64>,
    order: Vec<usize>,
    /// Eigenvectors, in rows.
    vectors: Matrix<R>,
}

/// The spectrum of a matrix with a diagonal and elements beside it.
pub(crate) fn spectrum<R: Real>(
    threads: Threads<'_>,
    mut d: Vec<R>,
    mut e: Vec<R>,
) -> Result<Spectrum<R>, Failed> {
    let n = d.len();
    if n <= SMALL {
        let mut q = Rotated::identity(threads, n);
        let order = steqr(&mut d, &mut e, Some(&mut q))?;
        let vectors = q.into_columns(&order).transpose();
        return Ok(Spectrum { values: d, vectors, order: (0..n).collect() });
    }
    let mut cuts = vec![0, n];
    while cuts.windows(2).any(|part| part[1] - part[0] > SMALL) {
        let halved = cuts.windows(2).flat_map(|part| [part[0], part[0].midpoint(part[1])]);
        cuts = halved.chain([n]).collect();
    }
    let mut parts = leaves(threads, &d, &e, &cuts)?;
    while parts.len() > 1 {
        parts = pairs(threads, parts, &e);
    }
    let Some(Part { values, order, vectors }) = parts.pop() else { return Err(Failed) };
    Ok(Spectrum { values: order.iter().map(|&i| R::of(values[i])).collect(), vectors, order })
}

/// The parts between cuts, of which the elements beside the cuts are taken away.
fn leaves<R: Real>(
    threads: Threads<'_>,
    d: &[R],
    e: &[R],
    cuts: &[usize],
) -> Result<Vec<Part<R>>, Failed> {
    let mut parts: Vec<Result<Part<R>, Failed>> = Vec::new();
    parts.resize_with(cuts.len() - 1, || Err(Failed));
    let tasks = cuts.windows(2).zip(&mut parts).collect();
    threads.each(tasks, |(cut, part): (&[usize], &mut Result<Part<R>, Failed>)| {
        let (start, end) = (cut[0], cut[1]);
        let (mut own, last) = (d[start..end].to_vec(), end - start - 1);
        if start > 0 {
            own[0] -= e[start - 1].magnitude();
        }
        if end < d.len() {
            own[last] -= e[end - 1].magnitude();
        }
        *part = leaf(own, e[start..end - 1].to_vec());
    });
    parts.into_iter().collect()
}

fn leaf<R: Real>(mut d: Vec<R>, mut e: Vec<R>) -> Result<Part<R>, Failed> {
    let n = d.len();
    let mut q = Rotated::identity(ALONE, n);
    let order = steqr(&mut d, &mut e, Some(&mut q))?;
    let vectors = q.into_columns(&order).transpose();
    Ok(Part { values: d.iter().map(|d| d.to_f64()).collect(), order: (0..n).collect(), vectors })
}

/// Two neighbours, and where what they become is put.
struct Pair<'a, R> {
    halves: [Part<R>; 2],
    between: f64,
    out: &'a mut Option<Part<R>>,
}

/// Every two neighbours as one. Where there are several pairs threads share them, and otherwise what a pair takes.
fn pairs<R: Real>(threads: Threads<'_>, parts: Vec<Part<R>>, e: &[R]) -> Vec<Part<R>> {
    let n_pairs = parts.len() / 2;
    let mut merged: Vec<Option<Part<R>>> = Vec::new();
    merged.resize_with(n_pairs, || None);
    let mut tasks = Vec::with_capacity(n_pairs);
    let (mut parts, mut end) = (parts.into_iter(), 0);
    for out in &mut merged {
        let (Some(first), Some(second)) = (parts.next(), parts.next()) else { break };
        let between = e[end + first.values.len() - 1].to_f64();
        end += first.values.len() + second.values.len();
        tasks.push(Pair { halves: [first, second], between, out });
    }
    let within = if n_pairs == 1 { threads } else { ALONE };
    threads.each(tasks, |Pair { halves, between, out }| {
        *out = Some(merge::merge(within, halves, between));
    });
    merged.into_iter().flatten().collect()
}

#[cfg(test)]
mod tests;
