//! Where an `i64` lies.

use crate::scalar::{Compare, ScalarOp};

/// All numbers from `low` to `high`, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Range {
    pub(super) low: i64,
    pub(super) high: i64,
}

impl Range {
    /// Nothing is known.
    pub(super) const ALL: Range = Range { low: i64::MIN, high: i64::MAX };

    /// Counters below a size. There are none below 0, and nothing that is said of them matters.
    pub(super) fn below(size: usize) -> Range {
        let last = i64::try_from(size).unwrap_or(i64::MAX).saturating_sub(1);
        Range { low: 0, high: last.max(0) }
    }

    fn hull(values: &[i64]) -> Range {
        let (low, high) = (values.iter().min(), values.iter().max());
        low.zip(high).map_or(Range::ALL, |(&low, &high)| Range { low, high })
    }

    fn single(self) -> Option<i64> {
        (self.low == self.high).then_some(self.low)
    }

    pub(super) fn union(self, other: Range) -> Range {
        Range { low: self.low.min(other.low), high: self.high.max(other.high) }
    }

    /// Where the result of an operation lies. Where it may wrap, nothing is known.
    pub(super) fn apply(op: ScalarOp, a: Range, b: Range) -> Range {
        Range::apply_checked(op, a, b).unwrap_or(Range::ALL)
    }

    fn apply_checked(op: ScalarOp, a: Range, b: Range) -> Option<Range> {
        let divisor = b.single().filter(|&by| by > 0);
        Some(match op {
            ScalarOp::Add => {
                Range { low: a.low.checked_add(b.low)?, high: a.high.checked_add(b.high)? }
            }
            ScalarOp::Sub => {
                Range { low: a.low.checked_sub(b.high)?, high: a.high.checked_sub(b.low)? }
            }
            ScalarOp::Mul => Range::hull(&[
                a.low.checked_mul(b.low)?,
                a.low.checked_mul(b.high)?,
                a.high.checked_mul(b.low)?,
                a.high.checked_mul(b.high)?,
            ]),
            ScalarOp::Div => Range { low: a.low / divisor?, high: a.high / divisor? },
            // The remainder has the sign of the dividend.
            ScalarOp::Rem => {
                let last = divisor? - 1;
                Range { low: a.low.clamp(-last, 0), high: a.high.clamp(0, last) }
            }
            ScalarOp::Min => Range { low: a.low.min(b.low), high: a.high.min(b.high) },
            ScalarOp::Max => Range { low: a.low.max(b.low), high: a.high.max(b.high) },
            _ => return None,
        })
    }

    /// What a comparison comes to, if that is the same for all numbers of both ranges.
    pub(super) fn decide(compare: Compare, a: Range, b: Range) -> Option<bool> {
        let (all, none) = match compare {
            Compare::Lt => (a.high < b.low, a.low >= b.high),
            Compare::Le => (a.high <= b.low, a.low > b.high),
            Compare::Gt => (a.low > b.high, a.high <= b.low),
            Compare::Ge => (a.low >= b.high, a.high < b.low),
            Compare::Eq => (false, a.high < b.low || a.low > b.high),
            Compare::Ne => (a.high < b.low || a.low > b.high, false),
        };
        if all { Some(true) } else { none.then_some(false) }
    }
}
