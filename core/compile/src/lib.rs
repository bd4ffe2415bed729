//! From jaxprs to kernel programs.
//!
//! [`compile`] is the whole pipeline: passes on jaxprs ([`passes`]), then lowering ([`lower`]), in which
//! each variable is either stored or computed again where it is read, then buffer assignment
//! ([`assign_buffers`]). Debug builds check the result ([`jaxrs_kernel::check`]). Everything is a pure
//! function; nothing here knows devices or reads the environment.
#![forbid(unsafe_code)]

pub mod assign_buffers;
pub mod lower;
pub mod passes;

use jaxrs_data::Result;
use jaxrs_ir::Jaxpr;
use jaxrs_kernel::{Program, Target};

/// What a compilation may assume and must respect.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct CompileOptions {
    /// The device.
    pub target: Target,
    /// For each input, whether its memory may be given to an output; missing ones may not.
    pub donated: Vec<bool>,
}

impl Default for CompileOptions {
    fn default() -> CompileOptions {
        CompileOptions { target: Target::GENERIC, donated: Vec::new() }
    }
}

/// Sees the program after each pass, to print or time it. Does nothing by default.
pub trait Observer {
    /// A pass on jaxprs has run.
    fn jaxpr(&mut self, _pass: &'static str, _jaxpr: &Jaxpr) {}

    /// A pass that gives kernel programs has run.
    fn program(&mut self, _pass: &'static str, _program: &Program) {}
}

impl Observer for () {}

/// Compiles a jaxpr for a device.
pub fn compile(jaxpr: &Jaxpr, options: &CompileOptions) -> Result<Program> {
    compile_observed(jaxpr, options, &mut ())
}

/// As [`compile`], with an observer of the passes.
pub fn compile_observed(
    jaxpr: &Jaxpr,
    options: &CompileOptions,
    observer: &mut dyn Observer,
) -> Result<Program> {
    let mut jaxpr = jaxpr.clone();
    for pass in passes::PIPELINE {
        jaxpr = (pass.run)(jaxpr);
        observer.jaxpr(pass.name, &jaxpr);
    }
    let mut program = lower::lower(&jaxpr, options)?;
    observer.program("lower", &program);
    assign_buffers::assign_buffers(&mut program, &options.donated);
    observer.program("assign_buffers", &program);
    if cfg!(debug_assertions) {
        jaxrs_kernel::check::check(&program)?;
    }
    Ok(program)
}
