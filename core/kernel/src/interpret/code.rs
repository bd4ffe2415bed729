//! What a kernel is interpreted from.

use super::affine::{Form, Var};
use super::lane::{Operands, Reg, Run};

/// One instruction on blocks of lanes.
pub(super) enum Instr {
    /// Runs a loop over lanes, all of the block's or one.
    Op { run: Run, operands: Operands, wide: bool },
    /// Copies lanes to a register that lies before the source.
    Move { from: usize, to: usize, size: usize, wide: bool },
    /// Writes a sum of counters, with a step from lane to lane.
    Ramp { out: Reg, form: Form, step: i64 },
    /// Reads elements.
    Load { out: Reg, access: Access },
    /// Writes elements, one for each lane if `wide`.
    Store { value: Reg, access: Access, wide: bool },
    /// Runs the body so many times.
    Loop { var: Var, trips: usize, body: Vec<Instr> },
    /// Runs the body with the lanes spread along the iterations.
    LaneLoop { var: Var, trips: usize, lanes: usize, body: Vec<Instr> },
    /// Runs the body in chunks, for sums whose error grows slowly: `first` or `next` after each
    /// iteration, `flush` after each chunk.
    Chunks { var: Var, trips: usize, body: Vec<Instr>, ends: Box<ChunkEnds> },
    /// Runs the body while the predicate holds in any lane.
    While { condition: Vec<Instr>, predicate: Reg, body: Vec<Instr> },
}

/// What comes between the iterations of [`Instr::Chunks`].
#[derive(Default)]
pub(super) struct ChunkEnds {
    pub(super) len: usize,
    pub(super) first: Vec<Instr>,
    pub(super) next: Vec<Instr>,
    pub(super) flush: Vec<Instr>,
}

/// Which elements an instruction reads or writes.
pub(super) struct Access {
    pub(super) buffer: usize,
    pub(super) size: usize,
    pub(super) position: Position,
    pub(super) mask: Option<Reg>,
}

/// Where elements lie.
pub(super) enum Position {
    /// At a sum of counters, with a step from lane to lane.
    Form(Form, i64),
    /// Where a register of `i64` says.
    Reg(Reg),
}

/// A kernel, ready to be interpreted.
pub(super) struct KernelPlan {
    pub(super) name: String,
    /// The constants, which lie at the start of the register file.
    pub(super) image: Vec<u8>,
    /// The bytes of the register file.
    pub(super) register_bytes: usize,
    /// The most lanes of a block.
    pub(super) lanes: usize,
    pub(super) axes: Vec<usize>,
    pub(super) first_axis: Var,
    pub(super) lane_axis: Option<usize>,
    pub(super) n_vars: usize,
    pub(super) code: Vec<Instr>,
}
