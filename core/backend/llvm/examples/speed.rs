//! Times small hand-built programs: `cargo run --release -p jaxrs-llvm --example speed [name…]`.
#![allow(clippy::print_stdout, reason = "a command-line program")]
#![allow(missing_docs, clippy::unwrap_used, reason = "a measurement, not a library")]

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Instant;

use jaxrs_data::{DType, Scalar};
use jaxrs_kernel::*;
use jaxrs_llvm::{LlvmBackend, LlvmOptions};
use jaxrs_runtime::{Backend, HostBuffer, LaunchArgs, Pool};

type Slope<'a> = dyn Fn(&mut BodyBuilder, DType, &[ValueId]) -> Vec<ValueId> + 'a;

type Values = jaxrs_data::SmallVec<[ValueId; 2]>;

fn float(b: &mut BodyBuilder, dtype: DType, v: f64) -> ValueId {
    b.constant(dtype, Scalar::Float(v))
}

fn program(dtype: DType, inputs: &[usize], outputs: &[usize]) -> Program {
    let mut p = Program::default();
    for (i, &len) in inputs.iter().enumerate() {
        let id = p.add_buffer(dtype, len, Place::Input(i));
        p.inputs.push(id);
    }
    for (i, &len) in outputs.iter().enumerate() {
        let id = p.add_buffer(dtype, len, Place::Output(i));
        p.outputs.push(id);
        p.shares_input.push(None);
    }
    p
}

fn kernel(p: &mut Program, domain: &[usize], lanes: Lanes, grain: usize, b: BodyBuilder) {
    let (values, body) = b.finish();
    let (name, domain) = ("k".into(), domain.into());
    p.steps.push(Step::Kernel(Kernel { name, domain, lanes, grain, values, body }));
}

fn elementwise(n: usize, f: impl Fn(&mut BodyBuilder, ValueId) -> ValueId) -> Program {
    let mut p = program(DType::F32, &[n], &[n]);
    let mut b = BodyBuilder::new();
    let i = b.point(0);
    let x = b.load(p.inputs[0], DType::F32, i, None);
    let y = f(&mut b, x);
    b.store(p.outputs[0], i, y, None);
    kernel(&mut p, &[n], Lanes::Domain, 16384, b);
    p
}

fn gelu(b: &mut BodyBuilder, x: ValueId) -> ValueId {
    let c = |b: &mut BodyBuilder, v| float(b, DType::F32, v);
    let square = b.mul(x, x);
    let cube = b.mul(square, x);
    let k = c(b, 0.044715);
    let t = b.mul(cube, k);
    let t = b.add(x, t);
    let k = c(b, 0.7978845608028654);
    let t = b.mul(t, k);
    let t = b.op(ScalarOp::Tanh, &[t]);
    let one = c(b, 1.0);
    let t = b.add(t, one);
    let half = c(b, 0.5);
    let t = b.mul(t, half);
    b.mul(x, t)
}

fn softmax(rows: usize, n: usize) -> Program {
    let mut p = program(DType::F32, &[rows * n], &[rows * n]);
    let mut b = BodyBuilder::new();
    let row = b.point(0);
    let nn = b.index(n as i64);
    let start = b.mul(row, nn);
    let low = float(&mut b, DType::F32, f64::NEG_INFINITY);
    let (input, output) = (p.inputs[0], p.outputs[0]);
    let max = b
        .reduce(n, &[ReduceOp::Max], &[low], |b, i| {
            let at = b.add(start, i);
            Ok::<Values, Infallible>([b.load(input, DType::F32, at, None)].into_iter().collect())
        })
        .unwrap()[0];
    let zero = float(&mut b, DType::F32, 0.0);
    let term = |b: &mut BodyBuilder, i| {
        let at = b.add(start, i);
        let x = b.load(input, DType::F32, at, None);
        let d = b.op(ScalarOp::Sub, &[x, max]);
        (at, b.op(ScalarOp::Exp, &[d]))
    };
    let sum = b
        .reduce(n, &[ReduceOp::Add], &[zero], |b, i| {
            Ok::<Values, Infallible>([term(b, i).1].into_iter().collect())
        })
        .unwrap()[0];
    b.map(n, |b, i| {
        let (at, e) = term(b, i);
        let q = b.op(ScalarOp::Div, &[e, sum]);
        b.store(output, at, q, None);
        Ok::<_, Infallible>(())
    })
    .unwrap();
    kernel(&mut p, &[rows], Lanes::Inner, 16, b);
    p
}

/// One step of the heat equation with fixed edges, as masked loads of the neighbours.
fn heat(n: usize) -> Program {
    let mut p = program(DType::F32, &[n * n], &[n * n]);
    let mut b = BodyBuilder::new();
    let (i, j) = (b.point(0), b.point(1));
    let (nn, one, zero) = (b.index(n as i64), b.index(1), b.index(0));
    let row = b.mul(i, nn);
    let at = b.add(row, j);
    let input = p.inputs[0];
    let x = b.load(input, DType::F32, at, None);
    let last = b.index(n as i64 - 1);
    let up_ok = b.compare(Compare::Gt, i, zero);
    let down_ok = b.compare(Compare::Lt, i, last);
    let left_ok = b.compare(Compare::Gt, j, zero);
    let right_ok = b.compare(Compare::Lt, j, last);
    let up = b.op(ScalarOp::Sub, &[at, nn]);
    let down = b.add(at, nn);
    let left = b.op(ScalarOp::Sub, &[at, one]);
    let right = b.add(at, one);
    let up = b.load(input, DType::F32, up, Some(up_ok));
    let down = b.load(input, DType::F32, down, Some(down_ok));
    let left = b.load(input, DType::F32, left, Some(left_ok));
    let right = b.load(input, DType::F32, right, Some(right_ok));
    let s = b.add(up, down);
    let s = b.add(s, left);
    let s = b.add(s, right);
    let four = float(&mut b, DType::F32, 4.0);
    let c = float(&mut b, DType::F32, 0.1);
    let four = b.mul(four, x);
    let s = b.op(ScalarOp::Sub, &[s, four]);
    let s = b.mul(s, c);
    let y = b.add(x, s);
    b.store(p.outputs[0], at, y, None);
    kernel(&mut p, &[n, n], Lanes::Domain, 65536, b);
    p
}

fn gemm(n: usize, dtype: DType) -> Program {
    let mut p = program(dtype, &[n * n, n * n], &[n * n]);
    let operand = |buffer| Operand {
        buffer,
        offset: 0,
        step: None,
        batch_stride: 0,
        row_stride: n as isize,
        col_stride: 1,
    };
    let (lhs, rhs, out) = (operand(p.inputs[0]), operand(p.inputs[1]), operand(p.outputs[0]));
    p.steps.push(Step::Library(LibraryCall::MatMul(MatMul {
        batch: 1,
        m: n,
        n,
        k: n,
        lhs,
        rhs,
        out,
    })));
    p
}

fn derivative(b: &mut BodyBuilder, t: DType, s: &[ValueId]) -> Vec<ValueId> {
    let (sigma, rho, beta) = (float(b, t, 10.0), float(b, t, 28.0), float(b, t, 8.0 / 3.0));
    let d = b.op(ScalarOp::Sub, &[s[1], s[0]]);
    let dx = b.mul(sigma, d);
    let d = b.op(ScalarOp::Sub, &[rho, s[2]]);
    let d = b.mul(s[0], d);
    let dy = b.op(ScalarOp::Sub, &[d, s[1]]);
    let xy = b.mul(s[0], s[1]);
    let bz = b.mul(beta, s[2]);
    let dz = b.op(ScalarOp::Sub, &[xy, bz]);
    vec![dx, dy, dz]
}

fn axpy(b: &mut BodyBuilder, t: DType, s: &[ValueId], k: &[ValueId], h: f64) -> Vec<ValueId> {
    let h = float(b, t, h);
    s.iter()
        .zip(k)
        .map(|(&s, &k)| {
            let hk = b.mul(h, k);
            b.add(s, hk)
        })
        .collect()
}

fn rk4(b: &mut BodyBuilder, t: DType, s: &[ValueId], h: f64, f: &Slope<'_>) -> Values {
    let k1 = f(b, t, s);
    let s2 = axpy(b, t, s, &k1, h / 2.0);
    let k2 = f(b, t, &s2);
    let s3 = axpy(b, t, s, &k2, h / 2.0);
    let k3 = f(b, t, &s3);
    let s4 = axpy(b, t, s, &k3, h);
    let k4 = f(b, t, &s4);
    let two = float(b, t, 2.0);
    let sixth = float(b, t, h / 6.0);
    (0..s.len())
        .map(|i| {
            let m = b.add(k2[i], k3[i]);
            let m = b.mul(two, m);
            let e = b.add(k1[i], k4[i]);
            let m = b.add(m, e);
            let m = b.mul(sixth, m);
            b.add(s[i], m)
        })
        .collect()
}

fn lorenz(steps: usize) -> Program {
    let mut p = program(DType::F64, &[3], &[3]);
    let mut b = BodyBuilder::new();
    let at: Vec<ValueId> = (0..3).map(|i| b.index(i)).collect();
    let s: Vec<ValueId> = at.iter().map(|&i| b.load(p.inputs[0], DType::F64, i, None)).collect();
    let r = b
        .sequential(steps, &s, |b, _, s| {
            Ok::<_, Infallible>(rk4(b, DType::F64, s, 0.01, &derivative))
        })
        .unwrap();
    (0..3).for_each(|i| b.store(p.outputs[0], at[i], r[i], None));
    kernel(&mut p, &[], Lanes::Scalar, 0, b);
    p
}

/// A damped driven pendulum in each lane.
fn pendulum(lanes: usize, steps: usize) -> Program {
    let mut p = program(DType::F32, &[2 * lanes], &[2 * lanes]);
    let mut b = BodyBuilder::new();
    let i = b.point(0);
    let n = b.index(lanes as i64);
    let second = b.add(i, n);
    let s =
        [b.load(p.inputs[0], DType::F32, i, None), b.load(p.inputs[0], DType::F32, second, None)];
    let f = |b: &mut BodyBuilder, t: DType, s: &[ValueId]| {
        let sine = b.op(ScalarOp::Sin, &[s[0]]);
        let c = float(b, t, 0.2);
        let damping = b.mul(c, s[1]);
        let sum = b.add(sine, damping);
        vec![s[1], b.op(ScalarOp::Neg, &[sum])]
    };
    let r = b
        .sequential(steps, &s, |b, _, s| Ok::<_, Infallible>(rk4(b, DType::F32, s, 0.01, &f)))
        .unwrap();
    b.store(p.outputs[0], i, r[0], None);
    b.store(p.outputs[0], second, r[1], None);
    kernel(&mut p, &[lanes], Lanes::Domain, 64, b);
    p
}

fn newton(n: usize) -> Program {
    elementwise(n, |b, x| {
        let eps = float(b, DType::F32, 1e-6);
        let half = float(b, DType::F32, 0.5);
        let one = float(b, DType::F32, 1.0);
        b.while_loop(
            &[one],
            |b, c| {
                let d = b.mul(c[0], c[0]);
                let d = b.op(ScalarOp::Sub, &[d, x]);
                let d = b.op(ScalarOp::Abs, &[d]);
                let e = b.mul(x, eps);
                Ok::<_, Infallible>(b.compare(Compare::Gt, d, e))
            },
            |b, c| {
                let q = b.op(ScalarOp::Div, &[x, c[0]]);
                let s = b.add(c[0], q);
                Ok([b.mul(s, half)].into_iter().collect())
            },
        )
        .unwrap()[0]
    })
}

fn sum(n: usize, op: ReduceOp) -> Program {
    let mut p = program(DType::F32, &[n], &[1]);
    let mut b = BodyBuilder::new();
    let zero = float(&mut b, DType::F32, 0.0);
    let input = p.inputs[0];
    let r = b
        .reduce(n, &[op], &[zero], |b, i| {
            Ok::<Values, Infallible>([b.load(input, DType::F32, i, None)].into_iter().collect())
        })
        .unwrap()[0];
    let at = b.index(0);
    b.store(p.outputs[0], at, r, None);
    kernel(&mut p, &[], Lanes::Inner, 0, b);
    p
}

/// The processor time that this thread has used.
fn cpu_seconds() -> f64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: fills the structure.
    unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &mut time) };
    time.tv_sec as f64 + time.tv_nsec as f64 * 1e-9
}

struct Bench {
    threads: usize,
    only: Vec<String>,
}

impl Bench {
    /// Best time of a call, and what loading took.
    fn time(&self, name: &str, program: Program, work: f64, unit: &str) {
        if !self.only.is_empty() && !self.only.iter().any(|only| name.contains(only.as_str())) {
            return;
        }
        let backend = LlvmBackend::new(Pool::new(self.threads), LlvmOptions::default()).unwrap();
        if std::env::var("SHOW").is_ok() {
            println!("{}", backend.instructions(&program).unwrap());
            println!("{}", backend.assembly(&program).unwrap());
            return;
        }
        let program = Arc::new(program);
        let mut load = f64::INFINITY;
        let mut executable = None;
        for _ in 0..5 {
            let start = cpu_seconds();
            executable = Some(backend.load(program.clone()).unwrap());
            load = load.min(cpu_seconds() - start);
        }
        let executable = executable.unwrap();
        let buffer = |id: &BufferId| HostBuffer::allocate(program[*id].size_bytes()).unwrap();
        let mut inputs: Vec<HostBuffer> = program.inputs.iter().map(buffer).collect();
        for input in &mut inputs {
            let double = program[program.inputs[0]].dtype == DType::F64;
            let bytes = input.as_bytes_mut();
            if double {
                for (i, v) in bytes.chunks_mut(8).enumerate() {
                    v.copy_from_slice(&(1.0 + (i % 97) as f64 * 0.01).to_ne_bytes());
                }
            } else {
                for (i, v) in bytes.chunks_mut(4).enumerate() {
                    v.copy_from_slice(&(0.1 + (i % 97) as f32 * 0.02).to_ne_bytes());
                }
            }
        }
        let outputs: Vec<HostBuffer> = program.outputs.iter().map(buffer).collect();
        let ins: Vec<*const u8> = inputs.iter().map(|b| b.as_ptr().cast_const()).collect();
        let outs: Vec<*mut u8> = outputs.iter().map(HostBuffer::as_ptr).collect();
        let args = LaunchArgs { inputs: &ins, outputs: &outs };
        let mut best = f64::INFINITY;
        let start = Instant::now();
        while start.elapsed().as_secs_f64() < 1.0 {
            let call = Instant::now();
            // SAFETY: the buffers are those of the program.
            unsafe { executable.run(&args).unwrap() };
            best = best.min(call.elapsed().as_secs_f64());
        }
        println!(
            "{name:18} load {:6.2} ms  call {:10.2} µs  {:8.3} {unit}",
            load * 1e3,
            best * 1e6,
            work / best / 1e9
        );
    }
}

fn main() {
    let mut args: Vec<String> = std::env::args().skip(1).collect();
    let threads = args.iter().position(|a| a == "-1").map_or(2, |i| {
        args.remove(i);
        1
    });
    let bench = Bench { threads, only: args };
    let million = 1usize << 20;
    bench.time("add1", elementwise(1, |b, x| b.add(x, x)), 1.0, "Gcalls/s");
    for (name, op) in [
        ("exp", ScalarOp::Exp),
        ("log", ScalarOp::Log),
        ("sin", ScalarOp::Sin),
        ("tanh", ScalarOp::Tanh),
        ("erf", ScalarOp::Erf),
        ("logistic", ScalarOp::Logistic),
        ("erf_inv", ScalarOp::ErfInv),
        ("atan", ScalarOp::Atan),
    ] {
        let n = 32768;
        bench.time(name, elementwise(n, move |b, x| b.op(op, &[x])), n as f64, "Gelt/s");
    }
    bench.time(
        "pow",
        elementwise(32768, |b, x| {
            let c = float(b, DType::F32, 2.7);
            b.op(ScalarOp::Pow, &[x, c])
        }),
        32768.0,
        "Gelt/s",
    );
    bench.time(
        "sinx2x",
        elementwise(1000, |b, x| {
            let s = b.op(ScalarOp::Sin, &[x]);
            let two = float(b, DType::F32, 2.0);
            let s = b.mul(s, two);
            b.add(s, x)
        }),
        1000.0,
        "Gelt/s",
    );
    bench.time(
        "axpb16m",
        elementwise(16 * million, |b, x| {
            let c = float(b, DType::F32, 2.0);
            let y = b.mul(x, c);
            b.add(y, c)
        }),
        16.0 * 8.0 * million as f64,
        "GB/s",
    );
    bench.time("gelu16m", elementwise(16 * million, gelu), 16.0 * 8.0 * million as f64, "GB/s");
    bench.time("softmax1024", softmax(1024, 1024), million as f64, "Gelt/s");
    bench.time("heat1024", heat(1024), million as f64, "Gelt/s");
    bench.time("sum1m", sum(million, ReduceOp::Add), million as f64 * 4.0, "GB/s");
    bench.time("max1m", sum(million, ReduceOp::Max), million as f64 * 4.0, "GB/s");
    bench.time("gemm1024", gemm(1024, DType::F32), 2.0 * 1024f64.powi(3), "GFLOP/s");
    bench.time("gemm64", gemm(64, DType::F32), 2.0 * 64f64.powi(3), "GFLOP/s");
    bench.time("gemm_f64_512", gemm(512, DType::F64), 2.0 * 512f64.powi(3), "GFLOP/s");
    bench.time("lorenz", lorenz(100_000), 1e5, "Gsteps/s");
    bench.time("pendulum", pendulum(10_000, 1000), 1e7, "Gsteps/s");
    bench.time("newton1m", newton(million), million as f64, "Gelt/s");
}
