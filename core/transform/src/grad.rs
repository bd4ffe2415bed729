//! Gradients.

use jaxrs_data::{DType, Literal, Result, Scalar, Shape, Type, bail};
use jaxrs_ir::{Tangent, Value, ops};

use crate::bind::is_differentiable;
use crate::frame::during;
use crate::linearize::Linearized;
use crate::{Function, Scope};

/// All outputs but the first are only passed on.
pub const ALL_BUT_FIRST: usize = usize::MAX;

/// What is differentiated.
#[derive(Clone, Debug, Default)]
pub struct DiffOptions {
    /// With respect to which arguments; the first, where none is given.
    pub argnums: Vec<usize>,
    /// How many of the last outputs are only passed on, or [`ALL_BUT_FIRST`].
    pub n_aux: usize,
    /// Whether it is a function of complex numbers, to complex numbers, that has a complex derivative.
    pub holomorphic: bool,
    /// Whether arguments may be integers or truth values. Their derivative is zero: truth values of their
    /// shape, which stand for JAX's `float0`.
    pub allow_int: bool,
}

impl DiffOptions {
    /// The numbers of the arguments, checked against their types.
    pub(crate) fn arguments(&self, what: &str, types: &[Type]) -> Result<Vec<usize>> {
        let argnums = if self.argnums.is_empty() { vec![0] } else { self.argnums.clone() };
        for (position, &k) in argnums.iter().enumerate() {
            let Some(ty) = types.get(k) else {
                bail!(InvalidArgument, "{what} has argnum {k}, but got {} inputs", types.len());
            };
            if argnums[..position].contains(&k) {
                bail!(InvalidArgument, "{what} has argnums {argnums:?}, which repeat {k}");
            }
            self.check_argument(what, k, ty)?;
        }
        Ok(argnums)
    }

    fn check_argument(&self, what: &str, k: usize, ty: &Type) -> Result<()> {
        if self.holomorphic && !ty.dtype.is_complex() {
            bail!(
                Dtype,
                "{what} of a holomorphic function needs complex arguments, got {ty} for argument {k}"
            );
        }
        let has_none = !is_differentiable(ty);
        if has_none && !(self.allow_int && (ty.dtype.is_bool() || ty.dtype.is_integer())) {
            bail!(
                Dtype,
                "{what} needs an argument of float or complex type, got {ty} for argument {k}"
            );
        }
        Ok(())
    }

    /// Checks an output that is differentiated in reverse.
    pub(crate) fn check_output(&self, what: &str, ty: &Type) -> Result<()> {
        if self.holomorphic && !ty.dtype.is_complex() {
            bail!(Dtype, "{what} of a holomorphic function needs a complex output, got {ty}");
        }
        if !self.holomorphic && !ty.dtype.is_float() {
            bail!(Dtype, "{what} needs a function with a real float output, got {ty}");
        }
        Ok(())
    }

    /// How many outputs are differentiated.
    pub(crate) fn n_outputs(&self, what: &str, n: usize) -> Result<usize> {
        let n_aux = if self.n_aux == ALL_BUT_FIRST { n.saturating_sub(1) } else { self.n_aux };
        match n.checked_sub(n_aux) {
            Some(n) => Ok(n),
            None => bail!(
                InvalidArgument,
                "{what} needs {n_aux} auxiliary outputs, but the function gives {n} in all"
            ),
        }
    }
}

/// The types of inputs.
pub(crate) fn types(inputs: &[Value]) -> Vec<Type> {
    inputs.iter().map(|value| value.ty().clone()).collect()
}

/// The gradient of a function with one scalar output, real or holomorphic: gives `(gradient…, aux…)`.
pub fn grad(function: &Function, options: DiffOptions) -> Function {
    let function = function.clone();
    Function::new(format!("grad({})", function.name()), move |scope: &Scope, inputs: &[Value]| {
        let (mut outputs, mut gradients) =
            differentiate("grad", scope, &function, inputs, &options)?;
        gradients.extend(outputs.drain(1..));
        Ok(gradients)
    })
}

/// The value and the gradient: gives `(value, aux…, gradient…)`.
pub fn value_and_grad(function: &Function, options: DiffOptions) -> Function {
    let function = function.clone();
    let name = format!("value_and_grad({})", function.name());
    Function::new(name, move |scope: &Scope, inputs: &[Value]| {
        let (mut outputs, gradients) =
            differentiate("value_and_grad", scope, &function, inputs, &options)?;
        outputs.extend(gradients);
        Ok(outputs)
    })
}

/// All outputs, and the gradient of the first.
fn differentiate(
    what: &str,
    scope: &Scope,
    function: &Function,
    inputs: &[Value],
    options: &DiffOptions,
) -> Result<(Vec<Value>, Vec<Value>)> {
    let argnums = options.arguments(what, &types(inputs))?;
    let has_tangent = tangents_of(&argnums, inputs);
    let linearized = Linearized::new(scope, function, inputs, &has_tangent)
        .map_err(during(what, function.name()))?;
    let n = options.n_outputs(what, linearized.outputs.len())?;
    if n != 1 {
        bail!(InvalidArgument, "{what} needs a function with one output beside aux, got {n}");
    }
    let output = linearized.outputs[0].ty();
    if output.rank() != 0 {
        bail!(Shape, "{what} needs a function with a scalar output, got {output}");
    }
    options.check_output(what, output)?;
    let mut cotangents: Vec<Tangent> =
        linearized.outputs.iter().map(|value| Tangent::Zero(value.ty().clone())).collect();
    let one = Literal::full(output.clone(), Scalar::one(output.dtype));
    cotangents[0] = Tangent::Value(Value::literal(one));
    let mut by_argument: Vec<Option<Tangent>> = vec![None; inputs.len()];
    let linear = (0..inputs.len()).filter(|&k| has_tangent[k]);
    let pulled = linearized.pull_back(scope, &cotangents).map_err(during(what, function.name()))?;
    linear.zip(pulled).for_each(|(k, gradient)| by_argument[k] = Some(gradient));
    let mut gradients = Vec::with_capacity(argnums.len());
    for k in argnums {
        let ty = inputs[k].ty();
        if !has_tangent[k] {
            gradients.push(float0(scope, &ty.shape)?);
            continue;
        }
        let gradient = by_argument[k].take().unwrap_or(Tangent::Zero(ty.clone()));
        gradients.push(gradient.instantiate(scope)?);
    }
    Ok((linearized.outputs, gradients))
}

/// Which inputs have a tangent: those of these numbers, but for integers.
pub(crate) fn tangents_of(argnums: &[usize], inputs: &[Value]) -> Vec<bool> {
    let has = |(k, value): (usize, &Value)| argnums.contains(&k) && is_differentiable(value.ty());
    inputs.iter().enumerate().map(has).collect()
}

/// The derivative of what has none.
pub(crate) fn float0(scope: &Scope, shape: &Shape) -> Result<Value> {
    ops::full(scope, &Type::new(DType::Bool, shape.clone()), Scalar::Bool(false))
}
