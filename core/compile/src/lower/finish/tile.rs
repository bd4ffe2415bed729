//! Tiles for kernels that read across rows, as transpositions do. Point by point each element read would
//! bring in a cache line of which the next point of its row needs nothing; sixteen rows at a time, every
//! line is used up while it is near.

use jaxrs_data::{DType, Scalar, smallvec};
use jaxrs_kernel::{Along, Block, Inst, Kernel, Loop, LoopKind, ScalarOp, Strides, ValueId};

/// Rows of a tile: as many elements as a cache line holds, more or less.
const ROWS: usize = 16;

/// Axes shorter than this have not enough lines to lose.
const MIN_AXIS: usize = 64;

/// Kernels with fewer points stay in the cache anyway.
const MIN_POINTS: usize = 1 << 16;

/// Splits an axis into tiles, if reads along it are contiguous where those along the last axis are not;
/// says whether it did.
pub(crate) fn tile(kernel: &mut Kernel) -> bool {
    let is_flat =
        kernel.body.insts.iter().all(|inst| !matches!(inst, Inst::Loop(_) | Inst::While(_)));
    if !is_flat || kernel.domain.len() < 2 || kernel.n_points() < MIN_POINTS {
        return false;
    }
    let axis = axis_across(kernel);
    if let Some(axis) = axis {
        split(kernel, axis);
    }
    axis.is_some()
}

/// The axis along which a read is contiguous that jumps along the last one.
fn axis_across(kernel: &Kernel) -> Option<usize> {
    let last = kernel.domain.len() - 1;
    let strides = Strides::new(kernel);
    let fits =
        |axis: usize| kernel.domain[axis] >= MIN_AXIS && kernel.domain[axis].is_multiple_of(ROWS);
    let across = |position: ValueId| {
        let jump = strides.of(position, Along::Axis(last))?.unsigned_abs() as usize;
        let contiguous =
            |&axis: &usize| strides.of(position, Along::Axis(axis)).is_some_and(|s| s.abs() == 1);
        (jump >= ROWS).then(|| (0..last).filter(|&axis| fits(axis)).find(contiguous))?
    };
    if kernel.domain[last] < MIN_AXIS {
        return None;
    }
    kernel.body.insts.iter().find_map(|inst| match inst {
        Inst::Load { position, .. } => across(*position),
        _ => None,
    })
}

/// The points of an axis become tiles, with a loop over the rows of each.
fn split(kernel: &mut Kernel, axis: usize) {
    let mut fresh = || {
        kernel.values.push(DType::I64);
        ValueId(kernel.values.len() as u32 - 1)
    };
    let (tile, rows, first, row) = (fresh(), fresh(), fresh(), fresh());
    let mut insts = std::mem::take(&mut kernel.body.insts);
    for inst in &mut insts {
        if let Inst::Point { out, axis: point } = *inst
            && point == axis
        {
            *inst = Inst::Op { out, op: ScalarOp::Add, args: smallvec![first, row] };
        }
    }
    let body = Block { insts, yields: smallvec![] };
    kernel.body.insts = vec![
        Inst::Point { out: tile, axis },
        Inst::Const { out: rows, value: Scalar::Int(ROWS as i64) },
        Inst::Op { out: first, op: ScalarOp::Mul, args: smallvec![tile, rows] },
        Inst::Loop(Loop {
            kind: LoopKind::Map,
            trips: ROWS,
            index: row,
            carried: smallvec![],
            body,
        }),
    ];
    kernel.domain[axis] /= ROWS;
}
