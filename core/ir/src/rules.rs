//! Ways to make a rule, where one word says it all: `nary::shape`, `nary::batch`, `nary::element`.

pub mod axes;
pub mod index;
pub mod linear;
pub mod nary;
pub mod program;
pub mod scalar_program;
pub mod sliding;
pub mod windows;
