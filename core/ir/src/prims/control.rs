//! Control flow and calls: primitives that hold programs.

mod call;
mod checkpoint;
mod cond;
mod custom;
mod scan;
mod while_loop;

pub use call::Call;
pub use checkpoint::Checkpoint;
pub use cond::Cond;
pub use custom::{CustomJvp, CustomLinear, CustomVjp};
pub use scan::Scan;
pub use while_loop::While;
