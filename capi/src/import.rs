//! Programs from files of others.

use std::ffi::c_void;
use std::sync::Arc;

use jaxrs_data::bail;
use jaxrs_stablehlo as stablehlo;
use jaxrs_transform::make_jaxpr;

use crate::args::{List, Out, Shared};
use crate::context::ContextBody;
use crate::gate::{Status, gate};
use crate::program::{ProgramBody, ProgramHandle};

/// Reads a program that JAX or another front end exported: StableHLO as text (pretty or generic form) or as a portable
/// artifact (bytecode), of `n` bytes. Its function `@main` becomes the program.
///
/// The program can be called, differentiated, batched and compiled as one that was traced here (jaxrs_fn_from_program).
/// Loops that count to a known number become loops of fixed length, through which reverse mode goes. Types of unknown
/// size, several devices and custom calls other than LAPACK's give JAXRS_ERR_UNIMPLEMENTED; errors name the place.
/// The caller owns `*out`. Any thread.
#[unsafe(no_mangle)]
pub extern "C" fn jaxrs_program_load(
    ctx: Shared<ContextBody>,
    data: List<c_void>,
    n: usize,
    out: Out<*mut ProgramHandle>,
) -> Status {
    gate(|| {
        let out = out.null("out")?;
        let engine = ctx.get("ctx")?.engine()?;
        let data = List::<u8>::new(data.as_ptr().cast()).get(n, "data")?;
        if data.is_empty() {
            bail!(InvalidArgument, "data has no bytes, but a program is needed");
        }
        let module = Arc::new(stablehlo::read(data)?);
        let types = stablehlo::argument_types(module.function("main")?)?;
        let function = stablehlo::function(&module, "main")?;
        let program = make_jaxpr(&function, &engine.root(), &types)?;
        out.set(ProgramBody::handle(program, "main", engine).into_raw());
        Ok(())
    })
}
