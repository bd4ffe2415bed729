//! From a kernel to instructions on blocks of lanes.

mod loops;

use jaxrs_data::{Error, Result, Scalar, SmallVec};

use super::code::{Access, Instr, KernelPlan, Position};
use super::facts::Facts;
use super::lane::{Operands, Reg, Run};
use super::ops::{run_of, splat_of};
use crate::body::{Block, Inst, Kernel, ValueId};
use crate::program::BufferId;
use crate::scalar::ScalarOp;

/// The register file should fit the fastest cache, beside the data.
const REGISTER_BYTES: usize = 20 << 10;

/// Plans a kernel.
pub(super) fn plan_kernel(kernel: &Kernel, n_index_vars: usize) -> Result<KernelPlan> {
    let facts = Facts::of(kernel, n_index_vars);
    let mut emit = Emit {
        kernel,
        regs: vec![None; kernel.values.len()],
        next: 0,
        lanes: lanes(kernel, &facts),
        mask: None,
        always: Reg { at: 0, wide: false },
        image: Vec::new(),
        code: Vec::new(),
        facts,
    };
    emit.constants();
    emit.block(&kernel.body)?;
    Ok(KernelPlan {
        name: kernel.name.clone(),
        register_bytes: emit.next,
        image: emit.image,
        lanes: emit.lanes,
        first_axis: emit.facts.first_axis,
        lane_axis: emit.facts.lane_axis,
        n_vars: emit.facts.is_lane.len(),
        axes: emit.facts.axes,
        code: emit.code,
    })
}

/// As many lanes as keep the register file small.
fn lanes(kernel: &Kernel, facts: &Facts) -> usize {
    let wide =
        kernel.values.iter().enumerate().filter(|&(i, _)| facts.varies[i] && facts.needed[i]);
    let bytes: usize = wide.map(|(_, dtype)| dtype.size_bytes()).sum();
    let most = (REGISTER_BYTES / bytes.max(1)).clamp(32, 256);
    match facts.lane_axis {
        Some(axis) => most.min(facts.axes[axis].max(1)),
        None => most,
    }
}

struct Emit<'a> {
    kernel: &'a Kernel,
    facts: Facts,
    regs: Vec<Option<Reg>>,
    /// The end of the register file so far. It only grows, so that a result lies behind its operands.
    next: usize,
    lanes: usize,
    /// Which lanes are active inside loops that lanes leave one by one.
    mask: Option<Reg>,
    /// The constant true.
    always: Reg,
    image: Vec<u8>,
    code: Vec<Instr>,
}

impl Emit<'_> {
    fn alloc(&mut self, size: usize, wide: bool) -> Reg {
        let at = self.next.next_multiple_of(if wide { 64 } else { size });
        self.next = at + if wide { size * self.lanes } else { size };
        Reg { at, wide }
    }

    fn define(&mut self, value: ValueId) -> Reg {
        let reg = self.alloc(self.size(value), self.facts.varies(value));
        self.regs[value.0 as usize] = Some(reg);
        reg
    }

    fn size(&self, value: ValueId) -> usize {
        self.kernel.dtype(value).size_bytes()
    }

    fn reg(&self, value: ValueId) -> Result<Reg> {
        self.regs[value.0 as usize].ok_or_else(|| {
            Error::internal(format_args!(
                "kernel {} uses %{} before it is defined",
                self.kernel.name, value.0
            ))
        })
    }

    /// All constants, at the start of the register file.
    fn constants(&mut self) {
        self.always = self.alloc(1, false);
        self.image.push(1);
        let kernel = self.kernel;
        kernel.visit(&mut |inst| match inst {
            Inst::Const { out, value } if self.facts.needs(*out) => self.constant(*out, *value),
            _ => {}
        });
    }

    fn constant(&mut self, out: ValueId, value: Scalar) {
        let reg = self.define(out);
        self.image.resize(reg.at, 0);
        value.write_bytes(self.kernel.dtype(out), &mut self.image);
    }

    fn op(&mut self, run: Run, out: Reg, args: &[Reg]) {
        let args = std::array::from_fn(|i| args.get(i).copied().unwrap_or(out));
        self.code.push(Instr::Op { run, operands: Operands { out, args }, wide: out.wide });
    }

    /// A register with the value in each lane.
    fn widened(&mut self, reg: Reg, size: usize) -> Reg {
        if reg.wide {
            return reg;
        }
        let out = self.alloc(size, true);
        self.op(splat_of(size), out, &[reg]);
        out
    }

    /// The value in a register as wide as the given one.
    fn like(&mut self, value: ValueId, wide: bool) -> Result<Reg> {
        let reg = self.reg(value)?;
        Ok(if wide { self.widened(reg, self.size(value)) } else { reg })
    }

    /// The instructions that something emits.
    fn nested(&mut self, f: impl FnOnce(&mut Self) -> Result<()>) -> Result<Vec<Instr>> {
        let outer = std::mem::take(&mut self.code);
        let done = f(self);
        let inner = std::mem::replace(&mut self.code, outer);
        done.map(|()| inner)
    }

    fn block(&mut self, block: &Block) -> Result<()> {
        block.insts.iter().try_for_each(|inst| self.inst(inst))
    }

    fn inst(&mut self, inst: &Inst) -> Result<()> {
        match inst {
            Inst::Const { .. } => {}
            Inst::Point { out, .. } | Inst::Index { out, .. } => self.ramp(*out),
            Inst::Op { out, .. } | Inst::Load { out, .. } if !self.facts.needs(*out) => {}
            Inst::Op { out, .. } if self.facts.form(*out).is_some() => self.ramp(*out),
            Inst::Op { out, op, args } => self.scalar_op(*out, *op, args)?,
            Inst::Load { out, buffer, position, mask } => {
                let wide = self.facts.varies(*out);
                let access = self.access(*buffer, self.size(*out), *position, *mask, wide)?;
                let out = self.define(*out);
                self.code.push(Instr::Load { out, access });
            }
            Inst::Store { buffer, position, value, mask } => {
                let wide = [Some(*position), Some(*value), *mask]
                    .iter()
                    .flatten()
                    .any(|&value| self.facts.varies(value));
                let access = self.access(*buffer, self.size(*value), *position, *mask, wide)?;
                let value = self.like(*value, wide)?;
                self.code.push(Instr::Store { value, access, wide });
            }
            Inst::Loop(l) => self.counted(l)?,
            Inst::While(w) => self.while_loop(w)?,
        }
        Ok(())
    }

    fn ramp(&mut self, value: ValueId) {
        if let Some(form) = self.facts.form(value).filter(|_| self.facts.needs(value)).cloned() {
            let (step, out) = (self.facts.lane_factor(&form), self.define(value));
            self.code.push(Instr::Ramp { out, form, step });
        }
    }

    fn scalar_op(&mut self, out: ValueId, op: ScalarOp, args: &[ValueId]) -> Result<()> {
        let is_select = op == ScalarOp::Select;
        let operand = self.kernel.dtype(args[usize::from(is_select)]);
        let run = run_of(op, operand).ok_or_else(|| {
            Error::internal(format_args!("kernel {} has no {op:?} of {operand}", self.kernel.name))
        })?;
        let all_wide = is_select && self.facts.varies(out);
        let args: SmallVec<[Reg; 3]> =
            args.iter().map(|&arg| self.like(arg, all_wide)).collect::<Result<_>>()?;
        let out = self.define(out);
        self.op(run, out, &args);
        Ok(())
    }

    fn access(
        &mut self,
        buffer: BufferId,
        size: usize,
        position: ValueId,
        mask: Option<ValueId>,
        wide: bool,
    ) -> Result<Access> {
        let position = match self.facts.form(position) {
            Some(form) => Position::Form(form.clone(), self.facts.lane_factor(form)),
            None => Position::Reg(self.like(position, wide)?),
        };
        let mask = self.access_mask(mask, wide)?;
        Ok(Access { buffer: buffer.0 as usize, size, position, mask })
    }

    /// The lanes that an access is for. One element for all lanes is accessed if any lane is active,
    /// and no code runs where none is.
    fn access_mask(&mut self, mask: Option<ValueId>, wide: bool) -> Result<Option<Reg>> {
        let own = mask.map(|mask| self.like(mask, wide)).transpose()?;
        Ok(match (own, self.mask) {
            (Some(own), Some(active)) if wide => Some(self.and(own, active)),
            (None, active) if wide => active,
            (own, _) => own,
        })
    }

    fn and(&mut self, a: Reg, b: Reg) -> Reg {
        let out = self.alloc(1, a.wide || b.wide);
        self.op(|r, o, n| super::lane::binary(r, o, n, |a: bool, b: bool| a & b), out, &[a, b]);
        out
    }
}
