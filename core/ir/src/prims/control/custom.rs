//! Functions with derivatives of their own.

mod jvp;
mod vjp;
mod vmap;

use std::any::Any;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use jaxrs_data::Result;

use crate::{Jaxpr, Param, ParamReader, Params};

pub use jvp::CustomJvp;
pub use vjp::{CustomLinear, CustomVjp};
pub use vmap::CustomVmap;

/// A derivative rule: a function of the caller's that a program holds unevaluated, because it may call
/// the very function that it belongs to. The context that met it can call it; a rule read from text has
/// a name only, one of a saved program is a program, for the types that it is applied to there.
#[derive(Clone)]
pub struct Rule {
    name: Arc<str>,
    function: Option<Arc<dyn Any + Send + Sync>>,
    program: Option<Arc<Jaxpr>>,
}

impl Rule {
    /// A rule that is this function, of a type that the context knows.
    pub fn new(name: impl Into<Arc<str>>, function: Arc<dyn Any + Send + Sync>) -> Rule {
        Rule { name: name.into(), function: Some(function), program: None }
    }

    /// A rule that is this program.
    pub fn of_program(name: impl Into<Arc<str>>, program: Arc<Jaxpr>) -> Rule {
        Rule { name: name.into(), function: None, program: Some(program) }
    }

    /// A rule as parameters have it: a name, and a program where it is one.
    fn read(params: &ParamReader<'_>, name: &str, program: &str) -> Result<Rule> {
        let known = params.optional(program).map(|_| params.jaxpr(program)).transpose()?;
        Ok(Rule { program: known, ..Rule::named(params.name(name)?) })
    }

    /// The parameters of a rule.
    fn params(&self, name: &'static str, program: &'static str) -> Params {
        let mut params = vec![(name, Param::Name(self.name.to_string()))];
        params.extend(self.program.clone().map(|known| (program, Param::Jaxpr(known))));
        params
    }

    /// A rule of which only the name is known.
    pub fn named(name: impl Into<Arc<str>>) -> Rule {
        Rule { name: name.into(), function: None, program: None }
    }

    /// The name, for people.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The function, if it is known.
    pub fn function(&self) -> Option<&Arc<dyn Any + Send + Sync>> {
        self.function.as_ref()
    }

    /// The program, if it is one.
    pub fn program(&self) -> Option<&Arc<Jaxpr>> {
        self.program.as_ref()
    }
}

impl fmt::Debug for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

/// Functions are compared by identity.
impl PartialEq for Rule {
    fn eq(&self, other: &Rule) -> bool {
        self.name == other.name
            && self.program == other.program
            && match (&self.function, &other.function) {
                (Some(a), Some(b)) => Arc::ptr_eq(a, b),
                (a, b) => a.is_none() && b.is_none(),
            }
    }
}

impl Eq for Rule {}

impl Hash for Rule {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name.hash(state);
    }
}
