//! A right-hand side on states that are one vector.

use jaxrs_data::promote;
use jaxrs_data::{DType, Result, Shape, Type, bail};
use jaxrs_ir::{Value, ops};
use jaxrs_transform::{Function, Scope};

use crate::numpy;
use crate::operands::convert;

/// A right-hand side, and how states and vectors go into each other.
#[derive(Clone)]
pub(super) struct Flat {
    pub(super) function: Function,
    types: Vec<Type>,
    pub(super) dtype: DType,
}

impl Flat {
    pub(super) fn new(cx: &Scope, name: &str, function: Function, state: &[Value]) -> Result<Flat> {
        let types: Vec<Type> = state.iter().map(|x| x.ty().with_weak(false)).collect();
        let (dtype, _) = promote::promote(&types, cx.defaults())?;
        if !dtype.is_inexact() {
            bail!(Dtype, "{name} needs a state of floats, got {dtype}");
        }
        Ok(Flat { function, types, dtype })
    }

    /// The vector of a state.
    pub(super) fn join(&self, cx: &Scope, state: &[Value]) -> Result<Value> {
        let row = |x: &Value| numpy::ravel(cx, &convert(cx, x, self.dtype, false)?);
        numpy::concatenate(cx, &state.iter().map(row).collect::<Result<Vec<_>>>()?, 0)
    }

    /// The state of a vector, or the states of vectors along a first axis.
    pub(super) fn parts(&self, cx: &Scope, x: &Value, n_outer: usize) -> Result<Vec<Value>> {
        let mut start = 0;
        let mut parts = Vec::new();
        for ty in &self.types {
            let part = ops::slice_in_dim(cx, x, n_outer, start, start + ty.numel())?;
            let shape: Shape =
                x.shape()[..n_outer].iter().chain(ty.shape.iter()).copied().collect();
            parts.push(convert(cx, &ops::reshape(cx, &part, &shape)?, ty.dtype, false)?);
            start += ty.numel();
        }
        Ok(parts)
    }

    /// The derivative of a vector.
    pub(super) fn call(
        &self,
        cx: &Scope,
        y: &Value,
        t: &Value,
        arguments: &[Value],
    ) -> Result<Value> {
        let state = self.parts(cx, y, 0)?;
        let inputs: Vec<Value> =
            state.into_iter().chain([t.clone()]).chain(arguments.iter().cloned()).collect();
        let outputs = self.function.call(cx, &inputs)?;
        let differs = |(output, ty): (&Value, &Type)| output.shape() != &ty.shape;
        if outputs.len() != self.types.len() || outputs.iter().zip(&self.types).any(differs) {
            let got: Vec<String> = outputs.iter().map(|output| output.ty().to_string()).collect();
            let needed: Vec<String> = self.types.iter().map(Type::to_string).collect();
            bail!(
                Shape,
                "'{}' must give a derivative for each part of the state, {}, got {}",
                self.function.name(),
                needed.join(", "),
                got.join(", ")
            );
        }
        self.join(cx, &outputs)
    }
}
