//! Kernels for NVIDIA's graphics processors: each kernel of a program as an entry function, one thread for each point of
//! its index space, as PTX. What lies between kernels (copies, loops, branches, library calls) is the host's; it stands
//! before the code as a comment.

mod gate;
pub(crate) mod libdevice;
mod processor;

use std::fmt::Write as _;

use inkwell::OptimizationLevel;
use inkwell::context::Context;
use inkwell::module::Module;
use inkwell::targets::{CodeModel, FileType, RelocMode, Target, TargetTriple};
use jaxrs_data::{Error, Result};
use jaxrs_kernel::{BufferId, Inst, Kernel, Lanes, Program, Step};
use rustc_hash::FxHashMap;

pub use self::processor::Processor;
use crate::body::Body;
use crate::ir::{IntCmp, Ir, V};
use crate::machine::{compile_error, written};
use crate::outline::Needs;
use crate::rare::Rare;

/// Scalar clean-up. No vectors: LLVM 19 reads 16 bytes as one whatever their alignment, which devices refuse.
const PASSES: &str = "function(early-cse<memssa>,instcombine<no-verify-fixpoint>,simplifycfg,\
                      loop-mssa(loop-rotate,licm),gvn,instcombine<no-verify-fixpoint>,simplifycfg)";

/// The threads of a block.
const THREADS: usize = 256;

/// The kernels of a program as PTX for a processor, behind a comment that says what the host does with them: memory that
/// buffers need, launches in order with blocks and threads, loops, library calls. Each buffer that a kernel touches is a
/// parameter, then each counter of a loop that it reads; functions named `__nv_…` are those of libdevice.
///
/// LLVM's code generator for these processors has to be registered in the process; `jaxrs-nvptx` does that.
pub fn ptx(program: &Program, processor: Processor) -> Result<String> {
    let context = Context::create();
    let module = context.create_module("jaxrs");
    let mut ir = Ir::new(&context, &module);
    ir.keeps_denormals = true;
    let mut emitter = Emitter { ir: &ir, program, functions: FxHashMap::default() };
    emitter.steps(&program.steps)?;
    let outline = program.outline(&|kernel| emitter.launch(kernel));
    drop(ir);
    gate::check(&module)?;
    if cfg!(debug_assertions) {
        module.verify().map_err(|message| Error::internal(message.to_string_lossy()))?;
    }
    let mut text = String::new();
    for line in outline.lines() {
        // Writing to a string does not fail.
        let _ = writeln!(text, "// {line}");
    }
    text.push_str(&assembly(&module, processor)?);
    Ok(text)
}

fn assembly(module: &Module<'_>, processor: Processor) -> Result<String> {
    let triple = TargetTriple::create("nvptx64-nvidia-cuda");
    let target = Target::from_triple(&triple).map_err(compile_error)?;
    let level = OptimizationLevel::Default;
    let (reloc, model) = (RelocMode::Default, CodeModel::Default);
    let machine = target
        .create_target_machine(&triple, processor.name, processor.features, level, reloc, model)
        .ok_or_else(|| compile_error("LLVM has no code generator for NVIDIA's processors"))?;
    let text = written(module, (&triple, &machine), PASSES, FileType::Assembly)?;
    Ok(String::from_utf8_lossy(&text).trim_end_matches('\0').to_owned())
}

struct Emitter<'e, 'c> {
    ir: &'e Ir<'c>,
    program: &'e Program,
    /// The names of functions, by the signatures of the kernels that they serve.
    functions: FxHashMap<String, String>,
}

impl Emitter<'_, '_> {
    fn steps(&mut self, steps: &[Step]) -> Result<()> {
        steps.iter().try_for_each(|step| match step {
            Step::Kernel(kernel) if kernel.n_points() > 0 => self.kernel(kernel),
            Step::Kernel(_) | Step::Library(_) | Step::Copy { .. } => Ok(()),
            Step::Repeat { body, .. } => self.steps(body),
            Step::While { condition, body, .. } => {
                self.steps(condition)?;
                self.steps(body)
            }
            Step::Switch { branches, .. } => {
                branches.iter().try_for_each(|branch| self.steps(branch))
            }
        })
    }

    /// The function of a kernel, unless that of an equal one serves it.
    fn kernel(&mut self, kernel: &Kernel) -> Result<()> {
        let needs = Needs::of(kernel);
        let signature = needs.signature(self.program, kernel, &[]);
        if self.functions.contains_key(&signature) {
            return Ok(());
        }
        let name = symbol(self.functions.len(), &kernel.name);
        self.function(&name, kernel, &needs)?;
        self.functions.insert(signature, name);
        Ok(())
    }

    /// What the host does for a kernel: function, blocks and threads, arguments.
    fn launch(&self, kernel: &Kernel) -> String {
        let needs = Needs::of(kernel);
        let n = kernel.n_points();
        let Some(name) = self.functions.get(&needs.signature(self.program, kernel, &[])) else {
            return "nothing".to_owned();
        };
        let buffers = needs.buffers.iter().map(|buffer| buffer.to_string());
        let counters = needs.counters.iter().map(|counter| counter.to_string());
        let args: Vec<String> = buffers.chain(counters).collect();
        let threads = THREADS.min(n.next_multiple_of(32));
        let blocks = n.div_ceil(threads);
        format!("{name}<<<{blocks}, {threads}>>>({})", args.join(", "))
    }

    fn function(&self, name: &str, kernel: &Kernel, needs: &Needs) -> Result<()> {
        let ir = self.ir;
        let buffers = needs.buffers.iter().map(|_| ir.global_ptr());
        let counters = needs.counters.iter().map(|_| ir.int(64));
        let params: Vec<_> = buffers.chain(counters).collect();
        let function = ir.device_entry(name, ir.function_type(None, &params), THREADS);
        for (k, &buffer) in needs.buffers.iter().enumerate() {
            self.promise(function, k as u32, kernel, needs, buffer);
        }
        ir.go_to(ir.block(function));
        let kernel = Kernel { lanes: Lanes::Scalar, ..kernel.clone() };
        let mut body = Body::new(ir, self.program, &kernel, (function, Rare::Device));
        let pointers = needs.buffers.iter().enumerate();
        body.buffers = pointers.map(|(k, &id)| (id, ir.param(function, k as u32))).collect();
        body.index_vars = vec![None; self.program.n_index_vars as usize];
        for (k, counter) in needs.counters.iter().enumerate() {
            let param = ir.param(function, (needs.buffers.len() + k) as u32);
            body.index_vars[counter.0 as usize] = Some(param);
        }
        body.thread()?;
        ir.ret();
        Ok(())
    }

    /// What is known of a buffer: that no other parameter reaches it, and that the kernel only reads it.
    fn promise(&self, function: V, k: u32, kernel: &Kernel, needs: &Needs, buffer: BufferId) {
        let others = needs.buffers.iter().filter(|&&other| other != buffer);
        let mut is_alone = true;
        others.for_each(|&other| is_alone &= !self.program.may_overlap(buffer, other));
        let mut is_read_only = true;
        kernel.visit(&mut |inst| {
            is_read_only &= !matches!(inst, Inst::Store { buffer: to, .. } if *to == buffer);
        });
        for (attribute, holds) in [("noalias", is_alone), ("readonly", is_read_only)] {
            if holds {
                self.ir.param_attribute(function, k, attribute);
            }
        }
    }
}

impl Body<'_, '_> {
    /// The point of a thread, if it has one.
    fn thread(&mut self) -> Result<()> {
        let ir = self.ir;
        let register =
            |name: &str| ir.intrinsic(&format!("llvm.nvvm.read.ptx.sreg.{name}"), &[], &[]);
        let n = self.kernel.n_points();
        // Where 32 bits are enough, divisions by sizes take half the instructions.
        let ty = ir.int(if n + THREADS <= i32::MAX as usize { 32 } else { 64 });
        let [block, threads, thread] = ["ctaid.x", "ntid.x", "tid.x"].map(|name| {
            let v = register(name);
            if ir.type_of(v) == ty { v } else { ir.zext(v, ty) }
        });
        let id = ir.add(ir.mul(block, threads), thread);
        let (inside, after) = (ir.block(self.function), ir.block(self.function));
        let has_point = ir.icmp(IntCmp::LLVMIntULT, id, ir.const_int(ty, n as i64));
        ir.cond_br(has_point, inside, after);
        ir.go_to(inside);
        let kernel = self.kernel;
        self.unravel(&kernel.domain, id);
        self.block(&kernel.body)?;
        ir.br(after);
        ir.go_to(after);
        Ok(())
    }
}

/// A name of a kernel as PTX takes it.
fn symbol(number: usize, name: &str) -> String {
    let letters = name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' });
    format!("kernel{number}_{}", letters.collect::<String>())
}
