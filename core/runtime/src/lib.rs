//! Devices' memory and threads: host buffers, arrays, the thread pool, and the two traits that back ends
//! implement. Nothing here knows jaxprs or transforms.
//!
//! In reading order: [`HostBuffer`] and `memory` (where large buffers come from, and by [`Allocator`] what the
//! library works in), [`Array`], [`Backend`] and [`Executable`], [`LoadedProgram`], [`Pool`], [`FloatMode`],
//! [`fork_generation`].

mod array;
mod backend;
mod buffer;
mod float_mode;
mod fork;
mod launch;
mod memory;
mod pool;

pub use array::Array;
pub use backend::{Backend, Executable, LaunchArgs};
pub use buffer::HostBuffer;
pub use float_mode::FloatMode;
pub use fork::fork_generation;
pub use launch::{Argument, LoadedProgram};
pub use memory::{Allocator, MemoryStatistics, memory_statistics, trim_memory};
pub use pool::{HostParallelFor, Pool};
