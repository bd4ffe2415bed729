//! Positions that are sums of loop counters with constant factors: what turns a block of loads into a
//! slice.

use jaxrs_data::SmallVec;

use crate::scalar::ScalarOp;

/// A counter of the running program: of a program loop, a domain axis or a kernel loop.
pub(crate) type Var = usize;

/// `constant + Σ factor · counter`, in wrapping 64-bit arithmetic; no factor is zero, no counter occurs
/// twice, and counters increase.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Form {
    pub(crate) constant: i64,
    pub(crate) terms: SmallVec<[(Var, i64); 4]>,
}

impl Form {
    pub(super) fn constant(constant: i64) -> Form {
        Form { constant, terms: SmallVec::new() }
    }

    pub(super) fn var(var: Var) -> Form {
        Form { constant: 0, terms: SmallVec::from_slice(&[(var, 1)]) }
    }

    /// The factor of a counter.
    pub(crate) fn factor(&self, var: Var) -> i64 {
        self.terms.iter().find(|term| term.0 == var).map_or(0, |term| term.1)
    }

    /// The value, for the present counters.
    #[inline]
    pub(super) fn at(&self, vars: &[i64]) -> i64 {
        self.terms.iter().fold(self.constant, |sum, &(var, factor)| {
            sum.wrapping_add(vars[var].wrapping_mul(factor))
        })
    }

    /// What an operation gives on such sums, if that is one.
    pub(super) fn of(op: ScalarOp, args: &[Option<&Form>]) -> Option<Form> {
        match (op, args) {
            (ScalarOp::Add, &[Some(a), Some(b)]) => Some(a.plus(b, 1)),
            (ScalarOp::Sub, &[Some(a), Some(b)]) => Some(a.plus(b, -1)),
            (ScalarOp::Neg, &[Some(a)]) => Some(Form::constant(0).plus(a, -1)),
            (ScalarOp::Mul, &[Some(a), Some(b)]) if b.terms.is_empty() => Some(a.times(b.constant)),
            (ScalarOp::Mul, &[Some(a), Some(b)]) if a.terms.is_empty() => Some(b.times(a.constant)),
            _ => None,
        }
    }

    fn times(&self, factor: i64) -> Form {
        Form::constant(0).plus(self, factor)
    }

    fn plus(&self, other: &Form, factor: i64) -> Form {
        let constant = self.constant.wrapping_add(other.constant.wrapping_mul(factor));
        let mut terms = self.terms.clone();
        for &(var, theirs) in &other.terms {
            let theirs = theirs.wrapping_mul(factor);
            match terms.binary_search_by_key(&var, |term| term.0) {
                Ok(at) => terms[at].1 = terms[at].1.wrapping_add(theirs),
                Err(at) => terms.insert(at, (var, theirs)),
            }
        }
        terms.retain(|term| term.1 != 0);
        Form { constant, terms }
    }
}
