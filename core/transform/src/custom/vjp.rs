//! Calls of functions with a backward rule.

use std::sync::Arc;

use jaxrs_data::{Error, Result, Type, bail};
use jaxrs_ir::prims::{CustomLinear, CustomVjp};
use jaxrs_ir::{Context as _, MappedAxis, Tangent, Value};

use super::{batched, duals, rebatched, rule, unbatched};
use crate::bind::is_differentiable;
use crate::frame::Kind;
use crate::tracer::Origin;
use crate::{Function, Scope};

/// A function with a forward and a backward rule.
pub(super) struct WithVjp {
    pub(super) function: Function,
    pub(super) fwd: Function,
    pub(super) bwd: Function,
    pub(super) n_outputs: usize,
    pub(super) symbolic_zeros: bool,
}

impl WithVjp {
    pub(super) fn call(&self, scope: &Scope, inputs: &[Value]) -> Result<Vec<Value>> {
        let name = self.function.name();
        scope.frame.check_open(name)?;
        match &scope.frame.kind {
            Kind::Eval | Kind::Partial(_) => self.function.call(scope, inputs),
            Kind::Stage(_) => {
                let types: Vec<Type> = inputs.iter().map(|value| value.ty().clone()).collect();
                let traced = scope.trace(&self.function, &types)?;
                let operands = traced.operands(inputs);
                let prim = CustomVjp {
                    num_consts: traced.consts.len(),
                    call_jaxpr: traced.jaxpr,
                    fwd: rule(&self.fwd),
                    bwd: rule(&self.bwd),
                    symbolic_zeros: self.symbolic_zeros,
                };
                Ok(scope.bind(&prim.into(), &operands)?.into_vec())
            }
            Kind::Jvp => {
                let (primals, tangents) = duals(scope, name, inputs)?;
                if tangents.iter().all(Tangent::is_zero) {
                    return self.call(&scope.parent(), &primals);
                }
                Err(CustomVjp::refuse_jvp(name))
            }
            Kind::Linearize(linear) => self.linearize(scope, linear, inputs),
            Kind::Batch(axis) => self.batch(scope, axis, inputs),
        }
    }

    fn linearize(&self, scope: &Scope, linear: &Scope, inputs: &[Value]) -> Result<Vec<Value>> {
        let name = self.function.name();
        let parent = scope.parent();
        let (primals, tangents) = duals(scope, name, inputs)?;
        if tangents.iter().all(Tangent::is_zero) {
            return self.call(&parent, &primals);
        }
        let mut args = primals.clone();
        if self.symbolic_zeros {
            args.extend(CustomVjp::perturbed(&tangents));
        }
        let mut outputs = self.fwd.call(&parent, &args)?;
        CustomVjp::check_fwd(name, self.n_outputs, outputs.len())?;
        let residuals = outputs.split_off(self.n_outputs);
        let bwd = (rule(&self.bwd), self.symbolic_zeros);
        let out_types = outputs.iter().map(|value| value.ty().clone()).collect();
        let tangents = CustomLinear::bind(linear, bwd, out_types, &residuals, &tangents)?;
        let origin = Origin::Made("custom_vjp");
        let pairs = outputs.into_iter().zip(tangents);
        Ok(pairs.map(|(y, dy)| scope.with_tangent(y, Tangent::Value(dy), origin)).collect())
    }

    fn batch(&self, scope: &Scope, axis: &MappedAxis, inputs: &[Value]) -> Result<Vec<Value>> {
        let (values, flags) = unbatched(scope, self.function.name(), inputs)?;
        if !flags.contains(&true) && axis.name.is_none() {
            return self.call(&scope.parent(), &values);
        }
        let shared: Vec<bool> = flags.iter().map(|batched| !batched).collect();
        let mut of_fwd = flags.clone();
        if self.symbolic_zeros {
            of_fwd.extend(flags.iter().map(|_| false));
        }
        let inner = WithVjp {
            function: batched(&self.function, axis, &flags, &[]),
            fwd: batched(&self.fwd, axis, &of_fwd, &[]),
            bwd: batched(&self.bwd, axis, &[], &shared),
            n_outputs: self.n_outputs,
            symbolic_zeros: self.symbolic_zeros,
        };
        Ok(rebatched(scope, inner.call(&scope.parent(), &values)?))
    }
}

/// The backward rule of a function of this name, with a cotangent for every argument, checked.
pub(super) fn complete(name: Arc<str>, bwd: &Function, types: Vec<Type>) -> Function {
    let bwd = bwd.clone();
    Function::new(bwd.name().clone(), move |scope: &Scope, inputs: &[Value]| {
        let given = bwd.call(scope, inputs)?;
        let n_differentiable = types.iter().filter(|ty| is_differentiable(ty)).count();
        if given.len() != types.len() && given.len() != n_differentiable {
            bail!(
                InvalidArgument,
                "the backward rule of '{name}' must give a cotangent for each of {} arguments, got {}",
                types.len(),
                given.len()
            );
        }
        let mut given = given.into_iter();
        let all_given = given.len() == types.len();
        let mut cotangents = Vec::with_capacity(types.len());
        for (k, ty) in types.iter().enumerate() {
            let value = if all_given || is_differentiable(ty) { given.next() } else { None };
            let value = value.filter(|_| is_differentiable(ty));
            match &value {
                Some(ct) if !ct.ty().same_ignoring_weak(ty) => {
                    return Err(Error::new(
                        ty.mismatch(ct.ty()),
                        format_args!(
                            "the backward rule of '{name}' needs a cotangent like {ty} for argument {k}, got {}",
                            ct.ty()
                        ),
                    ));
                }
                Some(ct) => cotangents.push(ct.clone()),
                None => cotangents.push(Tangent::Zero(ty.clone()).instantiate(scope)?),
            }
        }
        Ok(cotangents)
    })
}
