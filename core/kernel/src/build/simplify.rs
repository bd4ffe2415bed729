//! What operations come to without an instruction, where that is exact.
//!
//! Reshapes, slices and pads compose to index arithmetic that mostly undoes itself: positions are split
//! into coordinates and put together again, and compared with bounds that they cannot reach. Where the
//! range of coordinates is known, that can be seen here.

use jaxrs_data::{DType, Scalar, SmallVec};

use super::BodyBuilder;
use super::range::Range;
use crate::body::ValueId;
use crate::scalar::{Compare, ScalarOp};

impl BodyBuilder {
    /// What an operation comes to without an instruction, if that is exact: integer arithmetic on
    /// constants, neutral elements of integers, selections that are decided.
    pub(super) fn simplify(&mut self, op: ScalarOp, args: &[ValueId]) -> Option<ValueId> {
        let known: SmallVec<[Option<Scalar>; 3]> =
            args.iter().map(|&arg| self.as_constant(arg)).collect();
        match (op, known.as_slice()) {
            (ScalarOp::Select, [Some(Scalar::Bool(condition)), ..]) => {
                Some(args[if *condition { 1 } else { 2 }])
            }
            (ScalarOp::Select, _) if args[1] == args[2] => Some(args[1]),
            (ScalarOp::Select, _) => self.simplify_select(args),
            (ScalarOp::And, [Some(Scalar::Bool(true)), _])
            | (ScalarOp::Or, [Some(Scalar::Bool(false)), _]) => Some(args[1]),
            (ScalarOp::And, [_, Some(Scalar::Bool(true))])
            | (ScalarOp::Or, [_, Some(Scalar::Bool(false))]) => Some(args[0]),
            (ScalarOp::And, [.., Some(Scalar::Bool(false))] | [Some(Scalar::Bool(false)), ..]) => {
                Some(self.constant(DType::Bool, Scalar::Bool(false)))
            }
            (ScalarOp::Or, [.., Some(Scalar::Bool(true))] | [Some(Scalar::Bool(true)), ..]) => {
                Some(self.constant(DType::Bool, Scalar::Bool(true)))
            }
            (_, &[Some(Scalar::Int(a)), Some(Scalar::Int(b))])
                if self.dtype(args[0]) == DType::I64 =>
            {
                self.fold_integers(op, a, b)
            }
            (ScalarOp::Add, [_, Some(Scalar::Int(0))])
            | (ScalarOp::Sub, [_, Some(Scalar::Int(0))])
            | (ScalarOp::Mul | ScalarOp::Div, [_, Some(Scalar::Int(1))]) => Some(args[0]),
            (ScalarOp::Add, [Some(Scalar::Int(0)), _])
            | (ScalarOp::Mul, [Some(Scalar::Int(1)), _]) => Some(args[1]),
            (ScalarOp::Mul, [_, Some(Scalar::Int(0))] | [Some(Scalar::Int(0)), _])
            | (ScalarOp::Rem, [_, Some(Scalar::Int(1))]) => {
                let dtype = self.dtype(args[0]);
                Some(self.constant(dtype, Scalar::Int(0)))
            }
            _ if op.arity() == 2 && self.dtype(args[0]) == DType::I64 => {
                self.simplify_index(op, args[0], args[1])
            }
            _ => None,
        }
    }

    fn fold_integers(&mut self, op: ScalarOp, a: i64, b: i64) -> Option<ValueId> {
        let value = match op {
            ScalarOp::Add => a.wrapping_add(b),
            ScalarOp::Sub => a.wrapping_sub(b),
            ScalarOp::Mul => a.wrapping_mul(b),
            ScalarOp::Div if b > 0 => a / b,
            ScalarOp::Rem if b > 0 => a % b,
            ScalarOp::Max => a.max(b),
            ScalarOp::Min => a.min(b),
            ScalarOp::Compare(compare) => {
                let holds = match compare {
                    Compare::Eq => a == b,
                    Compare::Ne => a != b,
                    Compare::Lt => a < b,
                    Compare::Le => a <= b,
                    Compare::Gt => a > b,
                    Compare::Ge => a >= b,
                };
                return Some(self.constant(DType::Bool, Scalar::Bool(holds)));
            }
            _ => return None,
        };
        Some(self.index(value))
    }

    /// Selections inside selections by the same condition are decided.
    fn simplify_select(&mut self, args: &[ValueId]) -> Option<ValueId> {
        let (condition, mut chosen) = (args[0], [args[1], args[2]]);
        for (k, value) in chosen.iter_mut().enumerate() {
            if let Some((ScalarOp::Select, inner)) = &self.facts[value.0 as usize].definition
                && inner[0] == condition
            {
                *value = inner[1 + k];
            }
        }
        (chosen != args[1..]).then(|| self.select(condition, chosen[0], chosen[1]))
    }

    fn range(&self, value: ValueId) -> Range {
        self.facts[value.0 as usize].range
    }

    /// Whether an `i64` lies in `0..size`.
    fn is_below(&self, value: ValueId, size: i64) -> bool {
        let Range { low, high } = self.range(value);
        low >= 0 && high < size
    }

    fn int(&self, value: ValueId) -> Option<i64> {
        match self.as_constant(value) {
            Some(Scalar::Int(value)) => Some(value),
            _ => None,
        }
    }

    /// Where a new value lies.
    pub(super) fn range_of(&self, op: ScalarOp, args: &[ValueId]) -> Range {
        match *args {
            [_, a, b] if op == ScalarOp::Select => self.range(a).union(self.range(b)),
            [a, b] if self.dtype(a) == DType::I64 => Range::apply(op, self.range(a), self.range(b)),
            _ => Range::ALL,
        }
    }

    /// Operations on `i64`.
    fn simplify_index(&mut self, op: ScalarOp, a: ValueId, b: ValueId) -> Option<ValueId> {
        match (op, self.int(b)) {
            (ScalarOp::Add, Some(b)) => self.shift(a, b),
            (ScalarOp::Add, None) => self.rejoin(a, b).or_else(|| self.rejoin(b, a)),
            (ScalarOp::Sub, None) => self.reflect(self.int(a)?, b),
            (ScalarOp::Div, Some(by)) if by > 0 => self.quotient(a, by),
            (ScalarOp::Rem, Some(by)) if by > 0 => self.remainder(a, by),
            (ScalarOp::Compare(compare), _) => {
                let holds = Range::decide(compare, self.range(a), self.range(b))?;
                Some(self.constant(DType::Bool, Scalar::Bool(holds)))
            }
            (ScalarOp::Max, _) if self.range(a).low >= self.range(b).high => Some(a),
            (ScalarOp::Max, _) if self.range(b).low >= self.range(a).high => Some(b),
            (ScalarOp::Min, _) if self.range(a).high <= self.range(b).low => Some(a),
            (ScalarOp::Min, _) if self.range(b).high <= self.range(a).low => Some(b),
            _ => None,
        }
    }

    /// A value as another one times a constant.
    fn term(&self, value: ValueId) -> (ValueId, i64) {
        if let Some((ScalarOp::Mul, args)) = &self.facts[value.0 as usize].definition {
            match (self.int(args[0]), self.int(args[1])) {
                (None, Some(factor)) => return (args[0], factor),
                (Some(factor), None) => return (args[1], factor),
                _ => {}
            }
        }
        (value, 1)
    }

    /// A value as the quotient or remainder of another by a constant.
    fn part(&self, op: ScalarOp, value: ValueId) -> Option<(ValueId, i64)> {
        let (definition, args) = self.facts[value.0 as usize].definition.as_ref()?;
        if *definition == op { Some((args[0], self.int(args[1])?)) } else { None }
    }

    /// `(x + c) + by`
    fn shift(&mut self, value: ValueId, by: i64) -> Option<ValueId> {
        let (ScalarOp::Add, args) = self.facts[value.0 as usize].definition.as_ref()? else {
            return None;
        };
        let (x, by) = (args[0], self.int(args[1])?.checked_add(by)?);
        let by = self.index(by);
        Some(self.add(x, by))
    }

    /// `from - (c - x)`
    fn reflect(&mut self, from: i64, value: ValueId) -> Option<ValueId> {
        let (ScalarOp::Sub, args) = self.facts[value.0 as usize].definition.as_ref()? else {
            return None;
        };
        let (x, by) = (args[1], from.checked_sub(self.int(args[0])?)?);
        let by = self.index(by);
        Some(self.add(x, by))
    }

    /// `(x / c) · c·m + (x % c) · m = x · m`
    fn rejoin(&mut self, high: ValueId, low: ValueId) -> Option<ValueId> {
        let ((high, k), (low, m)) = (self.term(high), self.term(low));
        let (quotient, remainder) =
            (self.part(ScalarOp::Div, high)?, self.part(ScalarOp::Rem, low)?);
        if quotient != remainder || m.checked_mul(quotient.1) != Some(k) {
            return None;
        }
        let m = self.index(m);
        Some(self.mul(quotient.0, m))
    }

    /// A value as a multiple of `by`, and a rest; neither is negative.
    fn multiple_and_rest(&self, value: ValueId, by: i64) -> Option<((ValueId, i64), ValueId)> {
        let Some((ScalarOp::Add, args)) = &self.facts[value.0 as usize].definition else {
            return None;
        };
        let divides = |value: ValueId| Some(self.term(value)).filter(|(_, k)| k % by == 0);
        if args.iter().any(|&arg| self.range(arg).low < 0) {
            return None;
        }
        let first = divides(args[0]).map(|term| (term, args[1]));
        first.or_else(|| divides(args[1]).map(|term| (term, args[0])))
    }

    /// Whether a sum or product may have wrapped, so that it does not divide as it was made.
    fn may_wrap(&self, value: ValueId) -> bool {
        self.range(value) == Range::ALL
    }

    fn quotient(&mut self, value: ValueId, by: i64) -> Option<ValueId> {
        if self.is_below(value, by) {
            return Some(self.index(0));
        }
        if self.may_wrap(value) {
            return None;
        }
        let ((x, k), rest) = match self.multiple_and_rest(value, by) {
            Some((term, rest)) => (term, Some(rest)),
            None => (self.term(value), None),
        };
        if k % by != 0 {
            return None;
        }
        let factor = self.index(k / by);
        let whole = self.mul(x, factor);
        let Some(rest) = rest else { return Some(whole) };
        let by = self.index(by);
        let rest = self.op(ScalarOp::Div, &[rest, by]);
        Some(self.add(whole, rest))
    }

    fn remainder(&mut self, value: ValueId, by: i64) -> Option<ValueId> {
        if self.is_below(value, by) {
            return Some(value);
        }
        if self.may_wrap(value) {
            return None;
        }
        if let Some((_, rest)) = self.multiple_and_rest(value, by) {
            let by = self.index(by);
            return Some(self.op(ScalarOp::Rem, &[rest, by]));
        }
        (self.term(value).1 % by == 0).then(|| self.index(0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Builds a value from the coordinates of a kernel over `[8, 6]` and counts the operations that are
    /// needed for it; constants are none.
    #[track_caller]
    fn check(build: impl Fn(&mut BodyBuilder, ValueId, ValueId) -> ValueId, expected: &str) {
        let mut b = BodyBuilder::for_domain(&[8, 6]);
        let (i, j) = (b.point(0), b.point(1));
        let value = build(&mut b, i, j);
        let name = |value: ValueId| match b.as_constant(value) {
            Some(constant) => constant.to_string(),
            None if value == i => "i".to_owned(),
            None if value == j => "j".to_owned(),
            None => match &b.facts[value.0 as usize].definition {
                Some((op, _)) => format!("{op:?}"),
                None => "?".to_owned(),
            },
        };
        assert_eq!(name(value), expected);
    }

    fn op(b: &mut BodyBuilder, op: ScalarOp, a: ValueId, c: i64) -> ValueId {
        let c = b.index(c);
        b.op(op, &[a, c])
    }

    #[test]
    fn coordinates_of_a_position_are_those_that_it_was_made_of() {
        let position = |b: &mut BodyBuilder, i, j| {
            let row = op(b, ScalarOp::Mul, i, 6);
            b.add(row, j)
        };
        check(
            |b, i, j| {
                let p = position(b, i, j);
                op(b, ScalarOp::Div, p, 6)
            },
            "i",
        );
        check(
            |b, i, j| {
                let p = position(b, i, j);
                op(b, ScalarOp::Rem, p, 6)
            },
            "j",
        );
        // Half a row: what is left of the column decides.
        check(
            |b, i, j| {
                let p = position(b, i, j);
                op(b, ScalarOp::Rem, p, 3)
            },
            "Rem",
        );
        check(
            |b, i, j| {
                let p = position(b, i, j);
                op(b, ScalarOp::Div, p, 4)
            },
            "Div",
        );
    }

    #[test]
    fn a_position_split_into_coordinates_joins_again() {
        check(
            |b, i, _| {
                let (high, low) = (op(b, ScalarOp::Div, i, 3), op(b, ScalarOp::Rem, i, 3));
                let (high, low) = (op(b, ScalarOp::Mul, high, 12), op(b, ScalarOp::Mul, low, 4));
                let joined = b.add(high, low);
                op(b, ScalarOp::Div, joined, 4)
            },
            "i",
        );
        check(
            |b, i, _| {
                let (high, low) = (op(b, ScalarOp::Div, i, 3), op(b, ScalarOp::Rem, i, 3));
                let high = op(b, ScalarOp::Mul, high, 4);
                b.add(high, low)
            },
            "Add",
        );
    }

    #[test]
    fn shifts_and_reflections_undo_each_other() {
        let there_and_back = |b: &mut BodyBuilder, i, _| {
            let there = op(b, ScalarOp::Add, i, 2);
            op(b, ScalarOp::Add, there, -2)
        };
        check(there_and_back, "i");
        let twice = |b: &mut BodyBuilder, _, j| {
            let last = b.index(5);
            let once = b.op(ScalarOp::Sub, &[last, j]);
            b.op(ScalarOp::Sub, &[last, once])
        };
        check(twice, "j");
    }

    #[test]
    fn comparisons_with_unreachable_bounds_are_decided() {
        let compare = |compare, bound| {
            move |b: &mut BodyBuilder, i, _| op(b, ScalarOp::Compare(compare), i, bound)
        };
        check(compare(Compare::Lt, 8), "true");
        check(compare(Compare::Lt, 7), "Compare(Lt)");
        check(compare(Compare::Ge, 0), "true");
        check(compare(Compare::Gt, 7), "false");
        check(compare(Compare::Eq, 8), "false");
        check(|b, i, _| op(b, ScalarOp::Min, i, 8), "i");
        check(
            |b, i, _| {
                let i = op(b, ScalarOp::Sub, i, 3);
                op(b, ScalarOp::Compare(Compare::Le), i, 4)
            },
            "true",
        );
        check(
            |b, i, _| {
                let i = op(b, ScalarOp::Sub, i, 3);
                op(b, ScalarOp::Compare(Compare::Ge), i, 0)
            },
            "Compare(Ge)",
        );
        check(
            |b, i, _| {
                let back = b.index(7);
                let i = b.op(ScalarOp::Sub, &[back, i]);
                op(b, ScalarOp::Compare(Compare::Lt), i, 0)
            },
            "false",
        );
    }
}
