//! What a back end is: something that turns kernel programs into executables.

use std::sync::Arc;

use jaxrs_data::Result;
use jaxrs_kernel::{Program, Target};

/// A way to run kernel programs.
pub trait Backend: Send + Sync {
    /// A short name: `reference`, `llvm`.
    fn name(&self) -> &'static str;

    /// What the compiler may assume.
    fn target(&self) -> &Target;

    /// Makes a program ready to run. The program is well formed (its checker passes).
    fn load(&self, program: Arc<Program>) -> Result<Arc<dyn Executable>>;
}

/// A program that is ready to run; may run on several threads at once.
pub trait Executable: Send + Sync {
    /// Runs the program to its end.
    ///
    /// # Safety
    ///
    /// `args` has as many pointers as the program has inputs and outputs, each to as many bytes as its
    /// buffer has. Outputs overlap nothing else but the input whose memory the program says they share
    /// (`Program::shares_input`).
    unsafe fn run(&self, args: &LaunchArgs<'_>) -> Result<()>;

    /// The machine code or other text of the executable, for people; empty where there is none.
    fn describe(&self) -> String {
        String::new()
    }

    /// The bytes of machine code; 0 where there is none.
    fn code_bytes(&self) -> usize {
        0
    }
}

/// The memory that a call works on.
pub struct LaunchArgs<'a> {
    /// The start of each input.
    pub inputs: &'a [*const u8],
    /// The start of each output.
    pub outputs: &'a [*mut u8],
}
