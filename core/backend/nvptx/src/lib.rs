//! Kernel programs to PTX. The kernels are made by [`jaxrs_llvm`]; this crate brings LLVM's code generator for NVIDIA's
//! processors, which the library of jaxrs does without, as it takes several megabytes.

use std::sync::Once;

use jaxrs_data::Result;
use jaxrs_kernel::Program;
pub use jaxrs_llvm::Processor;
use llvm_sys::target::{
    LLVMInitializeNVPTXAsmPrinter, LLVMInitializeNVPTXTarget, LLVMInitializeNVPTXTargetInfo,
    LLVMInitializeNVPTXTargetMC,
};

/// The kernels of a program as PTX for a processor; [`jaxrs_llvm::ptx`] says what the text has.
///
/// # Errors
///
/// Unimplemented, where a kernel computes what there is no code for on these processors.
pub fn ptx(program: &Program, processor: Processor) -> Result<String> {
    // LLVM's registry of targets is process-wide state of LLVM's own.
    static INITIALIZED: Once = Once::new();
    INITIALIZED.call_once(initialize);
    jaxrs_llvm::ptx(program, processor)
}

fn initialize() {
    for register in [
        LLVMInitializeNVPTXTargetInfo,
        LLVMInitializeNVPTXTarget,
        LLVMInitializeNVPTXTargetMC,
        LLVMInitializeNVPTXAsmPrinter,
    ] {
        // SAFETY: it adds to LLVM's registry, once in a process.
        unsafe { register() };
    }
}
