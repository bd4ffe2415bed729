//! Programs as text, in JAX's form:
//!
//! ```text
//! { lambda a:f32[2]; b:f32[3]. let
//!     c:f32[3] = sin b
//!     d:f32[] = reduce_sum[axes=(0,)] c
//!   in (d, 2.0:f32[]) }
//! ```
//!
//! Constants stand before the semicolon, and a literal says its type. Where a part fits on a line, it
//! stands on one. Variables are named in the order of printing, so that the text does not depend on how
//! they are numbered; names of scopes are printed on request only.

mod graph;
mod layout;

use std::collections::HashMap;
use std::fmt;

use crate::{Atom, Eqn, Jaxpr, Param, VarId};
use layout::{Doc, concat, group, line, line_break, nest, text};

/// How many columns a line should have at most.
const WIDTH: usize = 80;

impl fmt::Display for Jaxpr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&layout::render(&jaxpr(self, &mut Style::default()), WIDTH))
    }
}

impl fmt::Display for Param {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&layout::render(&param(self, &mut Style::default()), WIDTH))
    }
}

impl Jaxpr {
    /// An equation as it is printed alone; variables by number: `v3:f32[] = sin v1`.
    pub fn display_eqn(&self, eqn: &Eqn) -> String {
        let names = Names { jaxpr: self, known: None };
        layout::render(&equation(eqn, names, &mut Style::default()), usize::MAX)
    }

    /// The program as text in which each operation says, after a `#`, the names of the scopes that it was traced
    /// in: JAX's `pretty_print(name_stack=True)`.
    pub fn with_name_stacks(&self) -> String {
        let mut style = Style { name_stacks: true, ..Style::default() };
        layout::render(&jaxpr(self, &mut style), WIDTH)
    }
}

/// How a text is printed, and how many variables in it have got their names.
#[derive(Default)]
struct Style {
    n_named: usize,
    name_stacks: bool,
}

/// The names of one jaxpr's variables. Without a table they are numbers, which broken programs have too.
#[derive(Clone, Copy)]
struct Names<'a> {
    jaxpr: &'a Jaxpr,
    known: Option<&'a HashMap<VarId, String>>,
}

impl Names<'_> {
    fn var(self, var: VarId) -> String {
        match self.known.and_then(|known| known.get(&var)) {
            Some(name) => name.clone(),
            None => format!("v{}", var.0),
        }
    }

    fn binder(self, var: VarId) -> Doc {
        match self.jaxpr.types.get(var.0 as usize) {
            Some(ty) => text(format!("{}:{ty}", self.var(var))),
            None => text(format!("{}:?", self.var(var))),
        }
    }

    fn binders(self, vars: &[VarId]) -> Doc {
        fill("", vars.iter().map(|&var| self.binder(var)))
    }

    fn atoms(self, separator: &'static str, atoms: &[Atom]) -> Doc {
        fill(
            separator,
            atoms.iter().map(|atom| match atom {
                Atom::Var(var) => text(self.var(*var)),
                Atom::Literal(literal) => text(literal.to_string()),
            }),
        )
    }
}

/// The name of the next variable: a … z, ba, bb, … without the words that mean something.
fn next_name(style: &mut Style) -> String {
    loop {
        let name = letters(style.n_named);
        style.n_named += 1;
        if crate::parse::is_free_name(&name) {
            return name;
        }
    }
}

/// A number in base 26, with letters for digits.
fn letters(mut n: usize) -> String {
    let mut letters = vec![n % 26];
    while n >= 26 {
        n /= 26;
        letters.push(n % 26);
    }
    letters.iter().rev().map(|&digit| char::from(b'a' + digit as u8)).collect()
}

fn add_names(vars: &[VarId], known: &mut HashMap<VarId, String>, style: &mut Style) {
    for &var in vars {
        known.entry(var).or_insert_with(|| next_name(style));
    }
}

fn jaxpr(jaxpr: &Jaxpr, style: &mut Style) -> Doc {
    let mut known = HashMap::new();
    add_names(&jaxpr.invars, &mut known, style);
    let mut equations = Vec::with_capacity(jaxpr.eqns.len());
    for eqn in &jaxpr.eqns {
        add_names(&eqn.outputs, &mut known, style);
        equations.push(equation(eqn, Names { jaxpr, known: Some(&known) }, style));
    }
    let names = Names { jaxpr, known: Some(&known) };
    let (consts, inputs) = jaxpr.invars.split_at(jaxpr.n_consts.min(jaxpr.invars.len()));
    // What stands after a `#` ends with the line.
    let separator = if style.name_stacks { line_break() } else { line("; ") };
    let equations = join(&separator, equations.into_iter());
    let end = if jaxpr.outputs.len() == 1 { ",)" } else { ")" };
    group(concat([
        nest(
            2,
            concat([
                text("{ lambda "),
                names.binders(consts),
                text("; "),
                names.binders(inputs),
                text(". let"),
                nest(2, concat([line(" "), equations])),
                if style.name_stacks { line_break() } else { line(" ") },
                text("in ("),
                names.atoms(",", &jaxpr.outputs),
                text(end),
            ]),
        ),
        text(" }"),
    ]))
}

fn equation(eqn: &Eqn, names: Names<'_>, style: &mut Style) -> Doc {
    let mut parts = vec![names.binders(&eqn.outputs)];
    if !eqn.outputs.is_empty() {
        parts.push(text(" = "));
    }
    parts.push(text(eqn.prim.name()));
    let mut params = eqn.prim.params();
    // JAX's order: by name, but for the function's name.
    params.sort_by_key(|(key, _)| (*key != "name", *key));
    if !params.is_empty() {
        let params = params
            .iter()
            .map(|(key, value)| concat([text(format!("{key}=")), param(value, style)]));
        parts.push(bracket("[", join(&line(" "), params), "]"));
    }
    parts.push(text(" "));
    parts.push(names.atoms("", &eqn.inputs));
    if let Some(stack) = eqn.name_stack.as_ref().filter(|_| style.name_stacks) {
        parts.push(text(format!("  # {stack}")));
    }
    concat(parts)
}

fn param(value: &Param, style: &mut Style) -> Doc {
    match value {
        Param::Bool(value) => text(value.to_string()),
        Param::Int(value) => text(value.to_string()),
        Param::Ints(values) => text(tuple(values.iter().map(i64::to_string))),
        Param::IntLists(lists) => {
            text(tuple(lists.iter().map(|list| tuple(list.iter().map(i64::to_string)))))
        }
        Param::DType(dtype) => text(dtype.name()),
        Param::Name(name) => text(name_text(name)),
        Param::Jaxpr(inner) => jaxpr(inner, style),
        Param::Jaxprs(inner) => {
            bracket("(", join(&line(" "), inner.iter().map(|inner| jaxpr(inner, style))), ")")
        }
        Param::None => text("None"),
    }
}

/// As Python prints tuples: `()`, `(1,)`, `(1, 2)`.
fn tuple(items: impl ExactSizeIterator<Item = String>) -> String {
    let comma = if items.len() == 1 { "," } else { "" };
    let items: Vec<String> = items.collect();
    format!("({}{comma})", items.join(", "))
}

/// A name, in quotes unless it reads back as the same one without.
fn name_text(name: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let is_word = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(is_plain)
        && crate::parse::is_free_name(name);
    if is_word { name.to_owned() } else { format!("{name:?}") }
}

fn bracket(open: &'static str, inner: Doc, close: &'static str) -> Doc {
    let inner = nest(2, concat([text(open), line(""), inner]));
    group(concat([inner, line(""), text(close)]))
}

/// Items one after another, as many to a line as it takes.
fn fill(separator: &'static str, items: impl Iterator<Item = Doc>) -> Doc {
    let between = concat([text(separator), group(line(" "))]);
    nest(2, group(join(&between, items)))
}

fn join(separator: &Doc, items: impl Iterator<Item = Doc>) -> Doc {
    let mut parts = Vec::new();
    for item in items {
        if !parts.is_empty() {
            parts.push(separator.clone());
        }
        parts.push(item);
    }
    concat(parts)
}
