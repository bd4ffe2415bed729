//! From one matrix to batches: types, evaluation, and a step that calls the host.

use std::fmt;
use std::sync::Arc;

use jaxrs_data::{DType, Literal, Result, Shape, SmallVec, Type};
use jaxrs_kernel::{HostCall, HostRoutine, LibraryCall, ParallelFor, Step};
use jaxrs_linalg::{ALONE, Complex, Threads};

use super::{Matrices, split_shapes};
use crate::lower::Steps;

/// The results' types: leading axes stay.
pub(super) fn output_types<P: Matrices>(prim: &P, inputs: &[Type]) -> Result<SmallVec<[Type; 2]>> {
    let (batch, dims) = split_shapes(P::NAME, P::RANKS, inputs)?;
    prim.check_dtypes(inputs)?;
    let weak = inputs.iter().all(|ty| ty.weak);
    let mut types = SmallVec::new();
    for (dtype, last) in prim.results(&dims, inputs[0].dtype)? {
        let shape: Shape = batch.iter().chain(last.iter()).copied().collect();
        crate::rules::axes::check_addressable(P::NAME, &shape, dtype)?;
        types.push(Type { dtype, weak: weak && dtype == inputs[0].dtype, shape });
    }
    Ok(types)
}

/// The results, by the routine that compiled programs call, too.
pub(super) fn evaluate<P: Matrices>(
    prim: &P,
    inputs: &[Literal],
) -> Result<SmallVec<[Literal; 2]>> {
    let types: SmallVec<[Type; 4]> = inputs.iter().map(|x| x.ty().clone()).collect();
    let routine = Routine::new(prim, &types)?;
    let out_types = output_types(prim, &types)?;
    let mut buffers: Vec<Vec<u8>> = out_types.iter().map(|ty| vec![0; ty.size_bytes()]).collect();
    let bytes: Vec<&[u8]> = inputs.iter().map(Literal::bytes).collect();
    let mut slices: Vec<&mut [u8]> = buffers.iter_mut().map(Vec::as_mut_slice).collect();
    routine.run(&bytes, &mut slices)?;
    out_types.into_iter().zip(buffers).map(|(ty, bytes)| Literal::from_bytes(ty, bytes)).collect()
}

/// A call of the routine on whole buffers.
pub(super) fn steps<P: Matrices>(prim: &P, cx: &mut dyn Steps) -> Result<()> {
    let types: SmallVec<[Type; 4]> = (0..cx.n_inputs()).map(|k| cx.input_type(k).clone()).collect();
    let routine = Arc::new(Routine::new(prim, &types)?);
    let inputs: Result<Vec<_>> = (0..cx.n_inputs()).map(|k| cx.input(k)).collect();
    let outputs = (0..cx.n_outputs()).map(|k| cx.output(k)).collect();
    cx.push(Step::Library(LibraryCall::Host(HostCall { routine, inputs: inputs?, outputs })));
    Ok(())
}

/// A primitive for operands of known types.
struct Routine<P> {
    prim: P,
    dtype: DType,
    /// The number of matrices.
    batch: usize,
    /// The last axes of each operand.
    dims: Vec<Shape>,
    in_types: SmallVec<[Type; 4]>,
    text: String,
}

impl<P: Matrices> Routine<P> {
    fn new(prim: &P, inputs: &[Type]) -> Result<Routine<P>> {
        let (batch, dims) = split_shapes(P::NAME, P::RANKS, inputs)?;
        let dims = dims.into_iter().map(Shape::from).collect();
        let types: Vec<String> = inputs.iter().map(Type::to_string).collect();
        let text = format!("{:?} {}", prim, types.join(", "));
        let (batch, dtype) = (batch.iter().product(), inputs[0].dtype);
        Ok(Routine { prim: prim.clone(), dtype, batch, dims, in_types: inputs.into(), text })
    }

    fn one(&self, threads: Threads<'_>, part: Part<'_>) {
        let (dims, inputs, mut outputs) = (&self.dims, part.inputs, part.outputs);
        let (inputs, outputs) = (&inputs[..], &mut outputs[..]);
        match self.dtype {
            DType::F64 => self.prim.compute::<f64>(threads, dims, inputs, outputs),
            DType::C64 => self.prim.compute::<Complex<f32>>(threads, dims, inputs, outputs),
            DType::C128 => self.prim.compute::<Complex<f64>>(threads, dims, inputs, outputs),
            _ => self.prim.compute::<f32>(threads, dims, inputs, outputs),
        }
    }

    /// How many matrices are worth a thread's while: some 100 µs, at a few operations a nanosecond.
    fn grain(&self) -> usize {
        const OPERATIONS: usize = 1 << 18;
        let side = self.dims.iter().flat_map(|dims| dims.iter()).max().map_or(1, |&side| side);
        let each = side.saturating_mul(side).saturating_mul(side).max(1);
        OPERATIONS.div_ceil(each)
    }
}

impl<P> fmt::Debug for Routine<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl<P: Matrices> HostRoutine for Routine<P> {
    fn name(&self) -> &str {
        P::NAME
    }

    fn params(&self) -> String {
        self.text.clone()
    }

    fn description(&self) -> Option<Vec<u8>> {
        crate::routine::describe(self.prim.clone().into(), &self.in_types).ok()
    }

    fn run(&self, inputs: &[&[u8]], outputs: &mut [&mut [u8]]) -> Result<()> {
        self.run_on(&|n, task| (0..n).for_each(task), inputs, outputs)
    }

    /// Threads share the matrices, or the work of the only one.
    fn run_on(
        &self,
        threads: &ParallelFor<'_>,
        inputs: &[&[u8]],
        outputs: &mut [&mut [u8]],
    ) -> Result<()> {
        let all =
            Part { inputs: inputs.into(), outputs: outputs.iter_mut().map(|x| &mut **x).collect() };
        match self.batch {
            0 => {}
            1 => self.one(Threads::new(threads), all),
            n => {
                let grain = self.grain();
                let run = |(part, count): (Part<'_>, usize)| {
                    part.split(count, 1).into_iter().for_each(|(part, _)| self.one(ALONE, part));
                };
                Threads::new(threads).each(all.split(n, grain), run);
            }
        }
        Ok(())
    }
}

/// The operands and results of some matrices.
struct Part<'a> {
    inputs: SmallVec<[&'a [u8]; 4]>,
    outputs: SmallVec<[&'a mut [u8]; 4]>,
}

impl<'a> Part<'a> {
    /// Cuts what belongs to `n` matrices into parts of `grain` matrices and a last one of fewer; gives their numbers,
    /// too.
    fn split(self, n: usize, grain: usize) -> Vec<(Part<'a>, usize)> {
        let Part { mut inputs, mut outputs } = self;
        let counts = (0..n).step_by(grain).map(|first| (first, grain.min(n - first)));
        let part = |(first, count): (usize, usize)| {
            let rest = n - first;
            let inputs = inputs.iter_mut().map(|bytes| {
                let (own, after) = bytes.split_at(bytes.len() / rest * count);
                *bytes = after;
                own
            });
            let outputs = outputs.iter_mut().map(|bytes| {
                let size = bytes.len() / rest * count;
                let (own, after) = std::mem::take(bytes).split_at_mut(size);
                *bytes = after;
                own
            });
            (Part { inputs: inputs.collect(), outputs: outputs.collect() }, count)
        };
        counts.map(part).collect()
    }
}
