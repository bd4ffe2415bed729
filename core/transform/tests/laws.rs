//! What must hold between transforms, on all samples of all primitives, those that hold programs too.

use std::sync::Arc;

use jaxrs_data::tolerance::{Class, difference};
use jaxrs_data::{DType, Error, ErrorKind, Literal, Scalar, Shape, Type};
use jaxrs_ir::prims::{Conj, Sample};
use jaxrs_ir::{Context as _, Prim, Value, ops};
use jaxrs_runtime::{Array, Backend};
use jaxrs_transform::{
    Context, ContextOptions, DiffOptions, Function, JitOptions, Scope, VmapOptions, to_array,
    value_from_array,
};

/// Small enough for the curvature, large enough for the rounding of doubles.
const STEP: f64 = 1e-6;

/// What differences may be off by, relative to the size of what they differ.
const BY_DIFFERENCES: f64 = 1e-5;

/// What two exact ways to a derivative may differ by.
const EXACT: f64 = 1e-9;

/// What has no derivative of some order or by some operand, in JAX neither: loops of unknown length in reverse
/// mode, incomplete gamma and hypergeometric functions twice by their parameters, parameters that are held fixed,
/// factors that determine others, wide or full QR, full singular vectors, and sparse arrays that may repeat indices or
/// are contracted along dense axes.
const WITHOUT_DERIVATIVES: &str = "while igamma igammac polygamma expn hyp1f1 regularized_incomplete_beta geqrf geqp3 \
    householder_product ormqr qr svd schur hessenberg tridiagonal bcoo_extract bcoo_dot_general bcoo_spdot_general";

/// Evaluates by definition.
fn context() -> Context {
    Context::new(ContextOptions::default())
}

/// Compiles, and interprets what was compiled.
fn compiling_context() -> Context {
    let backend: Arc<dyn Backend> =
        Arc::new(jaxrs_reference::ReferenceBackend::new().keeping_denormals());
    let options = ContextOptions {
        compiler: Some(backend.clone()),
        eager: Some(backend),
        ..ContextOptions::default()
    };
    Context::new(options)
}

fn function(prim: &Prim) -> Function {
    let prim = prim.clone();
    Function::new(prim.name(), move |scope: &Scope, inputs: &[Value]| {
        Ok(scope.bind(&prim, inputs)?.into_vec())
    })
}

fn jit(f: &Function) -> Function {
    jaxrs_transform::jit(f, JitOptions::default())
}

fn values(literals: &[Literal]) -> Vec<Value> {
    let array = |lit| Array::from_literal(lit).expect("samples fit into memory");
    literals.iter().map(|lit| value_from_array(array(lit))).collect()
}

fn literals(values: &[Value]) -> Result<Vec<Literal>, Error> {
    values.iter().map(|value| to_array(value)?.to_literal()).collect()
}

fn is_double(ty: &Type) -> bool {
    matches!(ty.dtype, DType::F64 | DType::C128)
}

/// The double precision of an element type that has derivatives; all others stay.
fn double(dtype: DType) -> DType {
    match dtype {
        DType::F32 => DType::F64,
        DType::C64 => DType::C128,
        other => other,
    }
}

/// The sample in double precision, if it has derivatives there.
fn in_doubles(sample: &Sample) -> Option<Sample> {
    let convert = |input: &Literal| {
        let ty = input.ty().with_dtype(double(input.ty().dtype));
        Literal::from_fn(ty, |k| input.get(k))
    };
    let prim = match &sample.prim {
        Prim::Conj(conj) => Conj { input_dtype: double(conj.input_dtype) }.into(),
        other => other.clone(),
    };
    let inputs: Vec<Literal> = sample.inputs.iter().map(convert).collect();
    let types: Vec<Type> = inputs.iter().map(|input| input.ty().clone()).collect();
    let outputs = prim.output_types(&types).ok()?;
    let usable = sample.smooth && types.iter().any(is_double) && outputs.iter().any(is_double);
    usable.then(|| Sample { prim, inputs, ..sample.clone() })
}

/// A direction with components of many sizes; zero for what is not continuous.
fn direction(ty: &Type, seed: usize) -> Literal {
    let component = |k: usize| (((k + 7 * seed) * 29 % 53) as f64 - 26.0) / 16.0;
    Literal::from_fn(ty.clone(), |k| match ty.dtype {
        DType::F64 => Scalar::Float(component(k)),
        DType::C128 => Scalar::Complex(component(k), component(k + 3)),
        other => Scalar::zero(other),
    })
}

fn directions<'a>(types: impl Iterator<Item = &'a Type>, seed: usize) -> Vec<Literal> {
    types.enumerate().map(|(k, ty)| direction(ty, k + seed)).collect()
}

fn moved(inputs: &[Literal], tangents: &[Literal], by: f64) -> Vec<Literal> {
    let pairs = inputs.iter().zip(tangents);
    pairs
        .map(|(input, tangent)| match is_double(input.ty()) {
            true => Literal::from_fn(input.ty().clone(), |k| {
                let (x, t) = (input.get(k).as_complex(), tangent.get(k).as_complex());
                match input.ty().dtype.is_complex() {
                    true => Scalar::Complex(x.0 + by * t.0, x.1 + by * t.1),
                    false => Scalar::Float(x.0 + by * t.0),
                }
            }),
            false => input.clone(),
        })
        .collect()
}

/// Re(a · b), without conjugation: what transposes of complex operations go by.
fn dot(a: &[Literal], b: &[Literal]) -> f64 {
    let pairs = a.iter().zip(b).filter(|(a, _)| is_double(a.ty()));
    let elements = pairs.flat_map(|(a, b)| a.iter().zip(b.iter()));
    let product = |(a, b): (Scalar, Scalar)| {
        let (a, b) = (a.as_complex(), b.as_complex());
        a.0 * b.0 - a.1 * b.1
    };
    elements.map(product).sum()
}

/// All parts of all elements, those of one element after another.
fn parts(x: &Literal) -> Vec<f64> {
    let of = |x: Scalar| match x {
        Scalar::Complex(re, im) => vec![re, im],
        real => vec![real.as_f64()],
    };
    x.iter().flat_map(of).collect()
}

fn close(a: f64, b: f64, tolerance: f64) -> bool {
    (a - b).abs() <= tolerance * (1.0 + a.abs() + b.abs()) || (a.is_nan() && b.is_nan())
}

/// Checks a law on all samples, and shows the first that break it.
#[track_caller]
fn check(law: impl Fn(&Context, &Sample) -> Result<Option<String>, Error>) {
    let mut broken = Vec::new();
    for sample in Prim::samples() {
        let context = context();
        let message = match law(&context, &sample) {
            Ok(None) => None,
            Ok(Some(message)) => Some(message),
            Err(err) if err.kind() == ErrorKind::Unimplemented => {
                let name = sample.prim.name();
                let excused = WITHOUT_DERIVATIVES.split_whitespace().any(|other| other == name);
                (!excused).then(|| err.to_string())
            }
            Err(err) => Some(format!("{err:?}")),
        };
        let left = context.stats().live_tracers;
        let message = message.or((left > 0).then(|| format!("{left} tracers are left over")));
        if let Some(message) = message {
            let types: Vec<String> =
                sample.inputs.iter().map(|input| input.ty().to_string()).collect();
            broken.push(format!("{} of {}: {message}", sample.prim.name(), types.join(", ")));
        }
    }
    let shown: Vec<&String> = broken.iter().take(12).collect();
    assert!(broken.is_empty(), "{} samples break it, first: {shown:#?}", broken.len());
}

fn tangents_of(
    f: &Function,
    scope: &Scope,
    x: &[Literal],
    t: &[Literal],
) -> Result<Vec<Literal>, Error> {
    let outputs = jaxrs_transform::jvp(f).call(scope, &values(&[x, t].concat()))?;
    literals(&outputs[outputs.len() / 2..])
}

fn cotangents_of(
    f: &Function,
    scope: &Scope,
    x: &[Literal],
    ct: &[Literal],
) -> Result<Vec<Literal>, Error> {
    let (_, pullback) = jaxrs_transform::vjp(f, scope, &values(x))?;
    literals(&pullback.call(scope, &values(ct))?)
}

#[test]
fn tangents_agree_with_differences() {
    check(|context, sample| {
        let Some(sample) = in_doubles(sample) else { return Ok(None) };
        let (f, scope) = (function(&sample.prim), context.root());
        let t = directions(sample.inputs.iter().map(Literal::ty), 0);
        let run = |by| literals(&f.call(&scope, &values(&moved(&sample.inputs, &t, by)))?);
        let tangents = tangents_of(&f, &scope, &sample.inputs, &t)?;
        let (below, above) = (run(-STEP)?, run(STEP)?);
        for (k, tangent) in tangents.iter().enumerate().filter(|(_, t)| is_double(t.ty())) {
            let (below, above) = (parts(&below[k]), parts(&above[k]));
            for (i, got) in parts(tangent).into_iter().enumerate() {
                let (a, b) = (above[i], below[i]);
                let expected = (a - b) / (2.0 * STEP);
                let size = BY_DIFFERENCES * (1.0 + a.abs());
                let both_nan = a.is_nan() && b.is_nan();
                if !(close(got, expected, size) || both_nan) {
                    return Ok(Some(format!(
                        "tangent {k}[{i}] is {got}, by differences {expected}"
                    )));
                }
            }
        }
        Ok(None)
    });
}

#[test]
fn reverse_mode_is_adjoint_to_forward_mode() {
    check(|context, sample| {
        let Some(sample) = in_doubles(sample) else { return Ok(None) };
        let scope = context.root();
        for f in [function(&sample.prim), jit(&function(&sample.prim))] {
            let t = directions(sample.inputs.iter().map(Literal::ty), 0);
            let tangents = tangents_of(&f, &scope, &sample.inputs, &t)?;
            let ct = directions(tangents.iter().map(Literal::ty), 3);
            let cotangents = cotangents_of(&f, &scope, &sample.inputs, &ct)?;
            let (forward, backward) = (dot(&tangents, &ct), dot(&t, &cotangents));
            if !close(forward, backward, EXACT) {
                return Ok(Some(format!("forward {forward}, backward {backward}")));
            }
        }
        Ok(None)
    });
}

/// The gradient of the real part of a weighted sum of the results, for those arguments that have one.
fn weighted_gradient(f: &Function, inputs: &[Literal]) -> Function {
    let f = f.clone();
    let total = Function::new("total", move |scope: &Scope, inputs: &[Value]| {
        let mut total = ops::scalar(DType::F64, 0.0);
        for (k, output) in f.call(scope, inputs)?.iter().enumerate() {
            if is_double(output.ty()) {
                let weights =
                    value_from_array(Array::from_literal(&direction(output.ty(), k + 3))?);
                let product = ops::mul(scope, output, &weights)?;
                let product = match output.ty().dtype.is_complex() {
                    true => ops::real(scope, &product)?,
                    false => product,
                };
                let term = ops::reduce_sum_all(scope, &product)?;
                total = ops::add(scope, &total, &term)?;
            }
        }
        Ok(vec![total])
    });
    let argnums = (0..inputs.len()).filter(|&k| is_double(inputs[k].ty())).collect();
    jaxrs_transform::grad(&total, DiffOptions { argnums, n_aux: 0, ..Default::default() })
}

#[test]
fn second_derivatives_are_symmetric_in_all_modes() {
    check(|context, sample| {
        let Some(sample) = in_doubles(sample) else { return Ok(None) };
        let scope = context.root();
        let gradient = weighted_gradient(&function(&sample.prim), &sample.inputs);
        let t = directions(sample.inputs.iter().map(Literal::ty), 1);
        for gradient in [gradient.clone(), jit(&gradient)] {
            let forward = tangents_of(&gradient, &scope, &sample.inputs, &t)?;
            let weights: Vec<Literal> = t.iter().filter(|t| is_double(t.ty())).cloned().collect();
            let backward = cotangents_of(&gradient, &scope, &sample.inputs, &weights)?;
            let backward: Vec<Literal> =
                backward.into_iter().filter(|ct| is_double(ct.ty())).collect();
            for (k, (a, b)) in forward.iter().zip(&backward).enumerate() {
                for (a, b) in parts(a).into_iter().zip(parts(b)) {
                    if !close(a, b, EXACT) {
                        return Ok(Some(format!("argument {k}: forward {a}, backward {b}")));
                    }
                }
            }
        }
        Ok(None)
    });
}

#[test]
fn compiled_operations_and_functions_give_what_their_definition_says() {
    let compiling = compiling_context();
    check(|context, sample| {
        let f = function(&sample.prim);
        let expected = literals(&f.call(&context.root(), &values(&sample.inputs))?)?;
        let scope = compiling.root();
        for f in [f.clone(), jit(&f)] {
            let got = literals(&f.call(&scope, &values(&sample.inputs))?)?;
            let differs =
                got.iter().zip(&expected).find_map(|(a, b)| difference(a, b, sample.class));
            if differs.is_some() {
                return Ok(differs);
            }
        }
        Ok(None)
    });
}

#[test]
fn compiled_gradients_are_those_of_the_definition() {
    let compiling = compiling_context();
    check(|context, sample| {
        let Some(sample) = in_doubles(sample) else { return Ok(None) };
        let gradient = weighted_gradient(&function(&sample.prim), &sample.inputs);
        let expected = literals(&gradient.call(&context.root(), &values(&sample.inputs))?)?;
        for f in [gradient.clone(), jit(&gradient)] {
            let got = literals(&f.call(&compiling.root(), &values(&sample.inputs))?)?;
            let pairs = got.iter().zip(&expected);
            let differs = pairs.into_iter().find_map(|(a, b)| difference(a, b, Class::Accumulated));
            if differs.is_some() {
                return Ok(differs);
            }
        }
        Ok(None)
    });
}

/// The operand for several examples along an axis, with elements moved around, so that they differ.
fn stack(input: &Literal, axis: usize) -> Literal {
    let shape = input.ty().shape.with(axis, 2);
    Literal::from_fn(input.ty().with_shape(shape.clone()), |position| {
        let mut index = shape.unravel(position);
        let example = index.remove(axis);
        input.get((input.ty().shape.ravel(&index) + example) % input.len())
    })
}

fn example(stacked: &Literal, axis: usize, k: usize) -> Literal {
    let shape: Shape = stacked.ty().shape.without(axis);
    Literal::from_fn(stacked.ty().with_shape(shape.clone()), |position| {
        stacked.at(&Shape::from(&*shape.unravel(position)).with(axis, k))
    })
}

/// Each operand alone, and all, with examples along the first and the last axis.
fn ways(inputs: &[Literal]) -> Vec<Vec<Option<i64>>> {
    let last = |input: &Literal| input.ty().rank() as i64;
    let only = |k: usize, axis: i64| {
        (0..inputs.len()).map(|i| (i == k).then_some(axis)).collect::<Vec<_>>()
    };
    let alone = (0..inputs.len()).flat_map(|k| [only(k, 0), only(k, last(&inputs[k]))]);
    let first = inputs.iter().map(|_| Some(0)).collect();
    alone.chain([first, inputs.iter().map(|input| Some(last(input))).collect()]).collect()
}

fn batches_agree(f: &Function, scope: &Scope, sample: &Sample) -> Result<Option<String>, Error> {
    for in_axes in ways(&sample.inputs) {
        let pairs = sample.inputs.iter().zip(&in_axes);
        let stacked: Vec<Literal> = pairs
            .map(|(input, axis)| {
                axis.map_or_else(|| input.clone(), |axis| stack(input, axis as usize))
            })
            .collect();
        let options = VmapOptions { in_axes: in_axes.clone(), ..VmapOptions::default() };
        let mapped = jaxrs_transform::vmap(f, options);
        let together = literals(&mapped.call(scope, &values(&stacked))?)?;
        for k in 0..2 {
            let pairs = stacked.iter().zip(&in_axes);
            let one: Vec<Literal> = pairs
                .map(|(input, axis)| {
                    axis.map_or_else(|| input.clone(), |axis| example(input, axis as usize, k))
                })
                .collect();
            let alone = literals(&f.call(scope, &values(&one))?)?;
            for (got, expected) in together.iter().zip(&alone) {
                if let Some(message) = difference(&example(got, 0, k), expected, sample.class) {
                    return Ok(Some(format!("axes {in_axes:?}, example {k}: {message}")));
                }
            }
        }
    }
    Ok(None)
}

fn is_small(sample: &Sample) -> bool {
    (1..100).contains(&sample.inputs.iter().map(Literal::len).sum::<usize>())
        && sample.inputs.iter().all(|input| !input.is_empty())
}

#[test]
fn examples_together_give_what_they_give_alone() {
    check(|context, sample| {
        let types: Vec<Type> = sample.inputs.iter().map(|input| input.ty().clone()).collect();
        if !is_small(sample) || sample.prim.mixes_examples(&types) {
            return Ok(None);
        }
        batches_agree(&function(&sample.prim), &context.root(), sample)
    });
}

#[test]
fn gradients_of_examples_together_are_those_of_each_alone() {
    check(|context, sample| {
        let Some(sample) = in_doubles(sample).filter(is_small) else { return Ok(None) };
        let gradient = weighted_gradient(&function(&sample.prim), &sample.inputs);
        let sample = Sample { class: Class::Accumulated, ..sample };
        batches_agree(&gradient, &context.root(), &sample)
    });
}
