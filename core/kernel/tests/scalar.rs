//! What each scalar operation gives at the edges of each type, as `scalar.rs` defines it.
#![expect(clippy::unwrap_used, reason = "a failing test panics")]

use jaxrs_data::{DType, Literal, Scalar, Type};
use jaxrs_kernel::interpret::interpret;
use jaxrs_kernel::{BodyBuilder, Compare, Kernel, Lanes, Place, Program, ScalarOp, Step, ValueId};

/// Computes something of each element of an array.
fn apply_to_one(
    operand: &Literal,
    f: impl FnOnce(&mut BodyBuilder, ValueId) -> ValueId,
) -> Literal {
    compute("one", std::slice::from_ref(operand), |b, args| f(b, args[0]))
}

/// Applies an operation element by element.
fn apply(op: ScalarOp, operands: &[Literal]) -> Literal {
    compute(op.name(), operands, |b, args| b.op(op, args))
}

fn compute(
    name: &str,
    operands: &[Literal],
    f: impl FnOnce(&mut BodyBuilder, &[ValueId]) -> ValueId,
) -> Literal {
    let mut program = Program::default();
    let mut b = BodyBuilder::new();
    let i = b.point(0);
    let mut args = Vec::new();
    for (number, operand) in operands.iter().enumerate() {
        let dtype = operand.ty().dtype;
        let id = program.add_buffer(dtype, operand.len(), Place::Input(number));
        program.inputs.push(id);
        args.push(b.load(id, dtype, i, None));
    }
    let result = f(&mut b, &args);
    let out = program.add_buffer(b.dtype(result), operands[0].len(), Place::Output(0));
    program.outputs.push(out);
    b.store(out, i, result, None);
    let (values, body) = b.finish();
    let (name, domain) = (name.to_owned(), vec![operands[0].len()]);
    let kernel = Kernel { name, domain, lanes: Lanes::Domain, grain: 0, values, body };
    program.steps.push(Step::Kernel(kernel));
    interpret(&program, operands).unwrap().remove(0)
}

fn literal(dtype: DType, elements: &[Scalar]) -> Literal {
    Literal::from_fn(Type::new(dtype, [elements.len()]), |at| elements[at])
}

fn floats(dtype: DType, values: &[f64]) -> Literal {
    literal(dtype, &values.iter().map(|&v| Scalar::Float(v)).collect::<Vec<_>>())
}

/// Checks an operation on floats, in both precisions.
#[track_caller]
fn check(op: ScalarOp, operands: &[&[f64]], expected: &[f64]) {
    for dtype in [DType::F32, DType::F64] {
        let operands: Vec<Literal> = operands.iter().map(|values| floats(dtype, values)).collect();
        let (got, expected) = (apply(op, &operands), floats(dtype, expected));
        for (got, expected) in got.iter().zip(expected.iter()) {
            let (a, b) = (got.as_f64(), expected.as_f64());
            let same = a.to_bits() == b.to_bits() || (a.is_nan() && b.is_nan());
            assert!(same, "{op:?} of {operands:?}: got {a:?}, expected {b:?}");
        }
    }
}

const INTEGERS: [DType; 8] =
    [DType::I8, DType::I16, DType::I32, DType::I64, DType::U8, DType::U16, DType::U32, DType::U64];

/// The edges of an integer type and a few small numbers.
fn edges(dtype: DType) -> Vec<i128> {
    let bits = dtype.bits();
    let (min, max) = match dtype.is_signed() {
        true => (-(1i128 << (bits - 1)), (1i128 << (bits - 1)) - 1),
        false => (0, (1i128 << bits) - 1),
    };
    let candidates =
        [min, min + 1, max, max - 1, -2, -1, 0, 1, 2, 3, 7, 8, 31, 32, 33, 63, 64, 100];
    candidates.into_iter().filter(|v| (min..=max).contains(v)).collect()
}

fn integer(v: i128, dtype: DType) -> Scalar {
    match dtype.is_signed() {
        true => Scalar::Int(v as i64).rounded(dtype),
        false => Scalar::Uint(v as u64).rounded(dtype),
    }
}

/// Checks a binary operation on all pairs of edges against one on mathematical integers.
fn check_integers(op: ScalarOp, expected: impl Fn(DType, i128, i128) -> i128) {
    for dtype in INTEGERS {
        let edges = edges(dtype);
        let pairs: Vec<(i128, i128)> =
            edges.iter().flat_map(|&a| edges.iter().map(move |&b| (a, b))).collect();
        let side = |f: fn(&(i128, i128)) -> i128| {
            literal(dtype, &pairs.iter().map(|pair| integer(f(pair), dtype)).collect::<Vec<_>>())
        };
        let got = apply(op, &[side(|pair| pair.0), side(|pair| pair.1)]);
        for (&(a, b), got) in pairs.iter().zip(got.iter()) {
            let expected = integer(expected(dtype, a, b), dtype);
            assert_eq!(got, expected, "{op:?} of {a} and {b} as {dtype}");
        }
    }
}

/// The bits of a number in a type, as a number from 0 up.
fn unsigned(dtype: DType, v: i128) -> i128 {
    v & ((1i128 << dtype.bits()) - 1)
}

/// The bits of a number in a type, read as two's complement.
fn signed(dtype: DType, v: i128) -> i128 {
    let (v, half) = (unsigned(dtype, v), 1i128 << (dtype.bits() - 1));
    if v >= half { v - 2 * half } else { v }
}

#[test]
fn integer_arithmetic_wraps() {
    check_integers(ScalarOp::Add, |_, a, b| a + b);
    check_integers(ScalarOp::Sub, |_, a, b| a - b);
    check_integers(ScalarOp::Mul, |_, a, b| a.wrapping_mul(b));
    check_integers(ScalarOp::Max, |_, a, b| a.max(b));
    check_integers(ScalarOp::Min, |_, a, b| a.min(b));
    check_integers(ScalarOp::And, |_, a, b| a & b);
    check_integers(ScalarOp::Or, |_, a, b| a | b);
    check_integers(ScalarOp::Xor, |_, a, b| a ^ b);
}

#[test]
fn division_by_zero_gives_all_bits_set_and_the_dividend_as_remainder() {
    check_integers(ScalarOp::Div, |_, a, b| if b == 0 { -1 } else { a / b });
    check_integers(ScalarOp::Rem, |_, a, b| if b == 0 { a } else { a % b });
}

/// The builder folds constants; it must not change what comes out.
#[test]
fn operations_on_constants_give_what_those_on_elements_give() {
    let ops = ScalarOp::PLAIN.into_iter().filter(|op| op.arity() == 2);
    let compares = Compare::ALL.into_iter().map(ScalarOp::Compare);
    for op in ops.chain(compares) {
        for dtype in INTEGERS.into_iter().filter(|&dtype| op.takes(dtype)) {
            let edges = edges(dtype);
            let elements =
                literal(dtype, &edges.iter().map(|&v| integer(v, dtype)).collect::<Vec<_>>());
            for &edge in &edges {
                let constant = integer(edge, dtype);
                let full = Literal::full(elements.ty().clone(), constant);
                let message = format!("{op:?} of {edge} as {dtype}");
                let expected = apply(op, &[elements.clone(), full.clone()]);
                let one_is = |b: &mut BodyBuilder, x| {
                    let c = b.constant(dtype, constant);
                    b.op(op, &[x, c])
                };
                assert_eq!(apply_to_one(&elements, one_is), expected, "{message} on the right");
                let expected = apply(op, &[full.clone(), elements.clone()]);
                let one_is = |b: &mut BodyBuilder, x| {
                    let c = b.constant(dtype, constant);
                    b.op(op, &[c, x])
                };
                assert_eq!(apply_to_one(&elements, one_is), expected, "{message} on the left");
                let both = |b: &mut BodyBuilder, _| {
                    let (c, d) = (b.constant(dtype, constant), b.constant(dtype, elements.get(0)));
                    b.op(op, &[c, d])
                };
                let got = apply_to_one(&elements, both).get(0);
                assert_eq!(got, expected.get(0), "{message} on both sides");
            }
        }
    }
}

#[test]
fn shifts_by_the_width_or_more_give_zero_or_the_sign() {
    let far = |dtype: DType, by: i128| unsigned(dtype, by) >= dtype.bits().into();
    check_integers(ScalarOp::ShiftLeft, |dtype, a, by| if far(dtype, by) { 0 } else { a << by });
    check_integers(ScalarOp::ShiftRightLogical, |dtype, a, by| {
        if far(dtype, by) { 0 } else { unsigned(dtype, a) >> by }
    });
    check_integers(ScalarOp::ShiftRightArithmetic, |dtype, a, by| {
        signed(dtype, a) >> if far(dtype, by) { 100 } else { by }
    });
}

#[test]
fn unary_integer_operations_keep_the_width() {
    // The second operand is there to be ignored.
    let unary = |op: ScalarOp, expected: fn(DType, i128) -> i128| {
        for dtype in INTEGERS {
            let edges = edges(dtype);
            let input: Vec<Scalar> = edges.iter().map(|&v| integer(v, dtype)).collect();
            let got = apply(op, &[literal(dtype, &input)]);
            for (&v, got) in edges.iter().zip(got.iter()) {
                let expected = integer(expected(dtype, v), dtype);
                assert_eq!(got, expected, "{op:?} of {v} as {dtype}");
            }
        }
    };
    unary(ScalarOp::Neg, |_, v| -v);
    unary(ScalarOp::Abs, |_, v| v.abs());
    unary(ScalarOp::Sign, |_, v| v.signum());
    unary(ScalarOp::Not, |_, v| !v);
    unary(ScalarOp::PopulationCount, |dtype, v| unsigned(dtype, v).count_ones().into());
    unary(ScalarOp::CountLeadingZeros, |dtype, v| {
        i128::from(unsigned(dtype, v).leading_zeros()) - 128 + i128::from(dtype.bits())
    });
}

#[test]
fn integer_comparisons_go_by_the_sign_of_the_type() {
    for dtype in INTEGERS {
        let edges = edges(dtype);
        for &b in &edges {
            let side = |v: &[i128]| {
                literal(dtype, &v.iter().map(|&v| integer(v, dtype)).collect::<Vec<_>>())
            };
            let operands = [side(&edges), side(&vec![b; edges.len()])];
            let less = apply(ScalarOp::Compare(Compare::Lt), &operands);
            let at_least = apply(ScalarOp::Compare(Compare::Ge), &operands);
            for ((&a, less), at_least) in edges.iter().zip(less.iter()).zip(at_least.iter()) {
                let expected = (Scalar::Bool(a < b), Scalar::Bool(a >= b));
                assert_eq!((less, at_least), expected, "{a} {b} {dtype}");
            }
        }
    }
}

const NAN: f64 = f64::NAN;
const INF: f64 = f64::INFINITY;

#[test]
fn the_larger_and_the_smaller_keep_nan_and_tell_zeros_apart() {
    let a = [1.0, NAN, 1.0, 0.0, -0.0, -0.0, INF, -INF, NAN];
    let b = [2.0, 1.0, NAN, -0.0, 0.0, -0.0, NAN, 3.0, NAN];
    check(ScalarOp::Max, &[&a, &b], &[2.0, NAN, NAN, 0.0, 0.0, -0.0, NAN, 3.0, NAN]);
    check(ScalarOp::Min, &[&a, &b], &[1.0, NAN, NAN, -0.0, -0.0, -0.0, NAN, -INF, NAN]);
}

#[test]
fn the_sign_of_zero_and_nan_is_themselves() {
    check(ScalarOp::Sign, &[&[2.5, -INF, 0.0, -0.0, NAN]], &[1.0, -1.0, 0.0, -0.0, NAN]);
    check(ScalarOp::Neg, &[&[0.0, -0.0, INF, NAN]], &[-0.0, 0.0, -INF, NAN]);
    check(ScalarOp::Abs, &[&[-0.0, -INF, NAN, -2.0]], &[0.0, INF, NAN, 2.0]);
}

#[test]
fn rounding_goes_to_the_named_side_and_keeps_the_sign_of_zero() {
    let x = [0.5, 1.5, 2.5, -0.5, -1.5, -2.5, 0.49999997, -0.2, INF, NAN];
    check(ScalarOp::Round, &[&x], &[1.0, 2.0, 3.0, -1.0, -2.0, -3.0, 0.0, -0.0, INF, NAN]);
    let even = [0.0, 2.0, 2.0, -0.0, -2.0, -2.0, 0.0, -0.0, INF, NAN];
    check(ScalarOp::RoundTiesEven, &[&x], &even);
    let floor = [0.0, 1.0, 2.0, -1.0, -2.0, -3.0, 0.0, -1.0, INF, NAN];
    check(ScalarOp::Floor, &[&x], &floor);
    let ceil = [1.0, 2.0, 3.0, -0.0, -1.0, -2.0, 1.0, -0.0, INF, NAN];
    check(ScalarOp::Ceil, &[&x], &ceil);
}

#[test]
fn comparisons_with_nan_are_false_but_for_ne() {
    let (a, b) = ([NAN, 1.0, NAN, -0.0, 1.0], [1.0, NAN, NAN, 0.0, 2.0]);
    for (compare, expected) in [
        (Compare::Eq, [false, false, false, true, false]),
        (Compare::Ne, [true, true, true, false, true]),
        (Compare::Lt, [false, false, false, false, true]),
        (Compare::Le, [false, false, false, true, true]),
        (Compare::Gt, [false, false, false, false, false]),
        (Compare::Ge, [false, false, false, true, false]),
    ] {
        for dtype in [DType::F32, DType::F64] {
            let got = apply(ScalarOp::Compare(compare), &[floats(dtype, &a), floats(dtype, &b)]);
            let expected: Vec<Scalar> = expected.into_iter().map(Scalar::Bool).collect();
            assert_eq!(got.iter().collect::<Vec<_>>(), expected, "{compare:?}");
        }
    }
}

#[test]
fn float_division_and_remainder_follow_ieee_754() {
    let (a, b) = ([1.0, -1.0, 0.0, 5.5, -5.5, 1.0, INF], [0.0, 0.0, 0.0, 2.0, 2.0, INF, 2.0]);
    check(ScalarOp::Div, &[&a, &b], &[INF, -INF, NAN, 2.75, -2.75, 0.0, INF]);
    check(ScalarOp::Rem, &[&a, &b], &[NAN, NAN, NAN, 1.5, -1.5, 1.0, NAN]);
}

#[test]
fn functions_have_their_limits_at_the_ends_of_their_domains() {
    use ScalarOp::*;
    let ends = [0.0, -0.0, 1.0, -1.0, INF, -INF, NAN];
    let (pi, half_pi, quarter_pi) =
        (std::f64::consts::PI, std::f64::consts::FRAC_PI_2, std::f64::consts::FRAC_PI_4);
    check(Sqrt, &[&ends], &[0.0, -0.0, 1.0, NAN, INF, NAN, NAN]);
    check(Rsqrt, &[&ends], &[INF, -INF, 1.0, NAN, 0.0, NAN, NAN]);
    check(Cbrt, &[&ends], &[0.0, -0.0, 1.0, -1.0, INF, -INF, NAN]);
    check(Exp, &[&[0.0, -0.0, INF, -INF, NAN]], &[1.0, 1.0, INF, 0.0, NAN]);
    check(Exp2, &[&[0.0, 10.0, INF, -INF, NAN]], &[1.0, 1024.0, INF, 0.0, NAN]);
    check(Expm1, &[&[0.0, -0.0, INF, -INF]], &[0.0, -0.0, INF, -1.0]);
    check(Log, &[&ends], &[-INF, -INF, 0.0, NAN, INF, NAN, NAN]);
    check(Log1p, &[&[0.0, -0.0, -1.0, -2.0, INF]], &[0.0, -0.0, -INF, NAN, INF]);
    check(Logistic, &[&[0.0, INF, -INF, NAN, 1e3, -1e4]], &[0.5, 1.0, 0.0, NAN, 1.0, 0.0]);
    check(Sin, &[&[0.0, -0.0, INF]], &[0.0, -0.0, NAN]);
    check(Cos, &[&[0.0, -0.0, INF]], &[1.0, 1.0, NAN]);
    check(Tan, &[&[0.0, -0.0, INF]], &[0.0, -0.0, NAN]);
    check(Asin, &[&[1.0, -1.0, 2.0]], &[half_pi, -half_pi, NAN]);
    check(Acos, &[&[1.0, -1.0, 2.0]], &[0.0, pi, NAN]);
    check(Atan, &[&[INF, -INF, 1.0]], &[half_pi, -half_pi, quarter_pi]);
    check(Sinh, &[&[0.0, -0.0, INF, -INF]], &[0.0, -0.0, INF, -INF]);
    check(Cosh, &[&[0.0, INF, -INF]], &[1.0, INF, INF]);
    check(Tanh, &[&[0.0, -0.0, INF, -INF, NAN]], &[0.0, -0.0, 1.0, -1.0, NAN]);
    check(Asinh, &[&[0.0, -0.0, INF, -INF]], &[0.0, -0.0, INF, -INF]);
    check(Acosh, &[&[1.0, INF, 0.5, -7.0]], &[0.0, INF, NAN, NAN]);
    check(Atanh, &[&[0.0, -0.0, 1.0, -1.0, 2.0]], &[0.0, -0.0, INF, -INF, NAN]);
    check(Erf, &[&[0.0, -0.0, INF, -INF]], &[0.0, -0.0, 1.0, -1.0]);
    check(Erfc, &[&[0.0, INF, -INF]], &[1.0, 0.0, 2.0]);
    check(ErfInv, &[&[0.0, -0.0, 1.0, -1.0, 2.0]], &[0.0, -0.0, INF, -INF, NAN]);
    check(Lgamma, &[&[1.0, 2.0, 0.0, -1.0, INF, -INF]], &[0.0, 0.0, INF, INF, INF, INF]);
    check(Digamma, &[&[0.0, -1.0, INF, -INF]], &[NAN, NAN, INF, NAN]);
}

#[test]
fn powers_and_angles_follow_c() {
    let (x, y) = (
        [2.0, -2.0, -2.0, 0.0, -0.0, NAN, 1.0, -8.0, INF, 0.0],
        [10.0, 3.0, 0.5, -1.0, -1.0, 0.0, NAN, 1.0 / 3.0, -1.0, 0.0],
    );
    let expected = [1024.0, -8.0, NAN, INF, -INF, 1.0, 1.0, NAN, 0.0, 1.0];
    check(ScalarOp::Pow, &[&x, &y], &expected);
    let pi = std::f64::consts::PI;
    let (y, x) = ([0.0, 0.0, -0.0, 1.0, NAN], [1.0, -1.0, -1.0, 0.0, 1.0]);
    check(ScalarOp::Atan2, &[&y, &x], &[0.0, pi, -pi, pi / 2.0, NAN]);
}

#[test]
fn the_next_float_is_one_unit_away() {
    let (from, to) = ([1.0, 1.0, 1.0, 0.0, NAN, INF], [2.0, 0.0, 1.0, -1.0, 1.0, 0.0]);
    for (dtype, above, below, least, largest) in [
        (DType::F32, 1.0 + 2f64.powi(-23), 1.0 - 2f64.powi(-24), 2f64.powi(-149), f32::MAX.into()),
        (DType::F64, 1.0 + 2f64.powi(-52), 1.0 - 2f64.powi(-53), 5e-324, f64::MAX),
    ] {
        let got = apply(ScalarOp::NextAfter, &[floats(dtype, &from), floats(dtype, &to)]);
        let expected = floats(dtype, &[above, below, 1.0, -least, NAN, largest]);
        assert_eq!(got.to_string(), expected.to_string());
    }
}

#[test]
fn casts_agree_with_the_scalars_of_the_data_crate() {
    let values = [
        0.0, -0.0, 1.0, -1.0, 0.5, -0.9, 127.0, 128.0, 255.9, 256.0, -129.0, 65504.0, 65520.0, 3e9,
        -3e9, 1e19, -1e19, 1e-8, 3e38, 1e300, INF, -INF, NAN,
    ];
    let computes = |dtype: &DType| dtype.is_ordered();
    for from in DType::ALL.into_iter().filter(computes) {
        let input = floats(DType::F64, &values);
        let input = Literal::from_fn(Type::new(from, [values.len()]), |at| input.get(at));
        for to in DType::ALL.into_iter().filter(computes).filter(|&to| to != from) {
            let got = apply(ScalarOp::Cast(to), std::slice::from_ref(&input));
            let expected =
                Literal::from_fn(Type::new(to, [values.len()]), |at| input.get(at).cast(to));
            assert_eq!(got.to_string(), expected.to_string(), "{from} to {to}");
        }
    }
}

#[test]
fn large_integers_are_rounded_to_floats_once() {
    // Halfway in double precision, but not exactly halfway: two roundings would go down.
    let value = (1i64 << 60) + (1 << 36) + 1;
    let got = apply(ScalarOp::Cast(DType::F32), &[literal(DType::I64, &[Scalar::Int(value)])]);
    assert_eq!(got.get(0).as_f64(), 2f64.powi(60) + 2f64.powi(37));
}

#[test]
fn bitcasts_keep_the_bits() {
    let got = apply(ScalarOp::Bitcast(DType::U32), &[floats(DType::F32, &[1.0, -0.0])]);
    assert_eq!(got.to_string(), "[1065353216, 2147483648]:u32[2]");
    let got = apply(ScalarOp::Bitcast(DType::F64), &[literal(DType::I64, &[Scalar::Int(-1)])]);
    assert!(got.get(0).as_f64().is_nan());
    let got = apply(ScalarOp::Bitcast(DType::I16), &[floats(DType::BF16, &[1.0])]);
    assert_eq!(got.to_string(), "[16256]:i16[1]");
}

#[test]
fn every_operation_runs_on_every_type_that_it_takes() {
    let casts = DType::ALL
        .into_iter()
        .flat_map(|to| [ScalarOp::Cast(to), ScalarOp::Bitcast(to), ScalarOp::Join(to)]);
    let compares = Compare::ALL.into_iter().map(ScalarOp::Compare);
    for op in ScalarOp::PLAIN.into_iter().chain(compares).chain(casts) {
        for dtype in DType::ALL.into_iter().filter(|&dtype| op.takes(dtype)) {
            let operand = Literal::from_fn(Type::new(dtype, [3]), |at| Scalar::Int(at as i64));
            let mut operands = vec![operand; op.arity()];
            if op == ScalarOp::Select {
                operands[0] = Literal::full(Type::new(DType::Bool, [3]), Scalar::Bool(true));
            }
            assert_eq!(apply(op, &operands).len(), 3);
        }
    }
}

#[test]
fn truth_values_have_their_own_logic() {
    let bools = |values: &[bool]| {
        literal(DType::Bool, &values.iter().map(|&v| Scalar::Bool(v)).collect::<Vec<_>>())
    };
    let (a, b) = (bools(&[false, false, true, true]), bools(&[false, true, false, true]));
    for (op, expected) in [
        (ScalarOp::And, [false, false, false, true]),
        (ScalarOp::Or, [false, true, true, true]),
        (ScalarOp::Xor, [false, true, true, false]),
        (ScalarOp::Max, [false, true, true, true]),
        (ScalarOp::Min, [false, false, false, true]),
        (ScalarOp::Compare(Compare::Lt), [false, true, false, false]),
    ] {
        assert_eq!(apply(op, &[a.clone(), b.clone()]), bools(&expected), "{op:?}");
    }
    assert_eq!(apply(ScalarOp::Not, &[a]), bools(&[true, true, false, false]));
}
