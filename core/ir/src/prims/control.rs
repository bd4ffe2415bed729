//! Control flow and calls: primitives that hold programs.

mod call;
mod checkpoint;
mod composite;
mod cond;
mod custom;
mod linear;
#[cfg(any(test, feature = "testing"))]
pub(super) mod sample;
mod scan;
mod stop_gradient;
mod while_loop;

pub use call::Call;
pub use checkpoint::{Checkpoint, Policy, PolicyRule};
pub use composite::Composite;
pub use cond::Cond;
pub use custom::{CustomJvp, CustomLinear, CustomVjp, CustomVmap, Rule};
pub use linear::{CustomLinearSolve, LinearCall, Operator};
pub use scan::Scan;
pub use stop_gradient::StopGradient;
pub use while_loop::While;

impl crate::Prim {
    /// The program that the primitive stands for where nobody differentiates: it takes the operands and
    /// gives the results. For primitives with [`Lowering::Inline`](crate::lower::Lowering::Inline).
    pub fn inlined(&self) -> Option<&std::sync::Arc<crate::Jaxpr>> {
        match self {
            crate::Prim::Call(call) => Some(&call.jaxpr),
            crate::Prim::Composite(composite) => Some(&composite.jaxpr),
            crate::Prim::Checkpoint(checkpoint) => Some(&checkpoint.jaxpr),
            crate::Prim::CustomJvp(custom) => Some(&custom.call_jaxpr),
            crate::Prim::CustomVjp(custom) => Some(&custom.call_jaxpr),
            crate::Prim::CustomVmap(custom) => Some(&custom.call),
            crate::Prim::LinearCall(linear) => Some(&linear.callee),
            crate::Prim::CustomLinearSolve(solve) => Some(solve.call()),
            _ => None,
        }
    }

    /// As [`Prim::inlined`](crate::Prim::inlined), but for what is to stay whole where some of its operands
    /// belong to a linear program: it has a transpose of its own.
    pub fn taken_apart(&self) -> Option<&std::sync::Arc<crate::Jaxpr>> {
        match self {
            crate::Prim::LinearCall(_) | crate::Prim::CustomLinearSolve(_) => None,
            other => other.inlined(),
        }
    }
}
