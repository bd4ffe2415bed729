//! Special functions as programs, which have derivatives of any order: those of their series and fractions, loops
//! and all, as JAX differentiates them.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Arc;

use jaxrs_data::{DType, Error, Result, SmallVec, Type, smallvec};
use jaxrs_kernel::{Compare, ScalarOp};

use super::Special;
use super::number::{Number, Precision, Truth, number_by_operations};
use crate::prims::{Binary, Unary, While};
use crate::{Cx, Jaxpr, Jvp, Tangent, Value, ops};

/// Results and tangents of a function that has no formula for its derivatives.
pub(super) fn jvp(
    function: Special,
    cx: Cx<'_>,
    primals: &[Value],
    tangents: &[Tangent],
) -> Result<Jvp> {
    let y = ops::bind1(cx, function, primals)?;
    let types: Vec<Type> = primals.iter().map(|x| x.ty().with_shape([])).collect();
    let definition =
        cx.stage(&types, &mut |cx, inputs| Ok(vec![function.as_program(cx, inputs)?]))?;
    let has_tangent: Vec<bool> = tangents.iter().map(|t| !t.is_zero()).collect();
    let derived = cx.jvp_jaxpr(&definition, &has_tangent, &[true])?.jaxpr;
    let operands = primals.iter().chain(tangents.iter().filter_map(Tangent::value));
    let tangent = element_by_element(cx, &derived, &y, operands)?;
    Ok(Jvp { primals: smallvec![y], tangents: smallvec![tangent.into()] })
}

/// The second result of a program of scalars, for the elements of arrays; scalars count for each.
fn element_by_element<'a>(
    cx: Cx<'_>,
    program: &Arc<Jaxpr>,
    like: &Value,
    operands: impl Iterator<Item = &'a Value>,
) -> Result<Value> {
    let n = like.shape().numel();
    let operands: Vec<Value> = operands
        .map(|x| if x.ty().rank() == 0 { Ok(x.clone()) } else { ops::reshape(cx, x, &[n].into()) })
        .collect::<Result<_>>()?;
    if like.ty().rank() == 0 {
        return Ok(cx.eval_jaxpr(program, &operands)?.swap_remove(1));
    }
    let batched: Vec<bool> = operands.iter().map(|x| x.ty().rank() > 0).collect();
    let (together, _) = cx.batch_jaxpr(program, n, &batched, &[true; 2])?;
    let results = cx.eval_jaxpr(&together, &operands)?;
    ops::reshape(cx, &results[1], like.shape())
}

impl Special {
    /// The value of scalars, by operations and loops.
    fn as_program(self, cx: Cx<'_>, inputs: &[Value]) -> Result<Value> {
        let ty = inputs[0].ty().clone();
        let notes = Notes::default();
        let numbers: SmallVec<[Noted<'_>; 3]> =
            inputs.iter().map(|_| notes.add(Note::Given)).collect();
        let value = self.compute(&numbers, &Precision::of(ty.dtype)).id;
        let wide = inputs.iter().map(|x| ops::convert(cx, x, DType::F64));
        let mut known: Known = wide.collect::<Result<Vec<_>>>()?.into_iter().enumerate().collect();
        let notes = notes.0.borrow();
        follow(cx, &notes, inputs.len()..notes.len(), &mut known)?;
        let narrow = crate::prims::ConvertElementType { new_dtype: ty.dtype, weak_type: ty.weak };
        ops::bind1(cx, narrow, &[read(&notes, &known, value)?])
    }
}

/// What was computed, in order. What a loop computes follows on the loop.
#[derive(Default)]
struct Notes(RefCell<Vec<Note>>);

/// How a number or a truth value is computed.
enum Note {
    /// It is given: an operand, or what a loop carries.
    Given,
    Constant(f64),
    Op(ScalarOp, SmallVec<[usize; 3]>),
    Loop(Loop),
    /// What the loop before has carried in the end.
    Result,
}

/// A loop; ranges are of notes, the carried ones first in that of the condition.
struct Loop {
    start: Vec<usize>,
    condition: Range<usize>,
    goes_on: usize,
    body: Range<usize>,
    next: Vec<usize>,
}

type Known = BTreeMap<usize, Value>;

impl Notes {
    fn add(&self, note: Note) -> Noted<'_> {
        let mut notes = self.0.borrow_mut();
        notes.push(note);
        Noted { id: notes.len() - 1, notes: self }
    }

    fn len(&self) -> usize {
        self.0.borrow().len()
    }
}

/// The value of a note that was followed.
fn read(notes: &[Note], known: &Known, id: usize) -> Result<Value> {
    match (&notes[id], known.get(&id)) {
        (Note::Constant(value), _) => Ok(ops::scalar(DType::F64, *value)),
        (_, Some(value)) => Ok(value.clone()),
        _ => Err(Error::internal(format_args!("note {id} is read before it is followed"))),
    }
}

/// Computes what is noted in a range.
fn follow(cx: Cx<'_>, notes: &[Note], range: Range<usize>, known: &mut Known) -> Result<()> {
    let mut id = range.start;
    while id < range.end {
        match &notes[id] {
            Note::Given | Note::Constant(_) | Note::Result => {}
            Note::Op(op, args) => {
                let args: SmallVec<[Value; 3]> =
                    args.iter().map(|&arg| read(notes, known, arg)).collect::<Result<_>>()?;
                known.insert(id, apply(cx, *op, &args)?);
            }
            Note::Loop(run) => {
                let results = run.follow(cx, notes, known)?;
                // The results' notes follow on those of the body.
                for (k, result) in results.into_iter().enumerate() {
                    known.insert(run.body.end + k, result);
                }
                id = run.body.end;
                continue;
            }
        }
        id += 1;
    }
    Ok(())
}

fn apply(cx: Cx<'_>, op: ScalarOp, args: &[Value]) -> Result<Value> {
    let unary = |op| ops::unary(cx, op, &args[0]);
    let binary = |op| ops::binary(cx, op, &args[0], &args[1]);
    match op {
        ScalarOp::Add => binary(Binary::Add),
        ScalarOp::Sub => binary(Binary::Sub),
        ScalarOp::Mul => binary(Binary::Mul),
        ScalarOp::Div => binary(Binary::Div),
        ScalarOp::Rem => binary(Binary::Rem),
        ScalarOp::Pow => binary(Binary::Pow),
        ScalarOp::And => binary(Binary::And),
        ScalarOp::Or => binary(Binary::Or),
        ScalarOp::Not => unary(Unary::Not),
        ScalarOp::Neg => unary(Unary::Neg),
        ScalarOp::Exp => unary(Unary::Exp),
        ScalarOp::Log => unary(Unary::Log),
        ScalarOp::Log1p => unary(Unary::Log1p),
        ScalarOp::Sqrt => unary(Unary::Sqrt),
        ScalarOp::Abs => unary(Unary::Abs),
        ScalarOp::Floor => unary(Unary::Floor),
        ScalarOp::Lgamma => unary(Unary::Lgamma),
        ScalarOp::Digamma => unary(Unary::Digamma),
        ScalarOp::Compare(op) => ops::compare(cx, op, &args[0], &args[1]),
        ScalarOp::Select => ops::select(cx, &args[0], &args[1], &args[2]),
        other => Err(Error::internal(format_args!("{other:?} is in no special function"))),
    }
}

impl Loop {
    fn follow(&self, cx: Cx<'_>, notes: &[Note], known: &Known) -> Result<Vec<Value>> {
        let all = |ids: &[usize]| -> Result<Vec<Value>> {
            ids.iter().map(|&id| read(notes, known, id)).collect()
        };
        let (start, carried) = (all(&self.start)?, self.condition.start);
        let carried: Vec<usize> = (carried..carried + start.len()).collect();
        let stage = |range: &Range<usize>, results: &[usize]| {
            let consts = self.consts(notes, range, results);
            let values = all(&consts)?;
            let types: Vec<Type> = values.iter().chain(&start).map(|x| x.ty().clone()).collect();
            let names: Vec<usize> = consts.iter().chain(&carried).copied().collect();
            let jaxpr = cx.stage(&types, &mut |cx, inputs| {
                let mut known: Known = names.iter().copied().zip(inputs.iter().cloned()).collect();
                follow(cx, notes, range.clone(), &mut known)?;
                results.iter().map(|&id| read(notes, &known, id)).collect()
            })?;
            Ok::<_, Error>((jaxpr, values))
        };
        let (cond_jaxpr, cond_consts) = stage(&self.condition, &[self.goes_on])?;
        let (body_jaxpr, body_consts) = stage(&self.body, &self.next)?;
        let (cond_nconsts, body_nconsts) = (cond_consts.len(), body_consts.len());
        let run = While { cond_jaxpr, body_jaxpr, cond_nconsts, body_nconsts };
        let inputs = [cond_consts, body_consts, start].concat();
        Ok(cx.bind(&run.into(), &inputs)?.into_vec())
    }

    /// What notes of a range use that stand before the loop.
    fn consts(&self, notes: &[Note], range: &Range<usize>, results: &[usize]) -> Vec<usize> {
        let mut used: BTreeSet<usize> = results.iter().copied().collect();
        for note in &notes[range.clone()] {
            match note {
                Note::Op(_, args) => used.extend(args),
                Note::Loop(inner) => used.extend(inner.start.iter().chain(&inner.next)),
                Note::Given | Note::Constant(_) | Note::Result => {}
            }
        }
        let is_outside = |&id: &usize| id < self.condition.start;
        used.into_iter()
            .filter(is_outside)
            .filter(|&id| !matches!(notes[id], Note::Constant(_)))
            .collect()
    }
}

/// A number or a truth value that is noted.
#[derive(Clone, Copy)]
struct Noted<'a> {
    id: usize,
    notes: &'a Notes,
}

impl<'a> Noted<'a> {
    fn op(self, op: ScalarOp, others: &[Noted<'a>]) -> Noted<'a> {
        let args = std::iter::once(self).chain(others.iter().copied()).map(|x| x.id).collect();
        self.notes.add(Note::Op(op, args))
    }

    fn value(self, value: f64) -> Noted<'a> {
        self.notes.add(Note::Constant(value))
    }

    fn looped<const K: usize>(
        start: [Self; K],
        goes_on: impl Fn([Self; K]) -> Self,
        step: impl Fn([Self; K]) -> [Self; K],
    ) -> [Self; K] {
        let Some(&Noted { notes, .. }) = start.first() else { return start };
        // The loop is noted before what it does, which tells what it is.
        let place = notes.add(Note::Given).id;
        let carried = start.map(|_| notes.add(Note::Given));
        let goes_on = goes_on(carried).id;
        let condition = place + 1..notes.len();
        let next = step(carried).map(|x| x.id).to_vec();
        let body = condition.end..notes.len();
        let start = start.map(|x| x.id).to_vec();
        notes.0.borrow_mut()[place] = Note::Loop(Loop { start, condition, goes_on, body, next });
        std::array::from_fn(|_| notes.add(Note::Result))
    }
}

number_by_operations!(Noted<'_>);
