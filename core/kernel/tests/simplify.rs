//! What the builder leaves out does not change what comes out: random index arithmetic, built with the
//! limits of coordinates known, beside the same arithmetic done here.
#![expect(clippy::unwrap_used, reason = "a failing test panics")]

use jaxrs_data::{DType, Literal, Scalar, Type};
use jaxrs_kernel::interpret::interpret;
use jaxrs_kernel::testing::Random;
use jaxrs_kernel::{BodyBuilder, Compare, Kernel, Lanes, Place, Program, ScalarOp, Step, ValueId};

const DOMAIN: [usize; 3] = [4, 6, 5];
const POINTS: usize = 120;

/// A value beside what it is at each point.
#[derive(Clone)]
struct Value {
    id: ValueId,
    at: Vec<i64>,
}

fn compute(op: ScalarOp, a: i64, b: i64) -> i64 {
    match op {
        ScalarOp::Add => a.wrapping_add(b),
        ScalarOp::Sub => a.wrapping_sub(b),
        ScalarOp::Mul => a.wrapping_mul(b),
        ScalarOp::Div => {
            if b == 0 {
                -1
            } else {
                a.wrapping_div(b)
            }
        }
        ScalarOp::Rem => {
            if b == 0 {
                a
            } else {
                a.wrapping_rem(b)
            }
        }
        ScalarOp::Max => a.max(b),
        ScalarOp::Min => a.min(b),
        _ => panic!("{op:?} is not among the operations of this test"),
    }
}

fn compare(compare: Compare, a: i64, b: i64) -> bool {
    match compare {
        Compare::Eq => a == b,
        Compare::Ne => a != b,
        Compare::Lt => a < b,
        Compare::Le => a <= b,
        Compare::Gt => a > b,
        Compare::Ge => a >= b,
    }
}

/// One more value: arithmetic, mostly with a small constant, or a selection by a comparison.
fn grow(random: &mut Random, b: &mut BodyBuilder, known: &[Value]) -> Value {
    let x = random.choose(known);
    let y = match random.below(10) {
        0 => constant(b, random.choose(&[i64::MIN, i64::MAX, -1, i64::MAX / 2])),
        1..=6 => constant(b, random.choose(&[0, 1, 2, 3, 4, 5, 6, 12, 30, -2, 119])),
        _ => random.choose(known),
    };
    if random.percent(20) {
        let (how, z) = (random.choose(&Compare::ALL), random.choose(known));
        let condition = b.compare(how, x.id, y.id);
        let id = b.select(condition, x.id, z.id);
        let chosen = |p: usize| if compare(how, x.at[p], y.at[p]) { x.at[p] } else { z.at[p] };
        return Value { id, at: (0..POINTS).map(chosen).collect() };
    }
    let ops = [
        ScalarOp::Add,
        ScalarOp::Sub,
        ScalarOp::Mul,
        ScalarOp::Div,
        ScalarOp::Rem,
        ScalarOp::Max,
        ScalarOp::Min,
    ];
    let op = random.choose(&ops);
    let (x, y) = if random.percent(20) { (y, x) } else { (x, y) };
    let at = x.at.iter().zip(&y.at).map(|(&x, &y)| compute(op, x, y)).collect();
    Value { id: b.op(op, &[x.id, y.id]), at }
}

fn constant(b: &mut BodyBuilder, value: i64) -> Value {
    Value { id: b.index(value), at: vec![value; POINTS] }
}

fn check(seed: u64) {
    let mut random = Random::new(seed);
    let mut program = Program::default();
    let input = program.add_buffer(DType::I64, POINTS, Place::Input(0));
    let output = program.add_buffer(DType::I64, POINTS, Place::Output(0));
    (program.inputs, program.outputs) = (vec![input], vec![output]);
    let edges = [i64::MIN, i64::MAX, i64::MAX / 2, -1, 0, 1, 7, -119];
    let data: Vec<i64> = (0..POINTS).map(|_| random.choose(&edges)).collect();

    let mut b = BodyBuilder::for_domain(&DOMAIN);
    let coordinates: [fn(i64) -> i64; 3] = [|p| p / 30, |p| p / 5 % 6, |p| p % 5];
    let mut known: Vec<Value> = (0..3)
        .map(|axis| Value {
            id: b.point(axis),
            at: (0..POINTS as i64).map(coordinates[axis]).collect(),
        })
        .collect();
    let (thirty, five) = (b.index(30), b.index(5));
    let (rows, cols) = (b.mul(known[0].id, thirty), b.mul(known[1].id, five));
    let sum = b.add(rows, cols);
    let position = b.add(sum, known[2].id);
    known.push(Value { id: position, at: (0..POINTS as i64).collect() });
    known.push(Value { id: b.load(input, DType::I64, position, None), at: data.clone() });
    for _ in 0..random.between(1, 12) {
        let value = grow(&mut random, &mut b, &known);
        known.push(value);
    }
    let Some(last) = known.pop() else { return };
    b.store(output, position, last.id, None);
    let (values, body) = b.finish();
    let (name, domain) = ("random".to_owned(), DOMAIN.to_vec());
    let kernel = Kernel { name, domain, lanes: Lanes::Domain, grain: 0, values, body };
    program.steps.push(Step::Kernel(kernel));

    let literal = Literal::from_fn(Type::new(DType::I64, [POINTS]), |p| Scalar::Int(data[p]));
    let got = interpret(&program, &[literal]).unwrap().remove(0);
    for (p, (got, &expected)) in got.iter().zip(&last.at).enumerate() {
        assert_eq!(got, Scalar::Int(expected), "seed {seed}, point {p}\n{program}");
    }
}

#[test]
fn simplified_index_arithmetic_gives_the_same_numbers() {
    (0..if cfg!(debug_assertions) { 3_000 } else { 100_000 }).for_each(check);
}
