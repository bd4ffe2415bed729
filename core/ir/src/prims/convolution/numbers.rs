//! Dimension numbers of convolutions, and where elements lie.

use jaxrs_data::{Result, Shape, SmallVec, Type, bail};
use jaxrs_kernel::{BodyBuilder, ValueId};

use super::ConvGeneralDilated;
use crate::rules::axes::{self, AxisList};
use crate::rules::index::{self, Index};
use crate::rules::sliding::{self, Sliding};
use crate::{Param, ParamReader};

/// Which axes of operands and result are what. Each list names the axis of the batch, then that of the
/// features, then the spatial axes in order; for the kernel output features, input features, spatial axes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ConvDimensionNumbers {
    /// Axes of the left operand.
    pub lhs_spec: Vec<usize>,
    /// Axes of the kernel.
    pub rhs_spec: Vec<usize>,
    /// Axes of the result.
    pub out_spec: Vec<usize>,
}

impl ConvDimensionNumbers {
    /// The order that the names of the lists are in: batch first, then features, then space.
    pub fn in_order(rank: usize) -> ConvDimensionNumbers {
        let spec: Vec<usize> = (0..rank).collect();
        ConvDimensionNumbers { lhs_spec: spec.clone(), rhs_spec: spec.clone(), out_spec: spec }
    }

    pub(super) fn param(&self) -> Param {
        let list = |spec: &Vec<usize>| spec.iter().map(|&axis| axis as i64).collect();
        Param::IntLists([&self.lhs_spec, &self.rhs_spec, &self.out_spec].map(list).into())
    }

    pub(super) fn read(read: &ParamReader<'_>) -> Result<ConvDimensionNumbers> {
        let lists = read.int_lists("dimension_numbers")?;
        let axis = |&axis: &i64| match usize::try_from(axis) {
            Ok(axis) => Ok(axis),
            Err(_) => Err(read.error(format_args!("needs axes of at least 0, got {axis}"))),
        };
        let specs =
            lists.iter().map(|list| list.iter().map(axis).collect()).collect::<Result<Vec<_>>>()?;
        let Ok([lhs_spec, rhs_spec, out_spec]) = <[Vec<usize>; 3]>::try_from(specs) else {
            return Err(read.error(format_args!(
                "needs dimension_numbers for both operands and the result, got {}",
                lists.len()
            )));
        };
        Ok(ConvDimensionNumbers { lhs_spec, rhs_spec, out_spec })
    }

    /// Checks that each list has each of `rank` axes once.
    pub fn check(&self, name: &str, rank: usize) -> Result<()> {
        for spec in [&self.lhs_spec, &self.rhs_spec, &self.out_spec] {
            axes::check_distinct(name, "dimension_numbers", spec, rank)?;
            if spec.len() != rank || rank < 2 {
                bail!(
                    InvalidArgument,
                    "{name} needs dimension_numbers for each of {rank} axes, at least 2, got {spec:?}"
                );
            }
        }
        Ok(())
    }
}

/// Where the elements of a convolution lie: what windows, groups and dimension numbers come to.
pub(super) struct Geometry<'a> {
    pub(super) numbers: &'a ConvDimensionNumbers,
    /// The spatial axes.
    pub(super) space: SmallVec<[Sliding; 3]>,
    /// Groups of features.
    pub(super) feature_groups: usize,
    /// Groups of the batch.
    pub(super) batch_groups: usize,
    /// Examples in one group of the batch.
    pub(super) examples: usize,
    /// Input features that one output feature sees.
    pub(super) in_features: usize,
    /// Output features of one group.
    pub(super) out_features: usize,
}

impl Geometry<'_> {
    /// The number of groups of either kind.
    pub(super) fn groups(&self) -> usize {
        self.feature_groups * self.batch_groups
    }

    /// What is summed over: taps along each spatial axis, then input features.
    pub(super) fn summed(&self) -> Shape {
        self.space.iter().map(|axis| axis.window).chain([self.in_features]).collect()
    }

    /// The elements that are multiplied for a term of the sum of an element of the result; on the left
    /// there may be none.
    pub(super) fn sources(&self, index: &[usize], term: &[usize]) -> (Option<Shape>, Shape) {
        let spec = &self.numbers.out_spec;
        let (batch, feature) = (index[spec[0]], index[spec[1]]);
        let group = feature / self.out_features.max(1);
        let (feature_group, batch_group) = self.split(group);
        let (taps, in_feature) = term.split_at(self.space.len());
        let mut right = vec![0; index.len()];
        right[self.numbers.rhs_spec[0]] = feature;
        right[self.numbers.rhs_spec[1]] = in_feature[0];
        let mut left = vec![0; index.len()];
        left[self.numbers.lhs_spec[0]] = batch_group * self.examples + batch;
        left[self.numbers.lhs_spec[1]] = feature_group * self.in_features + in_feature[0];
        let mut is_inside = true;
        for (k, (axis, &tap)) in self.space.iter().zip(taps).enumerate() {
            right[self.numbers.rhs_spec[k + 2]] = tap;
            match axis.source(index[spec[k + 2]], tap) {
                Some(source) => left[self.numbers.lhs_spec[k + 2]] = source,
                None => is_inside = false,
            }
        }
        (is_inside.then(|| Shape::new(&left)), Shape::new(&right))
    }

    /// The feature group and the batch group, of which there is one at most.
    fn split(&self, group: usize) -> (usize, usize) {
        if self.batch_groups > 1 { (0, group) } else { (group, 0) }
    }

    /// The place on the left for an element of the result; see [`Geometry::sources`].
    pub(super) fn lhs_place(
        &self,
        b: &mut BodyBuilder,
        index: &[ValueId],
        term: &[ValueId],
        mask: &mut Option<ValueId>,
    ) -> Index {
        let spec = &self.numbers.out_spec;
        let features = b.index(self.out_features as i64);
        let group = match self.groups() {
            1 => b.index(0),
            _ => b.op(jaxrs_kernel::ScalarOp::Div, &[index[spec[1]], features]),
        };
        let windows: Index = spec[2..].iter().map(|&axis| index[axis]).collect();
        self.place_in_group(b, group, index[spec[0]], &windows, term, mask)
    }

    /// The place on the left for an example of a group.
    pub(super) fn place_in_group(
        &self,
        b: &mut BodyBuilder,
        group: ValueId,
        example: ValueId,
        windows: &[ValueId],
        term: &[ValueId],
        mask: &mut Option<ValueId>,
    ) -> Index {
        let spec = &self.numbers.lhs_spec;
        let mut place = Index::from_elem(example, spec.len());
        let mut feature = term[self.space.len()];
        if self.batch_groups > 1 {
            let first = index::scale(b, group, self.examples);
            place[spec[0]] = b.add(first, example);
        } else {
            let first = index::scale(b, group, self.in_features);
            feature = b.add(first, feature);
        }
        place[spec[1]] = feature;
        for (k, axis) in self.space.iter().enumerate() {
            place[spec[k + 2]] = axis.place(b, windows[k], term[k], mask);
        }
        place
    }

    /// The place in the kernel; see [`Geometry::sources`].
    pub(super) fn rhs_place(
        &self,
        b: &mut BodyBuilder,
        index: &[ValueId],
        term: &[ValueId],
    ) -> Index {
        let spec = &self.numbers.rhs_spec;
        let mut place = Index::from_elem(b.index(0), spec.len());
        place[spec[0]] = index[self.numbers.out_spec[1]];
        place[spec[1]] = term[self.space.len()];
        spec[2..].iter().zip(term).for_each(|(&axis, &tap)| place[axis] = tap);
        place
    }
}

impl ConvGeneralDilated {
    /// The windows along each spatial axis.
    fn space(&self, lhs: &Shape, rhs: &Shape) -> SmallVec<[Sliding; 3]> {
        let numbers = &self.dimension_numbers;
        let axis = |k: usize| Sliding {
            size: lhs[numbers.lhs_spec[k + 2]],
            window: rhs[numbers.rhs_spec[k + 2]],
            stride: self.window_strides[k],
            padding: self.padding[k],
            base_dilation: self.lhs_dilation[k],
            window_dilation: self.rhs_dilation[k],
        };
        (0..self.window_strides.len()).map(axis).collect()
    }

    /// What operands of these shapes come to; they are checked.
    pub(super) fn geometry(&self, lhs: &Shape, rhs: &Shape) -> Geometry<'_> {
        let numbers = &self.dimension_numbers;
        let groups = self.feature_group_count * self.batch_group_count;
        Geometry {
            numbers,
            space: self.space(lhs, rhs),
            feature_groups: self.feature_group_count,
            batch_groups: self.batch_group_count,
            examples: lhs[numbers.lhs_spec[0]] / self.batch_group_count,
            in_features: rhs[numbers.rhs_spec[1]],
            out_features: rhs[numbers.rhs_spec[0]] / groups,
        }
    }

    /// Checks all parameters, and gives the shape of the result.
    pub(super) fn checked_shape(&self, lhs: &Type, rhs: &Type) -> Result<Shape> {
        let name = "conv_general_dilated";
        let rank = lhs.rank();
        if rank != rhs.rank() {
            bail!(Shape, "{name} needs operands of one rank, got {lhs} and {rhs}");
        }
        self.dimension_numbers.check(name, rank)?;
        self.check_lengths(name, rank - 2)?;
        self.check_groups(name, lhs, rhs)?;
        let (numbers, mut shape) = (&self.dimension_numbers, vec![0; rank]);
        shape[numbers.out_spec[0]] = lhs.shape[numbers.lhs_spec[0]] / self.batch_group_count;
        shape[numbers.out_spec[1]] = rhs.shape[numbers.rhs_spec[0]];
        for (k, axis) in self.space(&lhs.shape, &rhs.shape).iter().enumerate() {
            let Some(n) = axis.n_windows() else {
                let padding = axis.padding;
                bail!(
                    Shape,
                    "{name} of {lhs} cannot pad {} elements along spatial axis {k} by {padding:?}",
                    axis.size
                );
            };
            shape[numbers.out_spec[k + 2]] = n;
        }
        Ok(Shape::new(&shape))
    }

    fn check_lengths(&self, name: &str, spatial: usize) -> Result<()> {
        let lists = [
            ("window_strides", self.window_strides.len()),
            ("padding", self.padding.len()),
            ("lhs_dilation", self.lhs_dilation.len()),
            ("rhs_dilation", self.rhs_dilation.len()),
        ];
        for (what, len) in lists {
            if len != spatial {
                bail!(
                    InvalidArgument,
                    "{name} needs {what} for each of {spatial} spatial axes, got {len}"
                );
            }
        }
        sliding::check_positive(name, "window_strides", &self.window_strides)?;
        sliding::check_positive(name, "lhs_dilation", &self.lhs_dilation)?;
        sliding::check_positive(name, "rhs_dilation", &self.rhs_dilation)?;
        let groups = [self.feature_group_count, self.batch_group_count];
        sliding::check_positive(name, "group counts", &groups)?;
        if groups.iter().all(|&count| count > 1) {
            bail!(
                InvalidArgument,
                "{name} groups features or the batch, not both, got feature_group_count {} and batch_group_count {}",
                groups[0],
                groups[1]
            );
        }
        Ok(())
    }

    fn check_groups(&self, name: &str, lhs: &Type, rhs: &Type) -> Result<()> {
        let numbers = &self.dimension_numbers;
        let batch = lhs.shape[numbers.lhs_spec[0]];
        let features = lhs.shape[numbers.lhs_spec[1]];
        let (out, own) = (rhs.shape[numbers.rhs_spec[0]], rhs.shape[numbers.rhs_spec[1]]);
        let (by_feature, by_batch) = (self.feature_group_count, self.batch_group_count);
        if !features.is_multiple_of(by_feature) || features / by_feature != own {
            bail!(
                Shape,
                "{name} of {lhs} with {rhs} needs feature_group_count times input features of the kernel, {by_feature} · {own}, to be {features} features"
            );
        }
        if !batch.is_multiple_of(by_batch) {
            bail!(Shape, "{name} of {lhs} cannot split {batch} examples in {by_batch} groups");
        }
        if !out.is_multiple_of(by_feature) || !out.is_multiple_of(by_batch) {
            let groups = by_feature.max(by_batch);
            bail!(Shape, "{name} with {rhs} cannot split {out} output features in {groups} groups");
        }
        Ok(())
    }

    /// An axis list with its first two entries exchanged.
    pub(super) fn exchanged(spec: &[usize]) -> Vec<usize> {
        let mut spec = spec.to_vec();
        spec.swap(0, 1);
        spec
    }

    /// The spatial axes of a list.
    pub(super) fn spatial(spec: &[usize]) -> AxisList {
        spec[2..].into()
    }
}
