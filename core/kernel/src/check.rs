//! The checker: what holds for every program that a back end is given.
//!
//! **Buffers.** Inputs, outputs and buffers agree on their numbers, and each caller's memory belongs to
//! one buffer; constants have the type and length of their data; arena buffers start at a multiple of 64
//! and end inside the arena; every buffer has a place ([`check_schedule`] leaves this out). An output
//! shares the memory of at most one input, of the same size, and no two outputs that of the same.
//!
//! **Memory.** Inputs and constants are never written. What is read has been written before, on every
//! path, and no write to overlapping memory came between; at the end all outputs have been written.
//! Loop carries lie in the arena, have one type and length, and overlap only where they are the same.
//! Copies and library calls do not overlap their sources.
//!
//! **Kernels.** A value is defined once, before its uses, in the same or an enclosing block. Constants
//! have the kind of their type; counters and positions are `i64`, masks and conditions `bool`; an axis,
//! a loop counter or a buffer that is named exists, and the counter's loop encloses the kernel. Operations
//! get as many operands as they take, of types that they take, and give the type that they say. Loads and
//! stores have their buffer's element type. Blocks yield what encloses them takes: nothing, the carried
//! values' types, one `bool`. Reductions combine with operations of their type and do not read their
//! parameters; maps carry nothing; a while loop's condition stores nothing.
//!
//! **Positions.** A position without a mask that is a sum of counters stays in range, and a store's depends
//! on every axis and every independent loop around it. Where different
//! buffers of one kernel share memory and one is written, all positions in both are the same value.

mod flow;
mod kernel;
mod position;
mod program;

use jaxrs_data::{Error, Result};

use crate::print::{Spot, excerpt};
use crate::program::Program;

/// Checks a program that is about to run. The error lists all faults.
pub fn check(program: &Program) -> Result<()> {
    run(program, true)
}

/// Checks a program whose buffers need no place yet.
pub fn check_schedule(program: &Program) -> Result<()> {
    run(program, false)
}

fn run(program: &Program, assigned: bool) -> Result<()> {
    let mut checker = Checker { program, assigned, faults: Vec::new() };
    checker.buffers();
    // The other checks look buffers up, so those must be sound.
    if checker.faults.is_empty() {
        checker.steps(&program.steps, &mut Vec::new());
    }
    if checker.faults.is_empty() {
        checker.flow();
    }
    match checker.faults.is_empty() {
        true => Ok(()),
        false => Err(Error::internal(format_args!(
            "the kernel program is not well formed: {}",
            checker.faults.join("\nand: ")
        ))),
    }
}

/// A program and what was found wrong with it.
struct Checker<'a> {
    program: &'a Program,
    assigned: bool,
    faults: Vec<String>,
}

impl<'a> Checker<'a> {
    fn fault(&mut self, spot: Spot<'a>, message: impl std::fmt::Display) {
        /// More would only hide the first.
        const MOST: usize = 10;
        if self.faults.len() < MOST {
            self.faults.push(format!("{message}{}", excerpt(self.program, spot)));
        }
    }

    /// Notes a fault unless the condition holds.
    fn ensure(&mut self, holds: bool, spot: Spot<'a>, message: impl std::fmt::Display) {
        if !holds {
            self.fault(spot, message);
        }
    }
}
