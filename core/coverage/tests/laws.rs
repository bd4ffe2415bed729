//! There are no holes but those that are known.

use std::collections::BTreeSet;

use jaxrs_coverage::{FEW, Matrix, OPEN, few_cases, recorded};

#[test]
fn every_primitive_works_in_every_way_or_jax_refuses_it_too() {
    let matrix = Matrix::new();
    let open: BTreeSet<(&str, &str)> = OPEN.iter().map(|(name, way, _)| (*name, *way)).collect();
    let holes = matrix.holes();
    let found: BTreeSet<(&str, &str)> =
        holes.iter().map(|hole| (hole.name, hole.way.name())).collect();
    let new: Vec<String> = holes
        .iter()
        .filter(|hole| !open.contains(&(hole.name, hole.way.name())))
        .map(|hole| hole.to_string())
        .collect();
    let filled: Vec<_> = open.difference(&found).collect();
    let stale = matrix.stale();
    let names = matrix.names();
    assert!(names.len() > 150, "{} primitives", names.len());
    let few: Vec<&str> =
        few_cases(&names, &recorded().unwrap()).into_iter().map(|(name, _)| name).collect();
    assert!(
        new.is_empty() && filled.is_empty() && stale.is_empty() && few == FEW,
        "{} holes:\n{}\nno holes any more: {filled:?}\nexcuses of nothing: {stale:?}\n\
         with few cases of JAX's values: {few:?}",
        new.len(),
        new.join("\n")
    );
}
