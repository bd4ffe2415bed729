//! Windows at positions that are computed.

mod update;

use jaxrs_data::{DType, Literal, Result, Scalar, Shape, SmallVec, Type, bail, smallvec};
use jaxrs_kernel::ValueId;

pub use update::DynamicUpdateSlice;

use crate::lower::{Elements, Lowering};
use crate::prims::{Gather, IndexMode, Primitive};
use crate::rules::axes::AxisList;
use crate::rules::index::{self, Index};
use crate::rules::linear;
use crate::{Batched, Cx, Jvp, Operand, Param, ParamReader, Params, Tangent, Value, ops};

/// `dynamic_slice(x, starts…)`: a window of fixed sizes; scalar integer starts, moved so that it fits.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct DynamicSlice {
    /// The sizes of the window.
    pub slice_sizes: Shape,
}

/// Checks that there is a start for each axis: scalar integers of one type.
fn check_starts(name: &str, x: &Type, starts: &[Type]) -> Result<()> {
    if starts.len() != x.rank() {
        bail!(InvalidArgument, "{name} needs a start for each axis of {x}, got {}", starts.len());
    }
    for start in starts {
        if start.rank() != 0 || !start.dtype.is_integer() || start.dtype != starts[0].dtype {
            bail!(Dtype, "{name} needs starts that are integers of one type, got {start}");
        }
    }
    Ok(())
}

/// Checks that a window fits into an operand.
fn check_window(name: &str, x: &Type, window: &Shape) -> Result<()> {
    let fits = window.iter().zip(x.shape.iter()).all(|(window, size)| window <= size);
    if window.rank() != x.rank() || !fits {
        let window = x.with_shape(window.clone());
        bail!(Shape, "{name} needs a window that fits into {x}, got {window}");
    }
    Ok(())
}

/// Where the window starts, moved so that it fits.
fn clamped(x: &Shape, window: &Shape, starts: &[Literal]) -> Shape {
    let starts = starts.iter().map(|start| index::start_value(start.get(0)));
    let room = x.iter().zip(window.iter()).map(|(size, window)| (size - window) as i64);
    starts.zip(room).map(|(start, room)| start.clamp(0, room) as usize).collect()
}

/// The same in a kernel; the starts are the operands from `first` on.
fn clamped_starts(cx: &mut dyn Elements, x: &Shape, window: &Shape, first: usize) -> Result<Index> {
    let mut starts = Index::new();
    for axis in 0..x.rank() {
        let room = x[axis] - window[axis];
        starts.push(match room {
            0 => cx.builder().index(0),
            _ => {
                let start = cx.operand(first + axis, &[])?;
                let start = index::start(cx.builder(), start);
                index::clamp(cx.builder(), start, room)
            }
        });
    }
    Ok(starts)
}

/// The starts of several examples as one array of indices: `[size, rank]`.
fn batched_starts(
    cx: Cx<'_>,
    size: usize,
    starts: &[Value],
    axes: &[Option<usize>],
) -> Result<Value> {
    let columns = starts.iter().zip(axes).map(|(start, axis)| {
        ops::broadcast_in_dim(cx, start, &Shape::from([size, 1]), axis.map(|_| 0))
    });
    let columns: Result<SmallVec<[Value; 4]>> = columns.collect();
    ops::concatenate(cx, &columns?, 1)
}

/// A start of 0 that fits beside others.
fn zero_start(starts: &[Value]) -> Value {
    let dtype = starts.first().map_or(DType::I32, |start| start.ty().dtype);
    Value::literal(Literal::scalar(dtype, Scalar::Int(0)))
}

impl Primitive for DynamicSlice {
    fn name(&self) -> &'static str {
        "dynamic_slice"
    }

    fn params(&self) -> Params {
        vec![("slice_sizes", Param::sizes(&self.slice_sizes))]
    }

    fn parse(name: &str, params: &[(String, Param)]) -> Option<Result<Self>> {
        let read = ParamReader::new(name, params);
        (name == "dynamic_slice")
            .then(|| Ok(DynamicSlice { slice_sizes: read.sizes("slice_sizes")? }))
    }

    fn output_types(&self, inputs: &[Type]) -> Result<SmallVec<[Type; 2]>> {
        let [x, starts @ ..] = inputs else {
            bail!(InvalidArgument, "dynamic_slice takes an operand and its starts, got nothing");
        };
        check_starts(self.name(), x, starts)?;
        check_window(self.name(), x, &self.slice_sizes)?;
        Ok(smallvec![x.with_shape(self.slice_sizes.clone())])
    }

    fn evaluate(&self, inputs: &[Literal]) -> Result<SmallVec<[Literal; 2]>> {
        let (x, sizes) = (&inputs[0], &self.slice_sizes);
        let starts = clamped(&x.ty().shape, sizes, &inputs[1..]);
        Ok(smallvec![Literal::from_fn(x.ty().with_shape(sizes.clone()), |position| {
            let index = sizes.unravel(position);
            x.at(&starts.iter().zip(index).map(|(start, i)| start + i).collect::<Shape>())
        })])
    }

    fn jvp(&self, cx: Cx<'_>, primals: &[Value], tangents: &[Tangent]) -> Result<Jvp> {
        linear::jvp(self.clone(), cx, primals, tangents)
    }

    fn transpose(
        &self,
        cx: Cx<'_>,
        inputs: &[Operand],
        cotangents: &[Tangent],
    ) -> Result<SmallVec<[Tangent; 4]>> {
        let zeros = ops::full(cx, inputs[0].ty(), Scalar::Int(0))?;
        let mut operands: SmallVec<[Value; 4]> =
            smallvec![zeros, linear::cotangent(cotangents)?.clone()];
        operands.extend(inputs[1..].iter().filter_map(Operand::known).cloned());
        let ct = ops::bind1(cx, DynamicUpdateSlice, &operands)?;
        Ok(linear::cotangents(inputs, ct))
    }

    fn batch(
        &self,
        cx: Cx<'_>,
        size: usize,
        inputs: &[Value],
        axes: &[Option<usize>],
    ) -> Result<Batched> {
        if axes[1..].iter().all(Option::is_none) {
            let (x, axis) = linear::example(inputs, axes)?;
            let mut operands: SmallVec<[Value; 4]> = smallvec![x];
            operands.extend(inputs[1..].iter().cloned());
            operands.insert(1 + axis, zero_start(&inputs[1..]));
            let batched = DynamicSlice { slice_sizes: self.slice_sizes.with(axis, size) };
            return Ok(linear::batched(ops::bind1(cx, batched, &operands)?, axis));
        }
        let every: AxisList = (0..self.slice_sizes.rank()).collect();
        let gather = Gather {
            offset_dims: every.clone(),
            collapsed_slice_dims: smallvec![],
            start_index_map: every,
            operand_batching_dims: smallvec![],
            start_indices_batching_dims: smallvec![],
            slice_sizes: self.slice_sizes.clone(),
            mode: IndexMode::Clip,
            fill_value: None,
        };
        let starts = batched_starts(cx, size, &inputs[1..], &axes[1..])?;
        gather.batch(cx, size, &[inputs[0].clone(), starts], &[axes[0], Some(0)])
    }

    fn lowering(&self, _inputs: &[Type]) -> Lowering {
        Lowering::Elements
    }

    fn element(&self, cx: &mut dyn Elements, _output: usize, index: &[ValueId]) -> Result<ValueId> {
        let shape = cx.input_type(0).shape.clone();
        let starts = clamped_starts(cx, &shape, &self.slice_sizes, 1)?;
        let b = cx.builder();
        let operand: Index = starts.iter().zip(index).map(|(&start, &i)| b.add(start, i)).collect();
        cx.operand(0, &operand)
    }

    #[cfg(any(test, feature = "testing"))]
    fn samples() -> Vec<crate::prims::Sample> {
        use crate::prims::sample::{exact, finite, hard, integers};
        let slice = |sizes: &[usize]| DynamicSlice { slice_sizes: sizes.into() };
        let with_starts = |x: Literal, dtype, starts: &[i64]| {
            let starts = starts.iter().map(|&start| integers(dtype, [], &[start]));
            std::iter::once(x).chain(starts).collect()
        };
        let float = |sizes: &[usize], shape: &[usize], starts: &[i64]| {
            exact(slice(sizes), with_starts(finite(DType::F32, shape), DType::I32, starts))
        };
        let every = |dtype| crate::prims::Sample {
            smooth: false,
            ..exact(slice(&[2, 2]), with_starts(hard(dtype, &[3, 4]), DType::I32, &[1, 1]))
        };
        let mut samples: Vec<_> = DType::ALL.into_iter().map(every).collect();
        samples.extend([
            float(&[2, 3], &[4, 3], &[9, 1]),
            float(&[1, 2], &[2, 4], &[-3, 2]),
            float(&[0, 2], &[2, 4], &[1, 1]),
            float(&[], &[], &[]),
            exact(slice(&[2]), with_starts(finite(DType::F32, &[5]), DType::U8, &[255])),
            exact(slice(&[2]), with_starts(finite(DType::F32, &[5]), DType::U64, &[-1])),
            exact(slice(&[2]), with_starts(finite(DType::F32, &[5]), DType::I64, &[i64::MIN])),
        ]);
        samples
    }
}
