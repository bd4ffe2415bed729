//! Programs: what a function is for arguments of given types; as text, as functions again, compiled.

use std::sync::Arc;

use jaxrs_data::{Result, Type, bail};
use jaxrs_transform::{
    ClosedJaxpr, Executable, Function, compile, function_from_jaxpr, make_jaxpr, portable,
};

use crate::args::{Handles, In, List, Out, Shared};
use crate::array::{ArrayBody, array_type};
use crate::backends::texts;
use crate::bytes::{BytesBody, BytesHandle};
use crate::context::Engine;
use crate::function::{FnBody, FnHandle, values};
use crate::gate::{Status, gate, guard};
use crate::handle::{Body, Handle, Owned};
use crate::options::{self, Options};
use crate::results::ResultsBody;
use crate::scope::ScopeBody;
use crate::transforms::{JitOptionsC, jit_options};

/// A program in C.
pub type ProgramHandle = Handle<ProgramBody>;
/// A compiled program in C.
pub type ExecHandle = Handle<ExecBody>;

/// What a program handle holds.
pub struct ProgramBody {
    program: ClosedJaxpr,
    name: String,
    engine: Arc<Engine>,
}

impl Body for ProgramBody {
    const TAG: u64 = u64::from_le_bytes(*b"jx progr");
    const NAME: &'static str = "jaxrs_program";
}

/// What a compiled program's handle holds.
pub struct ExecBody {
    executable: Executable,
    engine: Arc<Engine>,
}

impl Body for ExecBody {
    const TAG: u64 = u64::from_le_bytes(*b"jx exect");
    const NAME: &'static str = "jaxrs_exec";
}

/// `jaxrs_aval`.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Aval {
    dtype: u32,
    weak_type: u32,
    ndim: usize,
    shape: *const i64,
}

/// The types that a list describes.
pub(crate) fn types(avals: &List<Aval>, n: usize, name: &str) -> Result<Vec<Type>> {
    let read = |aval: &Aval| {
        let ty = array_type(
            &format!("an element of {name}"),
            aval.dtype,
            &List::new(aval.shape),
            aval.ndim,
        )?;
        Ok(ty.with_weak(crate::args::flag(aval.weak_type, "weak_type")?))
    };
    avals.get(n, name)?.iter().map(read).collect()
}

/// The program that a function is for arguments of these types. Nothing is computed.
///
/// The caller owns `*out`. Any thread.
#[unsafe(no_mangle)]
pub extern "C" fn jaxrs_fn_trace(
    f: Shared<FnBody>,
    s: Shared<ScopeBody>,
    avals: List<Aval>,
    n: usize,
    out: Out<*mut ProgramHandle>,
) -> Status {
    gate(|| {
        let out = out.null("out")?;
        let (f, s) = (f.get("f")?, s.get("s")?);
        let engine = f.engine()?;
        engine.check_same(s.engine(), "s")?;
        let program = make_jaxpr(f.function(), s.scope()?, &types(&avals, n, "avals")?)?;
        let name = f.function().name().to_string();
        out.set(Owned::new(ProgramBody { program, name, engine: engine.clone() }).into_raw());
        Ok(())
    })
}

impl ProgramBody {
    /// A handle to a program.
    pub(crate) fn handle(
        program: ClosedJaxpr,
        name: &str,
        engine: &Arc<Engine>,
    ) -> Owned<ProgramBody> {
        Owned::new(ProgramBody { program, name: name.to_owned(), engine: engine.clone() })
    }

    /// The program's file.
    pub(crate) fn saved(&self) -> Result<Vec<u8>> {
        self.engine.check()?;
        portable::save(&self.name, &self.program, &self.engine.root())
    }

    /// As others read it.
    pub(crate) fn exported(&self) -> Result<jaxrs_stablehlo::tree::Module> {
        jaxrs_stablehlo::export(&self.program)
    }

    /// As JAX reads it, with derivatives.
    pub(crate) fn exported_file(&self, vjp_order: usize) -> Result<Vec<u8>> {
        self.engine.check()?;
        let scope = self.engine.root();
        jaxrs_stablehlo::write_differentiable(&self.program, &self.name, &scope, vjp_order)
    }

    fn function(&self) -> Function {
        function_from_jaxpr(&self.name, self.program.clone())
    }
}

/// The function that a program is. The caller owns `*out`. Any thread.
#[unsafe(no_mangle)]
pub extern "C" fn jaxrs_fn_from_program(p: Shared<ProgramBody>, out: Out<*mut FnHandle>) -> Status {
    gate(|| {
        let out = out.null("out")?;
        let p = p.get("p")?;
        p.engine.check()?;
        out.set(FnBody::handle(p.function(), &p.engine).into_raw());
        Ok(())
    })
}

/// The number of arguments of a program; 0 for NULL. Any thread.
#[unsafe(no_mangle)]
pub extern "C" fn jaxrs_program_n_inputs(p: In<ProgramBody>) -> usize {
    guard(0, || p.live().map_or(0, |p| p.inputs().count()))
}

/// The number of results of a program; 0 for NULL. Any thread.
#[unsafe(no_mangle)]
pub extern "C" fn jaxrs_program_n_outputs(p: In<ProgramBody>) -> usize {
    guard(0, || p.live().map_or(0, |p| p.program.jaxpr.outputs.len()))
}

impl ProgramBody {
    fn inputs(&self) -> impl Iterator<Item = &Type> {
        self.program.jaxpr.in_types().skip(self.program.jaxpr.n_consts)
    }
}

pub(crate) fn aval(ty: &Type) -> Aval {
    Aval {
        dtype: ty.dtype as u32,
        weak_type: ty.weak.into(),
        ndim: ty.rank(),
        shape: ty.shape.as_ptr().cast(),
    }
}

fn put_aval<'a>(
    out: &Out<Aval>,
    i: usize,
    mut types: impl Iterator<Item = &'a Type>,
) -> Result<()> {
    let empty = Aval { dtype: 0, weak_type: 0, ndim: 0, shape: std::ptr::null() };
    let out = out.cleared("out", empty)?;
    let Some(ty) = types.nth(i) else {
        bail!(InvalidArgument, "i is {i}, which is out of range");
    };
    out.set(aval(ty));
    Ok(())
}

/// The type of argument `i` of a program. Its shape is borrowed from `p`. Any thread.
#[unsafe(no_mangle)]
pub extern "C" fn jaxrs_program_input(p: In<ProgramBody>, i: usize, out: Out<Aval>) -> Status {
    gate(|| put_aval(&out, i, p.get("p")?.inputs()))
}

/// The type of result `i` of a program. Its shape is borrowed from `p`. Any thread.
#[unsafe(no_mangle)]
pub extern "C" fn jaxrs_program_output(p: In<ProgramBody>, i: usize, out: Out<Aval>) -> Status {
    gate(|| put_aval(&out, i, p.get("p")?.program.jaxpr.out_types()))
}

const TEXT_JAXPR: u32 = 1;
const TEXT_STABLEHLO: u32 = 2;
const TEXT_LLVM: u32 = 3;
const TEXT_KERNEL: u32 = 5;
const TEXT_NAME_STACKS: u32 = 6;
const TEXT_GRAPH: u32 = 7;

/// A program as text.
///
/// `dialect` is JAXRS_TEXT_JAXPR, JAXRS_TEXT_NAME_STACKS (the same, where operations say which scopes they were traced
/// in), JAXRS_TEXT_GRAPH (a picture in the DOT language of Graphviz), JAXRS_TEXT_KERNEL (the loops that it is compiled
/// to), JAXRS_TEXT_LLVM or JAXRS_TEXT_STABLEHLO (as jaxrs_program_export gives it in bytes); others give JAXRS_ERR_UNIMPLEMENTED. The caller owns `*out`. Any thread.
#[unsafe(no_mangle)]
pub extern "C" fn jaxrs_program_text(
    p: In<ProgramBody>,
    dialect: u32,
    out: Out<*mut BytesHandle>,
) -> Status {
    gate(|| {
        let out = out.null("out")?;
        let p = p.get("p")?;
        let text = match dialect {
            TEXT_JAXPR => p.program.jaxpr.to_string(),
            TEXT_NAME_STACKS => p.program.jaxpr.with_name_stacks(),
            TEXT_GRAPH => p.program.jaxpr.to_dot(&p.name),
            TEXT_KERNEL => texts(&p.program.jaxpr)?.kernel,
            TEXT_LLVM => texts(&p.program.jaxpr)?.llvm,
            TEXT_STABLEHLO => p.exported()?.to_string(),
            4 => bail!(Unimplemented, "dialect {dialect} is not there yet"),
            _ => bail!(InvalidArgument, "dialect is {dialect}, which is none of JAXRS_TEXT_*"),
        };
        out.set(BytesBody::text(&text).into_raw());
        Ok(())
    })
}

/// Gives up a program. NULL is allowed. Any thread.
#[unsafe(no_mangle)]
pub extern "C" fn jaxrs_program_release(p: Shared<ProgramBody>) {
    guard((), || drop(p.take()));
}

/// Compiles a program, now. `o` may be NULL. The caller owns `*out`. Any thread; takes as long as compiling does.
#[unsafe(no_mangle)]
pub extern "C" fn jaxrs_compile(
    p: Shared<ProgramBody>,
    o: List<JitOptionsC>,
    out: Out<*mut ExecHandle>,
) -> Status {
    gate(|| {
        let out = out.null("out")?;
        let p = p.get("p")?;
        p.engine.check()?;
        let options = jit_options(&o)?;
        let executable = compile(&p.name, &p.program, &p.engine.root(), &options)?;
        out.set(ExecBody::handle(executable, &p.engine).into_raw());
        Ok(())
    })
}

impl ExecBody {
    /// A handle to a compiled program.
    pub(crate) fn handle(executable: Executable, engine: &Arc<Engine>) -> Owned<ExecBody> {
        Owned::new(ExecBody { executable, engine: engine.clone() })
    }

    /// Its object for other programs, and the header.
    pub(crate) fn object(&self, symbol: &str) -> Result<(Vec<u8>, String)> {
        self.engine.check()?;
        crate::backends::object(self.executable.program(), symbol)
    }

    /// The executable's file.
    pub(crate) fn saved(&self) -> Result<Vec<u8>> {
        self.engine.check()?;
        self.executable.save(&self.engine.root())
    }
}

/// Runs a compiled program; its results are appended to `r`.
///
/// `args` have exactly the types that it was compiled for. Everything is borrowed. Any thread.
#[unsafe(no_mangle)]
pub extern "C" fn jaxrs_exec_call(
    e: Shared<ExecBody>,
    args: Handles<ArrayBody>,
    n: usize,
    r: Shared<ResultsBody>,
) -> Status {
    gate(|| {
        let (e, r) = (e.get("e")?, r.get("r")?);
        e.engine.check()?;
        let inputs = values(&e.engine, &args, n, "args")?;
        let outputs = e.executable.call(&e.engine.root(), &inputs)?;
        r.extend(outputs, &e.engine);
        Ok(())
    })
}

/// `jaxrs_cost`.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Cost {
    struct_size: u32,
    reserved: u32,
    flops: f64,
    transcendentals: f64,
    bytes_accessed: f64,
}

// SAFETY: numbers, the first of them a `u32`.
unsafe impl Options for Cost {}

/// `jaxrs_memory`.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Memory {
    struct_size: u32,
    reserved: u32,
    argument_bytes: u64,
    output_bytes: u64,
    alias_bytes: u64,
    temp_bytes: u64,
    code_bytes: u64,
}

// SAFETY: as above.
unsafe impl Options for Memory {}

/// What one run of a compiled program computes and moves; the caller sets `out->struct_size`.
///
/// Counted on the program as it was traced: an addition or multiplication of each element, an elementary function
/// of each element, and the bytes of arguments and results. A loop without a known length counts once. Any thread.
#[unsafe(no_mangle)]
pub extern "C" fn jaxrs_exec_cost(e: In<ExecBody>, out: Out<Cost>) -> Status {
    gate(|| {
        let cost = e.get("e")?.executable.cost_analysis();
        options::write(&out, "out", |struct_size| Cost {
            struct_size,
            reserved: 0,
            flops: cost.flops,
            transcendentals: cost.transcendentals,
            bytes_accessed: cost.bytes_accessed,
        })
    })
}

/// The memory that one run of a compiled program takes; the caller sets `out->struct_size`. Any thread.
#[unsafe(no_mangle)]
pub extern "C" fn jaxrs_exec_memory(e: In<ExecBody>, out: Out<Memory>) -> Status {
    gate(|| {
        let memory = e.get("e")?.executable.memory_analysis();
        options::write(&out, "out", |struct_size| Memory {
            struct_size,
            reserved: 0,
            argument_bytes: memory.argument_bytes as u64,
            output_bytes: memory.output_bytes as u64,
            alias_bytes: memory.alias_bytes as u64,
            temp_bytes: memory.temp_bytes as u64,
            code_bytes: memory.code_bytes as u64,
        })
    })
}

/// Gives up a compiled program. NULL is allowed. Any thread.
#[unsafe(no_mangle)]
pub extern "C" fn jaxrs_exec_release(e: Shared<ExecBody>) {
    guard((), || drop(e.take()));
}
