//! Promotion against JAX's table.

#![expect(clippy::unwrap_used, reason = "a failing test panics")]

use jaxrs_data::DType;
use jaxrs_data::promote::{Defaults, promote_pair};

/// Element type and weakness, as printed types have them: `~f64`.
fn read(text: &str) -> (DType, bool) {
    let weak = text.starts_with('~');
    (DType::from_name(text.trim_start_matches('~')).unwrap(), weak)
}

/// Calls a function on every pair of the table and what it promotes to.
fn for_pairs(mut check: impl FnMut((DType, bool), (DType, bool), (DType, bool))) {
    let mut lines = include_str!("promotion.txt").lines().filter(|line| !line.starts_with('#'));
    let columns: Vec<_> = lines.next().unwrap().split_whitespace().map(read).collect();
    assert_eq!(columns.len(), 18);
    let mut n_rows = 0;
    for line in lines {
        let row: Vec<_> = line.split_whitespace().map(read).collect();
        columns.iter().zip(&row[1..]).for_each(|(&column, &result)| check(row[0], column, result));
        n_rows += 1;
    }
    assert_eq!(n_rows, columns.len());
}

#[test]
fn pairs_promote_as_in_jax() {
    for_pairs(|a, b, expected| {
        assert_eq!(promote_pair(a, b, Defaults { wide: true }), expected, "{a:?} with {b:?}");
    });
}

#[test]
fn narrow_defaults_change_the_width_of_weak_results_only() {
    let narrowed = |(dtype, weak): (DType, bool)| match dtype {
        DType::I64 if weak => (DType::I32, true),
        DType::F64 if weak => (DType::F32, true),
        DType::C128 if weak => (DType::C64, true),
        _ => (dtype, weak),
    };
    for_pairs(|a, b, expected| {
        let got = promote_pair(narrowed(a), narrowed(b), Defaults::NARROW);
        assert_eq!(got, narrowed(expected), "{a:?} with {b:?}");
    });
}

#[test]
fn equal_weak_types_keep_their_width() {
    let weak = (DType::F64, true);
    assert_eq!(promote_pair(weak, weak, Defaults::NARROW), weak);
    assert_eq!(promote_pair(weak, (DType::F64, false), Defaults::NARROW), (DType::F64, false));
}
