//! The samples of all primitives, several to a program.

use std::ops::Range;

use jaxrs_data::tolerance::Class;
use jaxrs_data::{DType, Literal, Result, Scalar, SmallVec, Type};
use jaxrs_ir::evaluate::evaluate_with;
use jaxrs_ir::prims::{Binary, Sample};
use jaxrs_ir::{Atom, Eqn, Jaxpr, Prim};

/// How many samples go into one program.
fn n_samples() -> usize {
    std::env::var("SAMPLES").ok().and_then(|n| n.parse().ok()).unwrap_or(40)
}

/// A sample in a program.
pub(crate) struct Part {
    /// What it is.
    pub(crate) label: String,
    /// How exact its results are.
    pub(crate) class: Class,
    /// Which results of the program are its own.
    pub(crate) outputs: Range<usize>,
}

/// A program to export.
pub(crate) struct Program {
    pub(crate) name: String,
    pub(crate) jaxpr: Jaxpr,
    pub(crate) inputs: Vec<Literal>,
    pub(crate) parts: Vec<Part>,
}

/// Samples that no program of others can do: a primitive or `*`, what else their label has, and why.
pub(crate) fn unexported() -> Vec<[&'static str; 3]> {
    let table = include_str!("unexported.tsv");
    let row = |line: &'static str| line.splitn(3, '\t').collect::<Vec<_>>().try_into().ok();
    table.lines().filter_map(row).collect()
}

/// What a program gives.
pub(crate) fn evaluate(jaxpr: &Jaxpr, inputs: &[Literal]) -> Result<Vec<Literal>> {
    evaluate_with(jaxpr, inputs, &mut |eqn, operands| {
        eqn.prim.evaluate_with(operands, &mut |jaxpr, inputs| evaluate(jaxpr, inputs))
    })
}

/// The same array as StableHLO has it: words in the place of keys.
pub(crate) fn physical(literal: &Literal) -> Literal {
    let ty = literal.ty();
    if !ty.dtype.is_key() {
        return literal.with_type(ty.with_weak(false)).expect("the same type");
    }
    let dims = [&ty.shape[..], &[ty.dtype.size_bytes() / 4]].concat();
    let words = Type::new(DType::U32, dims.as_slice());
    Literal::from_bytes(words, literal.bytes()).expect("the same bytes")
}

/// XLA's threads take subnormal numbers for zero.
pub(crate) fn flushed(literal: &Literal) -> Literal {
    let tiny = match literal.ty().dtype.real_part() {
        DType::F64 => f64::MIN_POSITIVE,
        DType::F32 | DType::BF16 => f64::from(f32::MIN_POSITIVE),
        _ => return literal.clone(),
    };
    let real = |x: f64| if x.abs() < tiny { 0.0 } else { x };
    Literal::from_fn(literal.ty().clone(), |k| match literal.get(k) {
        Scalar::Float(x) => Scalar::Float(real(x)),
        Scalar::Complex(re, im) => Scalar::Complex(real(re), real(im)),
        other => other,
    })
}

/// Operands and results, and what is done.
fn label(sample: &Sample) -> String {
    let types: Vec<Type> = sample.inputs.iter().map(|x| x.ty().clone()).collect();
    let out = sample.prim.output_types(&types).expect("a sample that fits");
    let listed = |types: &[Type]| types.iter().map(Type::to_string).collect::<Vec<_>>().join(" ");
    let prim: String = format!("{:?}", sample.prim).chars().take(300).collect();
    let inside = if has_loops(&sample.prim) { " with loops inside" } else { "" };
    format!("{} -> {} by {prim}{inside}", listed(&types), listed(&out))
}

/// Whether the programs of a primitive have loops.
fn has_loops(prim: &Prim) -> bool {
    let mut eqns = prim.programs().into_iter().flat_map(|program| &program.eqns);
    eqns.any(|eqn| matches!(eqn.prim, Prim::While(_) | Prim::Scan(_)) || has_loops(&eqn.prim))
}

/// XLA divides by one number by multiplying with its inverse.
fn class(sample: &Sample) -> Class {
    match sample.prim {
        Prim::Binary(Binary::Div) if sample.inputs[1].ty().rank() == 0 => Class::Elementary,
        _ => sample.class,
    }
}

impl Program {
    pub(crate) fn expected(&self) -> Result<Vec<Literal>> {
        evaluate(&self.jaxpr, &self.inputs)
    }

    fn new(name: String) -> Program {
        Program { name, jaxpr: Jaxpr::default(), inputs: Vec::new(), parts: Vec::new() }
    }

    fn add(&mut self, sample: &Sample) -> Result<()> {
        let types: Vec<Type> = sample.inputs.iter().map(|x| x.ty().clone()).collect();
        let out = sample.prim.output_types(&types)?;
        let inputs = types.iter().map(|ty| Atom::Var(self.jaxpr.add_invar(ty.clone()))).collect();
        let outputs: SmallVec<_> = out.iter().map(|ty| self.jaxpr.fresh_var(ty.clone())).collect();
        let first = self.jaxpr.outputs.len();
        self.jaxpr.outputs.extend(outputs.iter().map(|var| Atom::Var(*var)));
        self.jaxpr.eqns.push(Eqn { prim: sample.prim.clone(), inputs, outputs, name_stack: None });
        self.inputs.extend(sample.inputs.iter().map(flushed));
        self.parts.push(Part {
            label: label(sample),
            class: class(sample),
            outputs: first..self.jaxpr.outputs.len(),
        });
        Ok(())
    }
}

/// All that XLA can be asked for.
pub(crate) fn all() -> Vec<Program> {
    programs(Prim::samples().into_iter(), true)
}

/// Of special functions, whose loops take XLA seconds to compile: all elements of a type with an algorithm of its own.
/// Types of fewer bits are converted to 64 and back, and shapes are all one to what is done element by element.
fn is_telling(sample: &Sample) -> bool {
    let of = |x: &Literal| matches!(x.ty().dtype, DType::F32 | DType::F64) && x.len() >= 16;
    sample.inputs.iter().all(of)
}

/// Programs of samples.
pub(crate) fn programs(samples: impl Iterator<Item = Sample>, of_xla: bool) -> Vec<Program> {
    let (unexported, n_samples) = (unexported(), n_samples());
    let only = std::env::var("PRIMITIVE").ok();
    let mut programs: Vec<Program> = Vec::new();
    for sample in samples {
        let name = sample.prim.name();
        if of_xla && matches!(sample.prim, Prim::Special(_)) && !is_telling(&sample) {
            continue;
        }
        let label = label(&sample);
        let is_refused = |[of, part, _]: &[&str; 3]| {
            (*of == "*" || *of == name) && label.contains(part) && (of_xla || part.is_empty())
        };
        if unexported.iter().any(is_refused) {
            continue;
        }
        if only.as_ref().is_some_and(|only| only != name) {
            continue;
        }
        let open = programs.iter().rev().take(8).position(|program| {
            program.name.rsplit_once('-').is_some_and(|(of, _)| of == name)
                && program.parts.len() < n_samples
        });
        let at = match open {
            Some(back) => programs.len() - 1 - back,
            None => {
                programs.push(Program::new(format!("{name}-{}", programs.len())));
                programs.len() - 1
            }
        };
        programs[at].add(&sample).expect("a sample that fits");
    }
    programs
}
