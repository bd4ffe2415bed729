//! What depends on where a program runs.

use jaxrs_data::{Result, Type, bail};
use jaxrs_ir::Value;

use crate::frame::during;
use crate::{Function, Scope};

/// What programs run on.
const PLATFORM: &str = "cpu";

/// The function for the platform that programs run on, or else the default, of the operands. All functions
/// must give the same types; those that are not for this platform are traced and dropped.
pub fn platform_dependent(
    scope: &Scope,
    operands: &[Value],
    per_platform: &[(&str, Function)],
    default: Option<&Function>,
) -> Result<Vec<Value>> {
    let of_platform = per_platform.iter().find(|(name, _)| *name == PLATFORM);
    let Some(chosen) = of_platform.map(|(_, function)| function).or(default) else {
        let names: Vec<&str> = per_platform.iter().map(|(name, _)| *name).collect();
        bail!(
            InvalidArgument,
            "platform_dependent needs a function for {PLATFORM} or a default, got [{}]",
            names.join(", ")
        );
    };
    let types: Vec<Type> = operands.iter().map(|value| value.ty().clone()).collect();
    let functions = per_platform.iter().map(|(_, function)| function).chain(default);
    let functions: Vec<Function> = functions.cloned().collect();
    let trace = |function: &Function| {
        let traced = scope.trace(function, &types);
        traced
            .map(|traced| (traced, Vec::new()))
            .map_err(during("platform_dependent", function.name()))
    };
    let traced = functions.iter().map(trace).collect::<Result<Vec<_>>>()?;
    super::joined_types("platform_dependent", &functions, &traced)?;
    chosen.call(scope, operands)
}
