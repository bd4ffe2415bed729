//! From one matrix to batches: types, evaluation, and a step that calls the host.

use std::fmt;
use std::sync::Arc;

use jaxrs_data::{DType, Literal, Result, Shape, SmallVec, Type};
use jaxrs_kernel::{HostCall, HostRoutine, LibraryCall, Step};
use jaxrs_linalg::Complex;

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

    fn one(&self, inputs: &[&[u8]], outputs: &mut [&mut [u8]]) {
        match self.dtype {
            DType::F64 => self.prim.compute::<f64>(&self.dims, inputs, outputs),
            DType::C64 => self.prim.compute::<Complex<f32>>(&self.dims, inputs, outputs),
            DType::C128 => self.prim.compute::<Complex<f64>>(&self.dims, inputs, outputs),
            _ => self.prim.compute::<f32>(&self.dims, inputs, outputs),
        }
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
        let size = |len: usize| len.checked_div(self.batch).unwrap_or(0);
        for b in 0..self.batch {
            let part = |bytes: &&'_ [u8]| -> std::ops::Range<usize> {
                let size = size(bytes.len());
                b * size..(b + 1) * size
            };
            let own: SmallVec<[&[u8]; 4]> =
                inputs.iter().map(|bytes| &bytes[part(bytes)]).collect();
            let mut results: SmallVec<[&mut [u8]; 4]> = outputs
                .iter_mut()
                .map(|bytes| {
                    let size = size(bytes.len());
                    &mut bytes[b * size..(b + 1) * size]
                })
                .collect();
            self.one(&own, &mut results);
        }
        Ok(())
    }
}
