//! What must hold for every program.

mod batched;
mod compiled;
mod derivatives;
mod printed;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use jaxrs_data::{Error, ErrorKind, Literal, Result, Type};
use jaxrs_ir::{Jaxpr, Value};
use jaxrs_llvm::{LlvmBackend, LlvmOptions};
use jaxrs_runtime::Pool;
use jaxrs_transform::{
    ClosedJaxpr, Context, ContextOptions, Function, Scope, function_from_jaxpr, make_jaxpr,
    to_array,
};

use crate::Case;
use crate::agree::Exactness;

/// What is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Law {
    /// The program keeps its invariants, and its text reads back as itself.
    Printed,
    /// The kernel program, interpreted, gives what the definition gives.
    Interpreted,
    /// So does machine code.
    Compiled,
    /// Several examples at once give what each gives alone, by definition and in machine code.
    Batched,
    /// Tangents are what differences say, and cotangents adjoint to them, by definition and in machine
    /// code.
    Derivatives,
}

/// How a law went.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// It holds.
    Holds,
    /// The program has no such transform; why.
    Refused(String),
    /// It does not hold; in what.
    Broken(String),
}

impl Law {
    /// All of them.
    pub const ALL: [Law; 5] =
        [Law::Printed, Law::Interpreted, Law::Compiled, Law::Batched, Law::Derivatives];

    /// The name, for files.
    pub fn name(self) -> &'static str {
        match self {
            Law::Printed => "printed",
            Law::Interpreted => "interpreted",
            Law::Compiled => "compiled",
            Law::Batched => "batched",
            Law::Derivatives => "derivatives",
        }
    }
}

/// What programs are run with.
pub struct Bench {
    pub(crate) exactness: Exactness,
    pub(crate) backend: LlvmBackend,
    pub(crate) context: Context,
}

impl Bench {
    /// With a back end of one thread.
    pub fn new() -> Result<Bench> {
        let options = LlvmOptions { keep_denormals: true, ..LlvmOptions::default() };
        Ok(Bench {
            exactness: Exactness::of_samples(),
            backend: LlvmBackend::new(Pool::new(1), options)?,
            context: Context::new(ContextOptions::default()),
        })
    }

    /// The kernel program, as text.
    pub fn kernels(&self, case: &Case) -> Result<String> {
        Ok(compiled::lowered(self, &case.jaxpr)?.to_string())
    }

    /// The programs that a law makes of one, to be tried by themselves; none where that panics.
    pub fn derived(&self, law: Law, case: &Case) -> Vec<Case> {
        let derived = catch_unwind(AssertUnwindSafe(|| match law {
            Law::Printed | Law::Interpreted | Law::Compiled => Vec::new(),
            Law::Batched => batched::derived(self, case).ok().flatten().into_iter().collect(),
            Law::Derivatives => derivatives::derived(self, case),
        }));
        let derived = derived.unwrap_or_default();
        let case = |Derived { jaxpr, inputs }| Case {
            fixed: vec![false; inputs.len()],
            smooth: false,
            jaxpr,
            inputs,
        };
        derived.into_iter().map(case).collect()
    }

    /// Tries a law on a program. A panic breaks it too.
    pub fn holds(&self, law: Law, case: &Case) -> Outcome {
        let tried = catch_unwind(AssertUnwindSafe(|| match law {
            Law::Printed => printed::holds(case),
            Law::Interpreted => compiled::interpreted(self, &case.jaxpr, &case.inputs),
            Law::Compiled => compiled::compiled(self, &case.jaxpr, &case.inputs),
            Law::Batched => batched::holds(self, case),
            Law::Derivatives => derivatives::holds(self, case),
        }));
        match tried {
            Ok(Ok(None)) => Outcome::Holds,
            Ok(Ok(Some(what))) => Outcome::Broken(what),
            Ok(Err(err)) if is_refusal(law, &err) => Outcome::Refused(err.message().to_owned()),
            Ok(Err(err)) => Outcome::Broken(format!("{err:?}")),
            Err(panic) => Outcome::Broken(format!("panicked: {}", panic_text(&*panic))),
        }
    }
}

/// Derivatives may need an operation that the element type does not have, as that of a complex clamp does an
/// order.
fn is_refusal(law: Law, err: &Error) -> bool {
    err.kind() == ErrorKind::Unimplemented
        || (law == Law::Derivatives && err.kind() == ErrorKind::Dtype)
}

fn panic_text(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().cloned();
    text.or_else(|| panic.downcast_ref::<&str>().map(|&text| text.to_owned())).unwrap_or_default()
}

/// The function that a program is.
fn function(jaxpr: &Jaxpr) -> Function {
    let jaxpr = Arc::new(Jaxpr { n_consts: 0, ..jaxpr.clone() });
    function_from_jaxpr("f", ClosedJaxpr { jaxpr, consts: Vec::new() })
}

/// A program that comes of another, with inputs.
pub(crate) struct Derived {
    jaxpr: Jaxpr,
    inputs: Vec<Literal>,
}

/// The program that a function is, which is well formed, with these inputs.
fn derive(scope: &Scope, f: &Function, inputs: &[Literal]) -> Result<Derived> {
    let types: Vec<Type> = inputs.iter().map(|x| x.ty().clone()).collect();
    let closed = make_jaxpr(f, scope, &types)?;
    jaxrs_ir::check::check(&closed.jaxpr)?;
    let inputs = [literals(&closed.consts)?, inputs.to_vec()].concat();
    Ok(Derived { jaxpr: Jaxpr::clone(&closed.jaxpr), inputs })
}

fn literals(values: &[Value]) -> Result<Vec<Literal>> {
    let one = |value: &Value| match value.downcast_ref::<Literal>() {
        Some(literal) => Ok(literal.clone()),
        None => to_array(value)?.to_literal(),
    };
    values.iter().map(one).collect()
}

fn is_double(ty: &Type) -> bool {
    matches!(ty.dtype, jaxrs_data::DType::F64 | jaxrs_data::DType::C128)
}

/// A law's end: nothing, or what is wrong; an error that is not a refusal is wrong too.
type Verdict = std::result::Result<Option<String>, Error>;
