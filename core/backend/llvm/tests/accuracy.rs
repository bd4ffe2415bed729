//! How exact compiled functions are: sweeps against double precision (for `f64`, against the system's
//! mathematical library, itself exact to about one unit in the last place).
#![allow(clippy::unwrap_used, reason = "tests that fail may panic")]

use std::sync::Arc;

use jaxrs_data::DType;
use jaxrs_kernel::{BodyBuilder, Kernel, Lanes, Place, Program, ScalarOp, Step, math};
use jaxrs_llvm::{LlvmBackend, LlvmOptions};
use jaxrs_runtime::{Backend, LaunchArgs, Pool};

/// A function, its definition, what is swept (by its logarithms or evenly), and the units in the last
/// place by which results in single and double precision may be off.
struct Case {
    op: ScalarOp,
    exact: fn(f64) -> f64,
    from: f64,
    to: f64,
    single: f64,
    double: f64,
}

const fn case(
    op: ScalarOp,
    exact: fn(f64) -> f64,
    (from, to): (f64, f64),
    single: f64,
    double: f64,
) -> Case {
    Case { op, exact, from, to, single, double }
}

const CASES: [Case; 26] = [
    case(ScalarOp::Exp, f64::exp, (-87.0, 88.7), 1.1, 2.0),
    case(ScalarOp::Exp2, f64::exp2, (-125.0, 127.9), 1.1, 2.0),
    case(ScalarOp::Expm1, f64::exp_m1, (-30.0, 88.7), 2.0, 3.0),
    case(ScalarOp::Log, f64::ln, (1e-30, 1e30), 1.0, 2.0),
    case(ScalarOp::Log, f64::ln, (0.5, 2.0), 1.0, 2.0),
    case(ScalarOp::Log1p, f64::ln_1p, (-0.999, 1e30), 2.0, 3.0),
    case(ScalarOp::Logistic, |x| 1.0 / (1.0 + (-x).exp()), (-85.0, 30.0), 3.0, 4.0),
    case(ScalarOp::Sin, f64::sin, (-100.0, 100.0), 1.5, 2.0),
    case(ScalarOp::Sin, f64::sin, (-39000.0, 1e6), 1.5, 2.0),
    case(ScalarOp::Cos, f64::cos, (-100.0, 100.0), 1.5, 2.0),
    case(ScalarOp::Cos, f64::cos, (-39000.0, 1e6), 1.5, 2.0),
    case(ScalarOp::Tan, f64::tan, (-100.0, 100.0), 3.0, 3.5),
    case(ScalarOp::Tanh, f64::tanh, (-10.0, 10.0), 2.5, 3.5),
    case(ScalarOp::Sinh, f64::sinh, (-85.0, 85.0), 1.0, 3.5),
    case(ScalarOp::Cosh, f64::cosh, (-85.0, 85.0), 1.0, 3.0),
    case(ScalarOp::Asinh, libm::asinh, (-1e10, 1e10), 1.0, 4.0),
    case(ScalarOp::Acosh, math::acosh, (1.0, 1e10), 1.0, 4.0),
    case(ScalarOp::Atanh, libm::atanh, (-0.9999, 0.9999), 1.0, 4.0),
    case(ScalarOp::Asin, f64::asin, (-1.0, 1.0), 1.0, 3.0),
    case(ScalarOp::Acos, f64::acos, (-1.0, 1.0), 1.0, 3.0),
    case(ScalarOp::Atan, f64::atan, (-1e5, 1e5), 1.0, 2.5),
    case(ScalarOp::Cbrt, f64::cbrt, (-1e20, 1e20), 1.0, 2.5),
    case(ScalarOp::Erf, math::erf, (-4.2, 4.2), 2.0, 2.0),
    case(ScalarOp::Erfc, math::erfc, (-4.2, 9.0), 1.0, 2.0),
    case(ScalarOp::ErfInv, math::erf_inv, (-0.9999999, 0.9999999), 4.0, 2.0),
    case(ScalarOp::Lgamma, math::lgamma, (0.1, 100.0), 1.0, 2.0),
];

const POINTS: usize = 1 << 15;

fn program(op: ScalarOp, dtype: DType) -> Program {
    let mut p = Program::default();
    let input = p.add_buffer(dtype, POINTS, Place::Input(0));
    let output = p.add_buffer(dtype, POINTS, Place::Output(0));
    (p.inputs, p.outputs, p.shares_input) = (vec![input], vec![output], vec![None]);
    let mut b = BodyBuilder::new();
    let i = b.point(0);
    let x = b.load(input, dtype, i, None);
    let y = b.op(op, &[x]);
    b.store(output, i, y, None);
    let (values, body) = b.finish();
    let (name, domain) = (String::new(), vec![POINTS]);
    let (lanes, grain) = (Lanes::Domain, 0);
    p.steps.push(Step::Kernel(Kernel { name, domain, lanes, grain, values, body }));
    p
}

/// Half of the points evenly from end to end, half by their magnitude.
fn points(case: &Case) -> Vec<f64> {
    let even =
        |i: usize| case.from + (case.to - case.from) * (i as f64 + 0.37) / (POINTS / 2) as f64;
    let reach = case.from.abs().max(case.to.abs());
    let by_magnitude = |i: usize| {
        let v = reach * (-40.0 * (i as f64) / (POINTS / 2) as f64).exp2();
        let v = if i.is_multiple_of(2) { v } else { -v };
        if v < case.from || v > case.to { even(i) } else { v }
    };
    (0..POINTS / 2).map(even).chain((0..POINTS / 2).map(by_magnitude)).collect()
}

macro_rules! worst {
    ($name:ident, $float:ty, $dtype:expr) => {
        /// The largest error in units in the last place, and where.
        fn $name(backend: &LlvmBackend, case: &Case) -> (f64, f64) {
            let executable = backend.load(Arc::new(program(case.op, $dtype))).unwrap();
            let input: Vec<$float> = points(case).iter().map(|&x| x as $float).collect();
            let mut output = vec![0 as $float; POINTS];
            let (ins, outs) = ([input.as_ptr().cast()], [output.as_mut_ptr().cast()]);
            // SAFETY: one input and one output, of as many elements as the program says.
            unsafe { executable.run(&LaunchArgs { inputs: &ins, outputs: &outs }) }.unwrap();
            let mut worst = (0.0, 0.0);
            for (&x, &got) in input.iter().zip(&output) {
                let exact = (case.exact)(x.into());
                let unit = {
                    let magnitude = (exact.abs() as $float).max(<$float>::MIN_POSITIVE);
                    f64::from(magnitude.next_up()) - f64::from(magnitude)
                };
                let error = (f64::from(got) - exact).abs() / unit;
                let is_worse = error > worst.0 || error.is_nan();
                if is_worse && got != exact as $float {
                    worst = (error, x.into());
                }
            }
            worst
        }
    };
}

worst!(worst_single, f32, DType::F32);
worst!(worst_double, f64, DType::F64);

/// Functions that are x near zero.
const IDENTITIES: [ScalarOp; 11] = [
    ScalarOp::Expm1,
    ScalarOp::Log1p,
    ScalarOp::Sin,
    ScalarOp::Tan,
    ScalarOp::Tanh,
    ScalarOp::Sinh,
    ScalarOp::Asinh,
    ScalarOp::Atanh,
    ScalarOp::Asin,
    ScalarOp::Atan,
    ScalarOp::Cbrt,
];

#[test]
fn functions_of_the_least_normal_numbers_are_not_zero() {
    let backend = LlvmBackend::new(Pool::new(1), LlvmOptions::default()).unwrap();
    for op in IDENTITIES {
        let exact: fn(f64) -> f64 = if op == ScalarOp::Cbrt { f64::cbrt } else { |x| x };
        for sign in [1.0, -1.0] {
            let range = |least: f64| match sign > 0.0 {
                true => case(op, exact, (least, 8.0 * least), 1.0, 2.5),
                false => case(op, exact, (-8.0 * least, -least), 1.0, 2.5),
            };
            let (error, at) = worst_single(&backend, &range(f32::MIN_POSITIVE.into()));
            assert!(error <= 1.0, "{op:?} is off by {error} ulp at {at:e} in single precision");
            let (error, at) = worst_double(&backend, &range(f64::MIN_POSITIVE));
            assert!(error <= 2.5, "{op:?} is off by {error} ulp at {at:e} in double precision");
        }
    }
}

#[test]
fn functions_are_as_exact_as_they_say() {
    let backend = LlvmBackend::new(Pool::new(1), LlvmOptions::default()).unwrap();
    let mut faults = String::new();
    for case in &CASES {
        let (single, double) = (worst_single(&backend, case), worst_double(&backend, case));
        let line = format!(
            "{:9} [{:e}, {:e}]: f32 {:.2} ulp at {:e} (≤ {}), f64 {:.2} ulp at {:e} (≤ {})\n",
            format!("{:?}", case.op),
            case.from,
            case.to,
            single.0,
            single.1,
            case.single,
            double.0,
            double.1,
            case.double
        );
        let stated = single.0 <= case.single && double.0 <= case.double;
        if !stated {
            faults += &line;
        }
    }
    assert!(faults.is_empty(), "less exact than stated:\n{faults}");
}

/// What JAX's vectors give on CPUs.
#[test]
fn denormal_numbers_count_as_zero() {
    let backend = LlvmBackend::new(Pool::new(1), LlvmOptions::default()).unwrap();
    let input = [1e-45f32, 1e-40, -1e-45, -1e-40].repeat(POINTS / 4);
    let (zero, infinity) = (0.0f32, f32::INFINITY);
    let cases = [
        (ScalarOp::Sign, [zero, -zero]),
        (ScalarOp::Sqrt, [zero, -zero]),
        (ScalarOp::Rsqrt, [infinity, -infinity]),
        (ScalarOp::Log, [-infinity, -infinity]),
        (ScalarOp::Floor, [zero, -zero]),
        (ScalarOp::Exp, [1.0, 1.0]),
    ];
    for (op, [positive, negative]) in cases {
        let executable = backend.load(Arc::new(program(op, DType::F32))).unwrap();
        let mut output = vec![0f32; POINTS];
        let (ins, outs) = ([input.as_ptr().cast()], [output.as_mut_ptr().cast()]);
        // SAFETY: one input and one output, of as many elements as the program says.
        unsafe { executable.run(&LaunchArgs { inputs: &ins, outputs: &outs }) }.unwrap();
        let expected = [positive, positive, negative, negative].map(f32::to_bits);
        let is_expected = |part: &[f32]| part.iter().map(|y| y.to_bits()).eq(expected);
        assert!(output.chunks(4).all(is_expected), "{op:?}: {:?}", &output[..4]);
    }
}
