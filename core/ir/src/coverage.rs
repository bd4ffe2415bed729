//! Which rules primitives have, found out by trying them on their samples.

mod absent;

use std::collections::BTreeMap;
use std::fmt;

use jaxrs_data::{DType, Literal, Scalar, Type};

use crate::eager::{Eager, values};
use crate::lower::Lowering;
use crate::prims::Sample;
use crate::{Operand, Prim, Tangent, Value};

pub use absent::ABSENT;

/// What the columns of printed [`Coverage`] are.
pub const HEADER: &str = "name                     jvp   linear   lowering   element types";

/// What there is of one primitive. Output types, evaluation and batching each one has.
#[derive(Clone, Debug, PartialEq)]
pub struct Coverage {
    /// The printed name.
    pub name: &'static str,
    /// The element types of the samples' operands.
    pub dtypes: Vec<DType>,
    /// Whether tangents are computed.
    pub jvp: Derivative,
    /// By which operands it can be transposed.
    pub linear_in: Vec<usize>,
    /// How it becomes kernel code.
    pub lowering: Lowering,
    /// How many samples the laws try.
    pub n_samples: usize,
}

/// What is known of a derivative; later cases tell more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Derivative {
    /// No operand has tangents, or differentiating is refused.
    None,
    /// Tangents of results are zero.
    Zero,
    /// Tangents are computed.
    Known,
}

/// The coverage of all primitives that hold no programs, by name.
pub fn coverage() -> Vec<Coverage> {
    let mut rows: BTreeMap<&str, Coverage> = BTreeMap::new();
    for sample in Prim::samples() {
        let types: Vec<Type> = sample.inputs.iter().map(|input| input.ty().clone()).collect();
        let lowering = sample.prim.lowering(&types);
        if matches!(lowering, Lowering::Control | Lowering::Inline) {
            continue;
        }
        let name = sample.prim.name();
        let row = rows.entry(name).or_insert_with(|| Coverage {
            name,
            dtypes: Vec::new(),
            jvp: Derivative::None,
            linear_in: Vec::new(),
            lowering,
            n_samples: 0,
        });
        row.add(&sample);
    }
    rows.into_values().collect()
}

impl Coverage {
    fn add(&mut self, sample: &Sample) {
        self.n_samples += 1;
        self.dtypes.extend(sample.inputs.iter().map(|input| input.ty().dtype));
        self.dtypes.sort_unstable();
        self.dtypes.dedup();
        self.jvp = self.jvp.max(derivative(sample));
        for k in 0..sample.inputs.len() {
            if !self.linear_in.contains(&k) && is_linear_in(sample, k) {
                self.linear_in.push(k);
            }
        }
        self.linear_in.sort_unstable();
    }
}

fn is_inexact(x: &Literal) -> bool {
    x.ty().dtype.is_inexact()
}

fn ones(ty: &Type) -> Tangent {
    Tangent::Value(Value::literal(Literal::full(ty.clone(), Scalar::Float(1.0))))
}

/// By whichever operand there is one.
fn derivative(sample: &Sample) -> Derivative {
    let by = |k: usize| {
        let tangent = |(i, x): (usize, &Literal)| match i == k {
            true => ones(x.ty()),
            false => Tangent::Zero(x.ty().clone()),
        };
        let tangents: Vec<Tangent> = sample.inputs.iter().enumerate().map(tangent).collect();
        match sample.prim.jvp(&Eager, &values(&sample.inputs), &tangents) {
            Err(_) => Derivative::None,
            Ok(jvp) if jvp.tangents.iter().all(Tangent::is_zero) => Derivative::Zero,
            Ok(_) => Derivative::Known,
        }
    };
    let operands = (0..sample.inputs.len()).filter(|&k| is_inexact(&sample.inputs[k]));
    operands.map(by).max().unwrap_or(Derivative::None)
}

fn is_linear_in(sample: &Sample, k: usize) -> bool {
    let operand = |(i, x): (usize, &Literal)| match i == k {
        true => Operand::Linear(x.ty().clone()),
        false => Operand::Known(Value::literal(x.clone())),
    };
    let Ok(results) = sample.prim.evaluate(&sample.inputs) else { return false };
    if !is_inexact(&sample.inputs[k]) || !results.iter().any(is_inexact) {
        return false;
    }
    let operands: Vec<Operand> = sample.inputs.iter().enumerate().map(operand).collect();
    let cotangents: Vec<Tangent> = results.iter().map(|result| ones(result.ty())).collect();
    sample.prim.transpose(&Eager, &operands, &cotangents).is_ok()
}

/// One line of a table: name, derivative, linear operands, lowering, element types.
impl fmt::Display for Coverage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let jvp = match self.jvp {
            Derivative::None => "-",
            Derivative::Zero => "zero",
            Derivative::Known => "jvp",
        };
        let linear: Vec<String> = self.linear_in.iter().map(usize::to_string).collect();
        let linear = if linear.is_empty() { "-".to_owned() } else { linear.join(",") };
        let (name, lowering) = (self.name, format!("{:?}", self.lowering));
        write!(f, "{name:<24} {jvp:<5} {linear:<8} {lowering:<10}")?;
        groups(&self.dtypes).iter().try_for_each(|group| write!(f, " {group}"))
    }
}

/// The names of element types; families of which all are there, in one word.
fn groups(dtypes: &[DType]) -> Vec<&'static str> {
    type Holds = fn(DType) -> bool;
    const FAMILIES: [(&str, Holds); 3] = [
        ("narrow-int", DType::is_narrow_integer),
        ("narrow-float", DType::is_narrow_float),
        ("key", DType::is_key),
    ];
    let whole: Vec<_> = FAMILIES
        .into_iter()
        .filter(|(_, holds)| {
            DType::ALL.into_iter().all(|dtype| !holds(dtype) || dtypes.contains(&dtype))
        })
        .collect();
    let alone = dtypes.iter().filter(|&&dtype| !whole.iter().any(|(_, holds)| holds(dtype)));
    alone.map(|dtype| dtype.name()).chain(whole.iter().map(|(name, _)| *name)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_primitive_has_the_rules_that_it_should_have() {
        let table: Vec<String> = coverage().iter().map(Coverage::to_string).collect();
        let table = format!("{HEADER}\n{}\n", table.join("\n"));
        expect_test::expect_file!["../tests/coverage.txt"].assert_eq(&table);
    }
}
