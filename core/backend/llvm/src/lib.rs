//! Kernel programs to native code through LLVM.
//!
//! A program becomes one module: an entry function with the steps in order and native loops and branches
//! between them; kernels inline, or as functions of a range where several threads share them. Vectors are
//! explicit: LLVM's own vectoriser is not used, which saves most of its compile time.
//!
//! In reading order: [`LlvmBackend`], `program` (steps), `control` and `calls` (loops, branches, library
//! calls), `outline` (kernels as functions), `kernel` (index spaces), `segments` (rows without masks
//! inside), `guard` (branches for masks), `body` (instructions), `loops` and `lane_loops`, `lanes` (what
//! varies between lanes), `positions`, `memory`, `ops`, `casts`, `math`; below them `ir` (the instruction
//! builder), `machine` (LLVM's code generator), `loader` (objects into memory), `disk` (objects kept
//! there), `description` (what they depend on), `table`, `rare` and `executable` (what compiled code calls
//! back), `standalone` (objects for other programs), `device` (kernels for graphics processors).

mod body;
mod calls;
mod casts;
mod control;
mod description;
mod device;
mod disk;
mod executable;
mod guard;
mod ir;
mod kernel;
mod lane_loops;
mod lanes;
mod loader;
mod loops;
mod machine;
mod math;
mod memory;
mod ops;
mod outline;
mod positions;
mod program;
mod rare;
mod segments;
mod standalone;
mod table;
mod turned;

use std::path::PathBuf;
use std::sync::Arc;

use inkwell::OptimizationLevel;
use inkwell::context::Context;
use inkwell::module::Module;
use jaxrs_data::{Error, Result, bail};
use jaxrs_kernel::{BufferId, Inst, Place, Program, Step, Target};
use jaxrs_runtime::{Backend, Executable, Pool};
use parking_lot::Mutex;

pub use crate::device::{Processor, ptx};
use crate::disk::ObjectCache;
use crate::executable::Native;
use crate::ir::Ir;
use crate::loader::Code;
use crate::machine::Machines;
use crate::outline::{Part, n_parts};
use crate::program::{ENTRY, Emitter};
pub use crate::standalone::Standalone;
use crate::table::SlowCalls;

/// Settings of the back end.
#[derive(Clone, Debug, Default)]
pub struct LlvmOptions {
    /// Computes with denormal numbers, at the hardware's price, where JAX has them count as zero.
    pub keep_denormals: bool,
    /// Keeps the instructions of each program as text, for [`Executable::describe`].
    pub keep_text: bool,
    /// The bytes of the vectors to use, where not as many as the machine's registers have.
    pub vector_bytes: Option<usize>,
    /// A folder in which compiled programs are kept, for other processes too.
    pub cache_dir: Option<PathBuf>,
}

/// A machine, and what makes code for it.
#[derive(Clone, Debug)]
pub struct Machine {
    /// The version of LLVM.
    pub llvm: String,
    /// LLVM's name of the processor.
    pub processor: String,
    /// What the processor can do (`+avx2`) and cannot (`-avx512f`), with commas between.
    pub features: String,
    /// The bytes of the vectors that code uses.
    pub vector_bytes: usize,
}

/// The back end that makes machine code for the host's processor.
pub struct LlvmBackend {
    machines: Machines,
    target: Target,
    pool: Arc<Pool>,
    options: LlvmOptions,
}

/// Outputs from this size on are written past the caches.
const STREAMED_BYTES: usize = 32 << 20;

impl LlvmBackend {
    /// A back end whose programs share the threads of a pool.
    pub fn new(pool: Arc<Pool>, options: LlvmOptions) -> Result<LlvmBackend> {
        let machines = Machines::host()?;
        let vector_bytes = match () {
            () if options.vector_bytes.is_some_and(usize::is_power_of_two) => {
                options.vector_bytes.unwrap_or(16)
            }
            () if machines.has("avx512f") && machines.has("avx512vl") => 64,
            () if machines.has("avx2") => 32,
            () => 16,
        };
        let target = Target { vector_bytes, l1_bytes: 32 << 10, l2_bytes: 1 << 20 };
        Ok(LlvmBackend { machines, target, pool, options })
    }

    /// The pool that programs run on.
    pub fn pool(&self) -> &Arc<Pool> {
        &self.pool
    }

    /// The machine that code is made for.
    pub fn machine(&self) -> Machine {
        let (major, minor, patch) = inkwell::support::get_llvm_version();
        let [(_, processor), (_, features)] = self.machines.attributes();
        Machine {
            llvm: format!("{major}.{minor}.{patch}"),
            processor: processor.to_owned(),
            features: features.to_owned(),
            vector_bytes: self.target.vector_bytes,
        }
    }

    /// The LLVM instructions of a program, before optimisation.
    pub fn instructions(&self, program: &Program) -> Result<String> {
        let context = Context::create();
        Ok(self.build(&context, program, Part::WHOLE)?.print_to_string().to_string())
    }

    /// The assembly of a program.
    pub fn assembly(&self, program: &Program) -> Result<String> {
        let context = Context::create();
        let module = self.build(&context, program, Part::WHOLE)?;
        let text = self.machines.emit(&module, PASSES, OptimizationLevel::Default, true)?;
        Ok(String::from_utf8_lossy(&text).into_owned())
    }

    fn build<'c>(&self, context: &'c Context, program: &Program, part: Part) -> Result<Module<'c>> {
        Ok(self.build_for(context, program, part, self.streamed(program))?.0)
    }

    /// What all functions have.
    fn attributes(&self) -> Vec<(&str, String)> {
        let [cpu, features] = self.machines.attributes();
        let width = (self.target.vector_bytes * 8).to_string();
        let mut attributes = vec![
            (cpu.0, cpu.1.to_owned()),
            (features.0, features.1.to_owned()),
            ("nounwind", String::new()),
            ("prefer-vector-width", width),
            ("frame-pointer", "none".to_owned()),
        ];
        if !self.options.keep_denormals {
            attributes.push(("denormal-fp-math", "preserve-sign,preserve-sign".to_owned()));
        }
        attributes
    }

    /// The module of a program, and the functions that it leaves to the runtime.
    fn build_for<'c>(
        &self,
        context: &'c Context,
        program: &Program,
        part: Part,
        streamed: Vec<BufferId>,
    ) -> Result<(Module<'c>, SlowCalls)> {
        let module = context.create_module("jaxrs");
        let mut ir = Ir::new(context, &module);
        ir.keeps_denormals = self.options.keep_denormals;
        let attributes = self.attributes();
        let attributes: Vec<_> = attributes.iter().map(|(k, v)| (*k, v.as_str())).collect();
        Emitter::emit(&ir, program, self.target.vector_bytes, &attributes, streamed, part)?;
        let slow = ir.slow_calls.take();
        drop(ir);
        if cfg!(debug_assertions) {
            module.verify().map_err(|message| Error::internal(message.to_string_lossy()))?;
        }
        Ok((module, slow))
    }

    /// The objects of a program, from the disk if they are kept there.
    fn objects(&self, program: &Program) -> Result<Vec<Vec<u8>>> {
        let count = n_parts(program, self.pool.threads());
        let Some(folder) = &self.options.cache_dir else { return self.compile(program, count) };
        let cache = ObjectCache::new(folder);
        let description = self.description(program, count);
        if let Some(objects) = cache.get(&description) {
            return Ok(objects);
        }
        let objects = self.compile(program, count)?;
        cache.put(&description, &objects);
        Ok(objects)
    }

    /// Compiles a program, large ones on several threads: each has a module of its own.
    fn compile(&self, program: &Program, count: usize) -> Result<Vec<Vec<u8>>> {
        let objects: Vec<Mutex<Result<Vec<u8>>>> =
            (0..count).map(|_| Mutex::new(Ok(Vec::new()))).collect();
        self.pool.parallel_for_even(count, 1, &|begin, end| {
            for (index, object) in objects.iter().enumerate().take(end).skip(begin) {
                *object.lock() = self.object(program, Part { index, count });
            }
        });
        objects.into_iter().map(Mutex::into_inner).collect()
    }

    fn object(&self, program: &Program, part: Part) -> Result<Vec<u8>> {
        let context = Context::create();
        let module = self.build(&context, program, part)?;
        self.machines.emit(&module, PASSES, OptimizationLevel::Default, false)
    }

    /// The large outputs that the program only writes.
    fn streamed(&self, program: &Program) -> Vec<BufferId> {
        let large = |id: &BufferId| {
            let buffer = &program[*id];
            let shared = match buffer.place {
                Place::Output(number) => {
                    program.shares_input.get(number).copied().flatten().is_some()
                }
                _ => true,
            };
            buffer.size_bytes() >= STREAMED_BYTES
                && !shared
                && !is_read(program, &program.steps, *id)
        };
        program.outputs.iter().copied().filter(large).collect()
    }
}

/// Enough for explicit vectors; instruction selection does again what `instcombine` would.
const PASSES: &str = "function(early-cse<memssa>,simplifycfg,loop-mssa(licm))";

/// Whether any step reads a buffer, or writes it other than as a kernel.
fn is_read(program: &Program, steps: &[Step], id: BufferId) -> bool {
    steps.iter().any(|step| match step {
        Step::Kernel(kernel) => {
            let mut read = false;
            kernel.visit(&mut |inst| {
                if let Inst::Load { buffer, .. } = inst {
                    read |= program.may_overlap(*buffer, id);
                }
            });
            read
        }
        Step::Library(_) => false,
        Step::Copy { from, .. } => *from == id,
        Step::Repeat { .. } | Step::While { .. } | Step::Switch { .. } => true,
    })
}

impl Backend for LlvmBackend {
    fn name(&self) -> &'static str {
        "llvm"
    }

    fn target(&self) -> &Target {
        &self.target
    }

    fn load(&self, program: Arc<Program>) -> Result<Arc<dyn Executable>> {
        let text =
            if self.options.keep_text { self.instructions(&program)? } else { String::new() };
        let code = Code::load(&self.objects(&program)?, ENTRY)?;
        Ok(self.native(program, code, text))
    }

    fn code(&self, program: &Program) -> Result<Vec<u8>> {
        let count = n_parts(program, self.pool.threads());
        Ok(disk::pack(&self.description(program, count), &self.objects(program)?))
    }

    fn load_code(&self, program: Arc<Program>, code: &[u8]) -> Result<Arc<dyn Executable>> {
        let Some((description, objects)) = disk::unpack(code) else {
            bail!(InvalidArgument, "compiled code is damaged: its checksum differs");
        };
        self.check(description, &program, objects.len())?;
        let code = Code::load(&objects, ENTRY)?;
        Ok(self.native(program, code, String::new()))
    }
}

impl LlvmBackend {
    fn native(&self, program: Arc<Program>, code: Code, text: String) -> Arc<dyn Executable> {
        let streamed = self.streamed(&program);
        let number = |id: BufferId| program.outputs.iter().position(|&output| output == id);
        let streamed = streamed.into_iter().filter_map(number).collect();
        let pool = self.pool.clone();
        let keep = self.options.keep_denormals;
        Arc::new(Native::new(code, program, pool, streamed, keep, text))
    }
}
