//! One program with its plan, and the memory that its calls share.

use std::sync::Arc;

use jaxrs_data::{Error, Result};
use jaxrs_kernel::check::check;
use jaxrs_kernel::interpret::{Plan, Region, Scratch};
use jaxrs_kernel::{HostRoutine, LibraryCall, Program, Step};
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
        let plan = match !keep_denormals && program.calls_host() {
            true => Plan::new(&unflushed(&program))?,
            false => Plan::new(&program)?,
        };
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

/// A routine of the host's that runs in the floating-point mode of the program's caller.
#[derive(Debug)]
struct Unflushed(Arc<dyn HostRoutine>);

impl HostRoutine for Unflushed {
    fn name(&self) -> &str {
        self.0.name()
    }

    fn params(&self) -> String {
        self.0.params()
    }

    fn run(&self, inputs: &[&[u8]], outputs: &mut [&mut [u8]]) -> Result<()> {
        let _mode = FloatMode::keep_denormals();
        self.0.run(inputs, outputs)
    }
}

/// The program with routines of the host's that see denormal numbers as they are.
fn unflushed(program: &Program) -> Program {
    fn visit(steps: &mut [Step]) {
        for step in steps {
            match step {
                Step::Library(LibraryCall::Host(call)) => {
                    call.routine = Arc::new(Unflushed(call.routine.clone()));
                }
                Step::Kernel(_) | Step::Library(_) | Step::Copy { .. } => {}
                Step::Repeat { body, .. } => visit(body),
                Step::While { condition, body, .. } => {
                    visit(condition);
                    visit(body);
                }
                Step::Switch { branches, .. } => branches.iter_mut().for_each(|b| visit(b)),
            }
        }
    }
    let mut program = program.clone();
    visit(&mut program.steps);
    program
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
