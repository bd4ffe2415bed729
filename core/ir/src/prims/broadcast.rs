//! Repeating elements along new axes.

use jaxrs_data::{Literal, Result, Shape, SmallVec, Type, bail, smallvec};
use jaxrs_kernel::ValueId;

use crate::lower::{Elements, Lowering};
use crate::prims::Primitive;
use crate::rules::index::Index;
use crate::rules::{axes, linear, nary};
use crate::{Batched, Cx, Jvp, Operand, Param, ParamReader, Params, Tangent, Value, ops};

/// Operand axis `i` becomes axis `broadcast_dimensions[i]` of the result (increasing); it has the same size
/// there, or size 1 and is repeated.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct BroadcastInDim {
    /// The shape of the result.
    pub shape: Shape,
    /// Where the operand's axes go.
    pub broadcast_dimensions: SmallVec<[usize; 4]>,
}

impl BroadcastInDim {
    /// The axes of the result along which elements repeat.
    fn repeated(&self, operand: &Type) -> impl Iterator<Item = usize> {
        (0..self.shape.rank()).filter(|&axis| {
            let from = self.broadcast_dimensions.iter().position(|&dim| dim == axis);
            from.is_none_or(|from| operand.shape[from] != self.shape[axis])
        })
    }
}

impl Primitive for BroadcastInDim {
    fn name(&self) -> &'static str {
        "broadcast_in_dim"
    }

    fn params(&self) -> Params {
        vec![
            ("broadcast_dimensions", Param::sizes(&self.broadcast_dimensions)),
            ("shape", Param::sizes(&self.shape)),
        ]
    }

    fn parse(name: &str, params: &[(String, Param)]) -> Option<Result<Self>> {
        let read = ParamReader::new(name, params);
        (name == "broadcast_in_dim").then(|| {
            Ok(BroadcastInDim {
                shape: read.sizes("shape")?,
                broadcast_dimensions: read.sizes("broadcast_dimensions")?,
            })
        })
    }

    fn output_types(&self, inputs: &[Type]) -> Result<SmallVec<[Type; 2]>> {
        nary::arity(self.name(), inputs, 1)?;
        let (x, dims) = (&inputs[0], &self.broadcast_dimensions);
        if dims.len() != x.rank() {
            bail!(Shape, "broadcast_in_dim needs a dimension for each axis of {x}, got {dims:?}");
        }
        axes::check_addressable(self.name(), &self.shape, x.dtype)?;
        axes::check_increasing(self.name(), "dimensions", dims, self.shape.rank())?;
        for (axis, &dim) in dims.iter().enumerate() {
            if x.shape[axis] != 1 && x.shape[axis] != self.shape[dim] {
                bail!(
                    Shape,
                    "broadcast_in_dim maps axis {axis} of {x} to axis {dim} of {}, \
                     but {} is neither 1 nor {}",
                    self.shape,
                    x.shape[axis],
                    self.shape[dim]
                );
            }
        }
        Ok(smallvec![x.with_shape(self.shape.clone())])
    }

    fn evaluate(&self, inputs: &[Literal]) -> Result<SmallVec<[Literal; 2]>> {
        let x = &inputs[0];
        let out = x.ty().with_shape(self.shape.clone());
        Ok(smallvec![Literal::from_fn(out, |position| {
            let index = self.shape.unravel(position);
            let from = x.ty().shape.iter().zip(&self.broadcast_dimensions);
            let from: Shape =
                from.map(|(&size, &dim)| if size == 1 { 0 } else { index[dim] }).collect();
            x.at(&from)
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
        let operand = inputs[0].ty();
        let ct = linear::cotangent(cotangents)?;
        let summed = ops::reduce_sum(cx, ct, self.repeated(operand))?;
        // What was stretched from size 1 is summed away and comes back with that size.
        let same =
            |&axis: &usize| operand.shape[axis] == self.shape[self.broadcast_dimensions[axis]];
        let kept = (0..operand.rank()).filter(same);
        let ct = ops::broadcast_in_dim(cx, &summed, &operand.shape, kept)?;
        Ok(linear::cotangents(inputs, ct))
    }

    fn batch(
        &self,
        cx: Cx<'_>,
        size: usize,
        inputs: &[Value],
        axes: &[Option<usize>],
    ) -> Result<Batched> {
        let x = axes::to_front(cx, size, &inputs[0], axes[0])?;
        let dims = axes::with_front(0, &axes::shifted(&self.broadcast_dimensions));
        let y = ops::broadcast_in_dim(cx, &x, &self.shape.with(0, size), dims)?;
        Ok(linear::batched(y, 0))
    }

    fn lowering(&self, _inputs: &[Type]) -> Lowering {
        Lowering::Elements
    }

    fn element(&self, cx: &mut dyn Elements, _output: usize, index: &[ValueId]) -> Result<ValueId> {
        let sizes = cx.input_type(0).shape.clone();
        let zero = cx.builder().index(0);
        let from = sizes.iter().zip(&self.broadcast_dimensions);
        let from: Index =
            from.map(|(&size, &dim)| if size == 1 { zero } else { index[dim] }).collect();
        cx.operand(0, &from)
    }

    fn cost(&self) -> u32 {
        0
    }

    #[cfg(any(test, feature = "testing"))]
    fn samples() -> Vec<crate::prims::Sample> {
        use crate::prims::sample::{every_dtype, moves};
        let broadcast = |shape: &[usize], dims: &[usize]| BroadcastInDim {
            shape: shape.into(),
            broadcast_dimensions: dims.into(),
        };
        let mut samples = every_dtype(broadcast(&[2, 3], &[1]), &[3]);
        samples.extend([
            moves(broadcast(&[2, 3, 4], &[0, 2]), &[2, 4]),
            moves(broadcast(&[2, 3, 4], &[0, 1, 2]), &[2, 1, 4]),
            moves(broadcast(&[3, 1], &[0, 1]), &[1, 1]),
            moves(broadcast(&[2, 3], &[]), &[]),
            moves(broadcast(&[0, 3], &[1]), &[3]),
            moves(broadcast(&[0, 3], &[0, 1]), &[1, 3]),
            moves(broadcast(&[4, 0], &[1]), &[0]),
        ]);
        samples
    }
}
