//! How far implementations may differ in a value.

use crate::scalar::ScalarOp;

/// What is known about a value that a random program computes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Trust {
    /// The same bits everywhere. If finite, a multiple of `2^step` of at most `2^top`; `special` if it
    /// may be infinite or NaN. Integers and truth values are exact, and their bounds mean nothing.
    Exact { step: i32, top: i32, special: bool },
    /// Differs by rounding, and is at most `2^top`.
    Near { top: i32 },
    /// Differs by more: may only be stored.
    Last,
}

/// Bits of a number that is still exact in single precision, with room for a sum.
const BUDGET: i32 = 21;

/// Where rounding errors of single precision would grow too large.
const LARGEST: i32 = 10;

impl Trust {
    /// An integer or truth value.
    pub(super) const WHOLE: Trust = Trust::Exact { step: 0, top: 0, special: false };
    /// A correctly rounded float that nothing else is known of.
    pub(super) const RAW: Trust = Trust::Exact { step: -1100, top: 1100, special: true };

    pub(super) fn is_exact(self) -> bool {
        matches!(self, Trust::Exact { .. })
    }

    pub(super) fn is_special(self) -> bool {
        matches!(self, Trust::Exact { special: true, .. } | Trust::Last)
    }

    pub(super) fn step(self) -> i32 {
        match self {
            Trust::Exact { step, .. } => step,
            Trust::Near { .. } | Trust::Last => -1100,
        }
    }

    pub(super) fn top(self) -> i32 {
        match self {
            Trust::Exact { top, .. } | Trust::Near { top } => top,
            Trust::Last => 1100,
        }
    }

    /// What holds for a value that is one of two.
    pub(super) fn or(self, other: Trust) -> Trust {
        let special = self.is_special() || other.is_special();
        let (step, top) = (self.step().min(other.step()), self.top().max(other.top()));
        match self.is_exact() && other.is_exact() {
            true => Trust::Exact { step, top, special },
            false if special => Trust::Last,
            false => Trust::Near { top },
        }
    }

    /// What holds for a result that would be a multiple of `2^step` of at most `2^top`, if it were not
    /// rounded; none where such a value is of no use.
    fn result(step: i32, top: i32, exact: bool, special: bool) -> Option<Trust> {
        match () {
            () if exact && top - step <= BUDGET => Some(Trust::Exact { step, top, special }),
            () if !special && top <= LARGEST => Some(Trust::Near { top }),
            () => None,
        }
    }

    /// The sum, difference or product of two floats.
    pub(super) fn arithmetic(op: ScalarOp, a: Trust, b: Trust) -> Option<Trust> {
        let exact = a.is_exact() && b.is_exact();
        let special = a.is_special() || b.is_special();
        match op {
            ScalarOp::Mul => Trust::result(a.step() + b.step(), a.top() + b.top(), exact, special),
            _ => Trust::result(a.step().min(b.step()), a.top().max(b.top()) + 1, exact, special),
        }
    }

    /// The sum of so many floats and one.
    pub(super) fn sum(self, trips: usize) -> Option<Trust> {
        let top = self.top().max(0) + trips.max(1).ilog2() as i32 + 2;
        Trust::result(self.step().min(0), top, self.is_exact(), self.is_special())
    }

    /// A smooth function of slope at most one.
    pub(super) fn smooth(self) -> Option<Trust> {
        (!self.is_special() && self.top() <= 5).then_some(Trust::Near { top: 3 })
    }
}
