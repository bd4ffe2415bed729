//! Small programs with known results.
#![allow(clippy::unwrap_used, reason = "tests that fail may panic")]

use std::sync::Arc;

use jaxrs_data::{DType, Scalar};
use jaxrs_kernel::*;
use jaxrs_llvm::{LlvmBackend, LlvmOptions};
use jaxrs_runtime::{Backend, LaunchArgs, Pool};

fn run(program: Program, inputs: &[Vec<f32>]) -> Vec<Vec<f32>> {
    let backend = LlvmBackend::new(Pool::new(2), LlvmOptions::default()).unwrap();
    let mut outputs: Vec<Vec<f32>> =
        program.outputs.iter().map(|&id| vec![0.0; program[id].len]).collect();
    let executable = backend.load(Arc::new(program)).unwrap();
    let ins: Vec<*const u8> = inputs.iter().map(|v| v.as_ptr().cast()).collect();
    let outs: Vec<*mut u8> = outputs.iter_mut().map(|v| v.as_mut_ptr().cast()).collect();
    // SAFETY: as many pointers as the program says.
    unsafe { executable.run(&LaunchArgs { inputs: &ins, outputs: &outs }).unwrap() };
    outputs
}

fn program(inputs: &[usize], outputs: &[usize]) -> Program {
    let mut p = Program::default();
    for (i, &len) in inputs.iter().enumerate() {
        let id = p.add_buffer(DType::F32, len, Place::Input(i));
        p.inputs.push(id);
    }
    for (i, &len) in outputs.iter().enumerate() {
        let id = p.add_buffer(DType::F32, len, Place::Output(i));
        p.outputs.push(id);
        p.shares_input.push(None);
    }
    p
}

fn kernel(domain: &[usize], lanes: Lanes, grain: usize, b: BodyBuilder) -> Step {
    let (values, body) = b.finish();
    Step::Kernel(Kernel { name: "k".into(), domain: domain.into(), lanes, grain, values, body })
}

#[test]
fn a_chain_of_elementwise_operations() {
    for n in [1, 3, 16, 37, 1000, 100_000] {
        let mut p = program(&[n], &[n]);
        let mut b = BodyBuilder::new();
        let i = b.point(0);
        let x = b.load(p.inputs[0], DType::F32, i, None);
        let c = b.constant(DType::F32, Scalar::Float(2.0));
        let s = b.op(ScalarOp::Sin, &[x]);
        let y = b.mul(s, c);
        let y = b.add(y, x);
        b.store(p.outputs[0], i, y, None);
        p.steps.push(kernel(&[n], Lanes::Domain, 1000, b));
        let x: Vec<f32> = (0..n).map(|i| i as f32 * 0.01).collect();
        let got = run(p, std::slice::from_ref(&x));
        for i in 0..n {
            let want = (f64::from(x[i]).sin() * 2.0 + f64::from(x[i])) as f32;
            assert!(
                (got[0][i] - want).abs() <= 1e-5 * (1.0 + want.abs()),
                "{n} {i} {} {want}",
                got[0][i]
            );
        }
    }
}

#[test]
fn softmax_over_rows() {
    for n in [1, 5, 16, 100, 130] {
        let rows = 7;
        let mut p = program(&[rows * n], &[rows * n]);
        let mut b = BodyBuilder::new();
        let row = b.point(0);
        let nn = b.index(n as i64);
        let start = b.mul(row, nn);
        let low = b.constant(DType::F32, Scalar::Float(f64::NEG_INFINITY));
        let (input, output) = (p.inputs[0], p.outputs[0]);
        let max = b
            .reduce(n, &[ReduceOp::Max], &[low], |b, i| {
                let at = b.add(start, i);
                Ok::<_, ()>([b.load(input, DType::F32, at, None)].into_iter().collect())
            })
            .unwrap()[0];
        let zero = b.constant(DType::F32, Scalar::Float(0.0));
        let sum = b
            .reduce(n, &[ReduceOp::Add], &[zero], |b, i| {
                let at = b.add(start, i);
                let x = b.load(input, DType::F32, at, None);
                let d = b.op(ScalarOp::Sub, &[x, max]);
                Ok::<_, ()>([b.op(ScalarOp::Exp, &[d])].into_iter().collect())
            })
            .unwrap()[0];
        b.map(n, |b, i| {
            let at = b.add(start, i);
            let x = b.load(input, DType::F32, at, None);
            let d = b.op(ScalarOp::Sub, &[x, max]);
            let e = b.op(ScalarOp::Exp, &[d]);
            let q = b.op(ScalarOp::Div, &[e, sum]);
            b.store(output, at, q, None);
            Ok::<_, ()>(())
        })
        .unwrap();
        p.steps.push(kernel(&[rows], Lanes::Inner, 2, b));
        let x: Vec<f32> = (0..rows * n).map(|i| ((i * 7919) % 101) as f32 * 0.1).collect();
        let got = run(p, std::slice::from_ref(&x));
        for r in 0..rows {
            let e: Vec<f64> = x[r * n..][..n].iter().map(|&x| f64::from(x).exp()).collect();
            let sum: f64 = e.iter().sum();
            for i in 0..n {
                let want = e[i] / sum;
                assert!((f64::from(got[0][r * n + i]) - want).abs() < 1e-6, "{n} {r} {i}");
            }
        }
    }
}

#[test]
fn lanes_of_a_while_loop_stop_one_by_one() {
    let n = 100;
    let mut p = program(&[n], &[n]);
    let mut b = BodyBuilder::new();
    let i = b.point(0);
    let x = b.load(p.inputs[0], DType::F32, i, None);
    let zero = b.constant(DType::F32, Scalar::Float(0.0));
    let one = b.constant(DType::F32, Scalar::Float(1.0));
    // Counts how often 1 fits into x.
    let r = b
        .while_loop(
            &[x, zero],
            |b, c| Ok::<_, ()>(b.compare(Compare::Ge, c[0], one)),
            |b, c| {
                let x = b.op(ScalarOp::Sub, &[c[0], one]);
                Ok([x, b.add(c[1], one)].into_iter().collect())
            },
        )
        .unwrap();
    b.store(p.outputs[0], i, r[1], None);
    p.steps.push(kernel(&[n], Lanes::Domain, 0, b));
    let x: Vec<f32> = (0..n).map(|i| (i % 13) as f32 + 0.5).collect();
    let got = run(p, std::slice::from_ref(&x));
    let want: Vec<f32> = x.iter().map(|x| x.floor()).collect();
    assert_eq!(got[0], want);
}

#[test]
fn loops_exchange_carried_memory() {
    for trips in [0, 1, 2, 5] {
        let n = 10;
        let mut p = program(&[n], &[n]);
        let current = p.add_buffer(DType::F32, n, Place::Arena(0));
        let next = p.add_buffer(DType::F32, n, Place::Arena(64));
        p.arena_bytes = 128;
        p.n_index_vars = 1;
        p.steps.push(Step::Copy { from: p.inputs[0], to: current });
        let mut b = BodyBuilder::new();
        let i = b.point(0);
        let x = b.load(current, DType::F32, i, None);
        let t = b.index_var(IndexVar(0));
        let t = b.cast(t, DType::F32);
        let y = b.add(x, t);
        b.store(next, i, y, None);
        let body = vec![kernel(&[n], Lanes::Domain, 0, b)];
        p.steps.push(Step::Repeat {
            index: IndexVar(0),
            trips,
            carries: vec![Carry { current, next }],
            body,
        });
        p.steps.push(Step::Copy { from: current, to: p.outputs[0] });
        let x: Vec<f32> = (0..n).map(|i| i as f32).collect();
        let got = run(p, std::slice::from_ref(&x));
        let sum: usize = (0..trips).sum();
        let want: Vec<f32> = x.iter().map(|x| x + sum as f32).collect();
        assert_eq!(got[0], want, "trips {trips}");
    }
}

#[test]
fn matrix_products_through_the_library() {
    let (m, n, k) = (70, 50, 33);
    let mut p = program(&[m * k, k * n], &[m * n]);
    let operand = |buffer, row: usize| Operand {
        buffer,
        offset: 0,
        step: None,
        batch_stride: 0,
        row_stride: row as isize,
        col_stride: 1,
    };
    p.steps.push(Step::Library(LibraryCall::MatMul(MatMul {
        batch: 1,
        m,
        n,
        k,
        lhs: operand(p.inputs[0], k),
        rhs: operand(p.inputs[1], n),
        out: operand(p.outputs[0], n),
    })));
    let a: Vec<f32> = (0..m * k).map(|i| (i % 7) as f32).collect();
    let b: Vec<f32> = (0..k * n).map(|i| (i % 5) as f32).collect();
    let got = run(p, &[a.clone(), b.clone()]);
    for i in 0..m {
        for j in 0..n {
            let want: f32 = (0..k).map(|l| a[i * k + l] * b[l * n + j]).sum();
            assert_eq!(got[0][i * n + j], want);
        }
    }
}

#[test]
fn large_programs_are_compiled_in_parts() {
    let n = 50;
    let mut p = program(&[n], &[n]);
    let mut from = p.inputs[0];
    let (mut offset, mut expected) = (0, vec![0.5f32; n]);
    for step in 0..12 {
        // Two kernels in turn, so that each is one function for all its steps.
        let factor = 1.0 + (step % 2) as f32;
        let to = if step == 11 {
            p.outputs[0]
        } else {
            p.add_buffer(DType::F32, n, Place::Arena(offset))
        };
        offset += 256;
        let mut b = BodyBuilder::new();
        let i = b.point(0);
        let mut x = b.load(from, DType::F32, i, None);
        for term in 0..20 {
            let c = b.constant(DType::F32, Scalar::Float(f64::from(factor) / f64::from(8 << term)));
            x = b.add(x, c);
            expected.iter_mut().for_each(|e| *e += factor / (8 << term) as f32);
        }
        b.store(to, i, x, None);
        p.steps.push(kernel(&[n], Lanes::Domain, 0, b));
        from = to;
    }
    p.arena_bytes = offset;
    assert_eq!(run(p, &[vec![0.5; n]])[0], expected);
}
