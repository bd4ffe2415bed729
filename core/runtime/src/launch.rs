//! Running programs on memory: the safe side of [`Executable`].

use std::sync::Arc;

use jaxrs_data::{Error, Result, SmallVec};
use jaxrs_kernel::Program;

use crate::{Backend, Executable, HostBuffer, LaunchArgs};

/// A program, ready to run on memory.
pub struct LoadedProgram {
    executable: Arc<dyn Executable>,
    in_bytes: SmallVec<[usize; 4]>,
    out_bytes: SmallVec<[usize; 2]>,
    shares_input: SmallVec<[Option<usize>; 2]>,
    arena_bytes: usize,
}

/// An input of a launch.
pub enum Argument {
    /// Read only.
    Shared(Arc<HostBuffer>),
    /// A result may be given the memory, if nobody else holds it.
    Donated(Arc<HostBuffer>),
}

impl Argument {
    fn buffer(&self) -> &Arc<HostBuffer> {
        match self {
            Argument::Shared(buffer) | Argument::Donated(buffer) => buffer,
        }
    }
}

impl LoadedProgram {
    /// Hands a program to a back end.
    pub fn new(backend: &dyn Backend, program: Program) -> Result<LoadedProgram> {
        let program = Arc::new(program);
        let executable = backend.load(program.clone())?;
        Ok(LoadedProgram::of(&program, executable))
    }

    /// Hands a program to a back end, with the machine code that it made for it before.
    pub fn with_code(
        backend: &dyn Backend,
        program: Program,
        code: &[u8],
    ) -> Result<LoadedProgram> {
        let program = Arc::new(program);
        let executable = backend.load_code(program.clone(), code)?;
        Ok(LoadedProgram::of(&program, executable))
    }

    fn of(program: &Program, executable: Arc<dyn Executable>) -> LoadedProgram {
        let bytes = |&id: &jaxrs_kernel::BufferId| program[id].size_bytes();
        let shares = (0..program.outputs.len())
            .map(|output| program.shares_input.get(output).copied().flatten());
        LoadedProgram {
            in_bytes: program.inputs.iter().map(bytes).collect(),
            out_bytes: program.outputs.iter().map(bytes).collect(),
            shares_input: shares.collect(),
            arena_bytes: program.arena_bytes,
            executable,
        }
    }

    /// Whether a result takes over the memory of this input, if it is donated.
    pub fn reuses(&self, input: usize) -> bool {
        self.shares_input.contains(&Some(input))
    }

    /// The bytes of working memory that one run takes.
    pub fn arena_bytes(&self) -> usize {
        self.arena_bytes
    }

    /// The bytes of machine code.
    pub fn code_bytes(&self) -> usize {
        self.executable.code_bytes()
    }

    /// The machine code or other text of the executable, for people.
    pub fn describe(&self) -> String {
        self.executable.describe()
    }

    /// Runs the program; gives the memory of the results.
    pub fn run(&self, inputs: &[Argument]) -> Result<SmallVec<[Arc<HostBuffer>; 2]>> {
        self.check(inputs)?;
        let mut pointers: SmallVec<[*const u8; 8]> =
            inputs.iter().map(|input| input.buffer().as_ptr().cast_const()).collect();
        let mut memory: SmallVec<[Arc<HostBuffer>; 2]> = SmallVec::new();
        for (&len_bytes, &shared) in self.out_bytes.iter().zip(&self.shares_input) {
            let buffer = match shared {
                Some(input) => {
                    let buffer = self.take_over(&inputs[input])?;
                    pointers[input] = buffer.as_ptr();
                    buffer
                }
                None => Arc::new(HostBuffer::allocate(len_bytes)?),
            };
            memory.push(buffer);
        }
        let outputs: SmallVec<[*mut u8; 4]> = memory.iter().map(|buffer| buffer.as_ptr()).collect();
        let args = LaunchArgs { inputs: &pointers, outputs: &outputs };
        // SAFETY: the numbers and sizes of inputs were checked against the program, those of outputs
        // were allocated by it; outputs are new memory, or that of the input that the program shares
        // with them, which is held alone.
        unsafe { self.executable.run(&args) }?;
        Ok(memory)
    }

    /// The memory of a donated input, or a copy where somebody else may read it still.
    fn take_over(&self, input: &Argument) -> Result<Arc<HostBuffer>> {
        let buffer = input.buffer();
        let is_donated = matches!(input, Argument::Donated(_));
        if is_donated && buffer.is_owned() && Arc::strong_count(buffer) == 1 {
            return Ok(buffer.clone());
        }
        HostBuffer::from_bytes(buffer.as_bytes()).map(Arc::new)
    }

    fn check(&self, inputs: &[Argument]) -> Result<()> {
        let mut pairs = inputs.iter().zip(&self.in_bytes);
        let fits = inputs.len() == self.in_bytes.len()
            && pairs.all(|(input, &bytes)| input.buffer().len_bytes() == bytes);
        if fits {
            return Ok(());
        }
        let got: Vec<usize> = inputs.iter().map(|input| input.buffer().len_bytes()).collect();
        Err(Error::internal(format_args!(
            "a launch needs inputs of {:?} bytes, got {got:?}",
            self.in_bytes
        )))
    }
}
