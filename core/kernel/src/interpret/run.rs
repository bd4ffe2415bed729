//! Running plans.

use jaxrs_data::{Error, Result};

use super::access::{self, Memory, Slot};
use super::code::{Access, ChunkEnds, Instr, KernelPlan, Position};
use super::lane::{Lane, Reg};
use super::library;
use super::plan::StepPlan;
use crate::program::Carry;

/// An access outside a buffer: what a program whose positions are wrong does.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fault {
    pub(super) buffer: usize,
    pub(super) position: i64,
    pub(super) writes: bool,
}

/// The state of one run.
pub(super) struct Machine<'r, 'm> {
    /// The register file of the running kernel.
    pub(super) regs: &'r mut [u8],
    /// All counters.
    pub(super) vars: &'r mut [i64],
    /// Where each buffer lies; loops exchange entries.
    pub(super) slots: &'r mut [Slot],
    pub(super) memory: Memory<'m>,
    /// The lanes of the present block.
    pub(super) n: usize,
}

impl Machine<'_, '_> {
    pub(super) fn steps(&mut self, steps: &[StepPlan]) -> Result<()> {
        steps.iter().try_for_each(|step| self.step(step))
    }

    fn step(&mut self, step: &StepPlan) -> Result<()> {
        match step {
            StepPlan::Kernel(kernel) => {
                self.kernel(kernel).map_err(|fault| self.explain(fault, &kernel.name))
            }
            StepPlan::MatMul(m) => {
                library::mat_mul(m, self).map_err(|f| self.explain(f, "mat_mul"))
            }
            StepPlan::Sort(sort) => library::sort(sort, self),
            StepPlan::TopK(top) => library::top_k(top, self),
            StepPlan::Host(call) => library::host(call, self),
            StepPlan::Copy { from, to } => self.copy(*from, *to),
            StepPlan::Repeat { index, trips, carries, body } => {
                for i in 0..*trips {
                    self.vars[*index] = i as i64;
                    self.steps(body)?;
                    self.exchange(carries);
                }
                Ok(())
            }
            StepPlan::While { carries, condition, predicate, body } => loop {
                self.steps(condition)?;
                if self.bytes(*predicate).first().is_none_or(|&holds| holds == 0) {
                    return Ok(());
                }
                self.steps(body)?;
                self.exchange(carries);
            },
            StepPlan::Switch { index, branches } => {
                let index = self.bytes(*index).first_chunk().map_or(0, |b| i32::from_ne_bytes(*b));
                let last = branches.len().saturating_sub(1);
                let chosen = usize::try_from(index).map_or(last, |index| index.min(last));
                branches.get(chosen).map_or(Ok(()), |branch| self.steps(branch))
            }
        }
    }

    /// The bytes of a buffer.
    pub(super) fn bytes(&self, buffer: usize) -> &[u8] {
        self.memory.read(self.slots[buffer])
    }

    fn copy(&mut self, from: usize, to: usize) -> Result<()> {
        self.memory.copy(self.slots[from], self.slots[to])
    }

    fn exchange(&mut self, carries: &[Carry]) {
        for carry in carries {
            self.slots.swap(carry.current.0 as usize, carry.next.0 as usize);
        }
    }

    #[cold]
    fn explain(&self, fault: Fault, name: &str) -> Error {
        let Fault { buffer, position, writes } = fault;
        let (verb, slot) = (if writes { "writes" } else { "reads" }, self.slots[buffer]);
        let len = slot.len_bytes / slot.elem_bytes;
        Error::internal(format_args!(
            "kernel {name} {verb} element {position} of b{buffer}, which has {len}"
        ))
    }

    fn kernel(&mut self, kernel: &KernelPlan) -> Result<(), Fault> {
        if kernel.axes.contains(&0) {
            return Ok(());
        }
        self.regs[..kernel.image.len()].copy_from_slice(&kernel.image);
        let axes = kernel.first_axis..kernel.first_axis + kernel.axes.len();
        self.vars[axes].fill(0);
        loop {
            self.row(kernel)?;
            if !self.next_row(kernel) {
                return Ok(());
            }
        }
    }

    /// Runs the points along the lane axis.
    fn row(&mut self, kernel: &KernelPlan) -> Result<(), Fault> {
        let Some(axis) = kernel.lane_axis else {
            self.n = 1;
            return self.block(&kernel.code);
        };
        let (len, var) = (kernel.axes[axis], kernel.first_axis + axis);
        for start in (0..len).step_by(kernel.lanes) {
            self.vars[var] = start as i64;
            self.n = kernel.lanes.min(len - start);
            self.block(&kernel.code)?;
        }
        Ok(())
    }

    /// Moves to the next point of the axes that lanes do not run along; false after the last.
    fn next_row(&mut self, kernel: &KernelPlan) -> bool {
        for (axis, &size) in kernel.axes.iter().enumerate().rev() {
            if Some(axis) == kernel.lane_axis || size == 1 {
                continue;
            }
            let counter = &mut self.vars[kernel.first_axis + axis];
            *counter += 1;
            if *counter < size as i64 {
                return true;
            }
            *counter = 0;
        }
        false
    }

    fn block(&mut self, code: &[Instr]) -> Result<(), Fault> {
        code.iter().try_for_each(|instr| self.instr(instr))
    }

    #[inline]
    fn instr(&mut self, instr: &Instr) -> Result<(), Fault> {
        let lanes = |wide: bool| if wide { self.n } else { 1 };
        match instr {
            Instr::Op { run, operands, wide } => run(self.regs, operands, lanes(*wide)),
            Instr::Move { from, to, size, wide } => {
                let len = size * lanes(*wide);
                self.regs.copy_within(*from..from + len, *to);
            }
            Instr::Ramp { out, form, step } => {
                let (start, n) = (form.at(self.vars), lanes(out.wide));
                ramp(&mut self.regs[out.at..], n, start, *step);
            }
            Instr::Load { out, access } => self.load(*out, access)?,
            Instr::Store { value, access, wide } => self.store(*value, access, *wide)?,
            Instr::Loop { var, trips, body } => {
                for i in 0..*trips {
                    self.vars[*var] = i as i64;
                    self.block(body)?;
                }
            }
            Instr::LaneLoop { var, trips, lanes, body } => {
                let outer = self.n;
                for start in (0..*trips).step_by(*lanes) {
                    self.vars[*var] = start as i64;
                    self.n = (*lanes).min(trips - start);
                    self.block(body)?;
                }
                self.n = outer;
            }
            Instr::Chunks { var, trips, body, ends } => self.chunks(*var, *trips, body, ends)?,
            Instr::While { condition, predicate, body } => loop {
                self.block(condition)?;
                let n = if predicate.wide { self.n } else { 1 };
                if self.regs[predicate.at..][..n].iter().all(|&holds| holds == 0) {
                    break;
                }
                self.block(body)?;
            },
        }
        Ok(())
    }

    fn chunks(
        &mut self,
        var: usize,
        trips: usize,
        body: &[Instr],
        ends: &ChunkEnds,
    ) -> Result<(), Fault> {
        for start in (0..trips).step_by(ends.len) {
            for i in start..trips.min(start + ends.len) {
                self.vars[var] = i as i64;
                self.block(body)?;
                self.block(if i == start { &ends.first } else { &ends.next })?;
            }
            self.block(&ends.flush)?;
        }
        Ok(())
    }

    fn load(&mut self, out: Reg, access: &Access) -> Result<(), Fault> {
        let bytes = self.memory.read(self.slots[access.buffer]);
        let n = if out.wide { self.n } else { 1 };
        let place = self.place(access, n);
        let (low, high) = self.regs.split_at_mut(out.at);
        access::load(bytes, &mut high[..n * access.size], access.size, place, low)
            .map_err(|position| Fault { buffer: access.buffer, position, writes: false })
    }

    fn store(&mut self, value: Reg, access: &Access, wide: bool) -> Result<(), Fault> {
        let n = if wide { self.n } else { 1 };
        let place = self.place(access, n);
        let Some(bytes) = self.memory.write(self.slots[access.buffer]) else {
            return Err(Fault { buffer: access.buffer, position: 0, writes: true });
        };
        let values = &self.regs[value.at..][..n * access.size];
        access::store(bytes, values, access.size, place, self.regs).map_err(|position| Fault {
            buffer: access.buffer,
            position,
            writes: true,
        })
    }

    /// Where the lanes' elements lie, and which lanes take part.
    fn place(&self, access: &Access, n: usize) -> access::Place {
        let mask = access.mask.map(|mask| mask.at).filter(|&at| {
            // Without a mask the common case, all lanes on, is a copy.
            self.regs[at..][..n].contains(&0)
        });
        match &access.position {
            Position::Form(form, step) => {
                access::Place::Steps { start: form.at(self.vars), step: *step, mask }
            }
            Position::Reg(reg) => access::Place::At { reg: reg.at, mask },
        }
    }
}

fn ramp(out: &mut [u8], n: usize, start: i64, step: i64) {
    let mut value = start;
    for out in &mut i64::lanes_mut(out)[..n] {
        *out = value.write();
        value = value.wrapping_add(step);
    }
}
