//! NumPy's functions as JAX has them: operands are promoted to one element type and broadcast to one shape.

mod arithmetic;
mod arrange;
mod complex;
mod create;
mod cumulative;
mod einsum;
pub mod fft;
pub mod index;
mod indexing;
mod logic;
mod products;
mod reductions;
mod search;
mod signal;
mod sorting;
mod unary;

pub use arithmetic::*;
pub use arrange::*;
pub use complex::*;
pub use create::*;
pub use cumulative::*;
pub use einsum::einsum;
pub use indexing::*;
pub use logic::*;
pub use products::*;
pub use reductions::*;
pub use search::*;
pub use signal::*;
pub use sorting::*;
pub use unary::*;
