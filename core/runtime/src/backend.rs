//! What a back end is: something that turns kernel programs into executables.

use std::sync::Arc;

use jaxrs_data::{Result, bail};
use jaxrs_kernel::{Program, Target};

/// A way to run kernel programs.
pub trait Backend: Send + Sync {
    /// A short name: `reference`, `llvm`.
    fn name(&self) -> &'static str;

    /// What the compiler may assume.
    fn target(&self) -> &Target;

    /// Makes a program ready to run. The program is well formed (its checker passes).
    fn load(&self, program: Arc<Program>) -> Result<Arc<dyn Executable>>;

    /// The machine code of a program, to be kept and given to [`load_code`](Backend::load_code) later.
    fn code(&self, _program: &Program) -> Result<Vec<u8>> {
        bail!(Unimplemented, "the back end {} makes no machine code", self.name())
    }

    /// As [`load`](Backend::load), with the machine code that [`code`](Backend::code) gave for this very program.
    /// Code of another version or machine is an error. What is loaded runs: it has to come from where it is trusted.
    fn load_code(&self, _program: Arc<Program>, _code: &[u8]) -> Result<Arc<dyn Executable>> {
        bail!(Unimplemented, "the back end {} takes no machine code", self.name())
    }
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
