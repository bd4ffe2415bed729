//! Random programs, to compare ways of running them. Behind the feature `testing`.
//!
//! A program computes the same in every back end only as far as its arithmetic is exact: products and
//! sums may be fused, reductions regrouped, functions differ in the last place. So each value is built
//! with a `Trust` that says how far implementations may differ, and only values that are
//! exact reach comparisons, conversions to integers, conditions and positions. What is exact must agree
//! in every bit; the rest within a tolerance.

mod body;
mod kernels;
mod loops;
mod operation;
mod random;
mod steps;
mod trust;

use jaxrs_data::{Literal, Scalar};

use crate::program::Program;

pub use random::Random;

/// What random programs may contain.
#[derive(Clone, Debug)]
pub struct Options {
    /// Functions that are not exact: sine, exponential, ….
    pub functions: bool,
    /// 16-bit floats.
    pub halves: bool,
    /// Complex elements, which are moved, taken apart and put together.
    pub complex: bool,
    /// Program loops, branches and library calls, not only kernels.
    pub steps: bool,
    /// Roughly how many instructions each kernel has.
    pub size: usize,
}

impl Default for Options {
    fn default() -> Options {
        Options { functions: true, halves: true, complex: true, steps: true, size: 25 }
    }
}

/// A well-formed program with inputs for it.
#[derive(Clone, Debug)]
pub struct Sample {
    /// The program; its checker passes.
    pub program: Program,
    /// One literal for each input.
    pub inputs: Vec<Literal>,
    /// For each output, whether all ways of running the program must agree in every bit.
    pub exact: Vec<bool>,
}

/// A program that depends on the seed and the options alone.
pub fn random_program(seed: u64, options: &Options) -> Sample {
    steps::Generator::new(seed, options).sample()
}

impl Sample {
    /// Where two results of the program differ by more than they may.
    pub fn difference(&self, got: &[Literal], expected: &[Literal]) -> Option<String> {
        if got.len() != expected.len() {
            return Some(format!("got {} outputs, expected {}", got.len(), expected.len()));
        }
        let mut outputs = got.iter().zip(expected).zip(&self.exact).enumerate();
        outputs.find_map(|(output, ((got, expected), &exact))| {
            let differs = |&at: &usize| !agree(got.get(at), expected.get(at), exact);
            let at = (0..expected.len()).find(differs)?;
            let (got, expected) = (got.get(at), expected.get(at));
            let how = if exact { "exactly " } else { "" };
            Some(format!("output {output} at {at}: got {got}, expected {how}{expected}"))
        })
    }
}

/// Bounded values of sizes up to a thousand, a few roundings apart in single precision.
const TOLERANCE: f64 = 1e-3;

fn agree(a: Scalar, b: Scalar, exact: bool) -> bool {
    let floats = |a: f64, b: f64| {
        let near = !exact && (a == b || (a - b).abs() <= TOLERANCE * (1.0 + b.abs()));
        a.to_bits() == b.to_bits() || (a.is_nan() && b.is_nan()) || near
    };
    match (a, b) {
        (Scalar::Float(a), Scalar::Float(b)) => floats(a, b),
        (Scalar::Complex(a, i), Scalar::Complex(b, j)) => floats(a, b) && floats(i, j),
        _ => a == b,
    }
}
