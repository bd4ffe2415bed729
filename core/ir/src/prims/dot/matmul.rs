//! Dot products as calls of the matrix library.

use jaxrs_data::{DType, Result, Shape, Type};
use jaxrs_kernel::{BufferId, Lanes, LibraryCall, MatMul, Operand, Step, ValueId};

use super::DotGeneral;
use super::sides::Side;
use crate::lower::Steps;
use crate::rules::index;

/// Below this many products in one matrix product a loop in the consumer's kernel is faster than a call.
const MIN_PRODUCTS: usize = 4096;

/// More calls than this cost more than putting the operand in order first.
const MAX_CALLS: usize = 64;

/// The sizes of one matrix product, and how many there are.
struct Sizes {
    batch: usize,
    m: usize,
    n: usize,
    k: usize,
}

/// Where the elements of one operand lie: a stride for each batch axis that is longer than 1, one for what
/// is left, one for what is contracted.
struct Layout {
    buffer: BufferId,
    batch_strides: Vec<usize>,
    free_stride: usize,
    contracted_stride: usize,
}

fn product(shape: &Shape, axes: &[usize]) -> usize {
    axes.iter().map(|&axis| shape[axis]).product()
}

/// The axes whose stride matters.
fn long<'a>(shape: &'a Shape, axes: &'a [usize]) -> impl DoubleEndedIterator<Item = usize> + 'a {
    axes.iter().copied().filter(|&axis| shape[axis] != 1)
}

/// The one stride that a run through some axes in their order has, if there is one.
pub(in crate::prims) fn stride(shape: &Shape, axes: &[usize]) -> Option<usize> {
    let strides = shape.strides();
    let mut axes = long(shape, axes).rev();
    let Some(last) = axes.next() else { return Some(1) };
    let mut next = strides[last] * shape[last];
    for axis in axes {
        if strides[axis] != next {
            return None;
        }
        next = strides[axis] * shape[axis];
    }
    Some(strides[last])
}

impl DotGeneral {
    fn sizes(&self, lhs: &Type, rhs: &Type) -> Sizes {
        let (left, right) = self.sides(lhs.rank(), rhs.rank());
        Sizes {
            batch: product(&lhs.shape, left.batch),
            m: product(&lhs.shape, &left.free),
            n: product(&rhs.shape, &right.free),
            k: product(&lhs.shape, left.contracting),
        }
    }

    /// Whether a call of the library pays.
    pub(super) fn is_for_library(&self, inputs: &[Type]) -> bool {
        let Sizes { batch, m, n, k } = self.sizes(&inputs[0], &inputs[1]);
        let dtype = inputs[0].dtype;
        matches!(dtype.real_part(), DType::F32 | DType::F64)
            && self.preferred_element_type.is_none_or(|preferred| preferred == dtype)
            // A matrix times a vector reads each element once, and gains nothing from blocking.
            && batch > 0 && m > 1 && n > 1 && k > 1
            && m * n * k >= MIN_PRODUCTS
    }

    /// See [`crate::Primitive::steps`].
    pub(super) fn matmul_steps(&self, cx: &mut dyn Steps) -> Result<()> {
        let (lhs_ty, rhs_ty) = (cx.input_type(0).clone(), cx.input_type(1).clone());
        let sizes = self.sizes(&lhs_ty, &rhs_ty);
        let (left, right) = self.sides(lhs_ty.rank(), rhs_ty.rank());
        let batch: Vec<usize> =
            long(&lhs_ty.shape, left.batch).map(|axis| lhs_ty.shape[axis]).collect();
        let mut lhs = layout(cx, 0, &lhs_ty, &left)?;
        let mut rhs = layout(cx, 1, &rhs_ty, &right)?;
        let mut common = common_run(&batch, &lhs, &rhs);
        if batch[..common].iter().product::<usize>() > MAX_CALLS {
            lhs = in_order(cx, 0, &lhs_ty, &left)?;
            rhs = in_order(cx, 1, &rhs_ty, &right)?;
            common = 0;
        }
        push_calls(cx, &sizes, &batch, common, &lhs, &rhs);
        Ok(())
    }
}

/// The layout of an operand as it is, or of a copy in order where its axes have no common stride.
fn layout(cx: &mut dyn Steps, operand: usize, ty: &Type, side: &Side<'_>) -> Result<Layout> {
    let strides = ty.shape.strides();
    match (stride(&ty.shape, &side.free), stride(&ty.shape, side.contracting)) {
        (Some(free_stride), Some(contracted_stride)) => Ok(Layout {
            buffer: cx.input(operand)?,
            batch_strides: long(&ty.shape, side.batch).map(|axis| strides[axis]).collect(),
            free_stride,
            contracted_stride,
        }),
        _ => in_order(cx, operand, ty, side),
    }
}

/// The layout of a copy with batch, free and contracted axes in this order.
fn in_order(cx: &mut dyn Steps, operand: usize, ty: &Type, side: &Side<'_>) -> Result<Layout> {
    let order: Vec<usize> =
        side.batch.iter().chain(&side.free).chain(side.contracting).copied().collect();
    let sizes: Shape = order.iter().map(|&axis| ty.shape[axis]).collect();
    let buffer = cx.scratch(ty.dtype, ty.numel());
    cx.kernel("transpose", &sizes, Lanes::Domain, &mut |elements, point: &[ValueId]| {
        let mut from = index::Index::from_slice(point);
        order.iter().zip(point).for_each(|(&axis, &i)| from[axis] = i);
        let value = elements.operand(operand, &from)?;
        let b = elements.builder();
        let position = index::ravel(b, point, &sizes);
        b.store(buffer, position, value, None);
        Ok(())
    })?;
    let (strides, batch): (_, Vec<usize>) = (sizes.strides(), (0..side.batch.len()).collect());
    let k = product(&ty.shape, side.contracting);
    Ok(Layout {
        buffer,
        batch_strides: long(&sizes, &batch).map(|axis| strides[axis]).collect(),
        free_stride: k,
        contracted_stride: 1,
    })
}

/// How many leading batch axes need a call for each of their elements: after them, the batch axes of both
/// operands run through with one stride each.
fn common_run(batch: &[usize], lhs: &Layout, rhs: &Layout) -> usize {
    let joined =
        |strides: &[usize], axis: usize| strides[axis] == strides[axis + 1] * batch[axis + 1];
    let mut first = batch.len().saturating_sub(1);
    while first > 0
        && joined(&lhs.batch_strides, first - 1)
        && joined(&rhs.batch_strides, first - 1)
    {
        first -= 1;
    }
    first
}

fn push_calls(
    cx: &mut dyn Steps,
    sizes: &Sizes,
    batch: &[usize],
    outer: usize,
    lhs: &Layout,
    rhs: &Layout,
) {
    let &Sizes { m, n, k, .. } = sizes;
    let inner: usize = batch[outer..].iter().product();
    let outer_shape = Shape::new(&batch[..outer]);
    let out = cx.output(0);
    for call in 0..outer_shape.numel() {
        let index = outer_shape.unravel(call);
        let view = |layout: &Layout, row_stride: usize, col_stride: usize| Operand {
            buffer: layout.buffer,
            offset: index.iter().zip(&layout.batch_strides).map(|(i, stride)| i * stride).sum(),
            step: None,
            batch_stride: layout.batch_strides.last().copied().unwrap_or(0) as isize,
            row_stride: row_stride as isize,
            col_stride: col_stride as isize,
        };
        cx.push(Step::Library(LibraryCall::MatMul(MatMul {
            batch: inner,
            m,
            n,
            k,
            lhs: view(lhs, lhs.free_stride, lhs.contracted_stride),
            rhs: view(rhs, rhs.contracted_stride, rhs.free_stride),
            out: Operand {
                buffer: out,
                offset: call * inner * m * n,
                step: None,
                batch_stride: (m * n) as isize,
                row_stride: n as isize,
                col_stride: 1,
            },
        })));
    }
}
