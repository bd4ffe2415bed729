//! Emission of programs: steps in order, with native loops and branches between them.

use jaxrs_data::Result;
use jaxrs_kernel::{BufferId, Kernel, LibraryCall, Place, Program, Step};
use rustc_hash::FxHashMap;

use crate::body::Body;
use crate::ir::{Ir, V};
use crate::kernel::Plan;
use crate::outline::{MOST_INLINE, MOST_INLINE_OUTSIDE, Needs, Part};
use crate::rare::Rare;
use crate::table::{Runtime, Slot};

/// The name of the function that runs a program.
pub(crate) const ENTRY: &str = "jaxrs_entry";

/// Emits a program.
pub(crate) struct Emitter<'e, 'c> {
    pub(crate) ir: &'e Ir<'c>,
    pub(crate) program: &'e Program,
    pub(crate) vector_bytes: usize,
    pub(crate) attrs: &'e [(&'e str, &'e str)],
    pub(crate) streamed: Vec<BufferId>,
    pub(crate) entry: V,
    pub(crate) runtime: Runtime,
    /// Where each buffer is now: loops exchange the memory of carried ones.
    pub(crate) pointers: Vec<V>,
    pub(crate) index_vars: Vec<Option<V>>,
    pub(crate) n_calls: usize,
    /// The kernels that became functions, by their signatures.
    pub(crate) functions: FxHashMap<String, V>,
    pub(crate) part: Part,
    /// The instructions that each part has got so far.
    pub(crate) part_sizes: Vec<usize>,
    /// The number of loops around the current step.
    pub(crate) depth: usize,
}

impl<'e, 'c> Emitter<'e, 'c> {
    /// Emits the entry function and all that it calls.
    pub(crate) fn emit(
        ir: &'e Ir<'c>,
        program: &'e Program,
        vector_bytes: usize,
        attrs: &'e [(&'e str, &'e str)],
        streamed: Vec<BufferId>,
        part: Part,
    ) -> Result<()> {
        let ptr = ir.ptr();
        let ty = ir.function_type(None, &[ptr, ptr, ptr, ptr]);
        let entry = ir.function(ENTRY, ty, false, attrs);
        ir.go_to(ir.block(entry));
        let runtime = Runtime { ctx: ir.param(entry, 0) };
        let mut emitter = Emitter {
            ir,
            program,
            vector_bytes,
            attrs,
            streamed,
            entry,
            runtime,
            pointers: Vec::new(),
            index_vars: vec![None; program.n_index_vars as usize],
            n_calls: 0,
            functions: FxHashMap::default(),
            part,
            part_sizes: vec![0; part.count],
            depth: 0,
        };
        emitter.find_buffers();
        emitter.steps(&program.steps)?;
        if !emitter.streamed.is_empty() {
            ir.intrinsic("llvm.x86.sse.sfence", &[], &[]);
        }
        ir.ret();
        if part.index > 0 {
            ir.delete_function(entry);
        }
        Ok(())
    }

    fn find_buffers(&mut self) {
        let ir = self.ir;
        let (inputs, outputs) = (ir.param(self.entry, 1), ir.param(self.entry, 2));
        let arena = ir.param(self.entry, 3);
        let slot = |table: V, i: usize| {
            ir.load(ir.ptr(), ir.element(ir.ptr(), table, ir.i64(i as i64)), 8)
        };
        let constants = self.runtime.slot(ir, Slot::Constants);
        let mut n_constants = 0;
        for buffer in &self.program.buffers {
            let pointer = match &buffer.place {
                Place::Input(i) => slot(inputs, *i),
                Place::Output(i) => slot(outputs, *i),
                Place::Arena(offset) => ir.element(ir.int(8), arena, ir.i64(*offset as i64)),
                Place::Constant(_) => {
                    n_constants += 1;
                    slot(constants, n_constants - 1)
                }
                Place::Unassigned => arena,
            };
            self.pointers.push(pointer);
        }
    }

    pub(crate) fn steps(&mut self, steps: &'e [Step]) -> Result<()> {
        steps.iter().try_for_each(|step| self.step(step))
    }

    fn step(&mut self, step: &'e Step) -> Result<()> {
        match step {
            Step::Kernel(kernel) => self.kernel(kernel),
            Step::Library(LibraryCall::MatMul(matmul)) => {
                self.matmul(matmul);
                Ok(())
            }
            Step::Library(LibraryCall::Sort(sort)) => {
                self.sort(sort);
                Ok(())
            }
            Step::Library(LibraryCall::TopK(top)) => {
                self.top_k(top);
                Ok(())
            }
            Step::Library(LibraryCall::Host(host)) => {
                self.host(host);
                Ok(())
            }
            Step::Copy { from, to } => {
                self.copy(*from, *to);
                Ok(())
            }
            Step::Repeat { index, trips, carries, body } => {
                self.repeat(*index, *trips, carries, body)
            }
            Step::While { carries, condition, predicate, body } => {
                self.while_(carries, condition, *predicate, body)
            }
            Step::Switch { index, branches } => self.switch(*index, branches),
        }
    }

    pub(crate) fn pointer(&self, buffer: BufferId) -> V {
        self.pointers[buffer.0 as usize]
    }

    fn kernel(&mut self, kernel: &'e Kernel) -> Result<()> {
        if kernel.n_points() == 0 {
            return Ok(());
        }
        let needs = Needs::of(kernel);
        let streams = needs.buffers.iter().any(|buffer| self.streamed.contains(buffer));
        let plan = Plan::new(self.program, kernel, self.vector_bytes, streams);
        let grain = plan.grain(kernel.grain);
        let parallel = kernel.grain > 0 && plan.units() >= 2 * grain;
        let most = if self.depth == 0 { MOST_INLINE_OUTSIDE } else { MOST_INLINE };
        if parallel || needs.size > most {
            return self.outlined(kernel, &needs, &plan, parallel.then_some(grain));
        }
        self.part_sizes[0] += needs.size;
        if self.part.index > 0 {
            return Ok(());
        }
        let (entry, runtime) = (self.entry, self.runtime);
        let pointers = needs.buffers.iter().map(|&id| (id, self.pointer(id))).collect();
        let index_vars = self.index_vars.clone();
        self.body(kernel, entry, runtime, pointers, index_vars).points(&plan, None)
    }

    pub(crate) fn body(
        &self,
        kernel: &'e Kernel,
        function: V,
        runtime: Runtime,
        buffers: FxHashMap<BufferId, V>,
        index_vars: Vec<Option<V>>,
    ) -> Body<'e, 'c> {
        Body {
            vector_bytes: self.vector_bytes,
            buffers,
            index_vars,
            streamed: self.streamed.clone(),
            ..Body::new(self.ir, self.program, kernel, (function, Rare::Runtime(runtime)))
        }
    }
}
