//! Scatters as kernels.

use jaxrs_data::{DType, Result, SmallVec, Type};
use jaxrs_kernel::{BodyBuilder, BufferId, Lanes, LoopKind, ScalarOp, ValueId};

use super::{Scatter, ScatterKind};
use crate::lower::{Elements, Steps};
use crate::rules::index::{self, Index};
use crate::rules::windows::Windows;

/// How the axes of the updates are run through.
struct Order {
    /// No two of these coordinates write the same element: any order will do.
    domain: Vec<usize>,
    /// Coordinates that may meet: one after another, in order.
    sequential: Vec<usize>,
    /// The end of each window, which is contiguous or nearly so: vectors run along it.
    inner: Vec<usize>,
}

/// One loop: the axis of the updates, how often, and how.
type Nest = SmallVec<[(usize, usize, LoopKind); 4]>;

/// What runs in the innermost loop, given the coordinates.
type Body<'a> = dyn FnMut(&mut dyn Elements, &[ValueId]) -> Result<()> + 'a;

impl Scatter {
    fn order(&self, windows: &Windows, rank: usize) -> Order {
        let (inside, over) = (windows.operand_window_dims(), windows.batch_dims(rank));
        let window = |axis: usize| {
            let place = windows.window_dims.iter().position(|&dim| dim == axis)?;
            Some(!windows.index_map.contains(&inside[place]))
        };
        let batching = |axis: usize| {
            let place = over.iter().position(|&dim| dim == axis);
            place.is_some_and(|place| windows.indices_batching.contains(&place))
        };
        let independent =
            |&axis: &usize| self.unique_indices || window(axis).unwrap_or_else(|| batching(axis));
        let (domain, sequential): (Vec<usize>, Vec<usize>) = (0..rank).partition(independent);
        if sequential.is_empty() {
            return Order { domain, sequential, inner: Vec::new() };
        }
        let last = (0..rank).rev().take_while(|axis| window(*axis) == Some(true)).count();
        let (domain, inner) = domain.into_iter().partition(|&axis| axis < rank - last);
        Order { domain, sequential, inner }
    }

    /// See [`crate::Primitive::steps`].
    pub(super) fn update_steps(&self, cx: &mut dyn Steps) -> Result<()> {
        let (x, updates) = (cx.input_type(0).clone(), cx.input_type(2).clone());
        if x.numel() == 0 || updates.numel() == 0 {
            return Ok(());
        }
        let windows = self.windows(&x.shape, &updates.shape);
        let order = self.order(&windows, updates.rank());
        let loops = |axes: &[usize], kind: LoopKind| -> Nest {
            axes.iter().map(|&axis| (axis, updates.shape[axis], kind.clone())).collect()
        };
        let (outer, inner) =
            (loops(&order.sequential, LoopKind::Sequential), loops(&order.inner, LoopKind::Map));
        let sizes: Vec<usize> = order.domain.iter().map(|&axis| updates.shape[axis]).collect();
        let lanes = match (order.sequential.is_empty(), order.inner.is_empty()) {
            (true, _) => Lanes::Domain,
            (false, false) => Lanes::Inner,
            (false, true) => Lanes::Scalar,
        };
        let out = cx.output(0);
        let name = self.kind.name().replace('-', "_");
        cx.kernel(&name, &sizes, lanes, &mut |cx, point| {
            let zero = cx.builder().index(0);
            let mut at = Index::from_elem(zero, updates.rank());
            order.domain.iter().zip(point).for_each(|(&axis, &i)| at[axis] = i);
            nest(cx, &outer, &mut at, &mut |cx, at| {
                self.write_windows(cx, &windows, (&x, out), &inner, at)
            })
        })
    }

    /// Writes the inner axes of windows; the place of their first element is computed once.
    fn write_windows(
        &self,
        cx: &mut dyn Elements,
        windows: &Windows,
        (x, out): (&Type, BufferId),
        inner: &Nest,
        at: &[ValueId],
    ) -> Result<()> {
        let (first, mask) = windows.place(cx, &x.shape, at, self.clips())?;
        let inside = windows.operand_window_dims();
        let mut at = Index::from_slice(at);
        nest(cx, inner, &mut at, &mut |cx, at| {
            let mut place = first.clone();
            for (&axis, &dim) in inside.iter().zip(&windows.window_dims) {
                if inner.iter().any(|&(inner, ..)| inner == dim) {
                    place[axis] = at[dim];
                }
            }
            let update = cx.operand(2, at)?;
            let b = cx.builder();
            let position = index::position(b, &place, &x.shape.strides());
            let value = match self.kind {
                ScatterKind::Set => update,
                kind => {
                    let old = b.load(out, x.dtype, position, mask);
                    kind.op(b, old, update)
                }
            };
            b.store(out, position, value, mask);
            Ok(())
        })
    }
}

impl ScatterKind {
    fn op(self, b: &mut BodyBuilder, old: ValueId, update: ValueId) -> ValueId {
        let dtype = b.dtype(old);
        let op = match (self, dtype) {
            (ScatterKind::Max, DType::Bool) => ScalarOp::Or,
            (_, DType::Bool) => ScalarOp::And,
            (ScatterKind::Mul, _) => ScalarOp::Mul,
            (ScatterKind::Min, _) => ScalarOp::Min,
            (ScatterKind::Max, _) => ScalarOp::Max,
            (ScatterKind::Sub, _) => ScalarOp::Sub,
            (ScatterKind::Add | ScatterKind::Set, _) => ScalarOp::Add,
        };
        let wide = index::wide(dtype);
        let (old, update) = (b.cast(old, wide), b.cast(update, wide));
        let combined = b.op(op, &[old, update]);
        b.cast(combined, dtype)
    }
}

/// Loops inside one another, each setting a coordinate.
fn nest(
    cx: &mut dyn Elements,
    loops: &[(usize, usize, LoopKind)],
    at: &mut Index,
    body: &mut Body<'_>,
) -> Result<()> {
    let [(axis, trips, kind), rest @ ..] = loops else { return body(cx, at) };
    cx.counted(kind.clone(), *trips, &[], &mut |cx, i, _| {
        at[*axis] = i;
        nest(cx, rest, at, body)?;
        Ok(SmallVec::new())
    })?;
    Ok(())
}
