//! One program with its plan, and the memory that its calls share.

use std::sync::Arc;

use jaxrs_data::{Error, Result};
use jaxrs_kernel::Program;
use jaxrs_kernel::check::check;
use jaxrs_kernel::interpret::{Plan, Region, Scratch};
use jaxrs_runtime::{Executable, FloatMode, LaunchArgs};
use parking_lot::Mutex;

/// More working memory than this goes back to the system after each call: getting it anew costs little
/// beside a run that needs so much.
const MOST_IDLE_BYTES: usize = 4 << 20;

/// A program that is interpreted.
pub(crate) struct Interpreted {
    program: Arc<Program>,
    plan: Plan,
    keep_denormals: bool,
    /// Working memory of calls that have ended: as many as ran at one time.
    idle: Mutex<Vec<Scratch>>,
}

impl Interpreted {
    pub(crate) fn new(program: Arc<Program>, keep_denormals: bool) -> Result<Interpreted> {
        if cfg!(debug_assertions) {
            check(&program)?;
        }
        let plan = Plan::new(&program)?;
        Ok(Interpreted { program, plan, keep_denormals, idle: Mutex::default() })
    }

    fn input_len(&self, number: usize) -> usize {
        self.program[self.program.inputs[number]].size_bytes()
    }

    fn output_len(&self, number: usize) -> usize {
        self.program[self.program.outputs[number]].size_bytes()
    }

    fn is_donated(&self, input: usize) -> bool {
        self.program.shares_input.contains(&Some(input))
    }
}

impl Executable for Interpreted {
    unsafe fn run(&self, args: &LaunchArgs<'_>) -> Result<()> {
        let (needed, got) = (
            (self.program.inputs.len(), self.program.outputs.len()),
            (args.inputs.len(), args.outputs.len()),
        );
        if needed != got {
            return Err(Error::internal(format_args!(
                "a launch needs {needed:?} inputs and outputs, got {got:?}"
            )));
        }
        let inputs = args.inputs.iter().enumerate().map(|(number, &ptr)| {
            if self.is_donated(number) || self.input_len(number) == 0 {
                return Region::Read(&[]); // a donated input is reached through its output
            }
            // SAFETY: the caller gives each input as many bytes as its buffer has, and nothing writes to
            // them during the call: only donated inputs overlap outputs.
            Region::Read(unsafe { std::slice::from_raw_parts(ptr, self.input_len(number)) })
        });
        let outputs = args.outputs.iter().enumerate().map(|(number, &ptr)| {
            if self.output_len(number) == 0 {
                return Region::Write(&mut []);
            }
            // SAFETY: the caller gives each output as many bytes as its buffer has, which overlap
            // nothing else but a donated input, of which no slice is made.
            Region::Write(unsafe { std::slice::from_raw_parts_mut(ptr, self.output_len(number)) })
        });
        let mode = (!self.keep_denormals).then(FloatMode::flush_denormals);
        let mut scratch = self.idle.lock().pop().unwrap_or_default();
        let done = self.plan.run(inputs.chain(outputs), &mut scratch);
        drop(mode);
        if scratch.size_bytes() <= MOST_IDLE_BYTES {
            self.idle.lock().push(scratch);
        }
        done
    }

    fn describe(&self) -> String {
        self.program.to_string()
    }
}
