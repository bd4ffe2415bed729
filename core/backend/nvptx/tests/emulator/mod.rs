//! An emulator of what PTX our kernels are made of: threads that run one after the other, each access checked. It shows
//! what code computes on a processor that follows the PTX specification; it knows no time, no cache, no other thread.

mod arithmetic;
mod convert;
mod host;
mod memory;
mod parse;
mod thread;

pub(crate) use host::run;
