//! Promotion against JAX's table: every pair, with 64-bit types and without, standard and strict.
//!
//! Without x64, JAX narrows 64-bit types to 32 bits wherever they come in. Here they stay, and only numbers
//! without a stated type are narrow; so its table is that of narrowed operands and results, and its column
//! `promote_types`, which leaves 64-bit operands alone, that of the operands themselves.

#![expect(clippy::unwrap_used, reason = "a failing test panics")]

use jaxrs_data::DType;
use jaxrs_data::promote::{Defaults, promote_pair};

/// A type by NumPy's name; `int*` and the like are what hosts' own numbers are.
fn read(name: &str, wide: bool) -> (DType, bool) {
    let defaults = Defaults { wide, strict: false };
    match name {
        "int*" => return (defaults.int(), true),
        "float*" => return (defaults.float(), true),
        "complex*" => return (defaults.complex(), true),
        _ => {}
    }
    let short = match name.find(|c: char| c.is_ascii_digit()) {
        None => name.to_owned(),
        Some(at) => match &name[..at] {
            "bfloat" => format!("bf{}", &name[at..]),
            kind => format!("{}{}", &kind[..1], &name[at..]),
        },
    };
    (DType::from_name(&short).unwrap(), false)
}

/// What JAX narrows a type to without x64.
fn narrowed((dtype, weak): (DType, bool)) -> (DType, bool) {
    let dtype = match dtype {
        DType::I64 => DType::I32,
        DType::U64 => DType::U32,
        DType::F64 => DType::F32,
        DType::C128 => DType::C64,
        other => other,
    };
    (dtype, weak)
}

struct Row {
    name: String,
    wide: bool,
    operands: [(DType, bool); 2],
    /// Result, its weakness, the result without narrowing, and the strict result; none where JAX refuses.
    result: Option<(DType, bool)>,
    unnarrowed: Option<DType>,
    strict: Option<DType>,
}

fn rows() -> Vec<Row> {
    let text = include_str!("promotion.tsv");
    let rows: Vec<Row> = text.lines().skip(1).map(row).collect();
    assert_eq!(rows.len(), 33 * 33 * 2);
    rows
}

fn row(line: &str) -> Row {
    let fields: Vec<&str> = line.split('\t').collect();
    let wide = fields[2] == "1";
    let dtype = |name: &str| match name {
        "ERROR" => None,
        name => Some(read(name, wide).0),
    };
    Row {
        name: line.to_owned(),
        wide,
        operands: [read(fields[0], wide), read(fields[1], wide)],
        result: dtype(fields[3]).map(|dtype| (dtype, fields[4] == "yes")),
        unnarrowed: if fields[5].is_empty() { None } else { dtype(fields[5]) },
        strict: dtype(fields[6]),
    }
}

impl Row {
    /// A type as it comes out of JAX.
    fn narrowed(&self, ty: (DType, bool)) -> (DType, bool) {
        if self.wide { ty } else { narrowed(ty) }
    }

    fn seen(&self) -> [(DType, bool); 2] {
        self.operands.map(|ty| self.narrowed(ty))
    }
}

#[test]
fn pairs_promote_as_in_jax() {
    for row in rows() {
        let ([a, b], defaults) = (row.seen(), Defaults { wide: row.wide, strict: false });
        let got = promote_pair(a, b, defaults).ok();
        assert_eq!(got.map(|got| row.narrowed(got)), row.result, "{}", row.name);
    }
}

#[test]
fn wide_operands_are_not_narrowed() {
    for row in rows() {
        let ([a, b], defaults) = (row.operands, Defaults { wide: true, strict: false });
        let Some(expected) = row.unnarrowed else { continue };
        let got = promote_pair(a, b, defaults).unwrap();
        let has_wide = narrowed(a) != a || narrowed(b) != b;
        let got = if has_wide { got } else { row.narrowed(got) };
        assert_eq!(got.0, expected, "{}", row.name);
    }
}

#[test]
fn strict_promotion_takes_the_pairs_that_jax_takes() {
    for row in rows() {
        let ([a, b], defaults) = (row.seen(), Defaults { wide: row.wide, strict: true });
        let got = promote_pair(a, b, defaults).ok().map(|(dtype, _)| dtype);
        assert_eq!(got, row.strict, "{}", row.name);
    }
}

#[test]
fn equal_weak_types_keep_their_width() {
    let weak = (DType::F64, true);
    assert_eq!(promote_pair(weak, weak, Defaults::NARROW).ok(), Some(weak));
    let strong = (DType::F64, false);
    assert_eq!(promote_pair(weak, strong, Defaults::NARROW).ok(), Some(strong));
}

#[test]
fn keys_promote_to_themselves_only() {
    let key = (DType::KeyFry, false);
    assert_eq!(promote_pair(key, key, Defaults::NARROW).ok(), Some(key));
    for dtype in DType::ALL.into_iter().filter(|&dtype| dtype != DType::KeyFry) {
        assert!(promote_pair(key, (dtype, false), Defaults::NARROW).is_err(), "{dtype}");
        assert!(promote_pair((dtype, true), key, Defaults::NARROW).is_err(), "{dtype}");
    }
}
