//! Writing windows at many positions.

mod differentiate;
mod samples;
mod steps;

use jaxrs_data::{DType, Literal, Result, Scalar, Shape, SmallVec, Type, bail, smallvec};

use crate::lower::{Lowering, Steps};
use crate::prims::{Binary, IndexMode, Primitive};
use crate::rules::windows::Windows;
use crate::rules::{axes, linear, nary};
use crate::{Batched, Cx, Jvp, Operand, Param, ParamReader, Params, Tangent, Value, ops};

/// How a scattered update meets what is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ScatterKind {
    /// `scatter`: replaces; where windows overlap, the last one wins.
    Set,
    /// `scatter-add`.
    Add,
    /// `scatter-sub`: takes away.
    Sub,
    /// `scatter-mul`.
    Mul,
    /// `scatter-min`.
    Min,
    /// `scatter-max`.
    Max,
}

impl ScatterKind {
    /// All of them.
    pub const ALL: [ScatterKind; 6] = [
        ScatterKind::Set,
        ScatterKind::Add,
        ScatterKind::Sub,
        ScatterKind::Mul,
        ScatterKind::Min,
        ScatterKind::Max,
    ];

    fn name(self) -> &'static str {
        match self {
            ScatterKind::Set => "scatter",
            ScatterKind::Add => "scatter-add",
            ScatterKind::Sub => "scatter-sub",
            ScatterKind::Mul => "scatter-mul",
            ScatterKind::Min => "scatter-min",
            ScatterKind::Max => "scatter-max",
        }
    }

    fn takes(self, dtype: DType) -> bool {
        match self {
            ScatterKind::Set => true,
            ScatterKind::Add | ScatterKind::Sub | ScatterKind::Mul => dtype.is_number(),
            ScatterKind::Min | ScatterKind::Max => !dtype.is_key(),
        }
    }

    /// What an update makes of the element that is there.
    fn combine(self, old: Scalar, new: Scalar, dtype: DType) -> Scalar {
        use std::cmp::Ordering::Less;
        let combined = match (self, old, new) {
            (ScatterKind::Set, _, new) => new,
            (ScatterKind::Sub, ..) => Binary::Sub.value(dtype, old, new),
            (_, Scalar::Complex(..), _) => {
                let op = match self {
                    ScatterKind::Mul => Binary::Mul,
                    ScatterKind::Min => Binary::Min,
                    ScatterKind::Max => Binary::Max,
                    ScatterKind::Add | ScatterKind::Sub | ScatterKind::Set => Binary::Add,
                };
                op.value(dtype, old, new)
            }
            (ScatterKind::Max, Scalar::Bool(a), Scalar::Bool(b)) => Scalar::Bool(a | b),
            (_, Scalar::Bool(a), Scalar::Bool(b)) => Scalar::Bool(a & b),
            (ScatterKind::Add, Scalar::Int(a), Scalar::Int(b)) => Scalar::Int(a.wrapping_add(b)),
            (ScatterKind::Add, Scalar::Uint(a), Scalar::Uint(b)) => Scalar::Uint(a.wrapping_add(b)),
            (ScatterKind::Add, a, b) => Scalar::Float(a.as_f64() + b.as_f64()),
            (ScatterKind::Mul, Scalar::Int(a), Scalar::Int(b)) => Scalar::Int(a.wrapping_mul(b)),
            (ScatterKind::Mul, Scalar::Uint(a), Scalar::Uint(b)) => Scalar::Uint(a.wrapping_mul(b)),
            (ScatterKind::Mul, a, b) => Scalar::Float(a.as_f64() * b.as_f64()),
            (ScatterKind::Min | ScatterKind::Max, a, b) => {
                let b_less = less(b, a) == Some(Less);
                let nan = [a, b].into_iter().find(|v| v.as_f64().is_nan());
                nan.unwrap_or(if b_less == (self == ScatterKind::Min) { b } else { a })
            }
        };
        combined.rounded(dtype)
    }
}

/// The order of two numbers of one type; −0 comes before +0, as minima and maxima have it.
fn less(a: Scalar, b: Scalar) -> Option<std::cmp::Ordering> {
    match (a, b) {
        (Scalar::Int(a), Scalar::Int(b)) => Some(a.cmp(&b)),
        (Scalar::Uint(a), Scalar::Uint(b)) => Some(a.cmp(&b)),
        (Scalar::Float(a), Scalar::Float(b)) => Some(a.total_cmp(&b)),
        _ => None,
    }
}

/// `scatter…(x, indices, updates)`: `x` with windows of `updates` combined in at the positions that the last
/// axis of `indices` holds, in order. The meaning of the dimension numbers is StableHLO's and JAX's.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Scatter {
    /// How updates are combined.
    pub kind: ScatterKind,
    /// Axes of the updates that run over windows.
    pub update_window_dims: SmallVec<[usize; 4]>,
    /// Axes of the operand, of window size 1, that updates do not have.
    pub inserted_window_dims: SmallVec<[usize; 4]>,
    /// For each component of an index, the operand axis that it is a start along.
    pub scatter_dims_to_operand_dims: SmallVec<[usize; 4]>,
    /// Axes of the operand that go along with axes of the indices.
    pub operand_batching_dims: SmallVec<[usize; 4]>,
    /// Those axes of the indices.
    pub scatter_indices_batching_dims: SmallVec<[usize; 4]>,
    /// What happens to windows that do not fit.
    pub mode: super::IndexMode,
    /// Whether the caller promises that no two windows overlap.
    pub unique_indices: bool,
}

impl Scatter {
    /// The windows that are written, for operand and updates of some shape.
    fn windows(&self, operand: &Shape, updates: &Shape) -> Windows {
        let mut windows = Windows {
            window_dims: self.update_window_dims.clone(),
            dropped_dims: self.inserted_window_dims.clone(),
            index_map: self.scatter_dims_to_operand_dims.clone(),
            operand_batching: self.operand_batching_dims.clone(),
            indices_batching: self.scatter_indices_batching_dims.clone(),
            // Nothing can be written into an axis without elements, and nothing is.
            sizes: operand.iter().map(|&size| size.min(1)).collect(),
        };
        for (&axis, &dim) in windows.operand_window_dims().iter().zip(&self.update_window_dims) {
            windows.sizes[axis] = updates.get(dim).copied().unwrap_or(0);
        }
        windows
    }

    fn clips(&self) -> bool {
        self.mode == IndexMode::Clip
    }
}

impl Primitive for Scatter {
    fn name(&self) -> &'static str {
        self.kind.name()
    }

    fn params(&self) -> Params {
        vec![
            ("update_window_dims", Param::sizes(&self.update_window_dims)),
            ("inserted_window_dims", Param::sizes(&self.inserted_window_dims)),
            ("scatter_dims_to_operand_dims", Param::sizes(&self.scatter_dims_to_operand_dims)),
            ("operand_batching_dims", Param::sizes(&self.operand_batching_dims)),
            ("scatter_indices_batching_dims", Param::sizes(&self.scatter_indices_batching_dims)),
            ("mode", Param::Name(self.mode.name().to_owned())),
            ("unique_indices", Param::Bool(self.unique_indices)),
        ]
    }

    fn parse(name: &str, params: &[(String, Param)]) -> Option<Result<Self>> {
        let kind = ScatterKind::ALL.into_iter().find(|kind| kind.name() == name)?;
        let read = ParamReader::new(name, params);
        Some((|| {
            Ok(Scatter {
                kind,
                update_window_dims: read.sizes("update_window_dims")?,
                inserted_window_dims: read.sizes("inserted_window_dims")?,
                scatter_dims_to_operand_dims: read.sizes("scatter_dims_to_operand_dims")?,
                operand_batching_dims: read.sizes("operand_batching_dims")?,
                scatter_indices_batching_dims: read.sizes("scatter_indices_batching_dims")?,
                mode: IndexMode::read(&read)?,
                unique_indices: read.bool("unique_indices")?,
            })
        })())
    }

    fn output_types(&self, inputs: &[Type]) -> Result<SmallVec<[Type; 2]>> {
        nary::arity(self.name(), inputs, 3)?;
        let (x, indices, updates) = (&inputs[0], &inputs[1], &inputs[2]);
        nary::same_dtype(self.name(), &[x.clone(), updates.clone()])?;
        if !self.kind.takes(x.dtype) {
            bail!(Dtype, "{} does not take {x}", self.name());
        }
        let windows = self.windows(&x.shape, &updates.shape);
        windows.check(self.name(), x, indices)?;
        let batching = windows.operand_batching.iter().all(|&axis| windows.sizes[axis] <= 1);
        let needed = windows.windowed_shape(&indices.shape);
        if !batching || updates.shape != needed {
            bail!(
                Shape,
                "{} needs updates of shape {needed} for {indices}, got {updates}",
                self.name()
            );
        }
        Ok(smallvec![x.clone()])
    }

    fn evaluate(&self, inputs: &[Literal]) -> Result<SmallVec<[Literal; 2]>> {
        let (x, indices, updates) = (&inputs[0], &inputs[1], &inputs[2]);
        let (ty, shape) = (x.ty(), &updates.ty().shape);
        if x.is_empty() {
            return Ok(smallvec![x.clone()]);
        }
        let windows = self.windows(&ty.shape, shape);
        let mut elements: Vec<Scalar> = x.iter().collect();
        for (position, update) in updates.iter().enumerate() {
            let index = shape.unravel(position);
            if let Some(place) = windows.locate(&ty.shape, indices, &index, self.clips()) {
                let element = &mut elements[ty.shape.ravel(&place)];
                *element = self.kind.combine(*element, update, ty.dtype);
            }
        }
        Ok(smallvec![Literal::from_scalars(ty.clone(), &elements)])
    }

    fn jvp(&self, cx: Cx<'_>, primals: &[Value], tangents: &[Tangent]) -> Result<Jvp> {
        self.jvp_rule(cx, primals, tangents)
    }

    fn transpose(
        &self,
        cx: Cx<'_>,
        inputs: &[Operand],
        cotangents: &[Tangent],
    ) -> Result<SmallVec<[Tangent; 4]>> {
        self.transpose_rule(cx, inputs, linear::cotangent(cotangents)?)
    }

    fn batch(
        &self,
        cx: Cx<'_>,
        size: usize,
        inputs: &[Value],
        axes: &[Option<usize>],
    ) -> Result<Batched> {
        let mut batched = Scatter {
            update_window_dims: axes::shifted(&self.update_window_dims),
            inserted_window_dims: axes::shifted(&self.inserted_window_dims),
            scatter_dims_to_operand_dims: axes::shifted(&self.scatter_dims_to_operand_dims),
            operand_batching_dims: axes::shifted(&self.operand_batching_dims),
            ..self.clone()
        };
        let indices = match axes[1] {
            None => {
                // Every window runs over all examples.
                batched.update_window_dims = axes::with_front(0, &batched.update_window_dims);
                inputs[1].clone()
            }
            Some(_) => {
                let dims = axes::shifted(&self.scatter_indices_batching_dims);
                batched.scatter_indices_batching_dims = axes::with_front(0, &dims);
                batched.operand_batching_dims = axes::with_front(0, &batched.operand_batching_dims);
                axes::to_front(cx, size, &inputs[1], axes[1])?
            }
        };
        let x = axes::to_front(cx, size, &inputs[0], axes[0])?;
        let updates = axes::to_front(cx, size, &inputs[2], axes[2])?;
        Ok(linear::batched(ops::bind1(cx, batched, &[x, indices, updates])?, 0))
    }

    fn lowering(&self, _inputs: &[Type]) -> Lowering {
        Lowering::Update
    }

    fn steps(&self, cx: &mut dyn Steps) -> Result<()> {
        self.update_steps(cx)
    }

    #[cfg(any(test, feature = "testing"))]
    fn samples() -> Vec<crate::prims::Sample> {
        samples::samples()
    }
}
