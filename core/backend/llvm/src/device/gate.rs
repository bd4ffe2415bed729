//! What may reach the code generator. LLVM ends the process where a device lacks an intrinsic, and its verifier does not
//! know.

use inkwell::module::Module;
use jaxrs_data::{Result, bail};

/// Intrinsics that all our types and processors have.
const KNOWN: [&str; 19] = [
    "ceil", "copysign", "ctlz", "ctpop", "fabs", "floor", "fmuladd", "maximum", "minimum", "nvvm",
    "rint", "smax", "smin", "sqrt", "trunc", "umax", "umin", "fshl", "fshr",
];

/// Refuses a module with other intrinsics.
pub(super) fn check(module: &Module<'_>) -> Result<()> {
    for function in module.get_functions() {
        let name = function.get_name().to_string_lossy();
        let Some(rest) = name.strip_prefix("llvm.") else { continue };
        let stem = rest.split('.').next().unwrap_or(rest);
        if !KNOWN.contains(&stem) {
            bail!(Unimplemented, "code for devices has no {name}");
        }
    }
    Ok(())
}
