//! Windows at many positions: the dimension numbers that `gather` and `scatter` share.
//!
//! A gather reads windows of an operand into a result; a scatter writes the same windows of updates that
//! lie like that result. In words of both: the *windowed* array is the result or the updates, its window
//! axes run inside a window and its other axes run over windows, as the axes of the indices but the last.

use jaxrs_data::{Literal, Result, Shape, SmallVec, Type, bail};
use jaxrs_kernel::{BodyBuilder, ValueId};

use crate::lower::Elements;
use crate::rules::axes::{self, AxisList};
use crate::rules::index::{self, Index};

/// Dimension numbers, under names that fit both operations.
#[derive(Clone, Debug)]
pub struct Windows {
    /// Axes of the windowed array that run inside a window.
    pub window_dims: AxisList,
    /// Axes of the operand, of window size 1, that the windowed array does not have.
    pub dropped_dims: AxisList,
    /// For each component of an index, the operand axis that it is a start along.
    pub index_map: AxisList,
    /// Axes of the operand that go along with axes of the indices.
    pub operand_batching: AxisList,
    /// Those axes of the indices.
    pub indices_batching: AxisList,
    /// The size of a window along each operand axis.
    pub sizes: Shape,
}

impl Windows {
    /// The operand axes that run inside a window, in order.
    pub fn operand_window_dims(&self) -> AxisList {
        axes::others(self.sizes.rank(), &[&self.dropped_dims, &self.operand_batching])
    }

    /// The axes of the windowed array that run over windows, in the order of the indices' axes.
    pub fn batch_dims(&self, rank: usize) -> AxisList {
        axes::others(rank, &[&self.window_dims])
    }

    /// The shape of the windowed array for indices of some shape.
    pub fn windowed_shape(&self, indices: &Shape) -> Shape {
        let rank = self.window_dims.len() + indices.rank() - 1;
        let inside = self.operand_window_dims();
        let (mut inside, mut over) = (inside.iter(), indices.iter());
        (0..rank)
            .map(|axis| match self.window_dims.contains(&axis) {
                true => inside.next().map_or(1, |&axis| self.sizes[axis]),
                false => over.next().copied().unwrap_or(1),
            })
            .collect()
    }

    /// Checks the dimension numbers against the types of operand and indices.
    pub fn check(&self, name: &str, operand: &Type, indices: &Type) -> Result<()> {
        if !indices.dtype.is_integer() || indices.rank() == 0 {
            bail!(Dtype, "{name} needs an integer array as indices, got {indices}");
        }
        let (rank, last) = (operand.rank(), indices.rank() - 1);
        axes::check_increasing(
            name,
            "window axes",
            &self.window_dims,
            self.window_dims.len() + last,
        )?;
        axes::check_increasing(name, "dropped window axes", &self.dropped_dims, rank)?;
        axes::check_increasing(name, "operand batching axes", &self.operand_batching, rank)?;
        axes::check_distinct(name, "indexed axes", &self.index_map, rank)?;
        axes::check_distinct(name, "indices batching axes", &self.indices_batching, last)?;
        if self.sizes.rank() != rank {
            bail!(
                Shape,
                "{name} needs a window size for each axis of {operand}, got {}",
                self.sizes
            );
        }
        self.check_counts(name, operand, indices)?;
        self.check_sizes(name, operand, indices)
    }

    fn check_counts(&self, name: &str, operand: &Type, indices: &Type) -> Result<()> {
        let components = indices.shape[indices.rank() - 1];
        if self.index_map.len() != components {
            let got = &self.index_map;
            bail!(
                Shape,
                "{name} needs an operand axis for each of {components} index components, got {got:?}"
            );
        }
        let batching = &self.operand_batching;
        let shared = |list: &[usize]| list.iter().any(|axis| batching.contains(axis));
        if shared(&self.dropped_dims) || shared(&self.index_map) {
            bail!(
                InvalidArgument,
                "{name} needs batching axes {batching:?} that are neither dropped nor indexed"
            );
        }
        let axes = self.window_dims.len() + self.dropped_dims.len() + batching.len();
        if axes != operand.rank() {
            bail!(
                Shape,
                "{name} needs each axis of {operand} as a window, dropped or batching axis, got {axes} axes"
            );
        }
        if batching.len() != self.indices_batching.len() {
            let other = &self.indices_batching;
            bail!(
                InvalidArgument,
                "{name} needs as many batching axes of the operand as of the indices, got {batching:?} and {other:?}"
            );
        }
        Ok(())
    }

    fn check_sizes(&self, name: &str, operand: &Type, indices: &Type) -> Result<()> {
        for (&i, &j) in self.operand_batching.iter().zip(&self.indices_batching) {
            let (m, n) = (operand.shape[i], indices.shape[j]);
            if m != n {
                bail!(
                    Shape,
                    "{name} batches axis {i} of {operand} with axis {j} of {indices}, but {m} != {n}"
                );
            }
        }
        let has_windows = !indices.shape[..indices.rank() - 1].contains(&0);
        for (axis, &size) in self.sizes.iter().enumerate() {
            let thin = self.dropped_dims.contains(&axis) || self.operand_batching.contains(&axis);
            // Without windows their size does not matter.
            let fits = size <= operand.shape[axis] || !has_windows;
            if thin && size > 1 || !fits {
                bail!(Shape, "{name} has a window of size {size} along axis {axis} of {operand}");
            }
        }
        Ok(())
    }

    /// The operand axis that each index component is a start along, and the room that a window has there.
    fn indexed<'a>(&'a self, operand: &'a Shape) -> impl Iterator<Item = (usize, usize)> + 'a {
        self.index_map.iter().map(|&axis| (axis, operand[axis].saturating_sub(self.sizes[axis])))
    }

    /// The operand's element that belongs to an element of the windowed array; none if its window does not
    /// fit and is not moved. `clips` says that such windows are moved.
    pub fn locate(
        &self,
        operand: &Shape,
        indices: &Literal,
        index: &[usize],
        clips: bool,
    ) -> Option<Shape> {
        let mut place: Shape = (0..operand.rank()).map(|_| 0).collect();
        for (&axis, &dim) in self.operand_window_dims().iter().zip(&self.window_dims) {
            place[axis] = index[dim];
        }
        let over: Shape = self.batch_dims(index.len()).iter().map(|&dim| index[dim]).collect();
        for (&axis, &dim) in self.operand_batching.iter().zip(&self.indices_batching) {
            place[axis] = over[dim];
        }
        for (component, (axis, room)) in self.indexed(operand).enumerate() {
            let start = index::start_value(indices.at(&over.with(over.rank(), component)));
            if !clips && !(0..=room as i64).contains(&start) {
                return None;
            }
            place[axis] += start.clamp(0, room as i64) as usize;
        }
        Some(place)
    }

    /// The same in a kernel: the place in the operand, and the mask of windows that fit, if they are not
    /// moved. The indices are operand 1; `index` has a value for each axis of the windowed array.
    pub fn place(
        &self,
        cx: &mut dyn Elements,
        operand: &Shape,
        index: &[ValueId],
        clips: bool,
    ) -> Result<(Index, Option<ValueId>)> {
        let zero = cx.builder().index(0);
        let mut place = Index::from_elem(zero, operand.rank());
        for (&axis, &dim) in self.operand_window_dims().iter().zip(&self.window_dims) {
            place[axis] = index[dim];
        }
        let over: Index = self.batch_dims(index.len()).iter().map(|&dim| index[dim]).collect();
        for (&axis, &dim) in self.operand_batching.iter().zip(&self.indices_batching) {
            place[axis] = over[dim];
        }
        let mut mask = None;
        for (component, (axis, room)) in self.indexed(operand).enumerate() {
            let start = start_component(cx, &over, component)?;
            let start = fit(cx.builder(), start, room, clips, &mut mask);
            place[axis] = cx.builder().add(start, place[axis]);
        }
        Ok((place, mask))
    }
}

fn start_component(cx: &mut dyn Elements, over: &[ValueId], component: usize) -> Result<ValueId> {
    let mut at = SmallVec::<[ValueId; 4]>::from_slice(over);
    at.push(cx.builder().index(component as i64));
    let start = cx.operand(1, &at)?;
    Ok(index::start(cx.builder(), start))
}

/// A start that is in range: moved, or masked.
fn fit(
    b: &mut BodyBuilder,
    start: ValueId,
    room: usize,
    clips: bool,
    mask: &mut Option<ValueId>,
) -> ValueId {
    if clips {
        return index::clamp(b, start, room);
    }
    let fits = index::read_within(b, start, room);
    *mask = index::and(b, *mask, fits);
    start
}
