//! What programs compute.
#![expect(clippy::unwrap_used, reason = "a failing test panics")]

use std::convert::Infallible;

use jaxrs_data::{DType, Literal, Scalar, Type, smallvec};
use jaxrs_kernel::check::check_schedule;
use jaxrs_kernel::interpret::interpret;
use jaxrs_kernel::{
    BodyBuilder, BufferId, Carry, Compare, IndexVar, Kernel, Lanes, LibraryCall, MatMul, Operand,
    Place, Program, ReduceOp, ScalarOp, Sort, Step,
};

type Never<T> = Result<T, Infallible>;

fn f32s(values: &[f32]) -> Literal {
    Literal::f32([values.len()], values)
}

fn i32s(values: &[i32]) -> Literal {
    let ty = Type::new(DType::I32, [values.len()]);
    Literal::from_fn(ty, |at| Scalar::Int(values[at].into()))
}

/// A program with inputs of the given literals' types and outputs as given, and its buffers.
fn program(inputs: &[Literal], outputs: &[(DType, usize)]) -> (Program, Vec<BufferId>) {
    let mut program = Program::default();
    for (number, input) in inputs.iter().enumerate() {
        let id = program.add_buffer(input.ty().dtype, input.len(), Place::Input(number));
        program.inputs.push(id);
    }
    for (number, &(dtype, len)) in outputs.iter().enumerate() {
        let id = program.add_buffer(dtype, len, Place::Output(number));
        program.outputs.push(id);
    }
    let ids = (0..program.buffers.len() as u32).map(BufferId).collect();
    (program, ids)
}

fn kernel(
    domain: &[usize],
    lanes: Lanes,
    body: impl FnOnce(&mut BodyBuilder) -> Never<()>,
) -> Step {
    let mut builder = BodyBuilder::new();
    let Ok(()) = body(&mut builder);
    let (values, body) = builder.finish();
    Step::Kernel(Kernel { name: "k".into(), domain: domain.into(), lanes, grain: 0, values, body })
}

#[track_caller]
fn check(program: &Program, inputs: &[Literal], expected: &str) {
    // Faults that only show when a program runs are the interpreter's to find.
    if !expected.starts_with("error") {
        check_schedule(program).unwrap();
    }
    let got = match interpret(program, inputs) {
        Ok(outputs) => outputs.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "),
        Err(err) => format!("error: {err}"),
    };
    assert_eq!(got, expected);
}

/// Position `i` of the flattened domain.
fn flat(b: &mut BodyBuilder, domain: &[usize]) -> jaxrs_kernel::ValueId {
    let mut position = b.index(0);
    for (axis, &size) in domain.iter().enumerate() {
        let size = b.index(size as i64);
        let (scaled, point) = (b.mul(position, size), b.point(axis));
        position = b.add(scaled, point);
    }
    position
}

#[test]
fn two_arrays_are_added_element_by_element() {
    let inputs = [f32s(&[1.0, 2.0, 3.0]), f32s(&[10.0, 20.0, 30.0])];
    let (mut p, ids) = program(&inputs, &[(DType::F32, 3)]);
    p.steps.push(kernel(&[3], Lanes::Domain, |b| {
        let i = b.point(0);
        let (x, y) = (b.load(ids[0], DType::F32, i, None), b.load(ids[1], DType::F32, i, None));
        let sum = b.add(x, y);
        b.store(ids[2], i, sum, None);
        Ok(())
    }));
    check(&p, &inputs, "[11.0, 22.0, 33.0]:f32[3]");
}

/// A transposed copy with a row added: strides that do not merge, and many blocks.
#[test]
fn transposed_and_broadcast_reads_reach_the_right_elements() {
    for domain in [[3, 5], [40, 3], [3, 700], [300, 20]] {
        let [rows, cols] = domain;
        let values: Vec<f32> = (0..rows * cols).map(|i| i as f32).collect();
        let row: Vec<f32> = (0..cols).map(|i| 0.5 * i as f32).collect();
        let inputs = [f32s(&values), f32s(&row)];
        let (mut p, ids) = program(&inputs, &[(DType::F32, rows * cols)]);
        p.steps.push(kernel(&domain, Lanes::Domain, |b| {
            let (i, j, height) = (b.point(0), b.point(1), b.index(rows as i64));
            let column = b.mul(j, height);
            let position = b.add(column, i);
            let (x, y) =
                (b.load(ids[0], DType::F32, position, None), b.load(ids[1], DType::F32, j, None));
            let (sum, out) = (b.add(x, y), flat(b, &domain));
            b.store(ids[2], out, sum, None);
            Ok(())
        }));
        let got = interpret(&p, &inputs).unwrap().remove(0);
        for (i, j) in (0..rows).flat_map(|i| (0..cols).map(move |j| (i, j))) {
            let expected = values[j * rows + i] + row[j];
            assert_eq!(got.get(i * cols + j), Scalar::Float(expected.into()), "{i} {j}");
        }
    }
}

#[test]
fn sums_agree_whatever_the_lanes_run_along() {
    for (rows, cols) in [(3, 1000), (100, 7), (1, 1000), (300, 300), (2, 0)] {
        let values: Vec<f32> = (0..rows * cols).map(|i| (i % 11) as f32 - 3.0).collect();
        let inputs = [f32s(&values)];
        for lanes in [Lanes::Domain, Lanes::Inner, Lanes::Scalar] {
            let (mut p, ids) = program(&inputs, &[(DType::F32, rows), (DType::F32, rows)]);
            p.steps.push(kernel(&[rows], lanes, |b| {
                let (i, width) = (b.point(0), b.index(cols as i64));
                let start = b.mul(i, width);
                let (zero, low) = (
                    b.constant(DType::F32, Scalar::Float(0.0)),
                    b.constant(DType::F32, Scalar::Float(f64::NEG_INFINITY)),
                );
                let ops = [ReduceOp::Add, ReduceOp::Max];
                let results = b.reduce(cols, &ops, &[zero, low], |b, k| {
                    let position = b.add(start, k);
                    let x = b.load(ids[0], DType::F32, position, None);
                    Ok::<_, Infallible>(smallvec![x, x])
                })?;
                b.store(ids[1], i, results[0], None);
                b.store(ids[2], i, results[1], None);
                Ok(())
            }));
            let got = interpret(&p, &inputs).unwrap();
            for i in 0..rows {
                let row = &values[i * cols..][..cols];
                let max = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
                assert_eq!(got[0].get(i).as_f64(), row.iter().sum::<f32>() as f64, "{lanes:?}");
                assert_eq!(got[1].get(i).as_f64(), max as f64, "{lanes:?}");
            }
        }
    }
}

#[test]
fn values_that_do_not_vary_are_reduced_too() {
    for lanes in [Lanes::Domain, Lanes::Inner] {
        let (mut p, ids) = program(&[], &[(DType::I32, 2)]);
        p.steps.push(kernel(&[2], lanes, |b| {
            let (one, i) = (b.constant(DType::I32, Scalar::Int(1)), b.point(0));
            let zero = b.constant(DType::I32, Scalar::Int(0));
            let sum = b.reduce(100, &[ReduceOp::Add], &[zero], |_, _| {
                Ok::<_, Infallible>(smallvec![one])
            })?;
            b.store(ids[0], i, sum[0], None);
            Ok(())
        }));
        check(&p, &[], "[100, 100]:i32[2]");
    }
}

#[test]
fn points_leave_a_while_loop_when_their_own_condition_fails() {
    // The number of Collatz steps; the load in the body would be out of range after the end.
    let inputs = [i32s(&[1, 2, 3, 6, 7, 27, 1, 9, 97])];
    let (mut p, ids) = program(&inputs, &[(DType::I32, 9)]);
    p.steps.push(kernel(&[9], Lanes::Domain, |b| {
        let i = b.point(0);
        let x = b.load(ids[0], DType::I32, i, None);
        let [zero, one, two, three] = [0, 1, 2, 3].map(|v| b.constant(DType::I32, Scalar::Int(v)));
        let results = b.while_loop(
            &[x, zero],
            |b, carried| Ok(b.compare(Compare::Gt, carried[0], one)),
            |b, carried| {
                let odd = b.op(ScalarOp::And, &[carried[0], one]);
                let is_odd = b.compare(Compare::Eq, odd, one);
                let (half, triple) =
                    (b.op(ScalarOp::Div, &[carried[0], two]), b.mul(carried[0], three));
                let up = b.add(triple, one);
                let next = b.select(is_odd, up, half);
                Ok::<_, Infallible>(smallvec![next, b.add(carried[1], one)])
            },
        )?;
        b.store(ids[1], i, results[1], None);
        Ok(())
    }));
    check(&p, &inputs, "[0, 1, 7, 8, 16, 111, 0, 19, 118]:i32[9]");
}

#[test]
fn a_while_loop_reads_and_writes_for_active_points_only() {
    // Point i walks j = i, i + 3, … < 7 and doubles x[j] in place.
    let inputs = [i32s(&[1, 2, 3, 4, 5, 6, 7])];
    let (mut p, ids) = program(&inputs, &[(DType::I32, 7)]);
    p.steps.push(Step::Copy { from: ids[0], to: ids[1] });
    p.steps.push(kernel(&[3], Lanes::Domain, |b| {
        let (i, end, step) = (b.point(0), b.index(7), b.index(3));
        b.while_loop(
            &[i],
            |b, carried| Ok(b.compare(Compare::Lt, carried[0], end)),
            |b, carried| {
                let x = b.load(ids[1], DType::I32, carried[0], None);
                let twice = b.add(x, x);
                b.store(ids[1], carried[0], twice, None);
                Ok::<_, Infallible>(smallvec![b.add(carried[0], step)])
            },
        )?;
        Ok(())
    }));
    check(&p, &inputs, "[2, 4, 6, 8, 10, 12, 14]:i32[7]");
}

#[test]
fn a_sequential_loop_may_cross_its_carried_values() {
    // Fibonacci, from each point's own start.
    let (mut p, ids) = program(&[], &[(DType::I64, 3), (DType::I64, 3)]);
    p.steps.push(kernel(&[3], Lanes::Domain, |b| {
        let (i, one) = (b.point(0), b.index(1));
        let results = b.sequential(10, &[i, one], |b, _, carried| {
            Ok::<_, Infallible>(smallvec![carried[1], b.add(carried[0], carried[1])])
        })?;
        b.store(ids[0], i, results[0], None);
        b.store(ids[1], i, results[1], None);
        Ok(())
    }));
    check(&p, &[], "[55, 89, 123]:i64[3]; [89, 144, 199]:i64[3]");
}

#[test]
fn a_masked_load_gives_zero_and_does_not_reach_outside() {
    // x padded by one on each side.
    let inputs = [f32s(&[1.0, 2.0])];
    let (mut p, ids) = program(&inputs, &[(DType::F32, 4)]);
    p.steps.push(kernel(&[4], Lanes::Domain, |b| {
        let (i, zero, one, two) = (b.point(0), b.index(0), b.index(1), b.index(2));
        let position = b.op(ScalarOp::Sub, &[i, one]);
        let (from, to) =
            (b.compare(Compare::Ge, position, zero), b.compare(Compare::Lt, position, two));
        let inside = b.op(ScalarOp::And, &[from, to]);
        let x = b.load(ids[0], DType::F32, position, Some(inside));
        b.store(ids[1], i, x, None);
        Ok(())
    }));
    check(&p, &inputs, "[0.0, 1.0, 2.0, 0.0]:f32[4]");
}

#[test]
fn reading_out_of_range_is_an_error() {
    let inputs = [f32s(&[1.0, 2.0])];
    let (mut p, ids) = program(&inputs, &[(DType::F32, 2)]);
    p.steps.push(kernel(&[2], Lanes::Domain, |b| {
        let (i, one) = (b.point(0), b.index(1));
        let next = b.add(i, one);
        let x = b.load(ids[0], DType::F32, next, None);
        b.store(ids[1], i, x, None);
        Ok(())
    }));
    let message = "error: kernel k reads element 2 of b0, which has 2 (this is a bug in jaxrs)";
    check(&p, &inputs, message);
}

#[test]
fn a_gather_reads_where_a_loaded_index_says() {
    let inputs = [f32s(&[10.0, 11.0, 12.0]), i32s(&[2, 0, 2, 1])];
    let (mut p, ids) = program(&inputs, &[(DType::F32, 4)]);
    p.steps.push(kernel(&[4], Lanes::Domain, |b| {
        let i = b.point(0);
        let index = b.load(ids[1], DType::I32, i, None);
        let position = b.cast(index, DType::I64);
        let x = b.load(ids[0], DType::F32, position, None);
        b.store(ids[2], i, x, None);
        Ok(())
    }));
    check(&p, &inputs, "[12.0, 10.0, 12.0, 11.0]:f32[4]");
}

/// `carry = 2 · carry + trip`, three times, with exchanged memory; then copied out.
#[test]
fn repeat_exchanges_the_memory_of_its_carries() {
    let inputs = [i32s(&[1, 2])];
    let (mut p, ids) = program(&inputs, &[(DType::I32, 2)]);
    let current = p.add_buffer(DType::I32, 2, Place::Unassigned);
    let next = p.add_buffer(DType::I32, 2, Place::Unassigned);
    p.n_index_vars = 1;
    let body = kernel(&[2], Lanes::Domain, |b| {
        let (i, trip) = (b.point(0), b.index_var(IndexVar(0)));
        let x = b.load(current, DType::I32, i, None);
        let (twice, trip) = (b.add(x, x), b.cast(trip, DType::I32));
        let sum = b.add(twice, trip);
        b.store(next, i, sum, None);
        Ok(())
    });
    p.steps.push(Step::Copy { from: ids[0], to: current });
    p.steps.push(Step::Repeat {
        index: IndexVar(0),
        trips: 3,
        carries: vec![Carry { current, next }],
        body: vec![body],
    });
    p.steps.push(Step::Copy { from: current, to: ids[1] });
    check(&p, &inputs, "[12, 20]:i32[2]");
}

#[test]
fn switch_runs_the_last_branch_where_the_index_is_none() {
    for (index, expected) in [(-5, 20), (0, 10), (1, 20), (9, 20)] {
        let inputs = [i32s(&[index]), i32s(&[10]), i32s(&[20])];
        let (mut p, ids) = program(&inputs, &[(DType::I32, 1)]);
        let branch = |from| vec![Step::Copy { from, to: ids[3] }];
        let branches = vec![branch(ids[1]), branch(ids[2])];
        p.steps.push(Step::Switch { index: ids[0], branches });
        check(&p, &inputs, &format!("[{expected}]:i32[1]"));
    }
}

#[test]
fn a_program_loop_runs_while_its_predicate_holds() {
    // Doubles until at least 100.
    let inputs = [i32s(&[7])];
    let (mut p, ids) = program(&inputs, &[(DType::I32, 1)]);
    let [current, next] = [0; 2].map(|_| p.add_buffer(DType::I32, 1, Place::Unassigned));
    let predicate = p.add_buffer(DType::Bool, 1, Place::Unassigned);
    let condition = vec![kernel(&[], Lanes::Domain, |b| {
        let (zero, end) = (b.index(0), b.constant(DType::I32, Scalar::Int(100)));
        let x = b.load(current, DType::I32, zero, None);
        let holds = b.compare(Compare::Lt, x, end);
        b.store(predicate, zero, holds, None);
        Ok(())
    })];
    let body = vec![kernel(&[], Lanes::Domain, |b| {
        let zero = b.index(0);
        let x = b.load(current, DType::I32, zero, None);
        let twice = b.add(x, x);
        b.store(next, zero, twice, None);
        Ok(())
    })];
    p.steps.push(Step::Copy { from: ids[0], to: current });
    let carries = vec![Carry { current, next }];
    p.steps.push(Step::While { carries, condition, predicate, body });
    p.steps.push(Step::Copy { from: current, to: ids[1] });
    check(&p, &inputs, "[112]:i32[1]");
}

#[test]
fn matrix_products_go_by_strides() {
    // A 2×3 times the transpose of a 2×3, twice.
    let a: Vec<f32> = (0..12).map(|i| i as f32).collect();
    let inputs = [f32s(&a), f32s(&[1.0, 0.0, 2.0, 0.0, 1.0, 1.0])];
    let (mut p, ids) = program(&inputs, &[(DType::F32, 8)]);
    let operand = |buffer, batch_stride, row_stride, col_stride| Operand {
        buffer,
        offset: 0,
        step: None,
        batch_stride,
        row_stride,
        col_stride,
    };
    p.steps.push(Step::Library(LibraryCall::MatMul(MatMul {
        batch: 2,
        m: 2,
        n: 2,
        k: 3,
        lhs: operand(ids[0], 6, 3, 1),
        rhs: operand(ids[1], 0, 1, 3),
        out: operand(ids[2], 4, 2, 1),
    })));
    check(&p, &inputs, "[4.0, 3.0, 13.0, 9.0, 22.0, 15.0, 31.0, 21.0]:f32[8]");
}

#[test]
fn sorting_is_stable_with_nan_last_and_zeros_equal() {
    let inputs = [f32s(&[0.0, f32::NAN, -0.0, -1.0, f32::NAN, 0.0]), i32s(&[0, 1, 2, 3, 4, 5])];
    let (mut p, ids) = program(&inputs, &[(DType::F32, 6), (DType::I32, 6)]);
    p.steps.push(Step::Library(LibraryCall::Sort(Sort {
        outer: 1,
        len: 6,
        inner: 1,
        n_keys: 1,
        inputs: ids[..2].into(),
        outputs: ids[2..].into(),
    })));
    let expected = "[-1.0, 0.0, -0.0, 0.0, nan, nan]:f32[6]; [3, 0, 2, 5, 1, 4]:i32[6]";
    check(&p, &inputs, expected);
}

#[test]
fn a_donated_input_is_updated_in_its_outputs_memory() {
    let inputs = [f32s(&[1.0, 2.0])];
    let (mut p, ids) = program(&inputs, &[(DType::F32, 2)]);
    p.shares_input = vec![Some(0)];
    p.steps.push(kernel(&[2], Lanes::Domain, |b| {
        let i = b.point(0);
        let x = b.load(ids[0], DType::F32, i, None);
        let square = b.mul(x, x);
        b.store(ids[1], i, square, None);
        Ok(())
    }));
    check(&p, &inputs, "[1.0, 4.0]:f32[2]");
}
