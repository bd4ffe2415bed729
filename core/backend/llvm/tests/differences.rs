//! Products are contracted into sums, and not into differences, in which their roundings cancel.
#![allow(clippy::unwrap_used, reason = "tests that fail may panic")]

use std::sync::Arc;

use jaxrs_data::{DType, Scalar};
use jaxrs_kernel::{BodyBuilder, Kernel, Lanes, Place, Program, ScalarOp, Step, ValueId};
use jaxrs_llvm::{LlvmBackend, LlvmOptions};
use jaxrs_runtime::{Backend, LaunchArgs, Pool};

const N: usize = 1000;

/// What a formula of two inputs gives.
fn values(formula: fn(&mut BodyBuilder, ValueId, ValueId) -> ValueId) -> Vec<f32> {
    let mut p = Program::default();
    let inputs = [0, 1].map(|k| p.add_buffer(DType::F32, N, Place::Input(k)));
    let output = p.add_buffer(DType::F32, N, Place::Output(0));
    (p.inputs, p.outputs, p.shares_input) = (inputs.to_vec(), vec![output], vec![None]);
    let mut b = BodyBuilder::new();
    let i = b.point(0);
    let [x, y] = inputs.map(|input| b.load(input, DType::F32, i, None));
    let z = formula(&mut b, x, y);
    b.store(output, i, z, None);
    let (values, body) = b.finish();
    let (name, domain) = (String::new(), vec![N]);
    p.steps.push(Step::Kernel(Kernel {
        name,
        domain,
        lanes: Lanes::Domain,
        grain: 0,
        values,
        body,
    }));
    let backend = LlvmBackend::new(Pool::new(1), LlvmOptions::default()).unwrap();
    let executable = backend.load(Arc::new(p)).unwrap();
    let (x, y) = points();
    let mut out = vec![0_f32; N];
    let (ins, outs) = ([x.as_ptr().cast(), y.as_ptr().cast()], [out.as_mut_ptr().cast()]);
    // SAFETY: two inputs and one output, of as many elements as the program says.
    unsafe { executable.run(&LaunchArgs { inputs: &ins, outputs: &outs }) }.unwrap();
    out
}

/// Numbers whose products need rounding.
fn points() -> (Vec<f32>, Vec<f32>) {
    (0..N).map(|i| (1.0 + i as f32 / 977.0, 1.0 + i as f32 / 1013.0)).unzip()
}

fn all(got: &[f32], exact: impl Fn(f32, f32) -> f32) -> bool {
    let (x, y) = points();
    got.iter().zip(x.iter().zip(&y)).all(|(&got, (&x, &y))| got == exact(x, y))
}

#[test]
fn equal_products_cancel() {
    let got = values(|b, x, y| {
        let (xy, yx) = (b.mul(x, y), b.mul(y, x));
        b.op(ScalarOp::Sub, &[xy, yx])
    });
    assert!(all(&got, |_, _| 0.0));
    let got = values(|b, x, y| {
        let (xy, yx) = (b.mul(x, y), b.mul(y, x));
        let minus = b.op(ScalarOp::Neg, &[yx]);
        b.add(xy, minus)
    });
    assert!(all(&got, |_, _| 0.0));
}

/// A variance of equal numbers is 0: the mean of the squares less the square of the mean.
#[test]
fn a_square_stays_rounded_in_a_difference() {
    let got = values(|b, x, _| {
        let square = b.mul(x, x);
        let twice = b.add(square, square);
        let half = b.constant(DType::F32, Scalar::Float(0.5));
        let (mean, again) = (b.mul(twice, half), b.mul(x, x));
        b.op(ScalarOp::Sub, &[mean, again])
    });
    assert!(all(&got, |_, _| 0.0));
}

#[test]
fn sums_and_differences_from_constants_round_once() {
    let fused = |x: f32, y: f32, z: f32| x.mul_add(y, z);
    if !std::arch::is_x86_feature_detected!("fma") {
        return;
    }
    let got = values(|b, x, y| {
        let xy = b.mul(x, y);
        b.add(xy, x)
    });
    assert!(all(&got, |x, y| fused(x, y, x)));
    let got = values(|b, x, y| {
        let (one, xy) = (b.constant(DType::F32, Scalar::Float(1.0)), b.mul(x, y));
        b.op(ScalarOp::Sub, &[one, xy])
    });
    assert!(all(&got, |x, y| fused(-x, y, 1.0)));
}
