//! The names of values, where they are known.

use jaxrs_data::Result;
use rustc_hash::FxHashMap;

use super::cursor::Cursor;
use crate::tree::ValueId;

/// Names by region. A name stands for several values where an operation gives several.
#[derive(Default)]
pub(super) struct Names {
    scopes: Vec<Scope>,
    next: usize,
}

#[derive(Default)]
struct Scope {
    known: FxHashMap<String, (usize, usize)>,
    /// Whether the names around it are out of sight.
    isolated: bool,
}

impl Names {
    pub(super) fn enter(&mut self) {
        self.scopes.push(Scope::default());
    }

    pub(super) fn enter_isolated(&mut self) {
        self.scopes.push(Scope { isolated: true, ..Scope::default() });
    }

    pub(super) fn leave(&mut self) {
        self.scopes.pop();
    }

    /// A value without a name.
    pub(super) fn unnamed(&mut self) -> ValueId {
        self.next += 1;
        ValueId(self.next - 1)
    }

    /// New values under a name.
    pub(super) fn define(&mut self, name: String, n: usize) -> Vec<ValueId> {
        let first = self.next;
        self.next += n;
        if let Some(scope) = self.scopes.last_mut() {
            scope.known.insert(name, (first, n));
        }
        (first..first + n).map(ValueId).collect()
    }

    fn find(&self, name: &str) -> Option<(usize, usize)> {
        for scope in self.scopes.iter().rev() {
            if let Some(&found) = scope.known.get(name) {
                return Some(found);
            }
            if scope.isolated {
                return None;
            }
        }
        None
    }

    /// `%a` or `%a#1`.
    pub(super) fn operand(&self, c: &mut Cursor<'_>) -> Result<ValueId> {
        let mark = c.mark();
        c.expect("%")?;
        let name = c.suffix()?;
        let mut part = 0;
        if c.here() == Some(b'#') {
            c.expect("#")?;
            let digits = c.number()?;
            part = digits.parse().map_err(|_| c.error("has a malformed number of a result"))?;
        }
        match self.find(&name) {
            Some((first, n)) if part < n => Ok(ValueId(first + part)),
            found => {
                c.back(mark);
                Err(match found {
                    Some((_, n)) => {
                        c.error(format_args!("%{name} has {n} values, none is #{part}"))
                    }
                    None => c.error(format_args!("%{name} is not defined here")),
                })
            }
        }
    }
}
