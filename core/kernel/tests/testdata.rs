//! Programs as text: `testdata/run` are interpreted, `testdata/check` checked. A file is the inputs, one
//! a line, the program, a line of dashes, and what comes out; `UPDATE_EXPECT=1` rewrites the latter.
#![expect(clippy::unwrap_used, reason = "a failing test panics")]

use std::path::Path;

use expect_test::expect_file;
use jaxrs_data::Result;
use jaxrs_kernel::check::check;
use jaxrs_kernel::interpret::interpret;
use jaxrs_kernel::parse::{parse, parse_literal};

const DASHES: &str = "\n----\n";

/// Runs every file of a folder through a function.
fn all_files(folder: &str, run: fn(&str) -> Result<String>) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata").join(folder);
    let mut paths: Vec<_> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    assert!(!paths.is_empty());
    for path in paths {
        let text = std::fs::read_to_string(&path).unwrap();
        let input = text.split_once(DASHES).map_or(text.trim_end(), |parts| parts.0);
        let output = run(input).unwrap_or_else(|err| err.to_string());
        expect_file![&path].assert_eq(&format!("{input}{DASHES}{output}\n"));
    }
}

fn run_file(text: &str) -> Result<String> {
    let (head, program) = text.split_at(text.find("program").unwrap_or(0));
    let inputs = head.lines().filter(|line| !line.starts_with(';') && !line.trim().is_empty());
    let inputs: Vec<_> = inputs.map(parse_literal).collect::<Result<_>>()?;
    let program = parse(program)?;
    assert_eq!(parse(&program.to_string())?, program, "what is printed reads back");
    check(&program)?;
    let outputs = interpret(&program, &inputs)?;
    Ok(outputs.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))
}

#[test]
fn programs_give_the_results_beside_them() {
    all_files("run", run_file);
}

#[test]
fn faulty_programs_are_refused_with_the_place_of_the_fault() {
    all_files("check", |text| check(&parse(text)?).map(|()| "well formed".to_owned()));
}
