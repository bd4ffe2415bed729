//! Programs as people write them: networks and their gradients, loops, branches, solvers, transforms of signals, random
//! numbers.

use jaxrs_api::lax::{Padding, conv};
use jaxrs_api::{nn, numpy, random};
use jaxrs_data::tolerance::Class;
use jaxrs_data::{Axes, DType, Literal, Result, Scalar, Type};
use jaxrs_ir::prims::{Binary, Fft, FftType, Unary};
use jaxrs_ir::{Value, ops};
use jaxrs_kernel::{Compare, ReduceOp};
use jaxrs_transform::{
    Context, ContextOptions, DiffOptions, Function, ScanOptions, Scope, VmapOptions, cond, grad,
    jacfwd, make_jaxpr, scan, to_array, vmap, while_loop,
};

use crate::programs::{Part, Program};

fn numbers(shape: &[usize]) -> Literal {
    let number = |k: usize| Scalar::Float(((k + 1) * 37 % 101) as f64 / 50.0 - 1.0);
    Literal::from_fn(Type::new(DType::F32, shape), number)
}

fn symmetric(n: usize) -> Literal {
    let element = |k: usize| {
        let (i, j) = (k / n, k % n);
        Scalar::Float(if i == j { 4.0 + i as f64 } else { 1.0 / (1.0 + (i + j) as f64) })
    };
    Literal::from_fn(Type::new(DType::F64, [n, n]), element)
}

/// The mean square error of a network with one hidden layer.
fn loss(cx: &Scope, x: &[Value]) -> Result<Vec<Value>> {
    let [w1, b1, w2, x, y] = x else { return Ok(Vec::new()) };
    let hidden = numpy::matmul(cx, x, w1)?;
    let bias = ops::broadcast_in_dim(cx, b1, hidden.shape(), [1])?;
    let hidden = ops::unary(cx, Unary::Tanh, &ops::add(cx, &hidden, &bias)?)?;
    let error = ops::sub(cx, &numpy::matmul(cx, &hidden, w2)?, y)?;
    Ok(vec![numpy::mean(cx, &ops::mul(cx, &error, &error)?, &[], false)?])
}

/// A recurrence, and its states.
fn recurrence(cx: &Scope, x: &[Value]) -> Result<Vec<Value>> {
    let weight = x[0].clone();
    let body = Function::new("step", move |cx, x: &[Value]| {
        let state =
            ops::unary(cx, Unary::Tanh, &ops::add(cx, &numpy::dot(cx, &x[0], &weight)?, &x[1])?)?;
        Ok(vec![state.clone(), ops::reduce_sum_all(cx, &state)?])
    });
    let out = scan(cx, &body, &x[1..2], &x[2..3], ScanOptions::default())?;
    Ok(vec![ops::reduce_sum_all(cx, &out[1])?])
}

/// Newton's square root, as long as it changes.
fn newton(cx: &Scope, x: &[Value]) -> Result<Vec<Value>> {
    let a = x[0].clone();
    let changes = Function::new("changes", |cx, x: &[Value]| {
        let step = ops::unary(cx, Unary::Abs, &ops::sub(cx, &x[0], &x[1])?)?;
        Ok(vec![ops::compare(cx, Compare::Gt, &step, &ops::scalar_like(&step, 1e-5))?])
    });
    let step = Function::new("step", move |cx, x: &[Value]| {
        let sum = ops::add(cx, &x[0], &ops::div(cx, &a, &x[0])?)?;
        Ok(vec![ops::scale(cx, &sum, 0.5)?, x[0].clone()])
    });
    let start = [x[0].clone(), ops::scale(cx, &x[0], 2.0)?];
    while_loop(cx, &changes, &step, &start)
}

/// A branch by the sign of a sum.
fn branch(cx: &Scope, x: &[Value]) -> Result<Vec<Value>> {
    let sum = ops::reduce_sum_all(cx, &x[0])?;
    let is_positive = ops::compare(cx, Compare::Gt, &sum, &ops::scalar_like(&sum, 0.0))?;
    let sine =
        Function::new("sine", |cx, x: &[Value]| Ok(vec![ops::unary(cx, Unary::Sin, &x[0])?]));
    let square = Function::new("square", |cx, x: &[Value]| Ok(vec![ops::mul(cx, &x[0], &x[0])?]));
    cond(cx, &is_positive, &sine, &square, x)
}

/// A convolution, the largest of its windows, and probabilities.
fn picture(cx: &Scope, x: &[Value]) -> Result<Vec<Value>> {
    let maps = conv(cx, &x[0], &x[1], &[1, 1], Padding::Same)?;
    let maps = ops::unary(cx, Unary::Logistic, &maps)?;
    let pooled = ops::reduce(cx, ReduceOp::Max, &maps, Axes::from_distinct([2, 3]))?;
    Ok(vec![nn::softmax(cx, &pooled, &[-1])?, numpy::sort(cx, &x[0], -1, false)?])
}

/// A spectrum, and a solution of equations by factors.
fn spectrum(cx: &Scope, x: &[Value]) -> Result<Vec<Value>> {
    let rfft = Fft { fft_type: FftType::Rfft, fft_lengths: [8].as_slice().into() };
    let spectrum = ops::bind1(cx, rfft, &x[..1])?;
    let power = ops::mul(cx, &spectrum, &ops::conj(cx, &spectrum)?)?;
    let solution = numpy::linalg::solve(cx, &x[1], &x[2])?;
    let factor = numpy::linalg::cholesky(cx, &x[1], false, true)?;
    let values = numpy::linalg::eigh(cx, &x[1], "L", true)?.swap_remove(0);
    Ok(vec![ops::real(cx, &power)?, solution, factor, values])
}

/// Random numbers of a seed.
fn noise(cx: &Scope, x: &[Value]) -> Result<Vec<Value>> {
    let key = random::key(cx, &x[0], DType::KeyFry)?;
    let normal = random::normal(cx, &key, &[4, 3].as_slice().into(), DType::F32)?;
    let uniform = random::uniform(cx, &key, &[5].as_slice().into(), DType::F64, -1.0, 2.0)?;
    Ok(vec![normal, uniform, random::permutation(cx, &key, 9)?])
}

/// Of each example its product with itself, by the larger of two.
fn each(cx: &Scope, x: &[Value]) -> Result<Vec<Value>> {
    let larger = ops::binary(cx, Binary::Max, &x[0], &ops::neg(cx, &x[0])?)?;
    Ok(vec![numpy::dot(cx, &larger, &x[0])?])
}

fn traced(name: &str, function: &Function, inputs: Vec<Literal>) -> Program {
    let context = Context::new(ContextOptions::default());
    let types: Vec<Type> = inputs.iter().map(|x| x.ty().clone()).collect();
    let program = make_jaxpr(function, &context.root(), &types).expect("a program");
    let array =
        |value: &Value| to_array(value).and_then(|array| array.to_literal()).expect("a constant");
    let consts: Vec<Literal> = program.consts.iter().map(array).collect();
    let outputs = 0..program.jaxpr.outputs.len();
    let part = Part { label: "whole".to_owned(), class: Class::Accumulated, outputs };
    let mut jaxpr = (*program.jaxpr).clone();
    jaxpr.n_consts = 0;
    let inputs = [consts, inputs].concat();
    Program { name: format!("model_{name}"), jaxpr, inputs, parts: vec![part] }
}

/// All of them.
pub(crate) fn models() -> Vec<Program> {
    let weights = || {
        vec![numbers(&[3, 5]), numbers(&[5]), numbers(&[5, 2]), numbers(&[4, 3]), numbers(&[4, 2])]
    };
    let by =
        |argnums: &[usize]| DiffOptions { argnums: argnums.to_vec(), ..DiffOptions::default() };
    let function =
        |name: &str, body: fn(&Scope, &[Value]) -> Result<Vec<Value>>| Function::new(name, body);
    let states = || vec![numbers(&[4, 4]), numbers(&[4]), numbers(&[6, 4])];
    let matrix = || vec![numbers(&[8]), symmetric(4), symmetric(4)];
    let scalar = |value: f64| Literal::scalar(DType::F32, Scalar::Float(value));
    let seed = Literal::scalar(DType::I32, Scalar::Int(42));
    let images = vec![numbers(&[2, 3, 6, 6]), numbers(&[4, 3, 3, 3])];
    vec![
        traced("loss", &function("loss", loss), weights()),
        traced("loss_grad", &grad(&function("loss", loss), by(&[0, 1, 2])), weights()),
        traced("scan", &function("recurrence", recurrence), states()),
        traced("scan_grad", &grad(&function("recurrence", recurrence), by(&[0, 1])), states()),
        traced("while", &function("newton", newton), vec![scalar(7.0)]),
        traced(
            "while_vmap",
            &vmap(&function("newton", newton), VmapOptions::default()),
            vec![Literal::f32([3], &[2.0, 9.0, 1e4])],
        ),
        traced("cond", &function("branch", branch), vec![numbers(&[5])]),
        traced(
            "cond_jacobian",
            &jacfwd(&function("branch", branch), by(&[0])),
            vec![numbers(&[5])],
        ),
        traced("picture", &function("picture", picture), images),
        traced("spectrum", &function("spectrum", spectrum), matrix()),
        traced("random", &function("noise", noise), vec![seed]),
        traced(
            "vmap_grad",
            &vmap(&grad(&function("each", each), by(&[0])), VmapOptions::default()),
            vec![numbers(&[3, 4])],
        ),
    ]
}
