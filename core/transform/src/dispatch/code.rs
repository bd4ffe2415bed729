//! Machine code that is kept.

use std::sync::Arc;

use jaxrs_compile::CompileOptions;
use jaxrs_data::{ErrorKind, Result};
use jaxrs_ir::Jaxpr;
use jaxrs_runtime::{Backend, LoadedProgram};

use super::{Compiled, Dispatch, How};

impl Dispatch {
    pub(super) fn backend(&self) -> Option<&Arc<dyn Backend>> {
        self.compiler.as_ref().or(self.eager.as_ref())
    }

    /// The machine code of a program, to be kept; empty where it is evaluated.
    pub(crate) fn code(&self, jaxpr: &Jaxpr, donated: &[bool]) -> Result<Vec<u8>> {
        let Some(backend) = self.backend() else { return Ok(Vec::new()) };
        let options =
            CompileOptions { target: backend.target().clone(), donated: donated.to_vec() };
        match jaxrs_compile::compile(jaxpr, &options) {
            Err(error) if error.kind() == ErrorKind::Unimplemented => Ok(Vec::new()),
            program => backend.code(&program?),
        }
    }

    /// What runs a program by machine code that was kept.
    pub(crate) fn with_code(
        &self,
        jaxpr: &Arc<Jaxpr>,
        donated: &[bool],
        code: &[u8],
    ) -> Result<Compiled> {
        let out_types = jaxpr.out_types().cloned().collect();
        let Some(backend) = self.backend().filter(|_| !code.is_empty()) else {
            return Ok(Compiled { out_types, how: How::Evaluate(jaxpr.clone()) });
        };
        let options =
            CompileOptions { target: backend.target().clone(), donated: donated.to_vec() };
        let program = jaxrs_compile::compile(jaxpr, &options)?;
        let loaded = LoadedProgram::with_code(&**backend, program, code)?;
        Ok(Compiled { out_types, how: How::Launch(loaded) })
    }
}
