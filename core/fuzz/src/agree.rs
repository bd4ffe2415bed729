//! Whether results agree, where rounding may be different.
//!
//! Rounding errors grow on their way through a program, and decide comparisons. How much they may is found
//! out by trying (Vignes, "Discrete stochastic arithmetic for validating results of numerical software",
//! 2004): the program runs again with each operation's operands and results disturbed a little, and what
//! comes out as differently as the results in question is not held against them.

use std::collections::HashMap;

use jaxrs_data::tolerance::{Class, difference, is_close, relative};
use jaxrs_data::{Literal, Result, Scalar};
use jaxrs_ir::evaluate::evaluate_with;
use jaxrs_ir::prims::Binary;
use jaxrs_ir::{Eqn, Jaxpr, Prim};
use jaxrs_kernel::ReduceOp;

use crate::generate::takes_apart;
use crate::random::Random;

/// How often a program is run disturbed.
pub(crate) const TRIES: usize = 12;

/// How much more often before results are said to differ.
const MORE_TRIES: usize = 100;

/// How much more than in the tries results may differ.
pub(crate) const MARGIN: f64 = 4.0;

/// How many programs, inner ones among them, may be run for one.
const MOST_RUNS: usize = 5000;

/// How exact each primitive is, from its samples.
#[derive(Debug)]
pub(crate) struct Exactness(HashMap<&'static str, Class>);

impl Exactness {
    pub(crate) fn of_samples() -> Exactness {
        let mut classes = HashMap::new();
        for sample in Prim::samples() {
            let class = classes.entry(sample.prim.name()).or_insert(sample.class);
            let rank = |class| {
                [Class::Exact, Class::Elementary, Class::Accumulated]
                    .iter()
                    .position(|&c| c == class)
            };
            if rank(sample.class) > rank(*class) {
                *class = sample.class;
            }
        }
        Exactness(classes)
    }

    /// What operands and results are disturbed by, in units in the last place or so. What moves elements is
    /// exact; arithmetic is not, since sums and products may be contracted.
    fn noise(&self, prim: &Prim) -> Option<Class> {
        match self.0.get(prim.name()) {
            Some(Class::Exact) | None if is_arithmetic(prim) => Some(Class::Elementary),
            Some(Class::Exact) | None => None,
            Some(class) => Some(*class),
        }
    }
}

/// Whether results are rounded, unlike those that are one of the operands.
fn is_arithmetic(prim: &Prim) -> bool {
    match prim {
        Prim::Binary(op) => !matches!(op, Binary::Max | Binary::Min | Binary::Nextafter),
        Prim::Reduce(reduce) => matches!(reduce.op, ReduceOp::Add | ReduceOp::Mul),
        Prim::IntegerPow(_) => true,
        _ => false,
    }
}

/// The results of a program by definition. Programs that take too long are refused: taking a step out of a
/// loop may take away its end.
pub(crate) fn evaluate(jaxpr: &Jaxpr, inputs: &[Literal]) -> Result<Vec<Literal>> {
    bounded(&mut 0, jaxpr, inputs, &mut |_| {})
}

/// The same; `look` sees the results of each equation.
fn bounded(
    n_runs: &mut usize,
    jaxpr: &Jaxpr,
    inputs: &[Literal],
    look: &mut dyn FnMut(&[Literal]),
) -> Result<Vec<Literal>> {
    *n_runs += 1;
    if *n_runs > MOST_RUNS {
        jaxrs_data::bail!(Unimplemented, "the program runs too long to be tried");
    }
    evaluate_with(jaxpr, inputs, &mut |eqn: &Eqn, operands: &[Literal]| {
        let results = match eqn.prim.inlined() {
            Some(called) => bounded(n_runs, called, operands, look)?.into(),
            None => eqn.prim.evaluate_with(operands, &mut |jaxpr, inputs| {
                bounded(n_runs, jaxpr, inputs, look)
            })?,
        };
        look(&results);
        Ok(results)
    })
}

/// Whether all that the program computes by definition are numbers, inside loops and branches too.
pub(crate) fn computes_numbers(jaxpr: &Jaxpr, inputs: &[Literal]) -> Result<bool> {
    let mut all = true;
    bounded(&mut 0, jaxpr, inputs, &mut |results| {
        all &= !results.iter().flat_map(Literal::iter).any(is_nan);
    })?;
    Ok(all)
}

fn is_nan(x: Scalar) -> bool {
    match x {
        Scalar::Float(x) => x.is_nan(),
        Scalar::Complex(re, im) => re.is_nan() || im.is_nan(),
        _ => false,
    }
}

fn disturbed(
    exactness: &Exactness,
    random: &mut Random,
    jaxpr: &Jaxpr,
    inputs: &[Literal],
) -> Result<Vec<Literal>> {
    evaluate_with(jaxpr, inputs, &mut |eqn: &Eqn, operands: &[Literal]| {
        if let Some(called) = eqn.prim.inlined() {
            return Ok(disturbed(exactness, random, called, operands)?.into());
        }
        let noise = exactness.noise(&eqn.prim);
        // What is backward stable gives exact factors of a matrix nearby, by the size of the largest element: those of
        // a singular one depend on which.
        let (class, share) = match takes_apart(&eqn.prim) {
            true => (Class::Accumulated, RESULTS),
            false => (Class::Elementary, OPERANDS),
        };
        let operands: Vec<Literal> = match noise {
            Some(_) => operands.iter().map(|x| noisy(random, x, class, share)).collect(),
            None => operands.to_vec(),
        };
        let run =
            &mut |jaxpr: &Jaxpr, inputs: &[Literal]| disturbed(exactness, random, jaxpr, inputs);
        let results = eqn.prim.evaluate_with(&operands, run)?;
        let Some(class) = noise else { return Ok(results) };
        Ok(results.iter().map(|x| noisy(random, x, class, RESULTS)).collect())
    })
}

/// Operands are disturbed by a step of their type.
const OPERANDS: f64 = 16.0;

/// Results are disturbed by an eighth of what they may be off by.
const RESULTS: f64 = 8.0;

/// Disturbed by a share of the tolerance: of each element, and of the largest one where an element may come of
/// sums that the others are part of.
fn noisy(random: &mut Random, literal: &Literal, class: Class, share: f64) -> Literal {
    let dtype = literal.ty().dtype;
    if !dtype.is_inexact() {
        return literal.clone();
    }
    let size = relative(dtype, class).max(relative(dtype, Class::Elementary)) / share;
    let magnitude = |x: Scalar| x.as_complex().0.abs().max(x.as_complex().1.abs());
    let finite = literal.iter().map(magnitude).filter(|x| x.is_finite());
    let sums = match class {
        Class::Accumulated => size * finite.fold(0.0, f64::max),
        _ => 0.0,
    };
    // Half of the time equal numbers are disturbed alike, as equal operands give equal results: a matrix of equal
    // columns stays one then.
    let alike = random.percent(50).then(|| random.fork());
    let mut near = |x: f64, scale: f64| {
        let mut own = alike.as_ref().map(|random| random.of_number(x));
        let random = own.as_mut().unwrap_or(&mut *random);
        match x.is_nan() {
            // The sign of what is no number is no one's business, though some orders go by it.
            true => x.copysign(random.unit()),
            // Terms that cancel leave nothing as well as next to nothing.
            false if x.abs() < sums && random.percent(50) => 0.0,
            false => x + scale * size * random.unit() + sums * random.unit(),
        }
    };
    Literal::from_fn(literal.ty().clone(), |k| match literal.get(k) {
        // The parts of a product share their errors, where that leaves infinities what they are.
        Scalar::Complex(re, im) if re.is_finite() && im.is_finite() => {
            let largest = re.abs().max(im.abs());
            Scalar::Complex(near(re, largest), near(im, largest))
        }
        Scalar::Complex(re, im) => Scalar::Complex(near(re, re), near(im, im)),
        real => Scalar::Float(near(real.as_f64(), real.as_f64())).cast(dtype),
    })
}

/// The results of disturbed runs, as many as come to an end.
pub(crate) fn disturbed_runs(
    exactness: &Exactness,
    (jaxpr, inputs): (&Jaxpr, &[Literal]),
    (seed, n): (u64, usize),
) -> Vec<Vec<Literal>> {
    let mut random = Random::new(seed);
    (0..n).filter_map(|_| disturbed(exactness, &mut random, jaxpr, inputs).ok()).collect()
}

/// Where and by how much results differ from those of the definition by more than rounding explains.
pub(crate) fn differ(
    exactness: &Exactness,
    (jaxpr, inputs): (&Jaxpr, &[Literal]),
    expected: &[Literal],
    got: &[Literal],
) -> Option<String> {
    if got.len() != expected.len() {
        return Some(format!("got {} results, expected {}", got.len(), expected.len()));
    }
    let plainly =
        |(got, expected): (&Literal, &Literal)| difference(got, expected, Class::Accumulated);
    let k = got.iter().zip(expected).position(|pair| plainly(pair).is_some())?;
    let unexplained = |n: usize| {
        let tries = disturbed_runs(exactness, (jaxpr, inputs), (k as u64, n));
        (0..got.len()).find_map(|k| {
            let tries: Vec<&Literal> = tries.iter().map(|results| &results[k]).collect();
            unexplained(&got[k], &expected[k], &tries).map(|what| format!("result {k}: {what}"))
        })
    };
    unexplained(TRIES).and_then(|_| unexplained(MORE_TRIES))
}

fn unexplained(got: &Literal, expected: &Literal, tries: &[&Literal]) -> Option<String> {
    let plain = difference(got, expected, Class::Accumulated)?;
    if !got.ty().same_ignoring_weak(expected.ty()) {
        return Some(plain);
    }
    let tolerance = relative(got.ty().dtype, Class::Accumulated);
    let position = (0..got.len()).find(|&k| {
        let (a, b) = (got.get(k), expected.get(k));
        let differs = !is_close(a, b, tolerance);
        differs && !is_explained(a, b, tries.iter().map(|x| x.get(k)))
    })?;
    let (a, b) = (got.get(position), expected.get(position));
    let index = got.ty().shape.unravel(position);
    Some(format!("at {index:?} got {a}, expected {b} ({plain})"))
}

/// What is finite, infinite of which sign, or no number.
fn kind(x: Scalar) -> [(bool, f64); 2] {
    let (re, im) = x.as_complex();
    [re, im].map(|x| (x.is_nan(), if x.is_infinite() { x } else { 0.0 }))
}

/// Whether disturbed runs differ as much.
fn is_explained(got: Scalar, expected: Scalar, mut tries: impl Iterator<Item = Scalar>) -> bool {
    let parts = |x: Scalar| x.as_complex();
    match expected {
        Scalar::Float(_) | Scalar::Complex(..) => {
            let ((a, b), (c, d)) = (parts(got), parts(expected));
            let off = (a - c).hypot(b - d);
            if !off.is_finite() {
                return tries.any(|x| kind(x) != kind(expected));
            }
            let spread = tries.map(|x| {
                let (re, im) = parts(x);
                (re - c).hypot(im - d)
            });
            let spread =
                spread.fold(0.0, |a: f64, b| if b.is_nan() { f64::INFINITY } else { a.max(b) });
            off <= MARGIN * spread
        }
        _ => tries.any(|x| x != expected),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn differs(program: &str, input: &[f32], got: &[f32]) -> Option<String> {
        let jaxpr: Jaxpr = program.parse().unwrap();
        let inputs = [Literal::f32([input.len()], input)];
        let expected = evaluate(&jaxpr, &inputs).unwrap();
        let got = [Literal::f32([got.len()], got)];
        differ(&Exactness::of_samples(), (&jaxpr, &inputs), &expected, &got)
    }

    #[test]
    fn what_rounding_does_not_explain_is_a_difference() {
        let program = "{ lambda ; a:f32[2]. let b:f32[2] = mul a a in (b,) }";
        assert_eq!(differs(program, &[1.0, 2.0], &[1.0, 4.0]), None);
        assert!(differs(program, &[1.0, 2.0], &[1.0, 4.001]).is_some());
        assert!(differs(program, &[1.0, 2.0], &[1.0, f32::NAN]).is_some());
        assert!(differs(program, &[1.0, f32::NAN], &[1.0, 4.0]).is_some());
    }

    #[test]
    fn errors_may_grow_as_the_program_lets_them() {
        // The sum is rounded as large numbers are.
        let program = "{ lambda ; a:f32[1]. let
            b:f32[1] = add a 1000.0:f32[]
            c:f32[1] = sub b 1000.0:f32[]
          in (c,) }";
        assert_eq!(differs(program, &[0.25], &[0.250_061]), None);
        assert!(differs(program, &[0.25], &[0.26]).is_some());
    }

    #[test]
    fn errors_grow_inside_calls_too() {
        let program = "{ lambda ; a:f32[1]. let
            b:f32[1] = jit[
              name=f
              jaxpr={ lambda ; c:f32[1]. let
                  d:f32[1] = add c 1000.0:f32[]
                  e:f32[1] = sub d 1000.0:f32[]
                in (e,) }
            ] a
          in (b,) }";
        assert_eq!(differs(program, &[0.25], &[0.250_061]), None);
        assert!(differs(program, &[0.25], &[0.26]).is_some());
    }

    #[test]
    fn the_largest_element_stays_the_largest() {
        let program = "{ lambda ; a:f32[2]. let
            b:f32[] = reduce_max[axes=(0,)] a
            c:bool[2] = eq a b
            d:f32[2] = convert_element_type[new_dtype=f32 weak_type=false] c
          in (d,) }";
        assert!(differs(program, &[1.0, 2.0], &[0.0, 0.0]).is_some());
    }

    #[test]
    fn comparisons_that_rounding_decides_may_go_either_way() {
        let program = "{ lambda ; a:f32[1]. let
            b:f32[1] = sin a
            c:f32[1] = sub b 0.841471:f32[]
            d:f32[1] = sign c
          in (d,) }";
        assert_eq!(differs(program, &[1.0], &[1.0]), None);
        assert_eq!(differs(program, &[1.0], &[-1.0]), None);
        assert!(differs(program, &[0.5], &[1.0]).is_some());
    }
}
