//! The cases that the tests of all bindings run, from values that JAX computed.

use std::collections::{BTreeMap, HashSet};

use jaxrs_api::table;
use jaxrs_data::DType;
use jaxrs_data::tolerance::{Class, relative};

use crate::{Result, root};

/// How many cases an operation has at most; those that differ in types and attributes come first.
const CASES: usize = 4;

/// A row that is longer is left to the engine's own tests.
const LENGTH: usize = 6000;

/// Where operations of the table are recorded, with the names of their attributes. In the other files are
/// primitives; where an operation is not recorded and has no attributes, the primitive of its name stands for it.
fn is_of_operations(file: &str) -> bool {
    ["operations", "ragged"].iter().any(|part| file.contains(part))
}

/// Recorded with another setting than what scopes start with.
fn is_of_other_settings(file: &str) -> bool {
    file.starts_with("original_")
}

/// `bindings/conformance/cases.jsonl`: a line with the tolerances, then a line for each case.
pub(crate) fn cases() -> Result<String> {
    let rows = rows()?;
    let mut text = head();
    for op in table::ops() {
        let known: HashSet<&str> = op.attributes.iter().map(|x| x.name).collect();
        let of_operations = rows.get(&(true, op.name.to_owned()));
        let of_primitives = rows.get(&(false, op.name.to_owned())).filter(|_| known.is_empty());
        let fitting = of_operations.or(of_primitives).into_iter().flatten().filter(|row| {
            row.len() <= LENGTH
                && !counts_from_the_end(op.name, row)
                && is_of_plain_types(row)
                && !row.contains(&format!("\"axis\":{}", table::AXIS_NONE))
                && attributes(row).iter().all(|name| known.contains(name.as_str()))
        });
        for row in chosen(fitting) {
            text.push_str(&row);
            text.push('\n');
        }
    }
    Ok(text)
}

/// Whether a start is negative: the primitive clamps it, and the operation of its name counts from the end.
fn counts_from_the_end(op: &str, row: &str) -> bool {
    op.starts_with("dynamic_") && row.contains("\"shape\":[],\"data\":[-")
}

/// Element types and their tolerances: elements agree within `tolerance * (1 + |expected|)`.
fn head() -> String {
    let inexact = DType::ALL.into_iter().filter(|dtype| dtype.is_inexact());
    let entry =
        |dtype: DType| format!("\"{}\":{:e}", dtype.name(), relative(dtype, Class::Accumulated));
    format!("{{\"tolerances\":{{{}}}}}\n", inexact.map(entry).collect::<Vec<_>>().join(","))
}

/// Rows by operation, without derivatives.
fn rows() -> Result<BTreeMap<(bool, String), Vec<String>>> {
    let folder = root().join("tests/recorded");
    let error = |error: std::io::Error| format!("{}: {error}", folder.display());
    let mut files = Vec::new();
    for entry in std::fs::read_dir(&folder).map_err(error)? {
        files.push(entry.map_err(error)?.path());
    }
    files.sort();
    let mut rows: BTreeMap<_, Vec<String>> = BTreeMap::new();
    for file in files.iter().filter(|file| file.extension().is_some_and(|x| x == "jsonl")) {
        let name = file.file_stem().unwrap_or_default().to_string_lossy();
        if is_of_other_settings(&name) {
            continue;
        }
        for line in std::fs::read_to_string(file).map_err(error)?.lines() {
            let Some(op) = line.strip_prefix("{\"op\":\"").and_then(|rest| rest.split('"').next())
            else {
                continue;
            };
            let key = (is_of_operations(&name), op.to_owned());
            rows.entry(key).or_default().push(without_derivatives(line));
        }
    }
    Ok(rows)
}

fn without_derivatives(line: &str) -> String {
    match line.find(",\"tangents\":") {
        Some(end) => format!("{}}}", &line[..end]),
        None => line.to_owned(),
    }
}

/// Whether all element types are ones that every language has.
fn is_of_plain_types(row: &str) -> bool {
    let names = row.split("\"dtype\":\"").skip(1).map(|x| x.split('"').next().unwrap_or(""));
    let mut types = names.map(DType::from_name);
    types.all(|dtype| {
        dtype.is_some_and(|x| {
            !x.is_key() && !x.is_narrow() && !matches!(x, DType::F16 | DType::BF16)
        })
    })
}

/// The part of a row between two of its fields.
fn part<'a>(row: &'a str, from: &str, to: &str) -> &'a str {
    let rest = row.split_once(from).map_or("", |(_, rest)| rest);
    rest.split_once(to).map_or("", |(part, _)| part)
}

fn parameters(row: &str) -> &str {
    part(row, "\"params\":{", "},\"inputs\":")
}

/// The names of a row's attributes; values hold no names.
fn attributes(row: &str) -> Vec<String> {
    let fields = parameters(row).split("\":").map(|text| text.rsplit('"').next().unwrap_or(""));
    let mut names: Vec<String> = fields.map(str::to_owned).collect();
    names.pop();
    names
}

/// Rows with different attributes and element types first, short ones before long ones.
fn chosen<'a>(rows: impl Iterator<Item = &'a String>) -> Vec<String> {
    let mut rows: Vec<&String> = rows.collect();
    rows.sort_by_key(|row| row.len());
    let mut kinds = HashSet::new();
    let (mut first, rest): (Vec<&String>, Vec<&String>) = rows.into_iter().partition(|row| {
        let types = row.split("\"dtype\":\"").skip(1).map(|x| x.split('"').next().unwrap_or(""));
        kinds.insert((parameters(row).to_owned(), types.collect::<Vec<_>>().join(",")))
    });
    // Both ends: the short ones are often empty or scalars.
    if first.len() > CASES {
        let step = first.len() - 1;
        first = (0..CASES).map(|i| first[i * step / (CASES - 1)]).collect();
    }
    first.into_iter().chain(rest.into_iter().rev()).take(CASES).cloned().collect()
}
