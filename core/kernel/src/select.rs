//! Which elements of a sequence come first: the order that [`TopK`] selects by.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

use jaxrs_data::Scalar;

use crate::program::BufferId;

/// Selects from `outer × inner` sequences of `len` elements the first `k` by a ranking, in their order; of
/// elements that rank alike the one with the lowest position comes first. Elements of one sequence lie
/// `inner` apart, before and after.
#[derive(Clone, Debug, PartialEq)]
pub struct TopK {
    /// Sequences before the axis.
    pub outer: usize,
    /// The length of the axis.
    pub len: usize,
    /// Elements after the axis.
    pub inner: usize,
    /// How many are selected, at most `len`.
    pub k: usize,
    /// What comes first.
    pub ranking: Ranking,
    /// What is selected from.
    pub input: BufferId,
    /// Where the selected elements go.
    pub values: BufferId,
    /// Where their positions along the axis go, as `i32`.
    pub positions: BufferId,
}

/// How elements are ranked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Ranking {
    /// The largest first; floats in their total order: NaN above everything, −0 below 0, NaN with a sign bit
    /// last.
    Total,
    /// The largest first by value, NaN last, −0 as 0.
    Largest,
    /// The smallest first by value, NaN last, −0 as 0.
    Smallest,
}

impl Ranking {
    /// Whether an element comes before another, after it, or ranks alike. Complex numbers have no rank.
    pub fn compare(self, a: Scalar, b: Scalar) -> Ordering {
        let descending = match (a, b) {
            (Scalar::Bool(a), Scalar::Bool(b)) => b.cmp(&a),
            (Scalar::Int(a), Scalar::Int(b)) => b.cmp(&a),
            (Scalar::Uint(a), Scalar::Uint(b)) => b.cmp(&a),
            _ => return self.compare_floats(a.as_f64(), b.as_f64()),
        };
        if self == Ranking::Smallest { descending.reverse() } else { descending }
    }

    fn compare_floats(self, a: f64, b: f64) -> Ordering {
        let last = a.is_nan().cmp(&b.is_nan());
        match self {
            Ranking::Total => b.total_cmp(&a),
            Ranking::Largest => b.partial_cmp(&a).unwrap_or(last),
            Ranking::Smallest => a.partial_cmp(&b).unwrap_or(last),
        }
    }
}

const NAMES: [(Ranking, &str); 3] =
    [(Ranking::Total, "total"), (Ranking::Largest, "largest"), (Ranking::Smallest, "smallest")];

impl fmt::Display for Ranking {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = NAMES.iter().find(|(ranking, _)| ranking == self).map_or("", |(_, name)| name);
        f.write_str(name)
    }
}

impl FromStr for Ranking {
    type Err = ();

    fn from_str(name: &str) -> Result<Ranking, ()> {
        let found = NAMES.into_iter().find(|(_, known)| *known == name);
        found.map(|(ranking, _)| ranking).ok_or(())
    }
}
