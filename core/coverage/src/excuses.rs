//! What JAX refuses or does otherwise, too.

use jaxrs_data::DType;

use crate::ways::{Mark, Way};

/// What is refused or gives something else, and does so in JAX too.
#[derive(Clone, Debug, PartialEq)]
pub struct Excuse {
    /// The primitive.
    pub name: String,
    /// The element types: names, `*` for all.
    dtypes: Vec<String>,
    /// The ways to use it.
    ways: Vec<String>,
    /// JAX's error.
    pub words: String,
}

/// The rows of `excuses.tsv`, which JAX has confirmed.
pub(crate) fn excuses() -> Vec<Excuse> {
    let rows = include_str!("../excuses.tsv").lines();
    let list = |text: &str| text.split(' ').map(str::to_owned).collect();
    let excuse = |row: &str| {
        let mut columns = row.split('\t');
        let mut next = || columns.next().unwrap_or_default();
        Excuse {
            name: next().to_owned(),
            dtypes: list(next()),
            ways: list(next()),
            words: next().to_owned(),
        }
    };
    rows.map(excuse).collect()
}

/// What stands before the words where JAX gives something, but not what the way supposes.
const DIFFERENT: &str = "Different: ";

impl Excuse {
    /// Whether it is for what happened.
    pub fn is_for(&self, mark: &Mark) -> bool {
        match mark {
            Mark::Refused(_) => !self.words.starts_with(DIFFERENT),
            Mark::Wrong(_) => self.words.starts_with(DIFFERENT),
            Mark::Works | Mark::Moot => false,
        }
    }

    /// Whether it is for this use.
    pub fn covers(&self, name: &str, dtype: DType, way: Way) -> bool {
        let holds = |list: &[String], item: &str| list.iter().any(|x| x == "*" || x == item);
        self.name == name && holds(&self.dtypes, dtype.name()) && holds(&self.ways, way.name())
    }
}
