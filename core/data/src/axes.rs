//! Axis lists, checked once.

use std::fmt;
use std::ops::Deref;

use smallvec::SmallVec;

use crate::{Result, bail};

/// Reads one axis as a caller writes it: `-1` is the last one.
pub fn normalize_axis(operation: &str, axis: i64, rank: usize) -> Result<usize> {
    let wrapped = if axis < 0 { axis + rank as i64 } else { axis };
    match usize::try_from(wrapped) {
        Ok(axis) if axis < rank => Ok(axis),
        _ => bail!(InvalidArgument, "{operation} got axis {axis} of an array with {rank} axes"),
    }
}

/// Distinct axes of one array, in increasing order and in range.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Axes(SmallVec<[usize; 4]>);

impl Axes {
    /// Reads axes as a caller writes them: `-1` is the last one, none may repeat.
    pub fn new(operation: &str, axes: &[i64], rank: usize) -> Result<Axes> {
        let mut seen = SmallVec::with_capacity(axes.len());
        for &axis in axes {
            seen.push(normalize_axis(operation, axis, rank)?);
        }
        seen.sort_unstable();
        if seen.windows(2).any(|pair| pair[0] == pair[1]) {
            bail!(InvalidArgument, "{operation} got axes {axes:?}, which repeat an axis");
        }
        Ok(Axes(seen))
    }

    /// All axes of an array.
    pub fn all(rank: usize) -> Axes {
        Axes((0..rank).collect())
    }

    /// Axes that are known to be distinct; sorts them.
    pub fn from_distinct(axes: impl IntoIterator<Item = usize>) -> Axes {
        let mut axes: SmallVec<[usize; 4]> = axes.into_iter().collect();
        axes.sort_unstable();
        debug_assert!(axes.windows(2).all(|pair| pair[0] < pair[1]), "axes {axes:?} repeat");
        Axes(axes)
    }
}

impl Deref for Axes {
    type Target = [usize];
    fn deref(&self) -> &[usize] {
        &self.0
    }
}

impl fmt::Display for Axes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.0.as_slice())
    }
}
