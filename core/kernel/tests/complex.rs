//! Complex functions in single precision against double precision, over numbers of all sizes; identities; and
//! what the builder emits against what is computed at once.

use jaxrs_data::{DType, Literal, Scalar, Type};
use jaxrs_kernel::interpret::interpret;
use jaxrs_kernel::testing::Random;
use jaxrs_kernel::{
    BodyBuilder, Compare, Kernel, Lanes, Place, Program, ReduceOp, ScalarOp, Step, complex,
};

const UNARY: [ScalarOp; 22] = [
    ScalarOp::Neg,
    ScalarOp::Sign,
    ScalarOp::Sqrt,
    ScalarOp::Rsqrt,
    ScalarOp::Exp,
    ScalarOp::Exp2,
    ScalarOp::Expm1,
    ScalarOp::Log,
    ScalarOp::Log1p,
    ScalarOp::Logistic,
    ScalarOp::Sin,
    ScalarOp::Cos,
    ScalarOp::Tan,
    ScalarOp::Asin,
    ScalarOp::Acos,
    ScalarOp::Atan,
    ScalarOp::Sinh,
    ScalarOp::Cosh,
    ScalarOp::Tanh,
    ScalarOp::Asinh,
    ScalarOp::Acosh,
    ScalarOp::Atanh,
];

const BINARY: [ScalarOp; 8] = [
    ScalarOp::Add,
    ScalarOp::Sub,
    ScalarOp::Mul,
    ScalarOp::Div,
    ScalarOp::Pow,
    ScalarOp::Atan2,
    ScalarOp::Max,
    ScalarOp::Min,
];

/// A part whose size is any power of two up to the limit.
fn part(random: &mut Random, exponent: usize) -> f64 {
    let size = 2f64.powi(random.below(2 * exponent) as i32 - exponent as i32);
    let digits = 1.0 + random.below(1 << 23) as f64 / (1 << 23) as f64;
    if random.percent(50) { size * digits } else { -size * digits }
}

fn numbers(exponent: usize) -> Vec<(f64, f64)> {
    let mut random = Random::new(7);
    (0..4000).map(|_| (part(&mut random, exponent), part(&mut random, exponent))).collect()
}

/// The function in single precision is nearly that in double precision, rounded.
#[track_caller]
fn check(op: ScalarOp, exponent: usize, units: f64) {
    for (re, im) in numbers(exponent) {
        let z = Scalar::Complex(re, im);
        let of = |dtype| complex::unary(op, dtype, z).map(Scalar::as_complex);
        let (Some(got), Some(want)) = (of(DType::C64), of(DType::C128)) else {
            panic!("there is no complex {op:?}")
        };
        let distance = (got.0 - want.0).hypot(got.1 - want.1);
        let size = want.0.hypot(want.1);
        // What is less than the smallest normal number may be flushed.
        let close = distance <= units * 2f64.powi(-24) * size + f64::from(f32::MIN_POSITIVE);
        assert!(close, "{op:?} of ({re:e}, {im:e}): {got:?}, in double precision {want:?}");
    }
}

#[test]
fn numbers_of_all_sizes_have_magnitudes_roots_and_logarithms() {
    for op in [ScalarOp::Abs, ScalarOp::Sqrt, ScalarOp::Rsqrt, ScalarOp::Log, ScalarOp::Sign] {
        check(op, 120, 8.0);
    }
}

#[test]
fn numbers_of_all_sizes_have_inverse_functions() {
    let inverse = [ScalarOp::Asin, ScalarOp::Acos, ScalarOp::Atan];
    let hyperbolic = [ScalarOp::Asinh, ScalarOp::Acosh, ScalarOp::Atanh, ScalarOp::Log1p];
    for op in inverse.into_iter().chain(hyperbolic) {
        check(op, 60, 8.0);
    }
}

#[test]
fn small_and_moderate_numbers_have_exponentials() {
    let exponentials = [ScalarOp::Exp, ScalarOp::Expm1, ScalarOp::Sinh, ScalarOp::Cosh];
    let circular = [ScalarOp::Tanh, ScalarOp::Sin, ScalarOp::Cos, ScalarOp::Tan];
    for op in exponentials.into_iter().chain(circular) {
        check(op, 5, 16.0);
    }
}

#[test]
fn quotients_do_not_overflow_on_the_way() {
    let of = |z: (f64, f64), w: (f64, f64)| {
        let (z, w) = (Scalar::Complex(z.0, z.1), Scalar::Complex(w.0, w.1));
        complex::binary(ScalarOp::Div, DType::C128, z, w).map(Scalar::as_complex)
    };
    let (huge, tiny) = (1e300, 1e-300);
    assert_eq!(of((huge, huge), (huge, huge)), Some((1.0, 0.0)));
    assert_eq!(of((tiny, tiny), (tiny, -tiny)), Some((0.0, 1.0)));
    assert_eq!(of((huge, 0.0), (0.0, huge)), Some((0.0, -1.0)));
    assert_eq!(of((1.0, 2.0), (f64::INFINITY, 0.0)), Some((0.0, 0.0)));
}

/// A program that stores what a function of the builder gives for two complex inputs.
fn program(
    dtype: DType,
    n: usize,
    emit: impl FnOnce(&mut BodyBuilder, [jaxrs_kernel::ValueId; 2]) -> jaxrs_kernel::ValueId,
) -> Program {
    let mut program = Program::default();
    let mut b = BodyBuilder::new();
    let point = b.point(0);
    let args = [0, 1].map(|number| {
        let id = program.add_buffer(dtype, n, Place::Input(number));
        program.inputs.push(id);
        b.load(id, dtype, point, None)
    });
    let out = emit(&mut b, args);
    let id = program.add_buffer(b.dtype(out), n, Place::Output(0));
    program.outputs.push(id);
    program.shares_input.push(None);
    b.store(id, point, out, None);
    let (values, body) = b.finish();
    let (name, lanes) = ("complex".into(), Lanes::Domain);
    program.steps.push(Step::Kernel(Kernel {
        name,
        domain: vec![n],
        lanes,
        grain: 0,
        values,
        body,
    }));
    program
}

fn operands(dtype: DType) -> [Literal; 2] {
    let special = [0.0, -0.0, 1.0, -2.5, f64::INFINITY, f64::NEG_INFINITY, f64::NAN];
    let pairs = special.into_iter().flat_map(|re| special.into_iter().map(move |im| (re, im)));
    let values: Vec<Scalar> = pairs
        .chain(numbers(3).into_iter().take(200))
        .map(|(re, im)| Scalar::Complex(re, im).rounded(dtype))
        .collect();
    let ty = Type::new(dtype, [values.len()]);
    let shifted = |k: usize| values[(k * 5 + 3) % values.len()];
    [Literal::from_scalars(ty.clone(), &values), Literal::from_fn(ty, shifted)]
}

fn is_same(a: f64, b: f64) -> bool {
    a.to_bits() == b.to_bits() || (a.is_nan() && b.is_nan())
}

/// The kernel gives the same bits as the definition.
#[track_caller]
fn check_kernel(
    dtype: DType,
    emit: impl FnOnce(&mut BodyBuilder, [jaxrs_kernel::ValueId; 2]) -> jaxrs_kernel::ValueId,
    define: impl Fn(Scalar, Scalar) -> Scalar,
) {
    let inputs = operands(dtype);
    let program = program(dtype, inputs[0].len(), emit);
    jaxrs_kernel::check::check(&program).expect("the program is well formed");
    let got = interpret(&program, &inputs).expect("the program is well formed");
    for k in 0..inputs[0].len() {
        let (z, w) = (inputs[0].get(k), inputs[1].get(k));
        let (got, want) = (got[0].get(k), define(z, w));
        let (a, b) = (got.as_complex(), want.as_complex());
        assert!(is_same(a.0, b.0) && is_same(a.1, b.1), "{z} and {w}: {got} instead of {want}");
    }
}

#[test]
fn kernels_compute_what_functions_are_defined_as() {
    let missing = || Scalar::Bool(false);
    for dtype in [DType::C64, DType::C128] {
        for op in UNARY.into_iter().chain([ScalarOp::Abs]) {
            let define = |z, _| complex::unary(op, dtype, z).unwrap_or_else(missing);
            check_kernel(dtype, |b, [z, _]| b.op(op, &[z]), define);
        }
        for op in BINARY {
            let define = |z, w| complex::binary(op, dtype, z, w).unwrap_or_else(missing);
            check_kernel(dtype, |b, args| b.op(op, &args), define);
        }
    }
}

#[test]
fn every_function_that_is_promised_is_there() {
    for op in ScalarOp::PLAIN {
        let is_listed = UNARY.contains(&op) || BINARY.contains(&op);
        assert_eq!(complex::takes(op), is_listed, "{op:?}");
    }
}

#[test]
fn comparisons_and_selections_look_at_both_parts() {
    let equal = |z: Scalar, w: Scalar| z.as_complex() == w.as_complex();
    check_kernel(
        DType::C64,
        |b, [z, w]| {
            let equal = b.compare(Compare::Eq, z, w);
            b.select(equal, z, w)
        },
        |z, w| if equal(z, w) { z } else { w },
    );
}

#[test]
fn loops_hand_on_sums_and_products() {
    let apply = |op, a, b| complex::binary(op, DType::C64, a, b).unwrap_or(a);
    let repeated = |op, z| (0..3).fold(z, |result, _| apply(op, result, z));
    check_kernel(
        DType::C64,
        |b, [z, _]| {
            let ops = [ReduceOp::Mul, ReduceOp::Add];
            let Ok(results) = b.reduce(3, &ops, &[z, z], |_, _| {
                Ok::<_, std::convert::Infallible>([z, z].into_iter().collect())
            });
            b.add(results[0], results[1])
        },
        |z, _| apply(ScalarOp::Add, repeated(ScalarOp::Mul, z), repeated(ScalarOp::Add, z)),
    );
}
