//! How many cases of JAX's values there are for each primitive.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// So many cases a primitive must have.
pub const ENOUGH: usize = 20;

/// Files of operations that are called as primitives are, but are not.
const OF_OPERATIONS: [&str; 3] = ["operations", "numpy_", "random"];

/// The number of recorded cases of each primitive, by name.
pub fn recorded() -> Result<BTreeMap<String, usize>, String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut counts = BTreeMap::new();
    for path in files(&root.join("tests/recorded"), "jsonl")? {
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        if !OF_OPERATIONS.iter().any(|other| name.contains(other)) {
            let rows = lines(&path)?;
            rows.iter().filter_map(|row| op(row)).for_each(|op| add(&mut counts, op));
        }
    }
    for path in files(&root.join("core/ir/tests/recorded"), "tsv")? {
        for row in lines(&path)? {
            let name = row.split(['[', '\t']).next().unwrap_or_default();
            add(&mut counts, name);
        }
    }
    Ok(counts)
}

fn add(counts: &mut BTreeMap<String, usize>, name: &str) {
    *counts.entry(name.to_owned()).or_default() += 1;
}

/// What `{"op":"add",…` is about.
fn op(row: &str) -> Option<&str> {
    row.strip_prefix("{\"op\":\"")?.split('"').next()
}

fn files(folder: &Path, extension: &str) -> Result<Vec<PathBuf>, String> {
    let entries =
        std::fs::read_dir(folder).map_err(|err| format!("{}: {err}", folder.display()))?;
    let mut found: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    found.retain(|path| path.extension().is_some_and(|found| found == extension));
    found.sort();
    Ok(found)
}

fn lines(path: &Path) -> Result<Vec<String>, String> {
    let text = std::fs::read_to_string(path).map_err(|err| format!("{}: {err}", path.display()))?;
    Ok(text.lines().map(str::to_owned).collect())
}
