//! Laws that hold for all programs, on random ones.
//!
//! `JAXRS_FUZZ_SECONDS=600 cargo test --release -p jaxrs-kernel --test random` goes on with new seeds for
//! as long; `JAXRS_FUZZ_SEED=7` starts elsewhere.

use std::time::{Duration, Instant};

use jaxrs_kernel::check::check;
use jaxrs_kernel::interpret::interpret;
use jaxrs_kernel::parse::parse;
use jaxrs_kernel::testing::{Options, Sample, random_program};
use jaxrs_kernel::{Kernel, Lanes, Program, Step};

/// Calls a function with many random programs.
fn for_random_programs(f: impl Fn(u64, &Sample)) {
    let variable = |name| std::env::var(name).ok().and_then(|value| value.parse::<u64>().ok());
    let (first, seconds) =
        (variable("JAXRS_FUZZ_SEED").unwrap_or(0), variable("JAXRS_FUZZ_SECONDS").unwrap_or(0));
    let (start, least) = (Instant::now(), if cfg!(debug_assertions) { 150 } else { 2000 });
    let goes_on =
        |seed: &u64| seed - first < least || start.elapsed() < Duration::from_secs(seconds);
    for seed in (first..).take_while(goes_on) {
        let size = 10 + (seed % 40) as usize;
        f(seed, &random_program(seed, &Options { size, ..Options::default() }));
    }
}

fn visit_kernels(steps: &mut [Step], f: &mut impl FnMut(&mut Kernel)) {
    for step in steps {
        match step {
            Step::Kernel(kernel) => f(kernel),
            Step::Repeat { body, .. } => visit_kernels(body, f),
            Step::While { condition, body, .. } => {
                visit_kernels(condition, f);
                visit_kernels(body, f);
            }
            Step::Switch { branches, .. } => {
                branches.iter_mut().for_each(|branch| visit_kernels(branch, f));
            }
            Step::Library(_) | Step::Copy { .. } => {}
        }
    }
}

#[test]
fn random_programs_are_well_formed() {
    for_random_programs(|seed, sample| {
        check(&sample.program).unwrap_or_else(|err| panic!("seed {seed}: {err}"));
    });
}

#[test]
fn what_is_printed_reads_back() {
    for_random_programs(|seed, sample| {
        let text = sample.program.to_string();
        // As text: NaN constants are not equal to themselves.
        assert_eq!(parse(&text).unwrap().to_string(), text, "seed {seed}");
    });
}

#[test]
fn results_do_not_depend_on_what_the_lanes_run_along() {
    for_random_programs(|seed, sample| {
        let run = |lanes| {
            let mut program: Program = sample.program.clone();
            visit_kernels(&mut program.steps, &mut |kernel| kernel.lanes = lanes);
            let result = interpret(&program, &sample.inputs);
            result.unwrap_or_else(|err| panic!("seed {seed}: {err}\n{program}"))
        };
        let (domain, inner) = (run(Lanes::Domain), run(Lanes::Inner));
        if let Some(difference) = sample.difference(&inner, &domain) {
            panic!("seed {seed}: {difference}\n{}", sample.program);
        }
    });
}

/// The generator covers what it is meant to: else the laws above say little.
#[test]
fn random_programs_contain_every_kind_of_step_and_instruction() {
    let seen = std::cell::RefCell::new(std::collections::BTreeSet::new());
    for_random_programs(|_, sample| {
        for line in sample.program.to_string().lines() {
            let words = line.split_whitespace();
            seen.borrow_mut().extend(words.take(4).map(str::to_owned));
        }
    });
    let missing: Vec<&str> = [
        "repeat",
        "while",
        "switch",
        "mat_mul",
        "sort",
        "copy",
        "kernel",
        "map",
        "reduce",
        "sequential",
        "load",
        "store",
        "select",
        "cast",
        "bitcast",
        "index",
        "point",
        "add",
        "div",
        "rem",
        "shift_left",
        "shift_right_arithmetic",
        "lt",
        "is_finite",
        "sin",
        "exp",
        "floor",
        "round_ties_even",
        "max",
        "c64",
        "c128",
        "f16",
        "bf16",
        "bool",
        "u8",
        "i64",
    ]
    .into_iter()
    .filter(|&word| !seen.borrow().iter().any(|seen| seen.trim_matches(',') == word))
    .collect();
    assert!(missing.is_empty(), "{missing:?}");
}
