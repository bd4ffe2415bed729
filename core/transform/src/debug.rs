//! Finding the operation that made a NaN.

use std::sync::Arc;

use jaxrs_data::{Error, ErrorKind, Literal, Result, Scalar, SmallVec};
use jaxrs_ir::evaluate::evaluate_with;
use jaxrs_ir::{Eqn, Jaxpr, Prim, Value};

use crate::{Scope, Settings, tracer};

/// What a value may not be; nothing if all elements may be what they are.
fn fault(settings: Settings, value: &Literal) -> Option<&'static str> {
    if !(value.ty().dtype.is_float() || value.ty().dtype.is_complex()) {
        return None;
    }
    let parts = |x: Scalar| {
        let (re, im) = x.as_complex();
        [re, im]
    };
    let any = |is: fn(f64) -> bool| value.iter().any(|x| parts(x).into_iter().any(is));
    if settings.debug_nans && any(f64::is_nan) {
        Some("nan")
    } else if settings.debug_infs && any(f64::is_infinite) {
        Some("inf")
    } else {
        None
    }
}

fn literals(values: &[Value]) -> Result<Vec<Literal>> {
    values.iter().map(|value| tracer::to_array(value)?.to_literal()).collect()
}

/// Refuses results that may not be, in the name of the operation that made them, or of the one inside it.
pub(crate) fn check_operation(
    scope: &Scope,
    prim: &Prim,
    inputs: &[Value],
    outputs: &[Value],
) -> Result<()> {
    let outputs = literals(outputs)?;
    let Some(what) = outputs.iter().find_map(|value| fault(scope.settings, value)) else {
        return Ok(());
    };
    let mut search = Search { settings: scope.settings, names: Vec::new() };
    search.names.extend(scope.names.clone());
    search.operation(prim, &literals(inputs)?)?;
    Err(search.error(what, prim.name()))
}

/// The same for a program, whose results these are.
pub(crate) fn check_program(
    scope: &Scope,
    name: &str,
    jaxpr: &Jaxpr,
    inputs: &[Value],
    outputs: &[Value],
) -> Result<()> {
    let outputs = literals(outputs)?;
    let Some(what) = outputs.iter().find_map(|value| fault(scope.settings, value)) else {
        return Ok(());
    };
    let mut search = Search { settings: scope.settings, names: vec![name.into()] };
    search.program(jaxpr, &literals(inputs)?)?;
    // Compiled arithmetic differs in the last bit, which may decide.
    Err(search.error(what, "the compiled function, and of no operation run by itself"))
}

/// Runs programs operation by operation, and stops at the first bad result.
struct Search {
    settings: Settings,
    /// The scopes around, outermost first.
    names: Vec<Arc<str>>,
}

impl Search {
    #[cold]
    fn error(&self, what: &str, name: &str) -> Error {
        let place = if self.names.is_empty() {
            String::new()
        } else {
            format!(", in {}", self.names.join("/"))
        };
        Error::new(
            ErrorKind::Check,
            format_args!("invalid value ({what}) in the result of {name}{place}"),
        )
    }

    fn program(&mut self, jaxpr: &Jaxpr, inputs: &[Literal]) -> Result<Vec<Literal>> {
        evaluate_with(jaxpr, inputs, &mut |eqn, operands| self.equation(eqn, operands))
    }

    fn equation(&mut self, eqn: &Eqn, operands: &[Literal]) -> Result<SmallVec<[Literal; 2]>> {
        // What looked on has seen these values already.
        if eqn.outputs.is_empty() {
            return Ok(SmallVec::new());
        }
        let depth = self.names.len();
        self.names.extend(eqn.name_stack.clone());
        let results = self.operation(&eqn.prim, operands);
        self.names.truncate(depth);
        results
    }

    fn operation(&mut self, prim: &Prim, operands: &[Literal]) -> Result<SmallVec<[Literal; 2]>> {
        let results = match prim.inlined() {
            Some(jaxpr) => {
                let depth = self.names.len();
                if let Prim::Call(call) = prim {
                    self.names.push(call.name.clone());
                }
                let results = self.program(jaxpr, operands);
                self.names.truncate(depth);
                results?.into()
            }
            None => prim.evaluate_with(operands, &mut |jaxpr, x| self.program(jaxpr, x))?,
        };
        match results.iter().find_map(|value| fault(self.settings, value)) {
            Some(what) => Err(self.error(what, prim.name())),
            None => Ok(results),
        }
    }
}
