//! Looking for programs that break a law.

use std::collections::BTreeMap;
use std::fmt;

use crate::generate::{Catalogue, program};
use crate::laws::{Bench, Law, Outcome};
use crate::{Case, shrink};

/// Makes programs and tries the laws on them.
pub struct Search {
    bench: Bench,
    all: Catalogue,
    smooth: Catalogue,
}

/// What was tried so far.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    /// Programs.
    pub programs: u64,
    /// Equations in them.
    pub equations: u64,
    /// How often each law held.
    pub held: BTreeMap<&'static str, u64>,
    /// How often a transform was refused, by reason.
    pub refused: BTreeMap<String, u64>,
}

/// A program that breaks a law, as small as it got.
#[derive(Clone, Debug)]
pub struct Finding {
    /// What the program was made from.
    pub seed: u64,
    /// The law.
    pub law: Law,
    /// How it is broken.
    pub what: String,
    /// The program.
    pub case: Case,
}

/// A remark on law, seed and fault, then the program: what `testdata` holds and tests replay.
impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "# {} (seed {})", self.law.name(), self.seed)?;
        for line in self.what.lines().take(40) {
            writeln!(f, "# {line}")?;
        }
        write!(f, "{}", self.case)
    }
}

impl Search {
    /// A search with a back end of its own.
    pub fn new() -> jaxrs_data::Result<Search> {
        Ok(Search { bench: Bench::new()?, all: Catalogue::all(), smooth: Catalogue::smooth() })
    }

    /// The program of a seed; every other one is smooth and in double precision.
    pub fn program(&self, seed: u64) -> Case {
        let catalogue = if seed.is_multiple_of(2) { &self.all } else { &self.smooth };
        program(catalogue, seed)
    }

    /// What runs the programs.
    pub fn bench(&self) -> &Bench {
        &self.bench
    }

    /// Tries all laws on the program of a seed; gives the first that it breaks.
    pub fn try_seed(&self, seed: u64, tally: &mut Tally) -> Option<Finding> {
        let case = self.program(seed);
        tally.programs += 1;
        tally.equations += case.jaxpr.eqns.len() as u64;
        for law in Law::ALL {
            match self.bench.holds(law, &case) {
                Outcome::Holds => *tally.held.entry(law.name()).or_default() += 1,
                Outcome::Refused(why) => *tally.refused.entry(why).or_default() += 1,
                Outcome::Broken(_) => return Some(self.finding(seed, law, &case)),
            }
        }
        None
    }

    /// All laws that a program breaks.
    pub fn findings(&self, seed: u64, case: &Case) -> Vec<Finding> {
        let is_broken = |law: &Law| matches!(self.bench.holds(*law, case), Outcome::Broken(_));
        let broken = Law::ALL.into_iter().filter(is_broken);
        broken.map(|law| self.finding(seed, law, case)).collect()
    }

    /// The program made smaller, or one that the law makes of it, if machine code is wrong there.
    fn finding(&self, seed: u64, law: Law, case: &Case) -> Finding {
        let broken = |law, case: &Case| matches!(self.bench.holds(law, case), Outcome::Broken(_));
        let case = shrink(case, |case| broken(law, case));
        let derived = self.bench.derived(law, &case).into_iter();
        let tried = derived
            .flat_map(|case| [Law::Interpreted, Law::Compiled].map(|law| (law, case.clone())));
        let inner = tried.into_iter().find(|(law, case)| broken(*law, case));
        let (law, case) = match inner {
            Some((law, inner)) => (law, shrink(&inner, |case| broken(law, case))),
            None => (law, case),
        };
        let what = match self.bench.holds(law, &case) {
            Outcome::Broken(what) => what,
            _ => "broken now and then".to_owned(),
        };
        Finding { seed, law, what, case }
    }
}
