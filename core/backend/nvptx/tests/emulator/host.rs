//! What the host does: memory, launches as the comment of the code says, loops, branches, and libraries, which the
//! kernel interpreter stands in for.

use std::collections::HashMap;

use jaxrs_data::{Literal, Type};
use jaxrs_kernel::interpret::interpret;
use jaxrs_kernel::{
    BufferId, Carry, HostCall, LibraryCall, MatMul, Place, Program, Sort, Step, TopK,
};
use jaxrs_nvptx::{Processor, ptx};

use super::memory::Memory;
use super::parse::{Function, functions};
use super::thread::launch;

/// The results of a program for inputs, as lists of elements.
pub(crate) fn run(
    program: &Program,
    processor: Processor,
    inputs: &[Literal],
) -> Result<Vec<Literal>, String> {
    let text = ptx(program, processor).map_err(|err| format!("{err:?}"))?;
    let mut launches = text.lines().filter(|line| line.starts_with("//") && line.contains("<<<"));
    let mut host = Host {
        program,
        functions: functions(&text),
        launches: HashMap::new(),
        memory: Memory::default(),
        addresses: Vec::new(),
        counters: HashMap::new(),
    };
    host.assign(&program.steps, &mut launches)?;
    host.place(inputs);
    let outputs: Vec<u64> =
        program.outputs.iter().map(|id| host.addresses[id.0 as usize]).collect();
    host.steps(&program.steps)?;
    let mut results = Vec::new();
    for (&id, address) in program.outputs.iter().zip(outputs) {
        let ty = Type::new(program[id].dtype, [program[id].len]);
        let bytes = host.memory.bytes(address, ty.size_bytes())?.to_vec();
        results.push(Literal::from_bytes(ty, bytes).map_err(|err| format!("{err:?}"))?);
    }
    Ok(results)
}

/// `kernel0_add<<<1, 32>>>(b0, b1)`.
struct Launch {
    function: String,
    size: [u64; 2],
    args: Vec<String>,
}

struct Host<'p> {
    program: &'p Program,
    functions: HashMap<String, Function>,
    /// By the addresses of kernels.
    launches: HashMap<usize, Launch>,
    memory: Memory,
    /// Where each buffer is.
    addresses: Vec<u64>,
    counters: HashMap<String, u64>,
}

impl Host<'_> {
    /// Which launch is that of which kernel: they stand in one order.
    fn assign<'t>(
        &mut self,
        steps: &[Step],
        launches: &mut impl Iterator<Item = &'t str>,
    ) -> Result<(), String> {
        for step in steps {
            match step {
                Step::Kernel(kernel) if kernel.n_points() > 0 => {
                    let line = launches.next().ok_or("a kernel is not launched")?;
                    let launch = parsed(line).ok_or(format!("{line} is no launch"))?;
                    self.launches.insert(std::ptr::from_ref(kernel) as usize, launch);
                }
                Step::Repeat { body, .. } => self.assign(body, launches)?,
                Step::While { condition, body, .. } => {
                    self.assign(condition, launches)?;
                    self.assign(body, launches)?;
                }
                Step::Switch { branches, .. } => {
                    for branch in branches {
                        self.assign(branch, launches)?;
                    }
                }
                Step::Kernel(_) | Step::Library(_) | Step::Copy { .. } => {}
            }
        }
        Ok(())
    }

    /// Puts buffers into memory. Outputs and the arena hold what no test expects.
    fn place(&mut self, inputs: &[Literal]) {
        let program = self.program;
        let given: Vec<u64> = inputs.iter().map(|x| self.memory.add(x.bytes().to_vec())).collect();
        let outputs: Vec<u64> = (program.outputs.iter().zip(&program.shares_input))
            .map(|(&id, shared)| match shared {
                Some(input) => given[*input],
                None => self.memory.add(vec![0xa5; program[id].size_bytes()]),
            })
            .collect();
        let arena = self.memory.add(vec![0xa5; program.arena_bytes]);
        for buffer in &program.buffers {
            let address = match &buffer.place {
                Place::Input(number) => given[*number],
                Place::Output(number) => outputs[*number],
                Place::Arena(offset) => arena + *offset as u64,
                Place::Constant(literal) => self.memory.add(literal.bytes().to_vec()),
                Place::Unassigned => 0,
            };
            self.addresses.push(address);
        }
    }

    fn steps(&mut self, steps: &[Step]) -> Result<(), String> {
        steps.iter().try_for_each(|step| self.step(step))
    }

    fn step(&mut self, step: &Step) -> Result<(), String> {
        match step {
            Step::Kernel(kernel) if kernel.n_points() == 0 => Ok(()),
            Step::Kernel(kernel) => {
                let call = &self.launches[&(std::ptr::from_ref(kernel) as usize)];
                let function = self.functions.get(&call.function).ok_or("no such function")?;
                let value = |arg: &String| match arg.strip_prefix('b') {
                    Some(number) => number.parse().ok().map(|k: usize| self.addresses[k]),
                    None => self.counters.get(arg).copied(),
                };
                let args: Option<Vec<u64>> = call.args.iter().map(value).collect();
                launch(
                    function,
                    call.size,
                    &args.ok_or(format!("unknown arguments {:?}", call.args))?,
                    &mut self.memory,
                )
            }
            Step::Library(call) => self.library(call),
            Step::Copy { from, to } => {
                let bytes = self.bytes(*from)?;
                self.fill(*to, &bytes)
            }
            Step::Repeat { index, trips, carries, body } => {
                for i in 0..*trips {
                    self.counters.insert(index.to_string(), i as u64);
                    self.steps(body)?;
                    self.exchange(carries);
                }
                Ok(())
            }
            Step::While { carries, condition, predicate, body } => loop {
                self.steps(condition)?;
                if self.bytes(*predicate)?[0] == 0 {
                    return Ok(());
                }
                self.steps(body)?;
                self.exchange(carries);
            },
            Step::Switch { index, branches } => {
                let bytes = self.bytes(*index)?;
                let index = i32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]);
                let last = branches.len() - 1;
                self.steps(&branches[usize::try_from(index).map_or(last, |index| index.min(last))])
            }
        }
    }

    fn exchange(&mut self, carries: &[Carry]) {
        for carry in carries {
            self.addresses.swap(carry.current.0 as usize, carry.next.0 as usize);
        }
    }

    fn bytes(&mut self, id: BufferId) -> Result<Vec<u8>, String> {
        let address = self.addresses[id.0 as usize];
        Ok(self.memory.bytes(address, self.program[id].size_bytes())?.to_vec())
    }

    fn fill(&mut self, id: BufferId, bytes: &[u8]) -> Result<(), String> {
        let address = self.addresses[id.0 as usize];
        self.memory.bytes(address, bytes.len())?.copy_from_slice(bytes);
        Ok(())
    }

    /// A program of one call, on what the buffers hold.
    fn library(&mut self, call: &LibraryCall) -> Result<(), String> {
        let (call, reads, writes) = self.operands(call);
        let mut alone = Program { buffers: self.program.buffers.clone(), ..Program::default() };
        for buffer in &mut alone.buffers {
            buffer.place = Place::Arena(0);
            alone.arena_bytes = alone.arena_bytes.max(buffer.size_bytes());
        }
        let mut inputs = Vec::new();
        for id in reads.iter().chain(&writes).copied() {
            let ty = Type::new(self.program[id].dtype, [self.program[id].len]);
            let bytes = self.bytes(id)?;
            inputs.push(Literal::from_bytes(ty, bytes).map_err(|err| format!("{err:?}"))?);
        }
        for (k, &id) in reads.iter().enumerate() {
            alone[id].place = Place::Input(k);
        }
        alone.inputs = reads.clone();
        for (k, &id) in writes.iter().enumerate() {
            // Results begin as what was there before.
            let before = alone.add_buffer(
                self.program[id].dtype,
                self.program[id].len,
                Place::Input(reads.len() + k),
            );
            alone.inputs.push(before);
            alone[id].place = Place::Output(k);
            alone.shares_input.push(Some(reads.len() + k));
        }
        alone.outputs = writes.clone();
        alone.steps = vec![Step::Library(call)];
        let results = interpret(&alone, &inputs).map_err(|err| format!("{err:?}"))?;
        for (id, result) in writes.into_iter().zip(results) {
            self.fill(id, result.bytes())?;
        }
        Ok(())
    }

    /// A call with what loops add to its positions, what it reads, and what it writes.
    fn operands(&self, call: &LibraryCall) -> (LibraryCall, Vec<BufferId>, Vec<BufferId>) {
        let mut call = call.clone();
        let (mut reads, writes) = match &mut call {
            LibraryCall::MatMul(MatMul { lhs, rhs, out, .. }) => {
                for operand in [&mut *lhs, &mut *rhs, &mut *out] {
                    if let Some((index, by)) = operand.step.take() {
                        let counter = self.counters[&index.to_string()] as isize;
                        operand.offset = operand.offset.wrapping_add_signed(counter * by);
                    }
                }
                (vec![lhs.buffer, rhs.buffer], vec![out.buffer])
            }
            LibraryCall::Sort(Sort { inputs, outputs, .. })
            | LibraryCall::Host(HostCall { inputs, outputs, .. }) => {
                (inputs.clone(), outputs.clone())
            }
            LibraryCall::TopK(TopK { input, values, positions, .. }) => {
                (vec![*input], vec![*values, *positions])
            }
        };
        reads.sort();
        reads.dedup();
        (call, reads, writes)
    }
}

fn parsed(line: &str) -> Option<Launch> {
    let (function, rest) = line.trim_start_matches(['/', ' ']).split_once("<<<")?;
    let (size, args) = rest.split_once(">>>(")?;
    let (blocks, threads) = size.split_once(", ")?;
    let args = args.trim_end_matches(')').split(", ").filter(|arg| !arg.is_empty());
    let size = [blocks.parse().ok()?, threads.parse().ok()?];
    let args = args.map(str::to_owned).collect();
    Some(Launch { function: function.to_owned(), size, args })
}
