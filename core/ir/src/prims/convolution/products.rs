//! Convolutions as calls of the matrix library: windows are laid out as rows of a matrix (Chellapilla, Puri
//! and Simard, "High Performance Convolutional Neural Networks for Document Processing", 2006), a part of
//! them at a time that stays in the cache, and multiplied by the kernel.

mod cut;

use jaxrs_data::{DType, Result, Shape, Type};
use jaxrs_kernel::{
    BodyBuilder, BufferId, IndexVar, Lanes, LibraryCall, MatMul, Operand, Step, ValueId,
};

use self::cut::Chunks;
use super::ConvGeneralDilated;
use super::numbers::Geometry;
use crate::lower::Steps;
use crate::prims::dot::stride;
use crate::rules::axes::{self, AxisList};
use crate::rules::index::{self, Index};

/// Below this many products a loop in the consumer's kernel is faster than a call.
const MIN_PRODUCTS: usize = 1 << 13;
/// More calls than this cost more than they gain.
const MAX_CALLS: usize = 64;
/// The least sizes for which blocking gains anything.
const MIN_SIZES: [usize; 3] = [4, 4, 8];

/// The matrix products that a convolution comes to.
struct Plan<'a> {
    geometry: Geometry<'a>,
    lhs: Type,
    rhs: Type,
    out: Shape,
    /// Axes of the result that run over products, where they lie on both sides of the features.
    batch: AxisList,
    /// Axes of the result that run over the rows of a product.
    rows: AxisList,
    /// Axes of the kernel that are summed over.
    summed: AxisList,
    /// Whether summed axes run fastest in the matrix of windows; else rows do.
    rows_outside: bool,
    chunks: Chunks,
}

/// One operand of a product: where it lies, and its strides.
struct Matrix {
    buffer: BufferId,
    group_stride: usize,
    batch_stride: usize,
    /// Along rows on the left, columns on the right.
    free_stride: usize,
    summed_stride: usize,
}

fn product(shape: &Shape, axes: &[usize]) -> usize {
    axes.iter().map(|&axis| shape[axis]).product()
}

fn sizes(shape: &Shape, axes: &[usize]) -> Vec<usize> {
    axes.iter().map(|&axis| shape[axis]).collect()
}

impl ConvGeneralDilated {
    /// Whether calls of the library pay.
    pub(super) fn is_for_library(&self, inputs: &[Type]) -> bool {
        let (lhs, rhs) = (&inputs[0], &inputs[1]);
        let preferred = self.preferred_element_type;
        let Ok(out) = self.checked_shape(lhs, rhs) else { return false };
        let geometry = self.geometry(&lhs.shape, &rhs.shape);
        let features = geometry.out_features;
        let rows = out.numel() / out[self.dimension_numbers.out_spec[1]].max(1);
        let terms = geometry.summed().numel();
        let [min_rows, min_features, min_terms] = MIN_SIZES;
        matches!(lhs.dtype.real_part(), DType::F32 | DType::F64)
            && preferred.is_none_or(|preferred| preferred == lhs.dtype)
            && self.n_calls(&out, geometry.groups()) <= MAX_CALLS
            && rows >= min_rows
            && features >= min_features
            && terms >= min_terms
            && rows * features * terms >= MIN_PRODUCTS
    }

    /// At most how many calls there are.
    fn n_calls(&self, out: &Shape, groups: usize) -> usize {
        let (before, after) = out.split_at(self.dimension_numbers.out_spec[1]);
        let is_batched = after[1..].iter().product::<usize>() > 1;
        groups.min(if is_batched { before.iter().product() } else { 1 })
    }

    /// See [`crate::Primitive::steps`].
    pub(super) fn product_steps(&self, cx: &mut dyn Steps) -> Result<()> {
        let plan = self.plan(cx.input_type(0), cx.input_type(1), cx.output_type(0));
        let kernel = plan.kernel_matrix(cx)?;
        if let Some(windows) = plan.lhs_as_it_is(cx)? {
            plan.push_products(cx, &windows, &kernel, None);
            return Ok(());
        }
        let len = plan.points().iter().product();
        let patches = cx.scratch(plan.lhs.dtype, len);
        if plan.chunks.trips == 1 {
            return plan.chunk(cx, patches, &kernel, None);
        }
        cx.repeat(plan.chunks.trips, &mut |cx, index| plan.chunk(cx, patches, &kernel, Some(index)))
    }

    fn plan(&self, lhs: &Type, rhs: &Type, out: &Type) -> Plan<'_> {
        let numbers = &self.dimension_numbers;
        let feature = numbers.out_spec[1];
        let others = axes::others(out.rank(), &[&[feature]]);
        let (before, after) = others.split_at(feature);
        let is_batched = product(&out.shape, before) > 1 && product(&out.shape, after) > 1;
        let (batch, rows) = if is_batched { (before, after) } else { (&[][..], &others[..]) };
        let mut plan = Plan {
            geometry: self.geometry(&lhs.shape, &rhs.shape),
            lhs: lhs.clone(),
            rhs: rhs.clone(),
            out: out.shape.clone(),
            batch: batch.into(),
            rows: rows.into(),
            summed: axes::others(rhs.rank(), &[&[numbers.rhs_spec[0]]]),
            rows_outside: true,
            chunks: Chunks { n_whole: 0, part: 1, trips: 1 },
        };
        plan.rows_outside = plan.summed_score() >= plan.rows_score();
        plan.chunks = plan.cut();
        plan
    }
}

impl Plan<'_> {
    fn n_rows(&self) -> usize {
        product(&self.out, &self.rows)
    }

    fn n_summed(&self) -> usize {
        product(&self.rhs.shape, &self.summed)
    }

    /// The index space in which a chunk of windows is laid out.
    fn points(&self) -> Vec<usize> {
        let summed = sizes(&self.rhs.shape, &self.summed);
        let (batch, rows) = match self.batch.is_empty() {
            true => (Vec::new(), self.leading_sizes()),
            false => (self.leading_sizes(), sizes(&self.out, &self.rows)),
        };
        let matrix = if self.rows_outside { [rows, summed] } else { [summed, rows] };
        [vec![self.geometry.groups()], batch, matrix.concat()].concat()
    }

    /// The kernel as a matrix: as it is where its strides allow, else in order.
    fn kernel_matrix(&self, cx: &mut dyn Steps) -> Result<Matrix> {
        let (own, shape) = (self.geometry.numbers.rhs_spec[0], &self.rhs.shape);
        let (n_features, n_summed) = (shape[own], self.n_summed());
        let outer: usize = shape[..own].iter().product();
        let inner: usize = shape[own + 1..].iter().product();
        let (summed_stride, free_stride) = match (outer, inner) {
            (1, _) => (1, n_summed),
            _ => (n_features, 1),
        };
        let buffer = if outer == 1 || inner == 1 {
            cx.input(1)?
        } else {
            let buffer = cx.scratch(self.rhs.dtype, n_summed * n_features);
            let domain = [sizes(shape, &self.summed), vec![n_features]].concat();
            cx.kernel("transpose", &domain, Lanes::Domain, &mut |cx, point| {
                let mut at = Index::from_slice(point);
                at.pop();
                at.insert(own, point[point.len() - 1]);
                let value = cx.operand(1, &at)?;
                let b = cx.builder();
                let position = index::ravel(b, point, &domain);
                b.store(buffer, position, value, None);
                Ok(())
            })?;
            buffer
        };
        let group_stride = self.geometry.out_features * free_stride;
        Ok(Matrix { buffer, group_stride, batch_stride: 0, free_stride, summed_stride })
    }

    /// The left operand as the matrix of its windows, where each window is one element.
    fn lhs_as_it_is(&self, cx: &mut dyn Steps) -> Result<Option<Matrix>> {
        let numbers = self.geometry.numbers;
        let is_plain = self.geometry.space.iter().all(|axis| {
            axis.window == 1
                && axis.stride == 1
                && axis.padding == (0, 0)
                && axis.base_dilation == 1
        });
        let place = |axis: &usize| {
            let place = numbers.out_spec.iter().position(|own| own == axis).unwrap_or(0);
            numbers.lhs_spec[place]
        };
        let strides_of = |axes: &AxisList| -> Option<usize> {
            let axes: AxisList = axes.iter().map(place).collect();
            stride(&self.lhs.shape, &axes)
        };
        if !is_plain || self.geometry.batch_groups > 1 {
            return Ok(None);
        }
        let (Some(batch_stride), Some(free_stride)) =
            (strides_of(&self.batch), strides_of(&self.rows))
        else {
            return Ok(None);
        };
        let summed_stride = self.lhs.shape.strides()[numbers.lhs_spec[1]];
        let group_stride = self.geometry.in_features * summed_stride;
        let buffer = cx.input(0)?;
        Ok(Some(Matrix { buffer, group_stride, batch_stride, free_stride, summed_stride }))
    }

    /// Lays out windows, and multiplies.
    fn chunk(
        &self,
        cx: &mut dyn Steps,
        patches: BufferId,
        kernel: &Matrix,
        chunk: Option<IndexVar>,
    ) -> Result<()> {
        let domain = self.points();
        cx.kernel("windows", &domain, Lanes::Domain, &mut |cx, point| {
            let (mut mask, b) = (None, cx.builder());
            let place = self.place(b, point, chunk, &mut mask);
            let value = match mask {
                Some(mask) => cx.operand_where(0, &place, mask)?,
                None => cx.operand(0, &place)?,
            };
            let b = cx.builder();
            let position = index::ravel(b, point, &domain);
            b.store(patches, position, value, None);
            Ok(())
        })?;
        let n_summed = self.n_summed();
        let leading: usize = self.leading_sizes().iter().product();
        let (batch, rows) = match self.batch.is_empty() {
            true => (1, leading),
            false => (leading, self.n_rows()),
        };
        let (free_stride, summed_stride) =
            if self.rows_outside { (n_summed, 1) } else { (1, rows) };
        let windows = Matrix {
            buffer: patches,
            group_stride: batch * rows * n_summed,
            batch_stride: rows * n_summed,
            free_stride,
            summed_stride,
        };
        self.push_products(cx, &windows, kernel, chunk);
        Ok(())
    }

    /// The element of the left operand that a point of [`Plan::points`] shows.
    fn place(
        &self,
        b: &mut BodyBuilder,
        point: &[ValueId],
        chunk: Option<IndexVar>,
        mask: &mut Option<ValueId>,
    ) -> Index {
        let (group, point) = (point[0], &point[1..]);
        let n_leading = self.leading().len() - self.chunks.n_whole;
        let n_batch = if self.batch.is_empty() { 0 } else { n_leading };
        let n_rows = if self.batch.is_empty() { n_leading } else { self.rows.len() };
        let (batch, matrix) = point.split_at(n_batch);
        let (rows, summed) = match self.rows_outside {
            true => matrix.split_at(n_rows),
            false => {
                let (summed, rows) = matrix.split_at(self.summed.len());
                (rows, summed)
            }
        };
        let numbers = self.geometry.numbers;
        let zero = b.index(0);
        let mut out = Index::from_elem(zero, self.out.rank());
        let (leading, rest) = if self.batch.is_empty() { (rows, &[][..]) } else { (batch, rows) };
        self.leading_place(b, leading, chunk, &mut out);
        self.rows.iter().zip(rest).for_each(|(&axis, &i)| out[axis] = i);
        let mut kernel = Index::from_elem(zero, self.rhs.rank());
        self.summed.iter().zip(summed).for_each(|(&axis, &i)| kernel[axis] = i);
        let windows: Index = numbers.out_spec[2..].iter().map(|&axis| out[axis]).collect();
        let taps = numbers.rhs_spec[2..].iter().map(|&axis| kernel[axis]);
        let term: Index = taps.chain([kernel[numbers.rhs_spec[1]]]).collect();
        let example = out[numbers.out_spec[0]];
        self.geometry.place_in_group(b, group, example, &windows, &term, mask)
    }

    /// Coordinates along the leading axes, from those within a chunk.
    fn leading_place(
        &self,
        b: &mut BodyBuilder,
        within: &[ValueId],
        chunk: Option<IndexVar>,
        out: &mut Index,
    ) {
        let Chunks { n_whole, part, .. } = self.chunks;
        let axes = self.leading();
        axes[n_whole..].iter().zip(within).for_each(|(&axis, &i)| out[axis] = i);
        let Some(chunk) = chunk else { return };
        let mut counts = sizes(&self.out, &axes[..=n_whole]);
        counts[n_whole] /= part;
        let counter = b.index_var(chunk);
        let at = index::unravel(b, counter, &counts);
        axes[..n_whole].iter().zip(&at).for_each(|(&axis, &i)| out[axis] = i);
        let first = index::scale(b, at[n_whole], part);
        out[axes[n_whole]] = b.add(first, within[0]);
    }

    /// The products of all groups. The result is dense, its features anywhere. Of groups and products within
    /// a group the more numerous run inside of one call.
    fn push_products(
        &self,
        cx: &mut dyn Steps,
        windows: &Matrix,
        kernel: &Matrix,
        chunk: Option<IndexVar>,
    ) {
        let feature = self.geometry.numbers.out_spec[1];
        let after: usize = self.out[feature + 1..].iter().product();
        let row_stride = if after == 1 { self.out[feature] } else { 1 };
        let leading = match chunk {
            Some(_) => self.leading_sizes().iter().product(),
            None => product(&self.out, self.leading()),
        };
        let (batch, m, leading_stride) = match self.batch.is_empty() {
            true => (1, leading, row_stride),
            false => (leading, self.n_rows(), self.out[feature] * after),
        };
        let groups = self.geometry.groups();
        let out_group = self.geometry.out_features * after;
        let by_group = [windows.group_stride, kernel.group_stride, out_group];
        let by_batch = [windows.batch_stride, kernel.batch_stride, self.out[feature] * after];
        let ((n_calls, offsets), (n_inside, strides)) = match groups > batch {
            true => ((batch, by_batch), (groups, by_group)),
            false => ((groups, by_group), (batch, by_batch)),
        };
        let out = cx.output(0);
        for call in 0..n_calls {
            let view = |k: usize, buffer: BufferId, rows: usize, cols: usize| Operand {
                buffer,
                offset: call * offsets[k],
                step: None,
                batch_stride: strides[k] as isize,
                row_stride: rows as isize,
                col_stride: cols as isize,
            };
            cx.push(Step::Library(LibraryCall::MatMul(MatMul {
                batch: n_inside,
                m,
                n: self.geometry.out_features,
                k: self.n_summed(),
                lhs: view(0, windows.buffer, windows.free_stride, windows.summed_stride),
                rhs: view(1, kernel.buffer, kernel.summed_stride, kernel.free_stride),
                out: Operand {
                    step: chunk.map(|index| (index, (leading * leading_stride) as isize)),
                    ..view(2, out, row_stride, after)
                },
            })));
        }
    }
}
