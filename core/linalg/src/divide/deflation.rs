//! Eigenvectors that a merger leaves as they are (LAPACK's `laed2`).

use crate::{Matrix, Real, vector};

/// Where the elements of an eigenvector of the halves may differ from zero.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Support {
    First,
    Both,
    Second,
}

/// `diag(values) + ρ z zᵀ`, ascending, in terms of the vectors in the rows of a matrix.
pub(super) struct Update<R> {
    pub(super) values: Vec<f64>,
    pub(super) z: Vec<f64>,
    pub(super) supports: Vec<Support>,
    pub(super) vectors: Matrix<R>,
    pub(super) rho: f64,
}

impl<R: Real> Update<R> {
    /// Finds which vectors have no part in `z`, and turns pairs whose values are all but equal so that one of them
    /// has none. Gives the numbers of those that have a part, and of those that are eigenvectors.
    pub(super) fn deflate(&mut self) -> (Vec<usize>, Vec<usize>) {
        let size = self.values.iter().fold(self.rho, |size, x| size.max(x.abs()));
        let tolerance = 8.0 * R::EPSILON.to_f64() * size;
        let (mut kept, mut deflated) = (Vec::new(), Vec::new());
        let mut before: Option<usize> = None;
        for i in 0..self.values.len() {
            if self.rho * self.z[i].abs() <= tolerance {
                deflated.push(i);
                continue;
            }
            let Some(p) = before.replace(i) else { continue };
            if self.turn(p, i, tolerance) { deflated.push(p) } else { kept.push(p) }
        }
        kept.extend(before);
        (kept, deflated)
    }

    /// Turns two vectors so that the first has no part in `z`, if what that takes away is small.
    fn turn(&mut self, p: usize, i: usize, tolerance: f64) -> bool {
        let length = self.z[p].hypot(self.z[i]);
        let (c, s) = (self.z[i] / length, -self.z[p] / length);
        let difference = self.values[i] - self.values[p];
        if (difference * c * s).abs() > tolerance {
            return false;
        }
        (self.z[p], self.z[i]) = (0.0, length);
        if self.supports[p] != self.supports[i] {
            self.supports[i] = Support::Both;
        }
        let (first, second) = self.vectors.two_rows(p, i);
        vector::rotate(first, second, R::of(c), R::of(s));
        let (low, high) = (self.values[p], self.values[i]);
        self.values[p] = low * c * c + high * s * s;
        self.values[i] = low * s * s + high * c * c;
        true
    }
}
