//! Holes that are known.

use std::collections::BTreeMap;

use crate::recorded::ENOUGH;

/// What is missing here, or not yet known to be missing in JAX too: primitive, way, and why. The list only gets shorter.
pub const OPEN: &[(&str, &str, &str)] = &[];

/// Primitives of which fewer cases are recorded than there should be. The list only gets shorter.
pub const FEW: &[&str] = &[
    "add_any",
    "bcsr_dot_general",
    "bcsr_extract",
    "bcsr_fromdense",
    "bcsr_todense",
    "composite",
    "coo_fromdense",
    "coo_matmat",
    "coo_matvec",
    "coo_todense",
    "csr_fromdense",
    "csr_matmat",
    "csr_matvec",
    "csr_todense",
    "custom_linear_solve",
    "custom_vmap_call",
    "dce_sink",
    "debug_callback",
    "debug_print",
    "device_put",
    "expn",
    "floor",
    "householder_product",
    "hyp1f1",
    "hyp1f1_grad_a",
    "hyp1f1_grad_b",
    "io_callback",
    "is_finite",
    "layout_constraint",
    "linear_call",
    "lu_pivots_to_permutation",
    "name",
    "pure_callback",
    "pvary",
    "reduce_and",
    "reduce_or",
    "reduce_xor",
    "reshard",
    "round",
    "shard_alike",
    "stop_gradient",
    "tie",
    "tridiagonal_solve",
    "xla_metadata_value",
];

/// Of which of the named primitives fewer cases are recorded than there should be, and how many.
pub fn few_cases<'n>(
    names: &[&'n str],
    recorded: &BTreeMap<String, usize>,
) -> Vec<(&'n str, usize)> {
    let count = |name: &&'n str| (*name, recorded.get(*name).copied().unwrap_or(0));
    names.iter().map(count).filter(|(_, n)| *n < ENOUGH).collect()
}
