//! Random programs keep the laws, those above all that once did not.

use jaxrs_fuzz::{Bench, Case, Law, Outcome, Search, Tally};

/// A few programs of each kind; `cargo xtask fuzz` tries as many as there is time for.
#[test]
fn random_programs_keep_the_laws() {
    let search = Search::new().unwrap();
    let mut tally = Tally::default();
    for seed in 0..60 {
        if let Some(finding) = search.try_seed(seed, &mut tally) {
            panic!("{finding}");
        }
    }
    assert!(tally.equations > 300, "programs are small: {tally:?}");
    let n_held: u64 = tally.held.values().sum();
    assert!(n_held > 250, "few laws were tried: {tally:?}");
}

/// Each of `testdata/*.txt` broke a law, which its first line names.
#[test]
fn programs_that_broke_a_law_keep_it() {
    let bench = Bench::new().unwrap();
    let folder = format!("{}/testdata", env!("CARGO_MANIFEST_DIR"));
    let mut broken = Vec::new();
    let mut n_replayed = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap();
        let case: Case = text.parse().unwrap_or_else(|err| panic!("{}: {err}", path.display()));
        n_replayed += 1;
        for law in Law::ALL {
            if let Outcome::Broken(what) = bench.holds(law, &case) {
                broken.push(format!("{} is not {}: {what}", path.display(), law.name()));
            }
        }
    }
    assert!(n_replayed > 0, "there is nothing to replay");
    assert!(broken.is_empty(), "{}", broken.join("\n\n"));
}

/// The laws see what is wrong: the program here says that it is smooth, which it is not.
#[test]
fn a_derivative_that_differences_contradict_is_found() {
    let bench = Bench::new().unwrap();
    let text =
        "{ lambda ; a:f64[2]. let b:f64[2] = stop_gradient a in (b,) }\nsmooth inputs:\n0.5 2.0";
    let case: Case = text.parse().unwrap();
    let outcome = bench.holds(Law::Derivatives, &case);
    assert_eq!(
        outcome,
        Outcome::Broken("tangent 0 is 0, by differences -1.6250000000050946".into())
    );
}
