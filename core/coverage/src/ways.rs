//! The ways to use an operation, and whether they work.

use std::sync::Arc;

use jaxrs_data::tolerance::{Class, difference};
use jaxrs_data::{DType, Error, ErrorKind, Literal, Result, Scalar, Shape, Type};
use jaxrs_ir::{Value, ops};
use jaxrs_reference::ReferenceBackend;
use jaxrs_runtime::Array;
use jaxrs_transform::{
    Context, ContextOptions, DiffOptions, Function, JitOptions, Scope, VmapOptions, grad, jit, jvp,
    to_array, value_from_array, vjp, vmap,
};

use crate::subjects::Subject;

/// A way to use an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Way {
    /// By itself.
    Eval,
    /// With tangents; the results are those without.
    Jvp,
    /// Backwards.
    Transpose,
    /// For two examples at once, which get what each gets alone.
    Batch,
    /// Compiled; the results are those of the definition.
    Jit,
    /// The gradient of two examples at once.
    GradOfVmap,
    /// Two gradients at once, which are what the gradient of both is.
    VmapOfGrad,
    /// Tangents of tangents.
    JvpOfJvp,
}

/// What became of it.
#[derive(Clone, Debug, PartialEq)]
pub enum Mark {
    /// It works.
    Works,
    /// It means nothing: there is no float that could have a derivative, or no operand to map.
    Moot,
    /// It is refused; with what words.
    Refused(String),
    /// It fails, or gives something else than it should.
    Wrong(String),
}

impl Mark {
    /// For tables.
    pub fn sign(&self) -> char {
        match self {
            Mark::Works => 'x',
            Mark::Moot => '.',
            Mark::Refused(_) => '-',
            Mark::Wrong(_) => '!',
        }
    }
}

impl Way {
    /// All of them, in the order of columns.
    pub const ALL: [Way; 8] = [
        Way::Eval,
        Way::Jvp,
        Way::Transpose,
        Way::Batch,
        Way::Jit,
        Way::GradOfVmap,
        Way::VmapOfGrad,
        Way::JvpOfJvp,
    ];

    /// The name, for tables.
    pub fn name(self) -> &'static str {
        match self {
            Way::Eval => "eval",
            Way::Jvp => "jvp",
            Way::Transpose => "transpose",
            Way::Batch => "batch",
            Way::Jit => "jit",
            Way::GradOfVmap => "grad_of_vmap",
            Way::VmapOfGrad => "vmap_of_grad",
            Way::JvpOfJvp => "jvp_of_jvp",
        }
    }
}

/// Contexts to try things in.
pub(crate) struct Lab {
    defining: Context,
    compiling: Context,
}

impl Lab {
    pub(crate) fn new() -> Lab {
        let compiler = Some(Arc::new(ReferenceBackend::new().keeping_denormals()) as _);
        Lab {
            defining: Context::new(ContextOptions::default()),
            compiling: Context::new(ContextOptions { compiler, ..ContextOptions::default() }),
        }
    }

    /// Tries a way on an operation.
    pub(crate) fn mark(&self, subject: &Subject, way: Way) -> Mark {
        match self.tried(subject, way) {
            Ok(None) => Mark::Moot,
            Ok(Some(Ok(()))) => Mark::Works,
            Ok(Some(Err(what))) => Mark::Wrong(what),
            Err(err) if is_refusal(&err) => Mark::Refused(err.message().to_owned()),
            Err(err) => Mark::Wrong(format!("{err:?}")),
        }
    }

    fn tried(
        &self,
        subject: &Subject,
        way: Way,
    ) -> Result<Option<std::result::Result<(), String>>> {
        let (f, inputs) = (&subject.function, &subject.inputs);
        let scope = self.defining.root();
        let alone = || literals(&f.call(&scope, &values(inputs)?)?);
        let has_float = inputs.iter().any(is_inexact);
        match way {
            Way::Eval => alone().map(|_| Some(Ok(()))),
            Way::Jit => {
                let got =
                    jit(f, JitOptions::default()).call(&self.compiling.root(), &values(inputs)?)?;
                Ok(Some(same(&literals(&got)?, &alone()?)))
            }
            Way::Batch if inputs.is_empty() => Ok(None),
            Way::Batch => batched(&scope, f, inputs).map(Some),
            _ if !has_float => Ok(None),
            Way::Jvp => {
                let both =
                    jvp(f).call(&scope, &values(&[&inputs[..], &directions(inputs)].concat())?)?;
                Ok(Some(same(&literals(&both[..both.len() / 2])?, &alone()?)))
            }
            Way::JvpOfJvp => {
                let once = [&inputs[..], &directions(inputs)].concat();
                let twice = [&once[..], &directions(&once)].concat();
                let all = jvp(&jvp(f)).call(&scope, &values(&twice)?)?;
                Ok(Some(same(&literals(&all[..all.len() / 4])?, &alone()?)))
            }
            Way::Transpose => {
                let (outputs, pullback) = vjp(f, &scope, &values(inputs)?)?;
                let cotangents = pullback.call(&scope, &outputs)?;
                Ok(Some(like(&cotangents, inputs)))
            }
            Way::GradOfVmap | Way::VmapOfGrad if !alone()?.iter().any(is_inexact) => Ok(None),
            Way::GradOfVmap => {
                let gradient = gradient(&vmap(f, VmapOptions::default()), inputs);
                let all = gradient.call(&scope, &values(&doubled(inputs))?)?;
                Ok(Some(like(&all, &floats(&doubled(inputs)))))
            }
            Way::VmapOfGrad => {
                let stacked = values(&doubled(inputs))?;
                let each =
                    vmap(&gradient(f, inputs), VmapOptions::default()).call(&scope, &stacked)?;
                let of_all =
                    gradient(&vmap(f, VmapOptions::default()), inputs).call(&scope, &stacked)?;
                // Sums of eight bits depend on their order, and some types have no zero to begin one with.
                let is_narrow = inputs.iter().any(|x| x.ty().dtype.is_narrow());
                Ok(Some(match is_narrow {
                    true => like(&each, &literals(&of_all)?),
                    false => same(&literals(&each)?, &literals(&of_all)?),
                }))
            }
        }
    }
}

/// Some operations need arithmetic or an order that an element type does not have.
fn is_refusal(err: &Error) -> bool {
    matches!(err.kind(), ErrorKind::Unimplemented | ErrorKind::Dtype)
}

fn is_inexact(x: &Literal) -> bool {
    x.ty().dtype.is_inexact()
}

fn floats(inputs: &[Literal]) -> Vec<Literal> {
    inputs.iter().filter(|x| is_inexact(x)).cloned().collect()
}

fn values(literals: &[Literal]) -> Result<Vec<Value>> {
    literals.iter().map(|x| Ok(value_from_array(Array::from_literal(x)?))).collect()
}

fn literals(values: &[Value]) -> Result<Vec<Literal>> {
    values.iter().map(|value| to_array(value)?.to_literal()).collect()
}

/// A direction with components of both signs; zero for what is not continuous.
fn directions(inputs: &[Literal]) -> Vec<Literal> {
    let one = |x: &Literal| {
        Literal::from_fn(x.ty().clone(), |k| match is_inexact(x) {
            true => Scalar::Float((k * 29 % 53) as f64 / 32.0 - 0.5).cast(x.ty().dtype),
            false => Scalar::zero(x.ty().dtype),
        })
    };
    inputs.iter().map(one).collect()
}

/// Each operand twice along a new first axis, the second time with its elements moved around.
fn doubled(inputs: &[Literal]) -> Vec<Literal> {
    let twice = |x: &Literal| {
        let n = x.len().max(1);
        let moves = usize::from(is_inexact(x));
        let ty = x.ty().with_shape(x.ty().shape.with(0, 2));
        Literal::from_fn(ty, |k| x.get((k % n + k / n * moves) % n))
    };
    inputs.iter().map(twice).collect()
}

fn example(stacked: &Literal, k: usize) -> Literal {
    let shape: Shape = stacked.ty().shape.without(0);
    let n = shape.numel();
    Literal::from_fn(stacked.ty().with_shape(shape), |position| stacked.get(k * n + position))
}

type Verdict = std::result::Result<(), String>;

fn same(got: &[Literal], expected: &[Literal]) -> Verdict {
    if got.len() != expected.len() {
        return Err(format!("{} results instead of {}", got.len(), expected.len()));
    }
    let pairs = got.iter().zip(expected);
    let differs = pairs.into_iter().find_map(|(a, b)| difference(a, b, Class::Accumulated));
    differs.map_or(Ok(()), Err)
}

/// Whether there is a value of its type for each.
fn like(values: &[Value], expected: &[Literal]) -> Verdict {
    let got: Vec<&Type> = values.iter().map(Value::ty).collect();
    let needed: Vec<&Type> = expected.iter().map(Literal::ty).collect();
    let fits = |(got, needed): (&&Type, &&Type)| got.same_ignoring_weak(needed);
    let all_fit = got.len() == needed.len() && got.iter().zip(&needed).all(fits);
    if all_fit { Ok(()) } else { Err(format!("got {got:?}, expected {needed:?}")) }
}

fn batched(scope: &Scope, f: &Function, inputs: &[Literal]) -> Result<Verdict> {
    let stacked = doubled(inputs);
    let together = vmap(f, VmapOptions::default()).call(scope, &values(&stacked)?)?;
    let together = literals(&together)?;
    for k in 0..2 {
        let one: Vec<Literal> = stacked.iter().map(|x| example(x, k)).collect();
        let alone = literals(&f.call(scope, &values(&one)?)?)?;
        let got: Vec<Literal> = together.iter().map(|x| example(x, k)).collect();
        if let Err(what) = same(&got, &alone) {
            return Ok(Err(format!("example {k}: {what}")));
        }
    }
    Ok(Ok(()))
}

/// The gradient of the sum of all real parts of all results by those arguments that have one.
fn gradient(f: &Function, inputs: &[Literal]) -> Function {
    let f = f.clone();
    let total = Function::new("total", move |scope: &Scope, inputs: &[Value]| {
        let mut total = ops::scalar(DType::F64, 0.0);
        for output in f.call(scope, inputs)?.iter().filter(|y| y.ty().dtype.is_inexact()) {
            let real = match output.ty().dtype.is_complex() {
                true => ops::real(scope, output)?,
                false => output.clone(),
            };
            let wide = ops::convert(scope, &real, DType::F64)?;
            total = ops::add(scope, &total, &ops::reduce_sum_all(scope, &wide)?)?;
        }
        Ok(vec![total])
    });
    let argnums = (0..inputs.len()).filter(|&k| is_inexact(&inputs[k])).collect();
    grad(&total, DiffOptions { argnums, ..DiffOptions::default() })
}
