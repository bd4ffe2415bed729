//! The table of all primitives, element types and ways.

use std::collections::BTreeMap;
use std::fmt;

use jaxrs_data::DType;

use crate::excuses::{Excuse, excuses};
use crate::subjects::subjects;
use crate::ways::{Lab, Mark, Way};

type Row = [Mark; Way::ALL.len()];

/// For each primitive and element type what works.
pub struct Matrix {
    rows: BTreeMap<(&'static str, DType), Row>,
    excuses: Vec<Excuse>,
}

/// What does not work, without an excuse of JAX's.
#[derive(Clone, Debug)]
pub struct Hole {
    /// The primitive.
    pub name: &'static str,
    /// The element type.
    pub dtype: DType,
    /// How it was used.
    pub way: Way,
    /// What happened.
    pub what: String,
}

impl fmt::Display for Hole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {}, {}: {}", self.name, self.dtype, self.way.name(), self.what)
    }
}

impl Matrix {
    /// Tries everything.
    pub fn new() -> Matrix {
        let lab = Lab::new();
        let mut rows: BTreeMap<(&'static str, DType), Row> = BTreeMap::new();
        for subject in subjects() {
            let row = rows
                .entry((subject.name, subject.dtype))
                .or_insert_with(|| std::array::from_fn(|_| Mark::Moot));
            for (mark, way) in row.iter_mut().zip(Way::ALL) {
                // One fault is enough; one refusal is, where nothing works.
                if !matches!(mark, Mark::Wrong(_)) {
                    *mark = worse(mark.clone(), lab.mark(&subject, way));
                }
            }
        }
        Matrix { rows, excuses: excuses() }
    }

    fn cells(&self) -> impl Iterator<Item = (&'static str, DType, Way, &Mark)> {
        self.rows.iter().flat_map(|(&(name, dtype), row)| {
            Way::ALL.into_iter().zip(row).map(move |(way, mark)| (name, dtype, way, mark))
        })
    }

    /// What does not work and is not excused.
    pub fn holes(&self) -> Vec<Hole> {
        let hole = |(name, dtype, way, mark): (&'static str, DType, Way, &Mark)| match mark {
            Mark::Works | Mark::Moot => None,
            _ if self.excuses.iter().any(|e| e.is_for(mark) && e.covers(name, dtype, way)) => None,
            Mark::Refused(what) | Mark::Wrong(what) => {
                Some(Hole { name, dtype, way, what: what.clone() })
            }
        };
        self.cells().filter_map(hole).collect()
    }

    /// Excuses for what works.
    pub fn stale(&self) -> Vec<&Excuse> {
        let is_used = |excuse: &&Excuse| {
            self.cells().any(|(name, dtype, way, mark)| {
                excuse.is_for(mark) && excuse.covers(name, dtype, way)
            })
        };
        self.excuses.iter().filter(|excuse| !is_used(excuse)).collect()
    }

    /// The primitives.
    pub fn names(&self) -> Vec<&'static str> {
        let mut names: Vec<&str> = self.rows.keys().map(|(name, _)| *name).collect();
        names.dedup();
        names
    }
}

impl Default for Matrix {
    fn default() -> Matrix {
        Matrix::new()
    }
}

/// What two samples of one kind say together.
fn worse(known: Mark, found: Mark) -> Mark {
    let rank = |mark: &Mark| match mark {
        Mark::Moot => 0,
        Mark::Refused(_) => 1,
        Mark::Works => 2,
        Mark::Wrong(_) => 3,
    };
    if rank(&found) > rank(&known) { found } else { known }
}

/// A line for the element types of a primitive of which the same is true.
impl fmt::Display for Matrix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let columns = Way::ALL.map(|way| format!(" {:>12}", way.name())).concat();
        writeln!(f, "{:<28}{columns}  element types", "primitive")?;
        let mut lines: BTreeMap<(&str, String), Vec<&str>> = BTreeMap::new();
        for (&(name, dtype), row) in &self.rows {
            let signs = row.iter().map(|mark| format!(" {:>12}", mark.sign())).collect();
            lines.entry((name, signs)).or_default().push(dtype.name());
        }
        for ((name, signs), dtypes) in lines {
            writeln!(f, "{name:<28}{signs}  {}", dtypes.join(" "))?;
        }
        writeln!(f, "x: it works; .: it means nothing; -: it is refused; !: it is wrong")
    }
}
