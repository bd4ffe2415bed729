//! The machine that code is made for, and LLVM's part of making it.

use std::ffi::c_char;
use std::sync::Once;

use inkwell::OptimizationLevel;
use inkwell::module::Module;
use inkwell::passes::PassBuilderOptions;
use inkwell::support::error_handling::install_fatal_error_handler;
use inkwell::targets::{CodeModel, FileType, RelocMode, Target, TargetMachine, TargetTriple};
use jaxrs_data::{Error, ErrorKind, Result};
use llvm_sys::target::{
    LLVMInitializeX86AsmPrinter, LLVMInitializeX86Target, LLVMInitializeX86TargetInfo,
    LLVMInitializeX86TargetMC,
};
use parking_lot::Mutex;

/// Target machines for the host, made as needed and kept: making one costs a fifth of a millisecond, and
/// each serves one compilation at a time.
pub(crate) struct Machines {
    triple: TargetTriple,
    cpu: String,
    features: String,
    idle: Mutex<Vec<(OptimizationLevel, TargetMachine)>>,
}

// SAFETY: a triple is an immutable string; machines are used by one thread at a time.
unsafe impl Send for Machines {}
// SAFETY: as above; the list of machines is behind a lock.
unsafe impl Sync for Machines {}

pub(crate) fn compile_error(message: impl std::fmt::Display) -> Error {
    Error::new(ErrorKind::Compile, message)
}

/// Registers the processor without its assembler and disassembler, which code in memory does not need and which
/// inkwell's initializer links: 4 MB.
fn initialize_x86() {
    for register in [
        LLVMInitializeX86TargetInfo,
        LLVMInitializeX86Target,
        LLVMInitializeX86TargetMC,
        LLVMInitializeX86AsmPrinter,
    ] {
        // SAFETY: it adds to LLVM's registry, once in a process, before anything reads there.
        unsafe { register() };
    }
}

/// LLVM calls this before it ends the process; there is nothing to save and nobody to tell.
extern "C" fn on_fatal_error(_message: *const c_char) {}

impl Machines {
    /// The host.
    pub(crate) fn host() -> Result<Machines> {
        // LLVM's registry of targets is process-wide state of LLVM's own.
        static INITIALIZED: Once = Once::new();
        INITIALIZED.call_once(|| {
            initialize_x86();
            // SAFETY: the handler does nothing and is installed once.
            unsafe { install_fatal_error_handler(on_fatal_error) };
        });
        Ok(Machines {
            triple: TargetMachine::get_default_triple(),
            cpu: TargetMachine::get_host_cpu_name().to_string(),
            features: TargetMachine::get_host_cpu_features().to_string(),
            idle: Mutex::new(Vec::new()),
        })
    }

    /// Whether the host has some feature, by LLVM's name.
    pub(crate) fn has(&self, feature: &str) -> bool {
        self.features.split(',').any(|f| f.strip_prefix('+') == Some(feature))
    }

    /// The processor and its features, as function attributes.
    pub(crate) fn attributes(&self) -> [(&str, &str); 2] {
        [("target-cpu", &self.cpu), ("target-features", &self.features)]
    }

    fn take(&self, level: OptimizationLevel) -> Result<TargetMachine> {
        let mut idle = self.idle.lock();
        if let Some(i) = idle.iter().position(|(l, _)| *l == level) {
            return Ok(idle.swap_remove(i).1);
        }
        drop(idle);
        let target = Target::from_triple(&self.triple).map_err(compile_error)?;
        let (cpu, features) = (&self.cpu, &self.features);
        let (reloc, model) = (RelocMode::PIC, CodeModel::Small);
        target
            .create_target_machine(&self.triple, cpu, features, level, reloc, model)
            .ok_or_else(|| compile_error("LLVM has no back end for this machine"))
    }

    /// Optimises a module and makes an object, or assembly, of it.
    pub(crate) fn emit(
        &self,
        module: &Module<'_>,
        passes: &str,
        level: OptimizationLevel,
        assembly: bool,
    ) -> Result<Vec<u8>> {
        let machine = self.take(level)?;
        let kind = if assembly { FileType::Assembly } else { FileType::Object };
        let bytes = written(module, (&self.triple, &machine), passes, kind)?;
        self.idle.lock().push((level, machine));
        Ok(bytes)
    }
}

/// Optimises a module for a machine, and makes an object, or assembly, of it.
pub(crate) fn written(
    module: &Module<'_>,
    (triple, machine): (&TargetTriple, &TargetMachine),
    passes: &str,
    kind: FileType,
) -> Result<Vec<u8>> {
    module.set_triple(triple);
    module.set_data_layout(&machine.get_target_data().get_data_layout());
    if !passes.is_empty() {
        let options = PassBuilderOptions::create();
        module.run_passes(passes, machine, options).map_err(compile_error)?;
    }
    let buffer = machine.write_to_memory_buffer(module, kind).map_err(compile_error)?;
    Ok(buffer.as_slice().to_vec())
}
