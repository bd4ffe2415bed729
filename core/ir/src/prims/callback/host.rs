//! The functions themselves, and how kernel programs call them.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use jaxrs_data::{Literal, Result, Type, bail};
use jaxrs_kernel::{HostCall, HostRoutine, LibraryCall, Step};

use crate::lower::Steps;

/// An operand, as a callback sees it: dense and row-major.
#[derive(Clone, Copy, Debug)]
pub struct HostInput<'a> {
    /// Its type.
    pub ty: &'a Type,
    /// Its elements.
    pub bytes: &'a [u8],
}

/// Where a callback writes a result: dense and row-major.
#[derive(Debug)]
pub struct HostOutput<'a> {
    /// Its type.
    pub ty: &'a Type,
    /// The place of its elements; any bytes, at first.
    pub bytes: &'a mut [u8],
}

/// A function of the caller's. It may be called from the thread that runs a program, at any time and
/// several times at once, and may itself run programs: no lock is held.
pub trait HostFunction: Send + Sync {
    /// Computes results from operands. An error ends the program, whose call gives it back unchanged.
    fn call(&self, inputs: &[HostInput<'_>], outputs: &mut [HostOutput<'_>]) -> Result<()>;
}

/// A host function as programs hold it; one that was read from text has a name only.
#[derive(Clone)]
pub struct Host {
    name: Arc<str>,
    function: Option<Arc<dyn HostFunction>>,
}

impl Host {
    /// A function under a name.
    pub fn new(name: impl Into<Arc<str>>, function: Arc<dyn HostFunction>) -> Host {
        Host { name: name.into(), function: Some(function) }
    }

    /// A function over whole arrays; what it gives is checked against the types announced.
    pub fn of_arrays(
        name: impl Into<Arc<str>>,
        function: impl Fn(&[Literal]) -> Result<Vec<Literal>> + Send + Sync + 'static,
    ) -> Host {
        Host::new(name, Arc::new(OfArrays(function)))
    }

    /// A function of which only the name is known.
    pub fn named(name: impl Into<Arc<str>>) -> Host {
        Host { name: name.into(), function: None }
    }

    /// The name, for people.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The function, if it is known.
    pub fn function(&self) -> Option<&Arc<dyn HostFunction>> {
        self.function.as_ref()
    }

    /// Calls the function.
    pub(super) fn call(
        &self,
        user: &str,
        inputs: &[HostInput<'_>],
        outputs: &mut [HostOutput<'_>],
    ) -> Result<()> {
        let Some(function) = &self.function else {
            bail!(InvalidArgument, "{user} calls {}, which is known by its name only", self.name);
        };
        let frame =
            |err: jaxrs_data::Error| err.context(format_args!("in {user} of {}", self.name));
        function.call(inputs, outputs).map_err(frame)
    }
}

impl fmt::Debug for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

/// Functions are compared by identity.
impl PartialEq for Host {
    fn eq(&self, other: &Host) -> bool {
        self.name == other.name
            && match (&self.function, &other.function) {
                (Some(a), Some(b)) => Arc::ptr_eq(a, b),
                (a, b) => a.is_none() && b.is_none(),
            }
    }
}

impl Eq for Host {}

impl Hash for Host {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name.hash(state);
    }
}

struct OfArrays<F>(F);

impl<F> HostFunction for OfArrays<F>
where
    F: Fn(&[Literal]) -> Result<Vec<Literal>> + Send + Sync,
{
    fn call(&self, inputs: &[HostInput<'_>], outputs: &mut [HostOutput<'_>]) -> Result<()> {
        let literal = |x: &HostInput<'_>| Literal::from_bytes(x.ty.clone(), x.bytes);
        let inputs: Vec<Literal> = inputs.iter().map(literal).collect::<Result<_>>()?;
        let results = (self.0)(&inputs)?;
        if results.len() != outputs.len() {
            let (needed, got) = (outputs.len(), results.len());
            bail!(InvalidArgument, "a callback must give {needed} results, got {got}");
        }
        for (k, (output, result)) in outputs.iter_mut().zip(&results).enumerate() {
            if !output.ty.same_ignoring_weak(result.ty()) {
                let (needed, got) = (output.ty, result.ty());
                bail!(Shape, "a callback must give {needed} as result {k}, got {got}");
            }
            output.bytes.copy_from_slice(result.bytes());
        }
        Ok(())
    }
}

/// What a kernel program calls.
struct Routine<F> {
    primitive: &'static str,
    name: String,
    in_types: Vec<Type>,
    out_types: Vec<Type>,
    call: F,
}

impl<F> fmt::Debug for Routine<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}[{}]", self.primitive, self.name)
    }
}

impl<F> HostRoutine for Routine<F>
where
    F: Fn(&[HostInput<'_>], &mut [HostOutput<'_>]) -> Result<()> + Send + Sync,
{
    fn name(&self) -> &str {
        self.primitive
    }

    fn params(&self) -> String {
        self.name.clone()
    }

    fn run(&self, inputs: &[&[u8]], outputs: &mut [&mut [u8]]) -> Result<()> {
        let pairs = self.in_types.iter().zip(inputs);
        let inputs: Vec<HostInput<'_>> = pairs.map(|(ty, bytes)| HostInput { ty, bytes }).collect();
        let pairs = self.out_types.iter().zip(outputs);
        let mut outputs: Vec<HostOutput<'_>> =
            pairs.map(|(ty, bytes)| HostOutput { ty, bytes }).collect();
        (self.call)(&inputs, &mut outputs)
    }
}

/// The one step of an operation that calls back.
pub(in crate::prims) fn steps(
    cx: &mut dyn Steps,
    primitive: &'static str,
    name: &str,
    call: impl Fn(&[HostInput<'_>], &mut [HostOutput<'_>]) -> Result<()> + Send + Sync + 'static,
) -> Result<()> {
    let n_inputs = cx.n_inputs();
    let in_types: Vec<Type> = (0..n_inputs).map(|k| cx.input_type(k).clone()).collect();
    let n_outputs = cx.n_outputs();
    let out_types = (0..n_outputs).map(|k| cx.output_type(k).clone()).collect();
    let inputs = (0..n_inputs).map(|k| cx.input(k)).collect::<Result<_>>()?;
    let outputs = (0..n_outputs).map(|k| cx.output(k)).collect();
    let routine = Routine { primitive, name: name.to_owned(), in_types, out_types, call };
    let call = HostCall { routine: Arc::new(routine), inputs, outputs };
    cx.push(Step::Library(LibraryCall::Host(call)));
    Ok(())
}
