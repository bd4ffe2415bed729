//! Every operation on every element type, compiled, against the interpreter.
#![allow(clippy::unwrap_used, reason = "tests that fail may panic")]

use std::sync::Arc;

use jaxrs_data::{DType, Literal, Scalar, Type};
use jaxrs_kernel::*;
use jaxrs_llvm::{LlvmBackend, LlvmOptions};
use jaxrs_runtime::{Backend, LaunchArgs, Pool};

/// The operations with so many operands: a new one is tested without being named here.
fn plain(arity: usize) -> impl Iterator<Item = ScalarOp> {
    ScalarOp::PLAIN.into_iter().filter(move |op| op.arity() == arity)
}

const ARITHMETIC: [DType; 11] = [
    DType::Bool,
    DType::I8,
    DType::I16,
    DType::I32,
    DType::I64,
    DType::U8,
    DType::U16,
    DType::U32,
    DType::U64,
    DType::F32,
    DType::F64,
];

/// Keys that no integer is as long as.
const LONG_KEYS: [DType; 3] = [DType::KeyRbg, DType::KeyUrbg, DType::KeyFry4];

/// How far results of an operation may lie apart, in units in the last place of the type; none where
/// they must be equal.
fn allowed(op: ScalarOp) -> f64 {
    use ScalarOp::*;
    match op {
        Complex | Re | Im | Neg | Abs | Sign | Floor | Ceil | Round | RoundTiesEven | Sqrt
        | Add | Sub | Mul | Div | Max | Min | NextAfter | Rem => 0.0,
        Lgamma | Digamma | ErfInv => 8.0,
        _ => 4.0,
    }
}

fn program(op: ScalarOp, types: &[DType], n: usize) -> Program {
    let mut p = Program::default();
    let mut b = BodyBuilder::new();
    let i = b.point(0);
    let mut args = Vec::new();
    for (number, &dtype) in types.iter().enumerate() {
        let id = p.add_buffer(dtype, n, Place::Input(number));
        p.inputs.push(id);
        args.push(b.load(id, dtype, i, None));
    }
    let out = b.op(op, &args);
    let id = p.add_buffer(b.dtype(out), n, Place::Output(0));
    p.outputs.push(id);
    p.shares_input.push(None);
    b.store(id, i, out, None);
    let (values, body) = b.finish();
    let name = format!("{op:?}");
    let (domain, grain) = (vec![n], 0);
    p.steps.push(Step::Kernel(Kernel { name, domain, lanes: Lanes::Domain, grain, values, body }));
    p
}

fn run(backend: &LlvmBackend, program: &Program, inputs: &[Literal]) -> Option<Literal> {
    let executable = match backend.load(Arc::new(program.clone())) {
        Ok(executable) => executable,
        Err(error) => {
            assert!(error.to_string().contains("compiled code has no"), "{error:?}");
            return None;
        }
    };
    let buffer = &program[program.outputs[0]];
    let mut bytes = vec![0u8; buffer.size_bytes()];
    let ins: Vec<*const u8> = inputs.iter().map(|v| v.bytes().as_ptr()).collect();
    let outs = [bytes.as_mut_ptr()];
    // SAFETY: as many pointers as the program says, to as many bytes.
    unsafe { executable.run(&LaunchArgs { inputs: &ins, outputs: &outs }) }.unwrap();
    Literal::from_bytes(Type::new(buffer.dtype, [buffer.len]), bytes).ok()
}

/// Interesting and ordinary values of a type.
fn samples(dtype: DType, seed: u64) -> Vec<Scalar> {
    let mut state = seed;
    let mut next = move || {
        state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        state >> 11
    };
    let mut values: Vec<Scalar> = match dtype {
        DType::Bool => vec![Scalar::Bool(true), Scalar::Bool(false)],
        _ if dtype.is_integer() => {
            let near = [
                0i64, 1, 2, 3, 5, 7, 8, 15, 16, 31, 32, 63, 64, 100, 127, 128, 255, -1, -2, -7,
                -128,
            ];
            let ends = [
                i64::MIN,
                i64::MAX,
                i64::MIN >> (64 - dtype.bits()),
                i64::MAX >> (64 - dtype.bits()),
            ];
            near.into_iter().chain(ends).map(Scalar::Int).collect()
        }
        _ => {
            let near = [
                0.0,
                0.25,
                0.5,
                0.75,
                1.0,
                1.5,
                2.0,
                2.5,
                3.0,
                10.0,
                30.0,
                88.0,
                89.0,
                100.0,
                127.0,
                128.0,
                255.0,
                256.0,
                300.0,
                710.0,
                1e4,
                65504.0,
                65520.0,
                1e5,
                2147483520.0,
                2147483648.0,
                4294967295.0,
                9.3e18,
                1.9e19,
                1e30,
                3.4e38,
                f64::INFINITY,
                1e-3,
                1e-5,
                1e-10,
                1e-20,
                1e-30,
                0.49999997,
                0.9999999,
                1.0000001,
                std::f64::consts::PI,
                std::f64::consts::FRAC_PI_2,
            ];
            near.iter()
                .flat_map(|&v| [Scalar::Float(v), Scalar::Float(-v)])
                .chain([Scalar::Float(f64::NAN)])
                .collect()
        }
    };
    for _ in 0..400 {
        let r = next();
        values.push(match dtype {
            DType::Bool => Scalar::Bool(r & 64 == 0),
            _ if dtype.is_integer() && r & 1 == 0 => Scalar::Int((next() % 40) as i64 - 20),
            _ if dtype.is_integer() => Scalar::Uint(next() << 11 ^ next()),
            _ => {
                let unit = next() as f64 / (1u64 << 53) as f64;
                let scale = [1.0, 4.0, 20.0, 100.0, 1e-4, 1e8][(r % 6) as usize];
                Scalar::Float((2.0 * unit - 1.0) * scale)
            }
        });
    }
    if dtype.is_complex() {
        let part = |i: usize| values[i % values.len()].as_f64();
        let pair = |i: usize| Scalar::Complex(part(i), part(i * 7 + 3));
        return (0..values.len()).map(|i| pair(i).rounded(dtype)).collect();
    }
    values.into_iter().map(|v| v.cast(dtype)).collect()
}

fn ulps(got: f64, want: f64, dtype: DType) -> f64 {
    if got == want || (got.is_nan() && want.is_nan()) {
        return 0.0;
    }
    let (digits, least) = if dtype == DType::F32 { (24, -126) } else { (53, -1022) };
    if want.is_nan() || got.is_nan() || want.is_infinite() || got.is_infinite() {
        return f64::INFINITY;
    }
    // Denormal numbers are flushed.
    let tiny = 2f64.powi(least);
    if want.abs() < tiny && got.abs() <= tiny {
        return 0.0;
    }
    let exponent = (want.abs().log2().floor() as i32).max(least);
    (got - want).abs() / 2f64.powi(exponent - digits + 1)
}

/// Zeros of different signs are as far apart as can be.
fn floats_apart(a: f64, b: f64, dtype: DType) -> f64 {
    let zeros = a == 0.0 && b == 0.0 && a.is_sign_negative() != b.is_sign_negative();
    if zeros { f64::INFINITY } else { ulps(a, b, dtype) }
}

/// The largest difference, and where.
fn check(backend: &LlvmBackend, op: ScalarOp, types: &[DType]) {
    let mut columns: Vec<Vec<Scalar>> =
        types.iter().enumerate().map(|(i, &t)| samples(t, i as u64 + 1)).collect();
    if columns.len() > 1 {
        // Every interesting value with every other, too.
        let (a, b) = (columns[0].clone(), columns[1].clone());
        for x in a.iter().take(30) {
            for y in b.iter().take(30) {
                columns[0].push(*x);
                columns[1].push(*y);
            }
        }
    }
    let n = columns.iter().map(Vec::len).min().unwrap_or(0);
    let program = program(op, types, n);
    let inputs: Vec<Literal> = columns
        .iter()
        .zip(types)
        .map(|(c, &t)| Literal::from_fn(Type::new(t, [n]), |i| c[i]))
        .collect();
    let expected = interpret::interpret(&program, &inputs);
    let Some(got) = run(backend, &program, &inputs) else {
        assert!(expected.is_err(), "{op:?} of {types:?} is not compiled");
        return;
    };
    let Ok(expected) = expected.map(|mut outputs| outputs.remove(0)) else { return };
    let result = expected.ty().dtype;
    let mut worst = (0.0, 0);
    for i in 0..n {
        let (a, b) = (got.get(i), expected.get(i));
        let apart = match (a, b) {
            (Scalar::Float(a), Scalar::Float(b)) => floats_apart(a, b, result),
            (Scalar::Complex(a, i), Scalar::Complex(b, j)) => {
                let part = result.real_part();
                floats_apart(a, b, part).max(floats_apart(i, j, part))
            }
            (a, b) if a == b => 0.0,
            _ => f64::INFINITY,
        };
        if apart > worst.0 {
            worst = (apart, i);
        }
    }
    let i = worst.1;
    let at: Vec<Scalar> = inputs.iter().map(|v| v.get(i)).collect();
    let limit = if result.is_float() && types[0].is_float() { allowed(op) } else { 0.0 };
    assert!(
        worst.0 <= limit,
        "{op:?} of {types:?} at {at:?}: got {}, expected {}, {} ulp apart",
        got.get(i),
        expected.get(i),
        worst.0
    );
}

fn backend() -> LlvmBackend {
    LlvmBackend::new(Pool::new(1), LlvmOptions::default()).unwrap()
}

#[test]
fn operations_of_one_operand() {
    let backend = backend();
    for op in plain(1).chain([ScalarOp::Cast(DType::F32)]) {
        ARITHMETIC.iter().for_each(|&t| check(&backend, op, &[t]));
    }
    for op in [ScalarOp::Re, ScalarOp::Im] {
        [DType::C64, DType::C128].iter().for_each(|&t| check(&backend, op, &[t]));
    }
    for op in [ScalarOp::Low, ScalarOp::High] {
        LONG_KEYS.iter().for_each(|&t| check(&backend, op, &[t]));
    }
}

#[test]
fn operations_of_two_operands() {
    let backend = backend();
    for op in plain(2).chain(Compare::ALL.into_iter().map(ScalarOp::Compare)) {
        ARITHMETIC.iter().for_each(|&t| check(&backend, op, &[t, t]));
    }
    for to in LONG_KEYS {
        check(&backend, ScalarOp::Join(to), &[DType::U64, DType::U64]);
    }
}

#[test]
fn casts_between_all_types() {
    let backend = backend();
    let real = DType::ALL.into_iter().filter(|dtype| dtype.is_ordered());
    for from in real.clone() {
        real.clone().for_each(|to| check(&backend, ScalarOp::Cast(to), &[from]));
    }
}

#[test]
fn selections_and_bitcasts_of_all_types() {
    let backend = backend();
    for t in DType::ALL {
        check(&backend, ScalarOp::Select, &[DType::Bool, t, t]);
        for to in DType::ALL
            .into_iter()
            .filter(|&to| ScalarOp::Bitcast(to).takes(t) && !to.is_complex() && !to.is_bool())
        {
            check(&backend, ScalarOp::Bitcast(to), &[t]);
        }
    }
}
