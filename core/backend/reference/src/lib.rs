//! The interpreting back end: oracle and tier 0.
//!
//! Programs are ready at once (there is nothing to compile), small ones run in well under a microsecond,
//! and nothing is allocated in a call once an executable has run before.

mod executable;

use std::sync::Arc;

use jaxrs_data::Result;
use jaxrs_kernel::{Program, Target};
use jaxrs_runtime::{Backend, Executable};

use executable::Interpreted;

/// Runs programs through [`jaxrs_kernel::interpret`].
pub struct ReferenceBackend {
    target: Target,
    keep_denormals: bool,
}

impl ReferenceBackend {
    /// The back end, for a middling CPU: programs do not depend on the machine. Denormal numbers count as
    /// zero, as in compiled programs.
    pub fn new() -> ReferenceBackend {
        ReferenceBackend { target: Target::GENERIC, keep_denormals: false }
    }

    /// The same, but denormal numbers keep their values.
    #[must_use]
    pub fn keeping_denormals(self) -> ReferenceBackend {
        ReferenceBackend { keep_denormals: true, ..self }
    }
}

impl Default for ReferenceBackend {
    fn default() -> ReferenceBackend {
        ReferenceBackend::new()
    }
}

impl Backend for ReferenceBackend {
    fn name(&self) -> &'static str {
        "reference"
    }

    fn target(&self) -> &Target {
        &self.target
    }

    fn load(&self, program: Arc<Program>) -> Result<Arc<dyn Executable>> {
        Ok(Arc::new(Interpreted::new(program, self.keep_denormals)?))
    }
}
