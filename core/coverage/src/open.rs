//! Holes that are known.

use std::collections::BTreeMap;

use crate::recorded::ENOUGH;

/// What JAX can do and is missing here: primitive, way, and why. The list only gets shorter.
pub const OPEN: &[(&str, &str, &str)] = &[
    ("hyp1f1", "jvp_of_jvp", "the series of second derivatives by the parameters"),
    ("hyp1f1_grad_a", "jvp", "the series of second derivatives by the parameters"),
    ("hyp1f1_grad_a", "jvp_of_jvp", "the series of second derivatives by the parameters"),
    ("hyp1f1_grad_b", "jvp", "the series of second derivatives by the parameters"),
    ("hyp1f1_grad_b", "jvp_of_jvp", "the series of second derivatives by the parameters"),
    ("random_gamma_grad", "jvp", "the series of the second derivative by the shape"),
    ("random_gamma_grad", "jvp_of_jvp", "the series of the second derivative by the shape"),
];

/// Primitives of which fewer cases are recorded than there should be. The list only gets shorter.
pub const FEW: &[&str] = &[];

/// Of which of the named primitives fewer cases are recorded than there should be, and how many.
pub fn few_cases<'n>(
    names: &[&'n str],
    recorded: &BTreeMap<String, usize>,
) -> Vec<(&'n str, usize)> {
    let count = |name: &&'n str| (*name, recorded.get(*name).copied().unwrap_or(0));
    names.iter().map(count).filter(|(_, n)| *n < ENOUGH).collect()
}
