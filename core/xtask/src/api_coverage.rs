//! How much of JAX's public interface there is: `tests/api/inventory.tsv` lists its names with tiers (1: what
//! most libraries use, 2: what some do, 3: the rest), `tests/api/answers.tsv` says where a name is answered
//! by something of another name, or why it cannot be.

use std::collections::{BTreeMap, BTreeSet};

use jaxrs_api::table;
use jaxrs_data::DType;

use crate::{Result, header, read};

/// Modules whose functions are operations, and what operations' names have before the functions' names; the
/// first that there is counts.
const MODULES: &[(&str, &[&str])] = &[
    ("jax.Array", &[""]),
    ("jax.experimental.ode", &[""]),
    ("jax.experimental.sparse", &["", "sparse_"]),
    ("jax.image", &["image_"]),
    ("jax.lax", &["lax_", ""]),
    ("jax.lax.linalg", &["lax_linalg_", "linalg_", ""]),
    ("jax.nn", &["nn_", ""]),
    ("jax.nn.initializers", &["initializers_"]),
    ("jax.numpy", &["numpy_", ""]),
    ("jax.numpy.fft", &[""]),
    ("jax.numpy.linalg", &["linalg_", ""]),
    ("jax.ops", &[""]),
    ("jax.random", &["random_"]),
    ("jax.scipy.cluster.vq", &[""]),
    ("jax.scipy.fft", &[""]),
    ("jax.scipy.integrate", &[""]),
    ("jax.scipy.linalg", &["scipy_linalg_", "linalg_", ""]),
    ("jax.scipy.ndimage", &["", "ndimage_"]),
    ("jax.scipy.signal", &["signal_", ""]),
    ("jax.scipy.spatial.transform.Rotation", &["rotation_"]),
    ("jax.scipy.special", &["special_", ""]),
    ("jax.scipy.stats", &["stats_"]),
];

/// What stands in for a name of JAX's.
enum Answer {
    /// An operation.
    Op(String),
    /// A function of the C interface.
    C(String),
    /// An element type.
    Type(String),
    /// Nothing, and why.
    Reason,
}

/// `cargo xtask api-coverage`.
pub(crate) fn print() -> Result {
    let known = Known::new()?;
    let answers = answers()?;
    let mut used = BTreeSet::new();
    let mut problems = Vec::new();
    let mut counts = [(0, 0, 0); 3];
    for line in read("tests/api/inventory.tsv")?.lines() {
        let (name, tier) = line.split_once('\t').ok_or_else(|| format!("no tier: {line:?}"))?;
        let tier: usize = tier.parse().map_err(|_| format!("no tier: {line:?}"))?;
        let (met, all, reasons) =
            counts.get_mut(tier - 1).ok_or_else(|| format!("no tier: {line:?}"))?;
        *all += 1;
        match answer(&answers, name) {
            Some((key, answer)) => {
                used.insert(key.to_owned());
                *met += 1;
                *reasons += usize::from(matches!(answer, Answer::Reason));
                problems.extend(known.problem(key, name, answer));
            }
            None if known.operation(name).is_some() => *met += 1,
            None => println!("tier {tier}: {name}"),
        }
    }
    let stale = answers.keys().filter(|key| !used.contains(*key));
    problems
        .extend(stale.map(|key| format!("{key} is no name of the inventory, or has an answer")));
    let tiers = |f: &dyn Fn(&(i32, i32, usize)) -> String| {
        let tiers = counts
            .iter()
            .enumerate()
            .map(|(tier, count)| format!("tier {}: {}", tier + 1, f(count)));
        tiers.collect::<Vec<_>>().join(", ")
    };
    println!("names that cannot be, with reasons: {}", tiers(&|count| count.2.to_string()));
    println!("{}", tiers(&|(met, all, _)| format!("{met}/{all}")));
    match problems.is_empty() {
        true => Ok(()),
        false => Err(format!("tests/api/answers.tsv:\n{}", problems.join("\n"))),
    }
}

/// The answer to a name, or to all names that begin so: the longest such beginning counts.
fn answer<'a>(answers: &'a BTreeMap<String, Answer>, name: &str) -> Option<(&'a str, &'a Answer)> {
    let fits = |key: &&String| match key.strip_suffix('*') {
        Some(start) => name.starts_with(start),
        None => *key == name,
    };
    let best = answers.keys().filter(fits).max_by_key(|key| (!key.ends_with('*'), key.len()))?;
    Some((best, &answers[best]))
}

fn answers() -> Result<BTreeMap<String, Answer>> {
    let text = read("tests/api/answers.tsv")?;
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines
        .map(|line| match line.split('\t').collect::<Vec<_>>()[..] {
            [name, "op", op] => Ok((name.to_owned(), Answer::Op(op.to_owned()))),
            [name, "c", function] => Ok((name.to_owned(), Answer::C(function.to_owned()))),
            [name, "type", dtype] => Ok((name.to_owned(), Answer::Type(dtype.to_owned()))),
            [name, "reason", reason] if reason.ends_with('.') => {
                Ok((name.to_owned(), Answer::Reason))
            }
            _ => Err(format!("tests/api/answers.tsv: no answer: {line:?}")),
        })
        .collect()
}

/// What there is.
struct Known {
    functions: BTreeSet<String>,
}

impl Known {
    fn new() -> Result<Known> {
        let functions = header::functions("")?.into_iter().map(|function| function.name).collect();
        Ok(Known { functions })
    }

    fn has(&self, answer: &Answer) -> bool {
        match answer {
            Answer::Op(op) => table::resolve(op).is_some(),
            Answer::C(function) => self.functions.contains(function),
            Answer::Type(dtype) => DType::from_name(dtype).is_some(),
            Answer::Reason => true,
        }
    }

    /// The operation that has the name of a function of JAX's.
    fn operation(&self, name: &str) -> Option<&'static str> {
        let (module, function) = name.rsplit_once('.')?;
        let of_distribution =
            module.strip_prefix("jax.scipy.stats.").map(|d| vec![format!("{d}_{function}")]);
        let listed = || {
            let (_, prefixes) = MODULES.iter().find(|(known, _)| *known == module)?;
            Some(prefixes.iter().map(|prefix| format!("{prefix}{function}")).collect())
        };
        let names = of_distribution.or_else(listed)?;
        names.iter().find_map(|name| Some(table::resolve(name)?.name))
    }

    /// What is wrong with an answer: that it is not there, or not needed.
    fn problem(&self, key: &str, name: &str, answer: &Answer) -> Option<String> {
        if !self.has(answer) {
            return Some(format!("what stands for {key} is not there"));
        }
        let found = if key == name { self.operation(name) } else { None };
        let is_stale = match (found, answer) {
            (Some(found), Answer::Op(op)) => table::resolve(op).is_some_and(|op| op.name == found),
            (Some(_), Answer::Reason) => true,
            _ => false,
        };
        is_stale.then(|| format!("{key} needs no answer, there is an operation of its name"))
    }
}
