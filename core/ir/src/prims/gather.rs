//! Reading windows at many positions.

mod samples;

use jaxrs_data::{
    DType, DTypeKind, Literal, Result, Scalar, Shape, SmallVec, Type, bail, smallvec,
};
use jaxrs_kernel::ValueId;

use crate::lower::{Elements, Lowering};
use crate::prims::{Primitive, Scatter, ScatterKind};
use crate::rules::windows::Windows;
use crate::rules::{axes, index, linear, nary};
use crate::{Batched, Cx, Jvp, Operand, Param, ParamReader, Params, Tangent, Value, ops};

/// What happens to windows that do not fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum IndexMode {
    /// They are moved so that they fit.
    Clip,
    /// Reading gives a fill value (NaN, the smallest signed, the largest unsigned integer, true), and
    /// writing does nothing.
    FillOrDrop,
    /// The caller promises that all fit. Where they do not, reading does as `Clip`, writing nothing.
    PromiseInBounds,
}

impl IndexMode {
    /// The printed name.
    pub fn name(self) -> &'static str {
        match self {
            IndexMode::Clip => "clip",
            IndexMode::FillOrDrop => "fill_or_drop",
            IndexMode::PromiseInBounds => "promise_in_bounds",
        }
    }

    /// Reads the parameter `mode`.
    pub(crate) fn read(read: &ParamReader<'_>) -> Result<IndexMode> {
        let modes = [IndexMode::Clip, IndexMode::FillOrDrop, IndexMode::PromiseInBounds];
        let name = read.name("mode")?;
        modes.into_iter().find(|mode| mode.name() == name).ok_or_else(|| {
            read.error(format_args!(
                "needs mode clip, fill_or_drop or promise_in_bounds, got {name}"
            ))
        })
    }
}

/// `gather(x, indices)`: windows of `slice_sizes` at the positions that the last axis of `indices` (`i32` or
/// another integer type) holds. The meaning of the dimension numbers is StableHLO's and JAX's.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Gather {
    /// Axes of the result that run over windows.
    pub offset_dims: SmallVec<[usize; 4]>,
    /// Axes of the operand, of window size 1, that the result does not have.
    pub collapsed_slice_dims: SmallVec<[usize; 4]>,
    /// For each component of an index, the operand axis that it is a start along.
    pub start_index_map: SmallVec<[usize; 4]>,
    /// Axes of the operand that go along with axes of the indices.
    pub operand_batching_dims: SmallVec<[usize; 4]>,
    /// Those axes of the indices.
    pub start_indices_batching_dims: SmallVec<[usize; 4]>,
    /// The size of a window along each operand axis.
    pub slice_sizes: Shape,
    /// What happens to windows that do not fit.
    pub mode: IndexMode,
    /// What [`IndexMode::FillOrDrop`] gives instead of NaN and its like.
    pub fill_value: Option<i64>,
}

impl Gather {
    fn windows(&self) -> Windows {
        Windows {
            window_dims: self.offset_dims.clone(),
            dropped_dims: self.collapsed_slice_dims.clone(),
            index_map: self.start_index_map.clone(),
            operand_batching: self.operand_batching_dims.clone(),
            indices_batching: self.start_indices_batching_dims.clone(),
            sizes: self.slice_sizes.clone(),
        }
    }

    fn clips(&self) -> bool {
        self.mode != IndexMode::FillOrDrop
    }

    /// What [`IndexMode::FillOrDrop`] gives for an array of some type.
    pub fn fill(&self, ty: &Type) -> Scalar {
        let fill = match (self.fill_value, ty.dtype.kind()) {
            (Some(value), _) => Scalar::Int(value),
            (None, DTypeKind::Bool) => Scalar::Bool(true),
            // Conversions saturate.
            (None, DTypeKind::Signed) => Scalar::Float(f64::NEG_INFINITY),
            (None, DTypeKind::Unsigned) => Scalar::Float(f64::INFINITY),
            (None, DTypeKind::Float | DTypeKind::Complex) => Scalar::Float(f64::NAN),
            (None, DTypeKind::Key) => Scalar::Key(u128::MAX >> (128 - ty.dtype.bits())),
        };
        fill.cast(ty.dtype)
    }

    /// The scatter that adds to the same windows.
    fn scatter_add(&self) -> Scatter {
        Scatter {
            kind: ScatterKind::Add,
            update_window_dims: self.offset_dims.clone(),
            inserted_window_dims: self.collapsed_slice_dims.clone(),
            scatter_dims_to_operand_dims: self.start_index_map.clone(),
            operand_batching_dims: self.operand_batching_dims.clone(),
            scatter_indices_batching_dims: self.start_indices_batching_dims.clone(),
            mode: self.mode,
            unique_indices: false,
        }
    }

    /// The gather for an operand with one more axis in front, of which windows take `size`.
    fn shifted(&self, size: usize) -> Gather {
        Gather {
            offset_dims: axes::shifted(&self.offset_dims),
            collapsed_slice_dims: axes::shifted(&self.collapsed_slice_dims),
            start_index_map: axes::shifted(&self.start_index_map),
            operand_batching_dims: axes::shifted(&self.operand_batching_dims),
            slice_sizes: self.slice_sizes.with(0, size),
            ..self.clone()
        }
    }
}

impl Primitive for Gather {
    fn name(&self) -> &'static str {
        "gather"
    }

    fn params(&self) -> Params {
        vec![
            ("offset_dims", Param::sizes(&self.offset_dims)),
            ("collapsed_slice_dims", Param::sizes(&self.collapsed_slice_dims)),
            ("start_index_map", Param::sizes(&self.start_index_map)),
            ("operand_batching_dims", Param::sizes(&self.operand_batching_dims)),
            ("start_indices_batching_dims", Param::sizes(&self.start_indices_batching_dims)),
            ("slice_sizes", Param::sizes(&self.slice_sizes)),
            ("mode", Param::Name(self.mode.name().to_owned())),
            ("fill_value", self.fill_value.map_or(Param::None, Param::Int)),
        ]
    }

    fn parse(name: &str, params: &[(String, Param)]) -> Option<Result<Self>> {
        let read = ParamReader::new(name, params);
        (name == "gather").then(|| {
            let fill_value = read.optional("fill_value").map(|_| read.int("fill_value"));
            Ok(Gather {
                offset_dims: read.sizes("offset_dims")?,
                collapsed_slice_dims: read.sizes("collapsed_slice_dims")?,
                start_index_map: read.sizes("start_index_map")?,
                operand_batching_dims: read.sizes("operand_batching_dims")?,
                start_indices_batching_dims: read.sizes("start_indices_batching_dims")?,
                slice_sizes: read.sizes("slice_sizes")?,
                mode: IndexMode::read(&read)?,
                fill_value: fill_value.transpose()?,
            })
        })
    }

    fn output_types(&self, inputs: &[Type]) -> Result<SmallVec<[Type; 2]>> {
        nary::arity(self.name(), inputs, 2)?;
        let (x, indices, windows) = (&inputs[0], &inputs[1], self.windows());
        windows.check(self.name(), x, indices)?;
        if let Some(&axis) = self.collapsed_slice_dims.iter().find(|&&i| self.slice_sizes[i] != 1) {
            let size = self.slice_sizes[axis];
            bail!(
                Shape,
                "gather collapses axis {axis} of {x}, which needs window size 1, got {size}"
            );
        }
        let shape = windows.windowed_shape(&indices.shape);
        axes::check_addressable(self.name(), &shape, x.dtype)?;
        Ok(smallvec![x.with_shape(shape)])
    }

    fn evaluate(&self, inputs: &[Literal]) -> Result<SmallVec<[Literal; 2]>> {
        let (x, indices, windows) = (&inputs[0], &inputs[1], self.windows());
        let shape = windows.windowed_shape(&indices.ty().shape);
        let fill = self.fill(x.ty());
        Ok(smallvec![Literal::from_fn(x.ty().with_shape(shape.clone()), |position| {
            let index = shape.unravel(position);
            let place = windows.locate(&x.ty().shape, indices, &index, self.clips());
            place.map_or(fill, |place| x.at(&place))
        })])
    }

    fn jvp(&self, cx: Cx<'_>, primals: &[Value], tangents: &[Tangent]) -> Result<Jvp> {
        let y = ops::bind1(cx, self.clone(), primals)?;
        // What does not come from the operand has no tangent.
        let gather = Gather { fill_value: Some(0), ..self.clone() };
        let tangent = tangents[0]
            .map(y.ty(), |dx| ops::bind1(cx, gather, &[dx.clone(), primals[1].clone()]))?;
        Ok(Jvp { primals: smallvec![y], tangents: smallvec![tangent] })
    }

    fn transpose(
        &self,
        cx: Cx<'_>,
        inputs: &[Operand],
        cotangents: &[Tangent],
    ) -> Result<SmallVec<[Tangent; 4]>> {
        let Some(indices) = inputs[1].known() else { return Err(super::not_linear(self)) };
        let zeros = ops::full(cx, inputs[0].ty(), Scalar::Int(0))?;
        let operands = [zeros, indices.clone(), linear::cotangent(cotangents)?.clone()];
        let ct = ops::bind1(cx, self.scatter_add(), &operands)?;
        Ok(linear::cotangents(inputs, ct))
    }

    fn batch(
        &self,
        cx: Cx<'_>,
        size: usize,
        inputs: &[Value],
        axes: &[Option<usize>],
    ) -> Result<Batched> {
        let front = |k: usize| match axes[k] {
            Some(_) => axes::to_front(cx, size, &inputs[k], axes[k]),
            None => Ok(inputs[k].clone()),
        };
        let mut batched = match axes[0] {
            Some(_) => self.shifted(if axes[1].is_some() { size.min(1) } else { size }),
            None => Gather { offset_dims: axes::shifted(&self.offset_dims), ..self.clone() },
        };
        if axes[1].is_some() {
            let dims = axes::shifted(&self.start_indices_batching_dims);
            batched.start_indices_batching_dims = dims;
        } else {
            // Every window runs over all examples.
            batched.offset_dims = axes::with_front(0, &batched.offset_dims);
        }
        if axes[0].is_some() && axes[1].is_some() {
            batched.operand_batching_dims = axes::with_front(0, &batched.operand_batching_dims);
            batched.start_indices_batching_dims =
                axes::with_front(0, &batched.start_indices_batching_dims);
        }
        let y = ops::bind1(cx, batched, &[front(0)?, front(1)?])?;
        Ok(linear::batched(y, 0))
    }

    fn lowering(&self, _inputs: &[Type]) -> Lowering {
        Lowering::Elements
    }

    fn element(&self, cx: &mut dyn Elements, _output: usize, index: &[ValueId]) -> Result<ValueId> {
        let x = cx.input_type(0).clone();
        let (place, mask) = self.windows().place(cx, &x.shape, index, self.clips())?;
        let Some(mask) = mask else { return cx.operand(0, &place) };
        let element = cx.operand_where(0, &place, mask)?;
        // What is masked out is zero already, where there is one.
        if self.fill_value == Some(0) && x.dtype != DType::F8E8M0Fnu {
            return Ok(element);
        }
        let fill = cx.builder().constant(x.dtype, self.fill(&x));
        Ok(index::select(cx.builder(), mask, element, fill))
    }

    fn cost(&self) -> u32 {
        4
    }

    #[cfg(any(test, feature = "testing"))]
    fn samples() -> Vec<crate::prims::Sample> {
        samples::samples()
    }
}
