//! The functions that programs are written with, under JAX's names: [`lax`], [`numpy`], [`random`], [`nn`],
//! [`special`], [`sparse`];
//! and the one [operation table](table) that the C functions, their documentation and the bindings are
//! generated from.
//!
//! Every function takes the scope that its operations go to, first. `lax` is close to the primitives and
//! promotes nothing; `numpy` promotes and broadcasts.
//!
//! From Rust, the crates are used as they are: values and transforms come from `jaxrs-ir` and `jaxrs-transform`, operations from
//! here. A context without a back end evaluates programs by their definition; with `jaxrs_llvm::LlvmBackend` as its compiler
//! it runs machine code, as the C library does.
//!
//! ```
//! use jaxrs_api::numpy;
//! use jaxrs_data::{DType, Literal, Result, Scalar, Type};
//! use jaxrs_ir::Value;
//! use jaxrs_transform::{
//!     Context, ContextOptions, DiffOptions, Function, JitOptions, Scope, VmapOptions, grad, jit, to_array, vmap,
//! };
//!
//! # fn main() -> Result<()> {
//! // f(x) = x sin x; its derivative, for many x at once, recorded once.
//! let f = Function::new("f", |cx: &Scope, x: &[Value]| {
//!     Ok(vec![numpy::multiply(cx, &x[0], &numpy::sin(cx, &x[0])?)?])
//! });
//! let slope = vmap(&grad(&f, DiffOptions::default()), VmapOptions::default());
//! let slope = jit(&slope, JitOptions::default());
//!
//! let context = Context::new(ContextOptions::default());
//! let points = Literal::from_fn(Type::new(DType::F64, [3]), |i| Scalar::Float(i as f64));
//! let results = slope.call(&context.root(), &[Value::literal(points)])?;
//! let slopes = to_array(&results[0])?.to_literal()?.to_f64s();
//! assert!((slopes[1] - (1f64.sin() + 1f64.cos())).abs() < 1e-15);
//! # Ok(())
//! # }
//! ```
#![forbid(unsafe_code)]

pub mod check_grads;
pub mod cluster;
mod formula;
pub mod image;
pub mod interpolate;
pub mod lax;
pub mod linalg;
pub mod nn;
pub mod numpy;
pub mod ode;
mod operands;
pub mod optimize;
pub mod optimizers;
pub mod random;
pub mod segment;
pub mod signal;
pub mod sparse;
pub mod spatial;
pub mod special;
pub mod stats;
pub mod table;
