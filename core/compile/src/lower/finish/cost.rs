//! How long a kernel takes, roughly, and how finely threads may cut it.

use jaxrs_kernel::{Block, Inst, Kernel, Lanes, Target};

/// Below this much work a kernel stays on one thread.
const WORTH_THREADS_NS: f64 = 40_000.0;
/// What a task should have at least.
const TASK_NS: f64 = 15_000.0;
/// What a load or store costs, in additions: most stream through memory.
const ACCESS: f64 = 4.0;

/// The least number of points for a task; 0 if threads do not pay.
pub(crate) fn grain(kernel: &Kernel, target: &Target) -> usize {
    let point_ns = point_ns(kernel, target);
    if point_ns * (kernel.n_points() as f64) < WORTH_THREADS_NS {
        return 0;
    }
    (TASK_NS / point_ns).ceil().max(1.0) as usize
}

fn point_ns(kernel: &Kernel, target: &Target) -> f64 {
    let elem_bytes = kernel.values.iter().map(|d| d.size_bytes()).filter(|&b| b < 8).max();
    let lanes = match kernel.lanes {
        Lanes::Scalar => 1,
        Lanes::Domain | Lanes::Inner => target.lanes(elem_bytes.unwrap_or(8)),
    };
    // Half a nanosecond for a scalar operation, most of which is waiting in chains.
    block(&kernel.body) * 0.5 / (lanes as f64)
}

/// What a block costs, in additions.
pub(crate) fn block(block: &Block) -> f64 {
    block.insts.iter().map(inst).sum()
}

/// What an instruction costs, in additions.
pub(crate) fn inst(inst: &Inst) -> f64 {
    match inst {
        Inst::Const { .. } | Inst::Point { .. } | Inst::Index { .. } => 0.0,
        Inst::Op { op, .. } => f64::from(op.cost()),
        Inst::Load { .. } | Inst::Store { .. } => ACCESS,
        Inst::Loop(l) => block(&l.body) * l.trips as f64,
        Inst::While(w) => 16.0 * (block(&w.condition) + block(&w.body)),
    }
}
