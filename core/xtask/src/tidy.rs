//! Rules about the source tree that no compiler checks: layers, sizes of files, no hidden state.

use std::path::{Path, PathBuf};

use crate::{Result, header, operations, read, root};

/// Each crate and the crates of ours that it may use, bottom to top.
const LAYERS: &[(&str, &[&str])] = &[
    ("core/data", &[]),
    ("core/kernel", &["data"]),
    ("core/fft", &[]),
    ("core/linalg", &[]),
    ("core/ir", &["data", "kernel", "fft", "linalg"]),
    ("core/compile", &["data", "kernel", "ir"]),
    ("core/runtime", &["data", "kernel"]),
    ("core/backend/reference", &["data", "kernel", "runtime"]),
    ("core/backend/routines", &["data", "kernel", "runtime"]),
    ("core/backend/llvm", &["data", "kernel", "runtime", "routines"]),
    ("core/backend/nvptx", &["data", "kernel", "llvm"]),
    ("core/backend/standalone", &["data", "kernel", "ir", "runtime", "routines"]),
    ("core/transform", &["data", "kernel", "ir", "compile", "runtime"]),
    ("core/api", &["data", "kernel", "linalg", "ir", "compile", "runtime", "transform"]),
    ("core/stablehlo", &["data", "kernel", "linalg", "ir", "transform", "api"]),
    (
        "core/cli",
        &[
            "data",
            "kernel",
            "ir",
            "compile",
            "runtime",
            "transform",
            "stablehlo",
            "reference",
            "llvm",
            "nvptx",
        ],
    ),
    (
        "capi",
        &["data", "ir", "compile", "runtime", "transform", "api", "stablehlo", "reference", "llvm"],
    ),
    ("core/coverage", &["data", "ir", "runtime", "reference", "transform"]),
    ("core/fuzz", &["data", "kernel", "ir", "compile", "runtime", "llvm", "transform"]),
    ("core/xtask", &["data", "ir", "reference", "transform", "api", "coverage"]),
];

/// No file may be longer, but for generated ones and the ones below.
const MAX_LINES: usize = 420;

/// Files that are longer, with the length that they may not exceed. It only goes down.
const LONGER: &[(&str, usize)] = &[("core/backend/llvm/examples/speed.rs", 440)];

pub(crate) fn run() -> Result {
    let mut problems = layer_problems()?;
    problems.extend(header::ungated(&operations::source()?)?);
    for path in sources(&root())? {
        let name = path.strip_prefix(root()).unwrap_or(&path).to_string_lossy().into_owned();
        problems.extend(file_problems(&name, &read(&name)?));
    }
    match problems.is_empty() {
        true => Ok(()),
        false => Err(problems.join("\n")),
    }
}

fn layer_problems() -> Result<Vec<String>> {
    let mut problems = Vec::new();
    for (folder, allowed) in LAYERS {
        let manifest = read(format!("{folder}/Cargo.toml"))?;
        let dependencies = manifest.split("[dependencies]").nth(1).unwrap_or_default();
        let dependencies = dependencies.split("\n[").next().unwrap_or_default();
        for line in dependencies.lines() {
            let Some(name) = line.strip_prefix("jaxrs-") else { continue };
            let name = name.split(['.', ' ', '=']).next().unwrap_or_default();
            if !allowed.contains(&name) {
                problems.push(format!("{folder} uses {name}, which is not below it"));
            }
        }
    }
    Ok(problems)
}

/// All Rust files of the project.
fn sources(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let entries =
        std::fs::read_dir(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    for entry in entries.flatten() {
        let path = entry.path();
        let name = entry.file_name().to_string_lossy().into_owned();
        if path.is_dir() && name != "target" && !name.starts_with('.') {
            found.extend(sources(&path)?);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    Ok(found)
}

/// Words that may stand in these files only.
const RESERVED: &[(&str, &[&str])] = &[
    ("env::var", &["core/api/src/config.rs", "build.rs", "core/xtask/", "/tests/", "/examples/"]),
    ("thread_local!", &["capi/src/gate.rs"]),
    ("static mut", &[]),
    ("todo!(", &[]),
    ("unimplemented!(", &[]),
    ("#[ignore", &[]),
];

fn file_problems(name: &str, text: &str) -> Vec<String> {
    let mut problems = Vec::new();
    let lines = text.lines().count();
    let limit =
        LONGER.iter().find(|(long, _)| *long == name).map_or(MAX_LINES, |(_, limit)| *limit);
    if lines > limit && !name.contains("_generated") {
        problems.push(format!("{name} has {lines} lines, more than {limit}"));
    }
    for (word, places) in RESERVED {
        let allowed = places.iter().any(|place| name.contains(place)) || name.ends_with("tidy.rs");
        if !allowed && text.contains(word) {
            problems.push(format!("{name} contains {word}"));
        }
    }
    problems
}
