//! Reductions by programs, of several operands at once.

mod decisions;
mod fold;
mod samples;
mod scatter;
mod tangent;
mod window;

use std::sync::Arc;

use jaxrs_data::{Axes, Literal, Result, Shape, SmallVec, Type, bail, smallvec};

pub use scatter::SelectAndScatter;
pub use window::VariadicReduceWindow;

use crate::lower::{Lowering, Steps};
use crate::prims::{Primitive, RunProgram};
use crate::rules::axes::{self, AxisList};
use crate::rules::index::Index;
use crate::rules::scalar_program;
use crate::{Batched, Cx, Jaxpr, Jvp, Param, ParamReader, Params, Tangent, Value, ops};

/// `reduce(operands…, inits…)`: combines the elements along some axes, beginning with the initial values, by a
/// program `(results so far…, elements…) → results…` of scalars, which is taken to be associative. Along no axes
/// operands stay as they are, whatever the initial values.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct VariadicReduce {
    /// How elements are combined.
    pub jaxpr: Arc<Jaxpr>,
    /// Along which axes, which disappear.
    pub dimensions: Axes,
}

/// Checks operands of one shape and a scalar of the same type for each, and a program that combines such
/// scalars. Gives the number of operands.
fn check_operands(name: &str, jaxpr: &Jaxpr, inputs: &[Type]) -> Result<usize> {
    let n = inputs.len() / 2;
    if n == 0 || !inputs.len().is_multiple_of(2) {
        bail!(
            InvalidArgument,
            "{name} takes operands and an initial value for each, got {} arrays",
            inputs.len()
        );
    }
    let (operands, inits) = inputs.split_at(n);
    for (x, init) in operands.iter().zip(inits) {
        if x.shape != operands[0].shape || init.rank() != 0 || init.dtype != x.dtype {
            let first = &operands[0];
            bail!(
                Shape,
                "{name} needs operands of the shape of {first} and scalars of their types as initial values, got {x} and {init}"
            );
        }
    }
    let both = [inits, inits].concat();
    scalar_program::check(name, "reducer", jaxpr, &both, inits)?;
    Ok(n)
}

/// Runs a reducer on scalars.
fn combine(
    jaxpr: &Jaxpr,
    results: &[Literal],
    elements: impl Iterator<Item = Literal>,
    run: RunProgram<'_>,
) -> Result<Vec<Literal>> {
    let inputs: Vec<Literal> = results.iter().cloned().chain(elements).collect();
    // Programs may promise weak types.
    let inputs: Result<Vec<Literal>> =
        inputs.into_iter().zip(jaxpr.in_types()).map(|(x, ty)| x.with_type(ty.clone())).collect();
    run(jaxpr, &inputs?)
}

/// One element as a scalar.
fn scalar_at(x: &Literal, at: &[usize]) -> Literal {
    Literal::full(Type::scalar(x.ty().dtype), x.at(at))
}

/// Arrays from lists of scalars, one list for each element.
fn gathered(types: &[Type], elements: &[Vec<Literal>]) -> SmallVec<[Literal; 2]> {
    let array = |(k, ty): (usize, &Type)| Literal::from_fn(ty.clone(), |i| elements[i][k].get(0));
    types.iter().enumerate().map(array).collect()
}

/// The batching rule where initial values differ: one example after another, stacked.
fn batch_one_by_one(
    cx: Cx<'_>,
    prim: &crate::Prim,
    size: usize,
    inputs: &[Value],
    axes: &[Option<usize>],
) -> Result<Batched> {
    let example = |k: usize| -> Result<Vec<Value>> {
        let part = |(x, axis): (&Value, &Option<usize>)| match *axis {
            None => Ok(x.clone()),
            Some(axis) => ops::squeeze(cx, &ops::slice_in_dim(cx, x, axis, k, k + 1)?, [axis]),
        };
        inputs.iter().zip(axes).map(part).collect()
    };
    let mut stacks: Vec<Vec<Value>> = Vec::new();
    for k in 0..size {
        let outputs = cx.bind(prim, &example(k)?)?;
        stacks.resize(outputs.len(), Vec::new());
        for (stack, output) in stacks.iter_mut().zip(&outputs) {
            stack.push(ops::expand_dim(cx, output, 0)?);
        }
    }
    let outputs = match size {
        0 => {
            let one = |(x, axis): (&Value, &Option<usize>)| match *axis {
                None => x.ty().clone(),
                Some(axis) => x.ty().with_shape(x.shape().without(axis)),
            };
            let types: Vec<Type> = inputs.iter().zip(axes).map(one).collect();
            let none = |ty: &Type| {
                ops::full(cx, &ty.with_shape(ty.shape.with(0, 0)), jaxrs_data::Scalar::Int(0))
            };
            prim.output_types(&types)?.iter().map(none).collect::<Result<_>>()?
        }
        _ => stacks.iter().map(|stack| ops::concatenate(cx, stack, 0)).collect::<Result<_>>()?,
    };
    let outputs: crate::Outputs = outputs;
    let axes = outputs.iter().map(|_| Some(0)).collect();
    Ok(Batched { outputs, axes })
}

impl VariadicReduce {
    fn kept(&self, rank: usize) -> AxisList {
        axes::others(rank, &[&self.dimensions])
    }
}

impl Primitive for VariadicReduce {
    fn name(&self) -> &'static str {
        "reduce"
    }

    fn params(&self) -> Params {
        vec![
            ("dimensions", Param::sizes(&self.dimensions)),
            ("jaxpr", Param::Jaxpr(self.jaxpr.clone())),
        ]
    }

    fn parse(name: &str, params: &[(String, Param)]) -> Option<Result<Self>> {
        let read = ParamReader::new(name, params);
        (name == "reduce").then(|| {
            let dimensions = axes::read(name, &read, "dimensions")?;
            Ok(VariadicReduce { jaxpr: read.jaxpr("jaxpr")?, dimensions })
        })
    }

    fn programs(&self) -> SmallVec<[&Arc<Jaxpr>; 2]> {
        smallvec![&self.jaxpr]
    }

    fn output_types(&self, inputs: &[Type]) -> Result<SmallVec<[Type; 2]>> {
        let n = check_operands(self.name(), &self.jaxpr, inputs)?;
        let shape = &inputs[0].shape;
        axes::check_distinct(self.name(), "dimensions", &self.dimensions, shape.rank())?;
        let out: Shape = self.kept(shape.rank()).iter().map(|&axis| shape[axis]).collect();
        Ok(inputs[..n].iter().map(|x| x.with_shape(out.clone()).with_weak(false)).collect())
    }

    fn evaluate(&self, inputs: &[Literal]) -> Result<SmallVec<[Literal; 2]>> {
        self.evaluate_with(inputs, &mut crate::evaluate::evaluate)
    }

    fn evaluate_with(
        &self,
        inputs: &[Literal],
        run: RunProgram<'_>,
    ) -> Result<SmallVec<[Literal; 2]>> {
        let types: Vec<Type> = inputs.iter().map(|x| x.ty().clone()).collect();
        let out = self.output_types(&types)?;
        let (xs, inits) = inputs.split_at(out.len());
        if self.dimensions.is_empty() {
            let strong = xs.iter().zip(&out).map(|(x, ty)| x.clone().with_type(ty.clone()));
            return strong.collect();
        }
        let (shape, kept) = (&types[0].shape, self.kept(types[0].rank()));
        let mut elements: Vec<Vec<Literal>> = vec![inits.to_vec(); out[0].numel()];
        for position in 0..shape.numel() {
            let index = shape.unravel(position);
            let at: AxisList = kept.iter().map(|&axis| index[axis]).collect();
            let results = &mut elements[out[0].shape.ravel(&at)];
            let parts = xs.iter().map(|x| scalar_at(x, &index));
            *results = combine(&self.jaxpr, results, parts, run)?;
        }
        Ok(gathered(&out, &elements))
    }

    fn jvp(&self, cx: Cx<'_>, primals: &[Value], tangents: &[Tangent]) -> Result<Jvp> {
        tangent::by_halves(self, cx, primals, tangents)
    }

    fn batch(
        &self,
        cx: Cx<'_>,
        size: usize,
        inputs: &[Value],
        axes: &[Option<usize>],
    ) -> Result<Batched> {
        let n = inputs.len() / 2;
        if axes[n..].iter().any(Option::is_some) {
            return batch_one_by_one(cx, &self.clone().into(), size, inputs, axes);
        }
        let mut operands: Vec<Value> = Vec::with_capacity(inputs.len());
        for (x, &axis) in inputs[..n].iter().zip(axes) {
            operands.push(axes::to_front(cx, size, x, axis)?);
        }
        operands.extend_from_slice(&inputs[n..]);
        let dimensions = Axes::from_distinct(axes::shifted(&self.dimensions));
        let batched = VariadicReduce { jaxpr: self.jaxpr.clone(), dimensions };
        let outputs = cx.bind(&batched.into(), &operands)?;
        let axes = outputs.iter().map(|_| Some(0)).collect();
        Ok(Batched { outputs, axes })
    }

    fn lowering(&self, _inputs: &[Type]) -> Lowering {
        Lowering::Steps
    }

    fn steps(&self, cx: &mut dyn Steps) -> Result<()> {
        let shape = cx.input_type(0).shape.clone();
        let sizes: Vec<usize> = self.dimensions.iter().map(|&axis| shape[axis]).collect();
        if sizes.is_empty() {
            return fold::push_copies(cx, self.name());
        }
        fold::push(cx, self.name(), &self.jaxpr, &sizes, &|_, point, reduced| {
            let (mut kept, mut reduced) = (point.iter(), reduced.iter());
            let axis_index = |axis: usize| match self.dimensions.contains(&axis) {
                true => reduced.next(),
                false => kept.next(),
            };
            let at: Index = (0..shape.rank()).filter_map(axis_index).copied().collect();
            (at, None)
        })
    }

    fn cost(&self) -> u32 {
        self.jaxpr.eqns.len() as u32
    }

    #[cfg(any(test, feature = "testing"))]
    fn samples() -> Vec<crate::prims::Sample> {
        samples::reductions()
    }
}
