//! Jaxprs as modules: each primitive written by StableHLO's operations.
//!
//! An [`Emitter`] is a [`Context`] whose values are values of a module: binding a primitive writes its operations. So rules
//! may be written with the operations of `jaxrs_ir::ops`, and primitives that are composed of others, or are batched,
//! need no rule of their own. One that has none is written by its element rule, the scalar code of kernels, over whole
//! arrays at once.

mod contraction;
mod control;
mod decompose;
mod element;
mod elementwise;
mod emitter;
mod indexing;
mod keys;
mod linalg;
mod reduction;
mod scalar;
mod shapes;
mod sorting;
mod windows;

use std::sync::Arc;

use jaxrs_data::{Error, ErrorKind, Literal, Result, Type, bail};
use jaxrs_ir::lower::Lowering;
use jaxrs_ir::prims::Remark;
use jaxrs_ir::{Effect, Jaxpr, Prim, Value};

use jaxrs_transform::{ClosedJaxpr, to_array};

use crate::tree::Module;
use emitter::Emitter;

/// The module whose `@main` is a program. Constants have to be arrays.
pub fn export(program: &ClosedJaxpr) -> Result<Module> {
    let consts = program.consts.iter().map(|value| to_array(value)?.to_literal());
    let consts = consts.collect::<Result<Vec<_>>>()?;
    module(&program.jaxpr, &consts)
}

/// The module whose `@main` is a program with these constants. Keys are arrays of `ui32` there, their words along a new
/// last axis.
pub fn module(jaxpr: &Jaxpr, consts: &[Literal]) -> Result<Module> {
    if consts.len() < jaxpr.n_consts || consts.len() > jaxpr.invars.len() {
        bail!(
            InvalidArgument,
            "the program has {} constants, got {} values for them",
            jaxpr.n_consts,
            consts.len()
        );
    }
    let state = emitter::State::default();
    let arguments: Vec<Type> = jaxpr.in_types().skip(consts.len()).cloned().collect();
    let main = state.function("main", &arguments, |e, inputs| {
        let consts = consts.iter().cloned().map(Value::literal);
        let inputs: Vec<Value> = consts.chain(inputs.iter().cloned()).collect();
        e.eval(jaxpr, &inputs)
    })?;
    let mut functions = vec![main];
    functions.extend(state.into_functions());
    Ok(Module { functions })
}

/// Results as they are handed on.
type Outputs = Vec<Value>;

/// Writes what a primitive does.
fn bind(e: &Emitter<'_>, prim: &Prim, x: &[Value], out: &[Type]) -> Result<Outputs> {
    if let Some(outputs) = same(prim, x) {
        return Ok(outputs);
    }
    if let Some(outputs) = control::emit(e, prim, x, out) {
        return outputs;
    }
    if prim.effect() != Effect::default() {
        return Err(refused(prim, "has effects, which StableHLO has no words for"));
    }
    if let Some(outputs) = keys::emit(e, prim, x, out) {
        return outputs;
    }
    let families = [
        elementwise::emit,
        shapes::emit,
        reduction::emit,
        windows::emit,
        indexing::emit,
        contraction::emit,
        sorting::emit,
        linalg::emit,
    ];
    for family in families {
        if let Some(outputs) = family(e, prim, x, out) {
            return outputs;
        }
    }
    let in_types: Vec<Type> = x.iter().map(|x| x.ty().clone()).collect();
    match prim.lowering(&in_types) {
        Lowering::Composed => Ok(prim.compose(e, x)?.into_vec()),
        Lowering::Elements | Lowering::Reduction => element::emit(e, prim, x, out),
        _ => Err(refused(prim, "has no form in StableHLO")),
    }
}

/// What only says something of its operands, and gives them.
fn same(prim: &Prim, x: &[Value]) -> Option<Outputs> {
    match prim {
        Prim::StopGradient(_) | Prim::RandomClone(_) => Some(x.to_vec()),
        Prim::Unary(jaxrs_ir::prims::Unary::Copy) => Some(x.to_vec()),
        Prim::Annotate(annotate) => match annotate.remark {
            Remark::OptimizationBarrier => None,
            Remark::Tie => Some(x[1..].to_vec()),
            Remark::DceSink => Some(Vec::new()),
            _ => Some(x.to_vec()),
        },
        Prim::Check(check) if check.debug => Some(Vec::new()),
        _ => None,
    }
}

fn refused(prim: &Prim, why: &str) -> Error {
    let text = format_args!("{} cannot be exported: it {why}", prim.name());
    Error::new(ErrorKind::Unimplemented, text)
}

/// A program that several equations may run, by what it is.
fn identity(jaxpr: &Arc<Jaxpr>) -> usize {
    Arc::as_ptr(jaxpr) as usize
}
