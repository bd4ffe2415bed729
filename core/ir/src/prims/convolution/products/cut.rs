//! In which order windows are laid out, and how many at a time.

use super::{Plan, sizes};
use crate::rules::axes::AxisList;

/// What is laid out at a time: about what one core's share of the cache holds.
const PATCH_BYTES: usize = 1 << 20;
/// Fewer rows at a time than this are not worth a call.
const MIN_ROWS: usize = 96;

/// How the leading axes of the result are cut: some are gone through one by one, the next in parts.
#[derive(Clone, Copy)]
pub(super) struct Chunks {
    /// How many axes are gone through.
    pub(super) n_whole: usize,
    /// The size of the part of the axis after them.
    pub(super) part: usize,
    /// The number of chunks.
    pub(super) trips: usize,
}

impl Plan<'_> {
    /// The axes that chunks are cut from.
    pub(super) fn leading(&self) -> &AxisList {
        if self.batch.is_empty() { &self.rows } else { &self.batch }
    }

    /// The sizes of the leading axes within a chunk.
    pub(super) fn leading_sizes(&self) -> Vec<usize> {
        let mut sizes = sizes(&self.out, &self.leading()[self.chunks.n_whole..]);
        if let Some(first) = sizes.first_mut() {
            *first = self.chunks.part;
        }
        sizes
    }

    /// What reading the left operand along an axis of windows gains: its elements lie side by side or not,
    /// and there are more or fewer of them than lanes.
    fn score(size: usize, is_contiguous: bool) -> usize {
        size.min(16) * if is_contiguous { 4 } else { 1 }
    }

    /// The axis of the left operand along which elements lie side by side.
    fn minor(&self) -> Option<usize> {
        (0..self.lhs.rank()).rev().find(|&axis| self.lhs.shape[axis] > 1)
    }

    pub(super) fn summed_score(&self) -> usize {
        let numbers = self.geometry.numbers;
        let Some(&axis) = self.summed.last() else { return 0 };
        let place = numbers.rhs_spec.iter().position(|&own| own == axis).unwrap_or(1);
        let is_contiguous = self.minor() == Some(numbers.lhs_spec[place])
            && (place < 2 || self.geometry.space[place - 2].window_dilation == 1);
        Plan::score(self.rhs.shape[axis], is_contiguous)
    }

    pub(super) fn rows_score(&self) -> usize {
        let numbers = self.geometry.numbers;
        let Some(&axis) = self.rows.last() else { return 0 };
        let place = numbers.out_spec.iter().position(|&own| own == axis).unwrap_or(0);
        let is_contiguous = self.minor() == Some(numbers.lhs_spec[place])
            && (place < 2 || self.geometry.space[place - 2].stride == 1);
        Plan::score(self.out[axis], is_contiguous)
    }

    /// Cuts chunks that fit the cache, of rows enough for a call.
    pub(super) fn cut(&self) -> Chunks {
        let element = self.lhs.dtype.size_bytes() * self.geometry.groups() * self.n_summed();
        let unit = if self.batch.is_empty() { 1 } else { self.n_rows() };
        let leading = sizes(&self.out, self.leading());
        let fits = |count: usize| count * unit * element <= PATCH_BYTES;
        let mut trips = 1;
        for (n_whole, &size) in leading.iter().enumerate() {
            let rest: usize = leading[n_whole + 1..].iter().product();
            let divisors = (1..=size).rev().filter(|&part| size % part == 0);
            let mut parts = divisors.filter(|&part| part * rest * unit >= MIN_ROWS);
            let Some(mut part) = parts.next() else { break };
            for smaller in parts {
                if fits(part * rest) {
                    break;
                }
                part = smaller;
            }
            let is_last = n_whole + 1 == leading.len();
            if part > 1 || fits(rest) || is_last || rest * unit < MIN_ROWS {
                return Chunks { n_whole, part, trips: trips * (size / part) };
            }
            trips *= size;
        }
        Chunks { n_whole: 0, part: leading.first().copied().unwrap_or(1), trips: 1 }
    }
}
