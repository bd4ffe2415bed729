//! Where the language meets devices: programs are compiled, kept, and run on arrays.

mod code;

use std::hash::{Hash, Hasher};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use jaxrs_compile::CompileOptions;
use jaxrs_data::{ErrorKind, Literal, Result, SmallVec, Type};
use jaxrs_ir::evaluate::evaluate;
use jaxrs_ir::{Atom, Effect, Eqn, Jaxpr, Outputs, Prim, Value, VarId};
use jaxrs_runtime::{Argument, Backend, HostBuffer, LoadedProgram};
use parking_lot::RwLock;
use rustc_hash::{FxHashMap, FxHasher};

use crate::context::{Counters, count};
use crate::memory::Room;
use crate::tracer::{self, ArrayNode};
use crate::{ContextOptions, callback, checkify};

/// Back ends, and everything that was compiled for single operations and for programs that hold others.
#[derive(Default)]
pub(crate) struct Dispatch {
    compiler: Option<Arc<dyn Backend>>,
    eager: Option<Arc<dyn Backend>>,
    operations: Operations,
    calls: RwLock<FxHashMap<usize, CompiledCall>>,
    room: Room,
}

/// Compiled operations by hash of primitive and operand types, in parts so that threads seldom meet.
#[derive(Default)]
struct Operations([RwLock<FxHashMap<u64, SameHash>>; 16]);

/// Operations of one hash.
type SameHash = SmallVec<[Arc<Operation>; 1]>;

/// A program that is called, kept alive for its address, and what runs it.
type CompiledCall = (Arc<Jaxpr>, Arc<Compiled>);

/// A primitive on operands of some types.
struct Operation {
    prim: Prim,
    in_types: SmallVec<[Type; 4]>,
    jaxpr: Arc<Jaxpr>,
    compiled: Compiled,
    /// What the compiler's back end made of it, once it was hot.
    hot: OnceLock<Compiled>,
    /// How many elements went through it on the eager back end.
    elements: AtomicU64,
    /// Elements of one run.
    size: u64,
    is_final: bool,
}

/// What runs a program.
pub(crate) struct Compiled {
    out_types: SmallVec<[Type; 2]>,
    how: How,
}

enum How {
    Evaluate(Arc<Jaxpr>),
    Launch(LoadedProgram),
}

/// An operation of this many elements is compiled at once; a smaller one when as many have gone through
/// it: below, interpreting costs less than a compilation would.
const HOT_ELEMENTS: u64 = 1 << 16;
const HOT_TOTAL: u64 = 1 << 22;

/// How many operations and called programs a context keeps; a full cache starts anew.
const OPERATIONS: usize = 1 << 14;
const CALLS: usize = 1024;

impl Dispatch {
    pub(crate) fn new(options: ContextOptions) -> Dispatch {
        let room = Room::new(options.memory);
        Dispatch { compiler: options.compiler, eager: options.eager, room, ..Dispatch::default() }
    }

    /// Forgets all that was compiled.
    pub(crate) fn clear(&self) {
        for part in &self.operations.0 {
            let dropped = std::mem::take(&mut *part.write());
            drop(dropped);
        }
        let dropped = std::mem::take(&mut *self.calls.write());
        drop(dropped);
    }

    pub(crate) fn room(&self) -> &Room {
        &self.room
    }

    /// Runs a program on arrays, for which memory is made.
    pub(crate) fn launch(
        &self,
        compiled: &Compiled,
        effect: Effect,
        inputs: &[Value],
        donated: &[bool],
    ) -> Result<Outputs> {
        let results: usize = compiled.out_types.iter().map(Type::size_bytes).sum();
        let needed = (results + compiled.sizes().0) as u64;
        self.room.with(needed, !effect.is_some(), || compiled.run(inputs, donated))
    }

    /// Applies a primitive to arrays.
    pub(crate) fn run(
        &self,
        counters: &Counters,
        prim: &Prim,
        inputs: &[Value],
    ) -> Result<Outputs> {
        if let Some(output) = same_memory(prim, inputs)? {
            return Ok(Outputs::from_iter([output]));
        }
        if let Some(outputs) = callback::run_at_once(prim, inputs)? {
            return Ok(outputs);
        }
        if let Some(jaxpr) = prim.inlined() {
            let compiled = self.call(counters, jaxpr)?;
            return self.launch(&compiled, prim.effect(), inputs, &[]);
        }
        let operation = self.operation(counters, prim, inputs)?;
        let compiled = self.compiled(counters, &operation)?;
        let run = || self.launch(compiled, prim.effect(), inputs, &[]);
        counters.profile.of("operation", prim.name(), run)
    }

    fn operation(
        &self,
        counters: &Counters,
        prim: &Prim,
        inputs: &[Value],
    ) -> Result<Arc<Operation>> {
        let hash = hash(prim, inputs);
        let part = &self.operations.0[(hash >> 60) as usize];
        let found = |entries: &FxHashMap<u64, SameHash>| {
            entries.get(&hash)?.iter().find(|entry| entry.is(prim, inputs)).cloned()
        };
        if let Some(operation) = found(&part.read()) {
            count(&counters.cache_hits);
            return Ok(operation);
        }
        let operation = Arc::new(self.compile_operation(counters, prim, inputs)?);
        let mut entries = part.write();
        let full = entries.len() >= OPERATIONS / self.operations.0.len();
        let dropped = if full { std::mem::take(&mut *entries) } else { FxHashMap::default() };
        entries.entry(hash).or_default().push(operation.clone());
        drop(entries);
        drop(dropped);
        Ok(operation)
    }

    fn compile_operation(
        &self,
        counters: &Counters,
        prim: &Prim,
        inputs: &[Value],
    ) -> Result<Operation> {
        let in_types: SmallVec<[Type; 4]> = inputs.iter().map(|v| v.ty().clone()).collect();
        let jaxpr = Arc::new(single(prim, &in_types)?);
        let sizes = jaxpr.types.iter().map(|ty| ty.numel() as u64);
        let size = sizes.max().unwrap_or_default();
        let is_control = matches!(prim, Prim::Cond(_) | Prim::While(_) | Prim::Scan(_));
        let is_final = is_control || size >= HOT_ELEMENTS || self.compiler.is_none();
        let backend = if is_final {
            self.compiler.as_ref().or(self.eager.as_ref())
        } else {
            self.eager.as_ref()
        };
        let compiled = compile(counters, backend, &jaxpr, &[])?;
        Ok(Operation {
            prim: prim.clone(),
            in_types,
            jaxpr,
            compiled,
            hot: OnceLock::new(),
            elements: AtomicU64::new(0),
            size,
            is_final,
        })
    }

    /// What runs an operation now; the one call that makes it hot compiles it.
    fn compiled<'o>(&self, counters: &Counters, operation: &'o Operation) -> Result<&'o Compiled> {
        if operation.is_final {
            return Ok(&operation.compiled);
        }
        if let Some(compiled) = operation.hot.get() {
            return Ok(compiled);
        }
        let before = operation.elements.fetch_add(operation.size, Ordering::Relaxed);
        if before < HOT_TOTAL && before + operation.size >= HOT_TOTAL {
            let compiled = compile(counters, self.compiler.as_ref(), &operation.jaxpr, &[])?;
            return Ok(operation.hot.get_or_init(|| compiled));
        }
        Ok(&operation.compiled)
    }

    /// What runs a program that is called as a unit. Programs are told apart by address: those that
    /// transforms and `jit` keep stay the same.
    fn call(&self, counters: &Counters, jaxpr: &Arc<Jaxpr>) -> Result<Arc<Compiled>> {
        let address = Arc::as_ptr(jaxpr) as usize;
        if let Some((_, compiled)) = self.calls.read().get(&address) {
            count(&counters.cache_hits);
            return Ok(compiled.clone());
        }
        let compiled = Arc::new(self.compile(counters, jaxpr, &[])?);
        let mut calls = self.calls.write();
        let full = calls.len() >= CALLS;
        let dropped = if full { std::mem::take(&mut *calls) } else { FxHashMap::default() };
        calls.insert(address, (jaxpr.clone(), compiled.clone()));
        drop(calls);
        drop(dropped);
        Ok(compiled)
    }

    /// Compiles a program; `donated` says whose memory results may take over.
    pub(crate) fn compile(
        &self,
        counters: &Counters,
        jaxpr: &Arc<Jaxpr>,
        donated: &[bool],
    ) -> Result<Compiled> {
        compile(counters, self.backend(), jaxpr, donated)
    }
}

impl Operation {
    fn is(&self, prim: &Prim, inputs: &[Value]) -> bool {
        self.in_types.len() == inputs.len()
            && self.in_types.iter().zip(inputs).all(|(ty, value)| ty == value.ty())
            && self.prim == *prim
    }
}

fn hash(prim: &Prim, inputs: &[Value]) -> u64 {
    let mut hasher = FxHasher::default();
    prim.hash(&mut hasher);
    for value in inputs {
        value.ty().hash(&mut hasher);
    }
    hasher.finish()
}

/// The program of one operation.
fn single(prim: &Prim, in_types: &[Type]) -> Result<Jaxpr> {
    let mut jaxpr = Jaxpr::default();
    for ty in in_types {
        jaxpr.add_invar(ty.clone());
    }
    let out_types = prim.output_types(in_types)?;
    let outputs: SmallVec<[VarId; 2]> =
        out_types.into_iter().map(|ty| jaxpr.fresh_var(ty)).collect();
    jaxpr.outputs = outputs.iter().map(|&var| Atom::Var(var)).collect();
    jaxpr.eqns.push(Eqn {
        prim: prim.clone(),
        inputs: jaxpr.invars.iter().map(|&var| Atom::Var(var)).collect(),
        outputs,
        name_stack: None,
    });
    Ok(jaxpr)
}

/// The result of an operation that changes an array's type only.
fn same_memory(prim: &Prim, inputs: &[Value]) -> Result<Option<Value>> {
    let keeps_bytes = match prim {
        Prim::Reshape(_) | Prim::Squeeze(_) | Prim::StopGradient(_) => true,
        Prim::ConvertElementType(to) => inputs[0].ty().dtype == to.new_dtype,
        _ => false,
    };
    if !keeps_bytes {
        return Ok(None);
    }
    let out = prim.output_types(&[inputs[0].ty().clone()])?.swap_remove(0);
    Ok(Some(tracer::concrete(out, tracer::memory(&inputs[0])?)))
}

fn compile(
    counters: &Counters,
    backend: Option<&Arc<dyn Backend>>,
    jaxpr: &Arc<Jaxpr>,
    donated: &[bool],
) -> Result<Compiled> {
    checkify::refuse_checks(jaxpr)?;
    let out_types = jaxpr.out_types().cloned().collect();
    let Some(backend) = backend else {
        return Ok(Compiled { out_types, how: How::Evaluate(jaxpr.clone()) });
    };
    let start = std::time::Instant::now();
    let loaded = match load(counters, backend, jaxpr, donated) {
        // What kernels cannot do (complex numbers, so far) is evaluated by definition.
        Err(err) if err.kind() == ErrorKind::Unimplemented => {
            return Ok(Compiled { out_types, how: How::Evaluate(jaxpr.clone()) });
        }
        loaded => loaded?,
    };
    count(&counters.compiles);
    counters.compile_ns.fetch_add(start.elapsed().as_nanos() as u64, Ordering::Relaxed);
    Ok(Compiled { out_types, how: How::Launch(loaded) })
}

fn load(
    counters: &Counters,
    backend: &Arc<dyn Backend>,
    jaxpr: &Jaxpr,
    donated: &[bool],
) -> Result<LoadedProgram> {
    let options = CompileOptions { target: backend.target().clone(), donated: donated.to_vec() };
    let name = match &*jaxpr.eqns {
        [eqn] => eqn.prim.name().to_owned(),
        eqns => format!("program of {} equations", eqns.len()),
    };
    let profile = &counters.profile;
    let program = profile.of("lower", &name, || jaxrs_compile::compile(jaxpr, &options))?;
    profile.of("codegen", &name, || LoadedProgram::new(&**backend, program))
}

impl Compiled {
    /// Bytes of working memory, and of machine code; nothing is known where programs are evaluated.
    pub(crate) fn sizes(&self) -> (usize, usize) {
        match &self.how {
            How::Evaluate(_) => (0, 0),
            How::Launch(program) => (program.arena_bytes(), program.code_bytes()),
        }
    }

    /// Whether a result takes over the memory of this input, if it is donated.
    pub(crate) fn reuses(&self, input: usize) -> bool {
        matches!(&self.how, How::Launch(program) if program.reuses(input))
    }

    /// Runs the program on values, which are all arrays. `donated` says which of them are given away;
    /// one whose memory a result took over cannot be used any more.
    pub(crate) fn run(&self, inputs: &[Value], donated: &[bool]) -> Result<Outputs> {
        match &self.how {
            How::Evaluate(jaxpr) => evaluate_arrays(jaxpr, inputs),
            How::Launch(program) => {
                let outputs = if donated.contains(&true) {
                    launch_donating(program, inputs, donated)?
                } else {
                    let arguments: SmallVec<[Argument; 4]> = inputs
                        .iter()
                        .map(|value| tracer::memory(value).map(Argument::Shared))
                        .collect::<Result<_>>()?;
                    program.run(&arguments)?
                };
                let pairs = self.out_types.iter().zip(outputs);
                Ok(pairs.map(|(ty, memory)| tracer::concrete(ty.clone(), memory)).collect())
            }
        }
    }
}

/// Runs a program that may take over the memory of inputs.
fn launch_donating(
    program: &LoadedProgram,
    inputs: &[Value],
    donated: &[bool],
) -> Result<SmallVec<[Arc<HostBuffer>; 2]>> {
    let mut arguments: Vec<Argument> = Vec::with_capacity(inputs.len());
    let mut taken: Vec<Option<&ArrayNode>> = Vec::with_capacity(inputs.len());
    let gathered = inputs.iter().zip(donated).enumerate().try_for_each(|(k, (value, &donated))| {
        let node = value.downcast_ref::<ArrayNode>().filter(|_| donated && program.reuses(k));
        arguments.push(match node {
            Some(node) => Argument::Donated(node.take()?),
            None => Argument::Shared(tracer::memory(value)?),
        });
        taken.push(node);
        Ok(())
    });
    let result = gathered.and_then(|()| program.run(&arguments));
    if result.is_err() {
        // Nothing ran to its end, so that nothing was given away.
        for (argument, node) in arguments.into_iter().zip(taken) {
            if let (Argument::Donated(memory), Some(node)) = (argument, node) {
                node.restore(memory);
            }
        }
    }
    result
}

fn evaluate_arrays(jaxpr: &Jaxpr, inputs: &[Value]) -> Result<Outputs> {
    let literals: Vec<Literal> =
        inputs.iter().map(|value| tracer::to_array(value)?.to_literal()).collect::<Result<_>>()?;
    evaluate(jaxpr, &literals)?
        .iter()
        .map(|literal| {
            let memory = Arc::new(HostBuffer::from_bytes(literal.bytes())?);
            Ok(tracer::concrete(literal.ty().clone(), memory))
        })
        .collect()
}
