//! The interpreter: what programs mean, and how they run before (or instead of) being compiled.
//!
//! A [`Plan`] is made once from a program. Kernels run block-at-a-time: each value of a kernel is a
//! register with a lane for each of up to 256 points along one axis of the domain (or iterations of an
//! innermost parallel loop), and each instruction is one loop over lanes that was chosen when the plan
//! was made. Values that are the same for all points of a block have one lane. Positions that are sums
//! of counters with constant factors are never computed lane by lane: such loads and stores are slices.
//!
//! In reading order: `facts` (what is known about the values of a kernel), `code` (what a kernel
//! becomes), `emit` (how), `lane` and `ops` (the loops), `access` (memory), `library`,
//! `plan`, `run`.

mod access;
mod affine;
mod code;
mod emit;
mod facts;
mod lane;
mod library;
mod ops;
mod plan;
mod run;

use jaxrs_data::{Error, Literal, Result, SmallVec, Type, bail};

use crate::program::Program;

pub(crate) use affine::Form;
pub(crate) use facts::forms;

pub use access::Region;
pub use plan::Plan;

use access::{Memory, Slot};
use run::Machine;

/// Working memory of runs, kept between them so that they need not allocate. Any plan can use any
/// scratch; one run uses it at a time.
#[derive(Default)]
pub struct Scratch {
    arena: Vec<u8>,
    regs: Vec<u8>,
    vars: Vec<i64>,
    slots: Vec<Slot>,
}

impl Plan {
    /// Runs the program on the memory of its inputs and outputs, in this order. The region of an input
    /// whose memory an output shares is not looked at.
    ///
    /// Fails where the program accesses memory out of range, or a region is too small.
    pub fn run<'a>(
        &'a self,
        regions: impl IntoIterator<Item = Region<'a>>,
        scratch: &'a mut Scratch,
    ) -> Result<()> {
        let Scratch { arena, regs, vars, slots } = scratch;
        grow(arena, self.arena_bytes)?;
        grow(regs, self.register_bytes)?;
        grow(vars, self.n_vars)?;
        slots.clear();
        slots.extend_from_slice(&self.slots);
        let mut regions: SmallVec<[Region<'a>; 8]> = regions.into_iter().collect();
        self.check_regions(&regions)?;
        regions.push(Region::Write(arena));
        regions.extend(self.constants.iter().map(|literal| Region::Read(literal.bytes())));
        Machine { regs, vars, slots, memory: Memory { regions }, n: 1 }.steps(&self.steps)
    }

    fn check_regions(&self, regions: &[Region<'_>]) -> Result<()> {
        let (needed, got) = (self.external_bytes.len(), regions.len());
        if needed != got {
            return Err(Error::internal(format_args!("a run needs {needed} regions, got {got}")));
        }
        let shared = |region| self.slots.iter().all(|slot| slot.region != region);
        for (i, (region, &needed)) in regions.iter().zip(&self.external_bytes).enumerate() {
            let got = region.bytes().len();
            if got < needed && !shared(i) {
                return Err(Error::internal(format_args!(
                    "region {i} of a run needs {needed} bytes, got {got}"
                )));
            }
        }
        Ok(())
    }
}

impl Scratch {
    /// The memory that is held, nearly.
    pub fn size_bytes(&self) -> usize {
        self.arena.capacity() + self.regs.capacity()
    }
}

fn grow<T: Clone + Default>(scratch: &mut Vec<T>, len: usize) -> Result<()> {
    if scratch.len() < len {
        if scratch.try_reserve_exact(len - scratch.len()).is_err() {
            let bytes = len * size_of::<T>();
            bail!(
                OutOfMemory,
                "a program needs {bytes} bytes to work in, which the system does not have"
            );
        }
        scratch.resize(len, T::default());
    }
    Ok(())
}

/// Runs a program once: the oracle of tests. The inputs have the types of the program's input buffers,
/// the results are of rank 1.
pub fn interpret(program: &Program, inputs: &[Literal]) -> Result<Vec<Literal>> {
    let plan = Plan::new(program)?;
    let mut outputs: Vec<Vec<u8>> =
        program.outputs.iter().map(|&id| vec![0; program[id].size_bytes()]).collect();
    for (output, shared) in outputs.iter_mut().zip(&program.shares_input) {
        if let Some(input) = shared {
            output.copy_from_slice(inputs[*input].bytes());
        }
    }
    let read = inputs.iter().map(|input| Region::Read(input.bytes()));
    let write = outputs.iter_mut().map(|output| Region::Write(output));
    plan.run(read.chain(write), &mut Scratch::default())?;
    let types = program.outputs.iter().map(|&id| Type::new(program[id].dtype, [program[id].len]));
    types.zip(outputs).map(|(ty, bytes)| Literal::from_bytes(ty, bytes)).collect()
}
