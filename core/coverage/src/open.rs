//! Holes that are known.

use std::collections::BTreeMap;

use crate::recorded::ENOUGH;

/// What is missing here, or not yet known to be missing in JAX too: primitive, way, and why. The list only gets shorter.
pub const OPEN: &[(&str, &str, &str)] = &[];

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
