//! Policies: what reverse mode may keep of a program that it would otherwise compute again.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;
use std::sync::Arc;

use jaxrs_data::{Error, ErrorKind, Result, Type, bail};

use crate::Prim;
use crate::prims::{Annotate, Remark};

/// Names of values, as `checkpoint_name` gives them; in order, each once.
type Names = Arc<[Arc<str>]>;

/// Which values are kept: the results of operations that it calls saveable.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Policy {
    /// All.
    EverythingSaveable,
    /// None.
    NothingSaveable,
    /// Those of `dot_general` and `conv_general_dilated`.
    DotsSaveable,
    /// Those of `dot_general` without batch dimensions.
    DotsWithNoBatchDimsSaveable,
    /// Those with one of these names.
    SaveOnlyTheseNames(Names),
    /// Those with a name that is none of these.
    SaveAnyNamesButThese(Names),
    /// All: what a name is given to is there beside what has the name, so that leaving out the name leaves
    /// out nothing. JAX has it so.
    SaveAnythingExceptTheseNames(Names),
    /// Those that either policy keeps.
    SaveFromBothPolicies(Arc<Policy>, Arc<Policy>),
    /// Those that a function of the caller's says.
    Rule(PolicyRule),
}

/// A function that says whether the results of an operation on operands of these types may be kept. Two are one only if
/// they are the very same.
#[derive(Clone)]
pub struct PolicyRule(Arc<IsSaveable>);

type IsSaveable = dyn Fn(&Prim, &[Type]) -> bool + Send + Sync;

impl PolicyRule {
    /// A rule that asks a function.
    pub fn new(rule: impl Fn(&Prim, &[Type]) -> bool + Send + Sync + 'static) -> PolicyRule {
        PolicyRule(Arc::new(rule))
    }

    fn address(&self) -> *const () {
        Arc::as_ptr(&self.0).cast()
    }
}

impl fmt::Debug for PolicyRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PolicyRule")
    }
}

impl PartialEq for PolicyRule {
    fn eq(&self, other: &PolicyRule) -> bool {
        self.address() == other.address()
    }
}

impl Eq for PolicyRule {}

impl Hash for PolicyRule {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.address().hash(state);
    }
}

impl Policy {
    /// Whether the results of an operation may be kept.
    pub fn is_saveable(&self, prim: &Prim, inputs: &[Type]) -> bool {
        match self {
            Policy::EverythingSaveable | Policy::SaveAnythingExceptTheseNames(_) => true,
            Policy::NothingSaveable => false,
            Policy::DotsSaveable => {
                matches!(prim, Prim::DotGeneral(_) | Prim::ConvGeneralDilated(_))
            }
            Policy::DotsWithNoBatchDimsSaveable => {
                matches!(prim, Prim::DotGeneral(dot) if dot.lhs_batch.is_empty())
            }
            Policy::SaveOnlyTheseNames(names) => {
                name_of(prim).is_some_and(|name| names.contains(name))
            }
            Policy::SaveAnyNamesButThese(names) => {
                name_of(prim).is_some_and(|name| !names.contains(name))
            }
            Policy::SaveFromBothPolicies(a, b) => {
                a.is_saveable(prim, inputs) || b.is_saveable(prim, inputs)
            }
            Policy::Rule(rule) => (rule.0)(prim, inputs),
        }
    }

    /// The name in JAX, and the names that it lists.
    fn parts(&self) -> (&'static str, Option<&Names>) {
        match self {
            Policy::EverythingSaveable => ("everything_saveable", None),
            Policy::NothingSaveable => ("nothing_saveable", None),
            Policy::DotsSaveable => ("dots_saveable", None),
            Policy::DotsWithNoBatchDimsSaveable => ("dots_with_no_batch_dims_saveable", None),
            Policy::SaveOnlyTheseNames(names) => ("save_only_these_names", Some(names)),
            Policy::SaveAnyNamesButThese(names) => ("save_any_names_but_these", Some(names)),
            Policy::SaveAnythingExceptTheseNames(names) => {
                ("save_anything_except_these_names", Some(names))
            }
            Policy::SaveFromBothPolicies(..) => ("save_from_both_policies", None),
            Policy::Rule(_) => ("rule", None),
        }
    }
}

/// The name that an operation gives to a value.
fn name_of(prim: &Prim) -> Option<&Arc<str>> {
    match prim {
        Prim::Annotate(Annotate { remark: Remark::Name, text }) => Some(text),
        _ => None,
    }
}

/// `save_only_these_names('a', 'b')`; reads back as the same policy.
impl fmt::Display for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (word, names) = self.parts();
        f.write_str(word)?;
        if let Policy::SaveFromBothPolicies(a, b) = self {
            return write!(f, "({a}, {b})");
        }
        let Some(names) = names else { return Ok(()) };
        f.write_str("(")?;
        for (k, name) in names.iter().enumerate() {
            f.write_str(if k == 0 { "'" } else { ", '" })?;
            for c in name.chars() {
                if matches!(c, '\'' | '\\') {
                    f.write_str("\\")?;
                }
                write!(f, "{c}")?;
            }
            f.write_str("'")?;
        }
        f.write_str(")")
    }
}

/// More than any policy that someone wrote; reading one must not exhaust the stack.
const MAX_DEPTH: usize = 32;

impl FromStr for Policy {
    type Err = Error;

    fn from_str(source: &str) -> Result<Policy> {
        let mut reader = Reader { source, rest: source.trim() };
        let policy = reader.policy(0)?;
        match reader.rest {
            "" => Ok(policy),
            rest => Err(reader.fault(format_args!("has {rest:?} after its end"))),
        }
    }
}

struct Reader<'a> {
    source: &'a str,
    rest: &'a str,
}

impl Reader<'_> {
    #[cold]
    fn fault(&self, message: fmt::Arguments<'_>) -> Error {
        let source = self.source;
        Error::new(ErrorKind::InvalidArgument, format_args!("the policy {source:?} {message}"))
    }

    fn take(&mut self, mark: char) -> bool {
        let taken = self.rest.strip_prefix(mark);
        self.rest = taken.unwrap_or(self.rest).trim_start();
        taken.is_some()
    }

    fn need(&mut self, mark: char) -> Result<()> {
        if self.take(mark) { Ok(()) } else { Err(self.fault(format_args!("lacks a {mark}"))) }
    }

    fn word(&mut self) -> &str {
        let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let end = self.rest.find(|c| !is_part(c)).unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest.trim_start();
        word
    }

    fn policy(&mut self, depth: usize) -> Result<Policy> {
        if depth == MAX_DEPTH {
            return Err(self.fault(format_args!("nests more than {MAX_DEPTH} deep")));
        }
        let word = self.word().to_owned();
        Ok(match word.as_str() {
            "everything_saveable" => Policy::EverythingSaveable,
            "nothing_saveable" => Policy::NothingSaveable,
            "dots_saveable" | "checkpoint_dots" => Policy::DotsSaveable,
            "dots_with_no_batch_dims_saveable" | "checkpoint_dots_with_no_batch_dims" => {
                Policy::DotsWithNoBatchDimsSaveable
            }
            "save_only_these_names" => Policy::SaveOnlyTheseNames(self.names()?),
            "save_any_names_but_these" => Policy::SaveAnyNamesButThese(self.names()?),
            "save_anything_except_these_names" => {
                Policy::SaveAnythingExceptTheseNames(self.names()?)
            }
            "save_from_both_policies" => self.both(depth)?,
            "offload_dot_with_no_batch_dims" | "save_and_offload_only_these_names" => bail!(
                Unimplemented,
                "the policy {word} moves values to the memory of another device, and there is none"
            ),
            _ => return Err(self.fault(format_args!("is none of checkpoint_policies"))),
        })
    }

    fn both(&mut self, depth: usize) -> Result<Policy> {
        self.need('(')?;
        let first = self.policy(depth + 1)?;
        self.need(',')?;
        let second = self.policy(depth + 1)?;
        self.need(')')?;
        Ok(Policy::SaveFromBothPolicies(first.into(), second.into()))
    }

    /// `('a', 'b')`
    fn names(&mut self) -> Result<Names> {
        let mut names: Vec<Arc<str>> = Vec::new();
        self.need('(')?;
        while !self.take(')') {
            names.push(self.name()?.into());
            if !self.take(',') && !self.rest.starts_with(')') {
                return Err(self.fault(format_args!("lacks a ) after its names")));
            }
        }
        names.sort_unstable();
        names.dedup();
        Ok(names.into())
    }

    fn name(&mut self) -> Result<String> {
        let mut name = String::new();
        let mut chars = self.rest.strip_prefix('\'').unwrap_or_default().chars();
        while let Some(c) = chars.next() {
            match c {
                '\'' => {
                    self.rest = chars.as_str().trim_start();
                    return Ok(name);
                }
                '\\' => name.extend(chars.next()),
                c => name.push(c),
            }
        }
        Err(self.fault(format_args!("needs names in single quotes")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn policies_read_back_as_they_are_printed() {
        let names = |names: &[&str]| names.iter().map(|&name| name.into()).collect::<Names>();
        let some = Policy::SaveOnlyTheseNames(names(&["a", "it's", "x\\y"]));
        let any = Policy::SaveAnyNamesButThese(names(&[]));
        for policy in [
            Policy::EverythingSaveable,
            Policy::NothingSaveable,
            Policy::DotsSaveable,
            Policy::DotsWithNoBatchDimsSaveable,
            Policy::SaveAnythingExceptTheseNames(names(&["a"])),
            Policy::SaveFromBothPolicies(some.clone().into(), any.clone().into()),
            some,
            any,
        ] {
            assert_eq!(policy.to_string().parse::<Policy>().expect("it reads back"), policy);
        }
    }

    #[test]
    fn faults_of_policies_say_what_is_wrong() {
        let message = |text: &str| match text.parse::<Policy>() {
            Err(err) => err.to_string(),
            Ok(policy) => format!("is {policy}"),
        };
        for (text, expected) in [
            ("dots", "the policy \"dots\" is none of checkpoint_policies"),
            ("save_only_these_names", "the policy \"save_only_these_names\" lacks a ("),
            (
                "save_only_these_names(a)",
                "the policy \"save_only_these_names(a)\" needs names in single quotes",
            ),
            (
                "save_only_these_names('a' 'b')",
                "the policy \"save_only_these_names('a' 'b')\" lacks a ) after its names",
            ),
            ("dots_saveable x", "the policy \"dots_saveable x\" has \"x\" after its end"),
            (
                "offload_dot_with_no_batch_dims('device', 'pinned_host')",
                "the policy offload_dot_with_no_batch_dims moves values to the memory of another device, and there is none",
            ),
        ] {
            assert_eq!(message(text), expected);
        }
        let deep = "save_from_both_policies(".repeat(100);
        assert!(message(&deep).ends_with("nests more than 32 deep"));
    }
}
