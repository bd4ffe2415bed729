//! Routines that compiled code calls: what a tuned library does better than a loop, and functions that are too rare or
//! too long to be emitted. Code in this process and code that was compiled ahead of time call the same ones, so that
//! they give the same bits.

pub mod matmul;
pub mod slow;
pub mod sort;
pub mod top_k;
