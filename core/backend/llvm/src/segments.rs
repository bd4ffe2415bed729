//! Where along the lanes comparisons of the coordinate are decided: rows that begin and end with special
//! cases (padding, pieces of concatenations, rolls) have an interior that needs no masks.

use jaxrs_data::Scalar;
use jaxrs_kernel::{Compare, Inst, Kernel, ScalarOp, ValueId};
use rustc_hash::FxHashMap;

/// Blocks of lanes in which every comparison of the coordinate with a constant comes out the same.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Interior {
    /// The first block.
    pub(crate) begin: usize,
    /// The block after the last one.
    pub(crate) end: usize,
    /// What the comparisons come to.
    pub(crate) decided: FxHashMap<ValueId, bool>,
}

/// The instructions of a body that is worth emitting again for the interior.
const MOST_INSTS: usize = 150;

/// The largest interior of a kernel whose lanes run along `axis`, if it is most of the row.
pub(crate) fn interior(
    kernel: &Kernel,
    axis: usize,
    width: usize,
    full: usize,
) -> Option<Interior> {
    let mut n_insts = 0;
    kernel.visit(&mut |_| n_insts += 1);
    let compares = compares(kernel, axis);
    if compares.is_empty() || n_insts > MOST_INSTS {
        return None;
    }
    let mut cuts: Vec<usize> = vec![0, full];
    for compare in &compares {
        for threshold in compare.thresholds() {
            let Ok(threshold) = usize::try_from(threshold) else { continue };
            // The block that a threshold falls into is cut out; one between two blocks parts them.
            cuts.push((threshold / width).min(full));
            cuts.push(threshold.div_ceil(width).min(full));
        }
    }
    cuts.sort_unstable();
    let is_clean = |begin: usize, end: usize| {
        let (first, last) = ((begin * width) as i64, (end * width - 1) as i64);
        compares.iter().all(|c| c.thresholds().iter().all(|&t| t <= first || t > last))
    };
    let spans = cuts.windows(2).map(|pair| (pair[0], pair[1]));
    let (begin, end) = spans
        .filter(|&(begin, end)| begin < end && is_clean(begin, end))
        .max_by_key(|&(begin, end)| end - begin)?;
    let point = (begin * width) as i64;
    let decided = compares.iter().map(|c| (c.out, c.holds(point))).collect();
    let is_most = end - begin >= 4 && 2 * (end - begin) >= full;
    is_most.then_some(Interior { begin, end, decided })
}

/// `point + offset` compared with a constant.
struct Comparison {
    out: ValueId,
    compare: Compare,
    /// The constant less the offset: what the coordinate itself is compared with.
    bound: i64,
}

impl Comparison {
    /// The coordinates at which the outcome may change.
    fn thresholds(&self) -> [i64; 2] {
        match self.compare {
            Compare::Lt | Compare::Ge => [self.bound, self.bound],
            Compare::Le | Compare::Gt => [self.bound + 1, self.bound + 1],
            Compare::Eq | Compare::Ne => [self.bound, self.bound + 1],
        }
    }

    fn holds(&self, point: i64) -> bool {
        match self.compare {
            Compare::Lt => point < self.bound,
            Compare::Ge => point >= self.bound,
            Compare::Le => point <= self.bound,
            Compare::Gt => point > self.bound,
            Compare::Eq => point == self.bound,
            Compare::Ne => point != self.bound,
        }
    }
}

/// Bounds beyond which sums of offsets are not followed, so that nothing here wraps.
const FAR: i64 = 1 << 48;

fn compares(kernel: &Kernel, axis: usize) -> Vec<Comparison> {
    let mut constants: FxHashMap<ValueId, i64> = FxHashMap::default();
    let mut offsets: FxHashMap<ValueId, i64> = FxHashMap::default();
    let mut found = Vec::new();
    kernel.visit(&mut |inst| match inst {
        Inst::Const { out, value: Scalar::Int(v) } if v.unsigned_abs() < FAR.unsigned_abs() => {
            constants.insert(*out, *v);
        }
        Inst::Point { out, axis: a } if *a == axis => {
            offsets.insert(*out, 0);
        }
        Inst::Op { out, op, args } if args.len() == 2 => {
            let (a, b) = (args[0], args[1]);
            let sides = (offsets.get(&a), constants.get(&b), constants.get(&a), offsets.get(&b));
            match (op, sides) {
                (ScalarOp::Add, (Some(x), Some(c), ..) | (_, _, Some(c), Some(x))) => {
                    let sum = x + c;
                    if sum.abs() < FAR {
                        offsets.insert(*out, sum);
                    }
                }
                (ScalarOp::Sub, (Some(x), Some(c), ..)) if (x - c).abs() < FAR => {
                    offsets.insert(*out, x - c);
                }
                (ScalarOp::Compare(compare), (Some(x), Some(c), ..)) => {
                    found.push(Comparison { out: *out, compare: *compare, bound: c - x });
                }
                (ScalarOp::Compare(compare), (_, _, Some(c), Some(x))) => {
                    found.push(Comparison { out: *out, compare: mirrored(*compare), bound: c - x });
                }
                _ => {}
            }
        }
        _ => {}
    });
    found
}

/// The comparison with its operands exchanged.
fn mirrored(compare: Compare) -> Compare {
    match compare {
        Compare::Lt => Compare::Gt,
        Compare::Le => Compare::Ge,
        Compare::Gt => Compare::Lt,
        Compare::Ge => Compare::Le,
        Compare::Eq | Compare::Ne => compare,
    }
}

#[cfg(test)]
mod tests {
    use jaxrs_data::DType;
    use jaxrs_kernel::{BodyBuilder, Lanes};

    use super::*;

    /// The interior of a row of 256 points, 16 lanes wide, on which `x + offset` is compared.
    fn check(tests: &[(Compare, i64, i64)], expected: Option<(usize, usize, &[bool])>) {
        let mut builder = BodyBuilder::new();
        let x = builder.point(0);
        let mut outs = Vec::new();
        for &(compare, offset, bound) in tests {
            let (offset, bound) = (builder.index(offset), builder.index(bound));
            let moved = builder.add(x, offset);
            outs.push(builder.compare(compare, moved, bound));
        }
        let (values, body) = builder.finish();
        assert!(values.contains(&DType::I64));
        let name = "row".to_owned();
        let kernel =
            Kernel { name, domain: vec![256], lanes: Lanes::Domain, grain: 0, values, body };
        let found = interior(&kernel, 0, 16, 16).map(|interior| {
            let decided: Vec<bool> = outs.iter().map(|out| interior.decided[out]).collect();
            (interior.begin, interior.end, decided)
        });
        let expected = expected.map(|(begin, end, decided)| (begin, end, decided.to_vec()));
        assert_eq!(found, expected);
    }

    #[test]
    fn edges_of_a_roll_are_cut_off() {
        let tests = [(Compare::Lt, 0, 255), (Compare::Ge, -1, 0)];
        check(&tests, Some((1, 15, &[true, true])));
    }

    #[test]
    fn a_threshold_between_two_blocks_parts_them() {
        check(&[(Compare::Lt, 0, 64)], Some((4, 16, &[false])));
        check(&[(Compare::Le, 0, 63)], Some((4, 16, &[false])));
        check(&[(Compare::Eq, 3, 3)], Some((1, 16, &[false])));
    }

    #[test]
    fn bounds_at_the_ends_of_the_type_are_not_followed() {
        check(&[(Compare::Lt, 0, i64::MIN)], None);
        check(&[(Compare::Lt, i64::MIN, 0)], None);
    }

    #[test]
    fn rows_without_a_large_interior_stay_whole() {
        check(&[(Compare::Lt, 0, 100), (Compare::Gt, 0, 200)], None);
        check(&[], None);
    }
}
