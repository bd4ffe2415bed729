//! From a program to what the interpreter runs.

use jaxrs_data::{DType, Error, Literal, Result};

use super::access::Slot;
use super::code::KernelPlan;
use super::emit::plan_kernel;
use super::library::{MatMulPlan, SortPlan, TopKPlan};
use crate::program::{BufferId, Carry, HostCall, LibraryCall, Place, Program, Step};

/// A step, ready to be interpreted; buffers are indices.
pub(super) enum StepPlan {
    Kernel(KernelPlan),
    MatMul(MatMulPlan),
    Sort(SortPlan),
    TopK(TopKPlan),
    Host(HostCall),
    Copy { from: usize, to: usize },
    Repeat { index: usize, trips: usize, carries: Vec<Carry>, body: Vec<StepPlan> },
    While { carries: Vec<Carry>, condition: Vec<StepPlan>, predicate: usize, body: Vec<StepPlan> },
    Switch { index: usize, branches: Vec<Vec<StepPlan>> },
}

/// A program, ready to be interpreted: made once, run often, by several threads at a time.
pub struct Plan {
    pub(super) steps: Vec<StepPlan>,
    pub(super) slots: Vec<Slot>,
    /// The regions are the inputs, the outputs, the arena and the constants, in this order.
    pub(super) constants: Vec<Literal>,
    /// The bytes that inputs and outputs must have.
    pub(super) external_bytes: Vec<usize>,
    pub(super) arena_bytes: usize,
    pub(super) register_bytes: usize,
    pub(super) n_vars: usize,
}

impl Plan {
    /// Plans a program that its checker has passed. Buffers without a place are given one of their own.
    pub fn new(program: &Program) -> Result<Plan> {
        let mut plan = Plan {
            steps: Vec::new(),
            slots: Vec::new(),
            constants: Vec::new(),
            external_bytes: Vec::new(),
            arena_bytes: program.arena_bytes,
            register_bytes: 0,
            n_vars: program.n_index_vars as usize,
        };
        for id in 0..program.buffers.len() {
            let slot = plan.slot(program, BufferId(id as u32))?;
            plan.slots.push(slot);
        }
        plan.external_bytes = (program.inputs.iter().chain(&program.outputs))
            .map(|&id| program[id].size_bytes())
            .collect();
        for (output, shared) in program.shares_input.iter().enumerate() {
            if let &Some(input) = shared {
                plan.redirect(input, program.inputs.len() + output);
            }
        }
        plan.steps = plan.plan_steps(program, &program.steps)?;
        Ok(plan)
    }

    fn slot(&mut self, program: &Program, id: BufferId) -> Result<Slot> {
        let (n_inputs, n_outputs) = (program.inputs.len(), program.outputs.len());
        let (buffer, arena) = (&program[id], n_inputs + n_outputs);
        let (region, start) = match &buffer.place {
            &Place::Input(input) if input < n_inputs => (input, 0),
            &Place::Output(output) if output < n_outputs => (n_inputs + output, 0),
            Place::Constant(literal) if literal.bytes().len() >= buffer.size_bytes() => {
                self.constants.push(literal.clone());
                (arena + self.constants.len(), 0)
            }
            &Place::Arena(start) if start + buffer.size_bytes() <= program.arena_bytes => {
                (arena, start)
            }
            Place::Unassigned => {
                let start = self.arena_bytes.next_multiple_of(64);
                self.arena_bytes = start + buffer.size_bytes();
                (arena, start)
            }
            place => {
                return Err(Error::internal(format_args!(
                    "b{}:{}[{}] lies outside its memory: {place:?}",
                    id.0, buffer.dtype, buffer.len
                )));
            }
        };
        let elem_bytes = buffer.dtype.size_bytes();
        Ok(Slot { region, start, len_bytes: buffer.size_bytes(), elem_bytes })
    }

    /// A donated input lies in its output's memory.
    fn redirect(&mut self, input: usize, region: usize) {
        for slot in self.slots.iter_mut().filter(|slot| slot.region == input) {
            slot.region = region;
        }
    }

    fn plan_steps(&mut self, program: &Program, steps: &[Step]) -> Result<Vec<StepPlan>> {
        steps.iter().map(|step| self.plan_step(program, step)).collect()
    }

    fn plan_step(&mut self, program: &Program, step: &Step) -> Result<StepPlan> {
        Ok(match step {
            Step::Kernel(kernel) => {
                let kernel = plan_kernel(kernel, program.n_index_vars as usize)?;
                self.register_bytes = self.register_bytes.max(kernel.register_bytes);
                self.n_vars = self.n_vars.max(kernel.n_vars);
                StepPlan::Kernel(kernel)
            }
            Step::Library(LibraryCall::MatMul(call)) => {
                let dtype = program[call.out.buffer].dtype;
                if !matches!(dtype.real_part(), DType::F32 | DType::F64) {
                    return Err(Error::internal(format_args!("mat_mul of {dtype}")));
                }
                StepPlan::MatMul(MatMulPlan { call: call.clone(), dtype })
            }
            Step::Library(LibraryCall::Sort(call)) => {
                let dtypes = call.inputs.iter().map(|&input| program[input].dtype).collect();
                StepPlan::Sort(SortPlan { call: call.clone(), dtypes })
            }
            Step::Library(LibraryCall::TopK(call)) => {
                StepPlan::TopK(TopKPlan { call: call.clone(), dtype: program[call.input].dtype })
            }
            Step::Library(LibraryCall::Host(call)) => StepPlan::Host(call.clone()),
            Step::Copy { from, to } => StepPlan::Copy { from: from.0 as usize, to: to.0 as usize },
            Step::Repeat { index, trips, carries, body } => StepPlan::Repeat {
                index: index.0 as usize,
                trips: *trips,
                carries: carries.clone(),
                body: self.plan_steps(program, body)?,
            },
            Step::While { carries, condition, predicate, body } => StepPlan::While {
                carries: carries.clone(),
                condition: self.plan_steps(program, condition)?,
                predicate: predicate.0 as usize,
                body: self.plan_steps(program, body)?,
            },
            Step::Switch { index, branches } => StepPlan::Switch {
                index: index.0 as usize,
                branches: branches
                    .iter()
                    .map(|branch| self.plan_steps(program, branch))
                    .collect::<Result<_>>()?,
            },
        })
    }
}
