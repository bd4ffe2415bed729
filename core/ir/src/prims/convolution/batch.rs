//! Convolutions of several examples: they join the batch, the features, or the groups.

use jaxrs_data::{Result, Scalar, Type};

use super::ConvGeneralDilated;
use super::transpose::{join_axis, split_axis};
use crate::rules::linear;
use crate::{Batched, Cx, Value, ops};

/// An axis of examples goes right inside of the groups of another axis: that is split, and all are joined
/// again, groups first.
fn join_within_groups(
    cx: Cx<'_>,
    x: &Value,
    examples: usize,
    axis: usize,
    groups: usize,
) -> Result<Value> {
    let first = ops::move_axis(cx, x, examples, 0)?;
    let split = split_axis(cx, &first, axis + 1, groups)?;
    let grouped = ops::move_axis(cx, &split, 0, axis + 1)?;
    let shape = grouped.shape();
    let joined = shape[axis] * shape[axis + 1] * shape[axis + 2];
    let shape = shape.without(axis).without(axis).without(axis).with(axis, joined);
    ops::reshape(cx, &grouped, &shape)
}

impl ConvGeneralDilated {
    /// See [`crate::Primitive::batch`].
    pub(super) fn batch_examples(
        &self,
        cx: Cx<'_>,
        size: usize,
        inputs: &[Value],
        axes: &[Option<usize>],
    ) -> Result<Batched> {
        if size == 0 {
            return self.batch_of_none(cx, inputs, axes);
        }
        let (lhs, rhs) = (&inputs[0], &inputs[1]);
        match (axes[0], axes[1]) {
            (Some(left), Some(right)) => self.batch_both(cx, size, (lhs, left), (rhs, right)),
            (Some(left), None) => self.batch_lhs(cx, size, (lhs, left), rhs),
            (None, Some(right)) => self.batch_rhs(cx, size, lhs, (rhs, right)),
            (None, None) => Err(jaxrs_data::Error::internal("nothing to batch")),
        }
    }

    /// Joined axes do not tell how large examples are of which there are none.
    fn batch_of_none(
        &self,
        cx: Cx<'_>,
        inputs: &[Value],
        axes: &[Option<usize>],
    ) -> Result<Batched> {
        let example = |(value, axis): (&Value, &Option<usize>)| match *axis {
            Some(axis) => value.ty().with_shape(value.shape().without(axis)),
            None => value.ty().clone(),
        };
        let types: Vec<Type> = inputs.iter().zip(axes).map(example).collect();
        let out = crate::Primitive::output_types(self, &types)?.swap_remove(0);
        let empty = ops::full(cx, &out.with_shape(out.shape.with(0, 0)), Scalar::Int(0))?;
        Ok(linear::batched(empty, 0))
    }

    /// Both have examples: each is a group.
    fn batch_both(
        &self,
        cx: Cx<'_>,
        size: usize,
        (lhs, left): (&Value, usize),
        (rhs, right): (&Value, usize),
    ) -> Result<Batched> {
        let (numbers, mut conv) = (&self.dimension_numbers, self.clone());
        let joined = if self.batch_group_count > 1 {
            conv.batch_group_count *= size;
            numbers.lhs_spec[0]
        } else {
            conv.feature_group_count *= size;
            numbers.lhs_spec[1]
        };
        let lhs = join_axis(cx, lhs, left, joined)?;
        let rhs = join_axis(cx, rhs, right, numbers.rhs_spec[0])?;
        let out = numbers.out_spec[1];
        let result = split_axis(cx, &conv.bind(cx, &lhs, &rhs)?, out, size)?;
        Ok(linear::batched(result, out))
    }

    /// Examples join the batch, inside of its groups.
    fn batch_lhs(
        &self,
        cx: Cx<'_>,
        size: usize,
        (lhs, left): (&Value, usize),
        rhs: &Value,
    ) -> Result<Batched> {
        let (numbers, groups) = (&self.dimension_numbers, self.batch_group_count);
        let batch = numbers.lhs_spec[0];
        let lhs = match groups {
            1 => join_axis(cx, lhs, left, batch)?,
            _ => join_within_groups(cx, lhs, left, batch, groups)?,
        };
        let out = numbers.out_spec[0];
        let result = split_axis(cx, &self.bind(cx, &lhs, rhs)?, out, size)?;
        Ok(linear::batched(result, out))
    }

    /// Examples join the output features, inside of their groups.
    fn batch_rhs(
        &self,
        cx: Cx<'_>,
        size: usize,
        lhs: &Value,
        (rhs, right): (&Value, usize),
    ) -> Result<Batched> {
        let numbers = &self.dimension_numbers;
        let groups = self.feature_group_count * self.batch_group_count;
        let (feature, out) = (numbers.rhs_spec[0], numbers.out_spec[1]);
        if groups == 1 {
            let rhs = join_axis(cx, rhs, right, feature)?;
            let result = split_axis(cx, &self.bind(cx, lhs, &rhs)?, out, size)?;
            return Ok(linear::batched(result, out));
        }
        let rhs = join_within_groups(cx, rhs, right, feature, groups)?;
        let result = split_axis(cx, &self.bind(cx, lhs, &rhs)?, out, groups)?;
        let result = split_axis(cx, &result, out + 1, size)?;
        Ok(linear::batched(join_axis(cx, &result, out, out + 1)?, out))
    }
}
