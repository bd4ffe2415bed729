//! Library calls: plain loops.

use std::cmp::Ordering;

use jaxrs_data::{DType, Result, Scalar};

use super::lane::{Double, Lane, Single};
use super::run::{Fault, Machine};
use crate::program::{BufferId, HostCall, MatMul, Operand, Sort};
use crate::select::TopK;

/// A matrix product and its element type.
pub(super) struct MatMulPlan {
    pub(super) call: MatMul,
    pub(super) dtype: DType,
}

/// A sort and the element types of its operands.
pub(super) struct SortPlan {
    pub(super) call: Sort,
    pub(super) dtypes: Vec<DType>,
}

/// A selection and the element type of what is selected from.
pub(super) struct TopKPlan {
    pub(super) call: TopK,
    pub(super) dtype: DType,
}

/// Multiplies matrices; sums are in double precision.
pub(super) fn mat_mul(plan: &MatMulPlan, machine: &mut Machine<'_, '_>) -> Result<(), Fault> {
    let call = &plan.call;
    let real = |sum: &mut f64, a: f64, b: f64| *sum += a * b;
    let complex = |sum: &mut Pair, a: Pair, b: Pair| {
        sum.0 += a.0 * b.0 - a.1 * b.1;
        sum.1 += a.0 * b.1 + a.1 * b.0;
    };
    match plan.dtype {
        DType::F32 => {
            products(call, machine, &Sums { wide: f64::from, add: real, round: |v| v as f32 })
        }
        DType::C64 => {
            let wide = |z: Single| (f64::from(z.0), f64::from(z.1));
            let round = |z: Pair| Single(z.0 as f32, z.1 as f32);
            products(call, machine, &Sums { wide, add: complex, round })
        }
        DType::C128 => {
            let (wide, round) = (|z: Double| (z.0, z.1), |z: Pair| Double(z.0, z.1));
            products(call, machine, &Sums { wide, add: complex, round })
        }
        _ => products(call, machine, &Sums { wide: |v: f64| v, add: real, round: |v| v }),
    }
}

/// Real and imaginary part.
type Pair = (f64, f64);

/// How elements are summed: made wide, multiplied and added, and rounded at the end.
struct Sums<W, A, R> {
    wide: W,
    add: A,
    round: R,
}

fn products<T: Lane, S: Copy + Default>(
    call: &MatMul,
    machine: &mut Machine<'_, '_>,
    by: &Sums<impl Fn(T) -> S, impl Fn(&mut S, S, S), impl Fn(S) -> T>,
) -> Result<(), Fault> {
    let mut sums = vec![S::default(); call.n];
    let starts = [&call.lhs, &call.rhs, &call.out].map(|operand| start(operand, machine.vars));
    for batch in 0..call.batch {
        let [lhs, rhs, out] =
            [(&call.lhs, starts[0]), (&call.rhs, starts[1]), (&call.out, starts[2])]
                .map(|(operand, start)| start + batch as i64 * operand.batch_stride as i64);
        for i in 0..call.m as i64 {
            sums.fill(S::default());
            for k in 0..call.k as i64 {
                let at = lhs + i * call.lhs.row_stride as i64 + k * call.lhs.col_stride as i64;
                let factor = (by.wide)(element(machine, &call.lhs, at)?);
                let row = rhs + k * call.rhs.row_stride as i64;
                let add = |sum: &mut S, b: T| (by.add)(sum, factor, (by.wide)(b));
                add_row(machine, &call.rhs, row, &mut sums, add)?;
            }
            let row = out + i * call.out.row_stride as i64;
            write_row(machine, &call.out, row, &sums, &by.round)?;
        }
    }
    Ok(())
}

fn start(operand: &Operand, vars: &[i64]) -> i64 {
    let moved = operand.step.map_or(0, |(var, factor)| vars[var.0 as usize] * factor as i64);
    operand.offset as i64 + moved
}

fn element<T: Lane>(machine: &Machine<'_, '_>, operand: &Operand, at: i64) -> Result<T, Fault> {
    let buffer = operand.buffer.0 as usize;
    let elements = T::lanes(machine.memory.read(machine.slots[buffer]));
    let element = usize::try_from(at).ok().and_then(|at| elements.get(at));
    element.map(|&bytes| T::read(bytes)).ok_or(Fault { buffer, position: at, writes: false })
}

fn add_row<T: Lane, S>(
    machine: &Machine<'_, '_>,
    operand: &Operand,
    start: i64,
    sums: &mut [S],
    add: impl Fn(&mut S, T),
) -> Result<(), Fault> {
    let buffer = operand.buffer.0 as usize;
    let elements = T::lanes(machine.memory.read(machine.slots[buffer]));
    let first = usize::try_from(start).unwrap_or(usize::MAX);
    let side_by_side = elements.get(first..).and_then(|rest| rest.get(..sums.len()));
    if let (1, Some(row)) = (operand.col_stride, side_by_side) {
        for (sum, &b) in sums.iter_mut().zip(row) {
            add(sum, T::read(b));
        }
        return Ok(());
    }
    for (j, sum) in sums.iter_mut().enumerate() {
        let at = start + j as i64 * operand.col_stride as i64;
        add(sum, element(machine, operand, at)?);
    }
    Ok(())
}

fn write_row<T: Lane, S: Copy>(
    machine: &mut Machine<'_, '_>,
    operand: &Operand,
    start: i64,
    sums: &[S],
    round: impl Fn(S) -> T,
) -> Result<(), Fault> {
    let buffer = operand.buffer.0 as usize;
    let mut elements = machine.memory.write(machine.slots[buffer]).map(T::lanes_mut);
    for (j, &sum) in sums.iter().enumerate() {
        let at = start + j as i64 * operand.col_stride as i64;
        let element = elements
            .as_mut()
            .and_then(|elements| elements.get_mut(usize::try_from(at).ok()?))
            .ok_or(Fault { buffer, position: at, writes: true })?;
        *element = round(sum).write();
    }
    Ok(())
}

/// Calls a routine of the host's, on copies: buffers may lie in one arena.
pub(super) fn host(call: &HostCall, machine: &mut Machine<'_, '_>) -> Result<()> {
    let bytes = |id: &BufferId| machine.bytes(id.0 as usize).to_vec();
    let inputs: Vec<Vec<u8>> = call.inputs.iter().map(bytes).collect();
    let mut outputs: Vec<Vec<u8>> = call.outputs.iter().map(bytes).collect();
    let read: Vec<&[u8]> = inputs.iter().map(Vec::as_slice).collect();
    let mut written: Vec<&mut [u8]> = outputs.iter_mut().map(Vec::as_mut_slice).collect();
    call.routine.run(&read, &mut written)?;
    for (id, bytes) in call.outputs.iter().zip(&outputs) {
        if let Some(target) = machine.memory.write(machine.slots[id.0 as usize]) {
            target.copy_from_slice(bytes);
        }
    }
    Ok(())
}

/// Sorts all sequences.
pub(super) fn sort(plan: &SortPlan, machine: &mut Machine<'_, '_>) -> Result<()> {
    let Sort { outer, len, inner, .. } = plan.call;
    let mut order: Vec<usize> = Vec::with_capacity(len);
    for sequence in 0..outer * inner {
        let first = sequence / inner * len * inner + sequence % inner;
        order.clear();
        order.extend(0..len);
        order.sort_by(|&a, &b| compare_keys(plan, machine, first + a * inner, first + b * inner));
        for (&input, &output) in plan.call.inputs.iter().zip(&plan.call.outputs) {
            let (from, to) = (input.0 as usize, output.0 as usize);
            for (to_row, &from_row) in order.iter().enumerate() {
                move_element(
                    machine,
                    (from, first + from_row * inner),
                    (to, first + to_row * inner),
                );
            }
        }
    }
    Ok(())
}

/// Selects from all sequences.
pub(super) fn top_k(plan: &TopKPlan, machine: &mut Machine<'_, '_>) -> Result<()> {
    let TopK { outer, len, inner, k, ranking, .. } = plan.call;
    let ids = [plan.call.input, plan.call.values, plan.call.positions];
    let [input, values, positions] = ids.map(|id| id.0 as usize);
    let size = machine.slots[input].elem_bytes;
    for sequence in 0..outer * inner {
        let start = |n: usize| sequence / inner * n * inner + sequence % inner;
        let bytes = machine.memory.read(machine.slots[input]);
        let at = |i: usize| {
            Scalar::from_bytes(plan.dtype, &bytes[(start(len) + i * inner) * size..][..size])
        };
        let mut order: Vec<usize> = (0..len).collect();
        order.sort_by(|&a, &b| ranking.compare(at(a), at(b)));
        for (i, &source) in order[..k].iter().enumerate() {
            let to = start(k) + i * inner;
            move_element(machine, (input, start(len) + source * inner), (values, to));
            if let Some(target) = machine.memory.write(machine.slots[positions]) {
                target[4 * to..][..4].copy_from_slice(&(source as i32).to_ne_bytes());
            }
        }
    }
    Ok(())
}

fn move_element(
    machine: &mut Machine<'_, '_>,
    (from, from_at): (usize, usize),
    (to, to_at): (usize, usize),
) {
    let size = machine.slots[from].elem_bytes;
    let mut element = [0; 16];
    let source = machine.memory.read(machine.slots[from]);
    element[..size].copy_from_slice(&source[from_at * size..][..size]);
    if let Some(target) = machine.memory.write(machine.slots[to]) {
        target[to_at * size..][..size].copy_from_slice(&element[..size]);
    }
}

fn compare_keys(plan: &SortPlan, machine: &Machine<'_, '_>, a: usize, b: usize) -> Ordering {
    let keys = plan.call.inputs.iter().zip(&plan.dtypes).take(plan.call.n_keys);
    keys.map(|(&input, &dtype)| {
        let slot = machine.slots[input.0 as usize];
        let bytes = machine.memory.read(slot);
        let at =
            |i: usize| Scalar::from_bytes(dtype, &bytes[i * slot.elem_bytes..][..slot.elem_bytes]);
        compare(at(a), at(b))
    })
    .find(|order| order.is_ne())
    .unwrap_or(Ordering::Equal)
}

/// Ascending; NaN after everything and equal to itself, −0 equal to 0.
fn compare(a: Scalar, b: Scalar) -> Ordering {
    let floats = |a: f64, b: f64| a.partial_cmp(&b).unwrap_or(a.is_nan().cmp(&b.is_nan()));
    match (a, b) {
        (Scalar::Bool(a), Scalar::Bool(b)) => a.cmp(&b),
        (Scalar::Int(a), Scalar::Int(b)) => a.cmp(&b),
        (Scalar::Uint(a), Scalar::Uint(b)) => a.cmp(&b),
        (Scalar::Complex(a, i), Scalar::Complex(b, j)) => floats(a, b).then(floats(i, j)),
        _ => floats(a.as_f64(), b.as_f64()),
    }
}
