//! Bind: what each kind of frame does with an operation.

mod split;

use std::sync::Arc;

use jaxrs_data::{Error, Result, SmallVec, Type, bail};
use jaxrs_ir::prims::{Rule, uses_axis};
use jaxrs_ir::{
    Context, Jaxpr, Jvp, JvpJaxpr, LinearizedJaxpr, MappedAxis, Outputs, Prim, Tangent, Value,
};

pub(crate) use jaxrs_ir::compose::replay as eval_jaxpr;

use self::split::{Split, split};
use crate::context::Counters;
use crate::frame::Kind;
use crate::tracer::{Data, Origin, Tracer};
use crate::{Scope, custom, custom_vmap, debug, key_reuse, subprogram};

/// Primals and tangents of operands.
type Duals = (SmallVec<[Value; 4]>, SmallVec<[Tangent; 4]>);

impl Context for Scope {
    fn bind(&self, prim: &Prim, inputs: &[Value]) -> Result<Outputs> {
        match &self.frame.kind {
            Kind::Eval => self.run_at_once(prim, inputs),
            Kind::Stage(_) => self.record(prim, inputs),
            Kind::Jvp => self.bind_jvp(prim, inputs),
            Kind::Linearize(linear) => self.bind_linearize(linear, prim, inputs),
            Kind::Partial(linear) => self.bind_partial(linear, prim, inputs),
            Kind::Batch(axis) => self.bind_batch(axis, prim, inputs),
        }
    }

    fn jvp_jaxpr(
        &self,
        jaxpr: &Arc<Jaxpr>,
        has_tangent: &[bool],
        instantiate: &[bool],
    ) -> Result<JvpJaxpr> {
        subprogram::jvp(&self.outermost(), jaxpr, has_tangent, instantiate)
    }

    fn batch_jaxpr(
        &self,
        jaxpr: &Arc<Jaxpr>,
        size: usize,
        batched: &[bool],
        force: &[bool],
    ) -> Result<(Arc<Jaxpr>, Vec<bool>)> {
        subprogram::batch(&self.outermost(), jaxpr, &self.mapped(size), batched, force)
    }

    fn linearize_jaxpr(
        &self,
        jaxpr: &Arc<Jaxpr>,
        has_tangent: &[bool],
        instantiate: &[bool],
    ) -> Result<LinearizedJaxpr> {
        subprogram::linearize(&self.outermost(), jaxpr, has_tangent, instantiate)
    }

    fn transpose_jaxpr(&self, jaxpr: &Arc<Jaxpr>, n_residuals: usize) -> Result<Arc<Jaxpr>> {
        subprogram::transpose(&self.outermost(), jaxpr, n_residuals)
    }

    fn eval_jaxpr(&self, jaxpr: &Jaxpr, inputs: &[Value]) -> Result<Vec<Value>> {
        eval_jaxpr(self, jaxpr, inputs)
    }

    fn stage(&self, in_types: &[Type], body: jaxrs_ir::StageBody<'_>) -> Result<Arc<Jaxpr>> {
        subprogram::stage(&self.outermost(), "staged", in_types, |scope, inputs| {
            body(scope, inputs)
        })
    }

    fn call_rule(&self, rule: &Rule, inputs: &[Value]) -> Result<Vec<Value>> {
        custom::rule_function(rule)?.call(self, inputs)
    }

    fn batch_rule(
        &self,
        rule: &Rule,
        size: usize,
        batched: &[bool],
        summed: &[bool],
    ) -> Result<Rule> {
        // A rule that is known by its name only stays so.
        if rule.function().is_none() && rule.program().is_none() {
            return Ok(rule.clone());
        }
        let function = custom::rule_function(rule)?;
        Ok(custom::rule(&custom::batched(&function, &self.mapped(size), batched, summed)))
    }

    fn call_vmap_rule(
        &self,
        rule: &Rule,
        size: usize,
        batched: &[bool],
        inputs: &[Value],
    ) -> Result<(Vec<Value>, Vec<bool>)> {
        custom_vmap::call(self, rule, size, batched, inputs)
    }

    fn jvp_vmap_rule(&self, rule: &Rule, has: &[bool], out_has: &[bool]) -> Result<Rule> {
        match rule.function() {
            None => Ok(rule.clone()),
            Some(_) => custom_vmap::jvp(rule, has, out_has),
        }
    }
}

/// Whether values of a type have tangents at all.
pub(crate) fn is_differentiable(ty: &Type) -> bool {
    ty.dtype.is_float() || ty.dtype.is_complex()
}

impl Scope {
    fn run_at_once(&self, prim: &Prim, inputs: &[Value]) -> Result<Outputs> {
        for value in inputs {
            if value.downcast_ref::<Tracer>().is_some() {
                self.frame.own(prim.name(), value)?;
                return Err(Error::internal("a tracer belongs to the eager scope"));
            }
        }
        if self.settings.debug_key_reuse {
            let uses = key_reuse::of_operation(prim, inputs)?;
            let run = || self.run(prim, inputs);
            return key_reuse::watched(self, prim.name(), uses.as_ref(), inputs, run);
        }
        self.run(prim, inputs)
    }

    fn run(&self, prim: &Prim, inputs: &[Value]) -> Result<Outputs> {
        if let Prim::Checkpoint(checkpoint) = prim {
            // What is computed again is computed as it was at first, and differs in no bit; each derivative has a
            // program of its own, which would not be worth compiling for one call.
            return Ok(Outputs::from_vec(eval_jaxpr(self, &checkpoint.jaxpr, inputs)?));
        }
        let shared = &self.frame.shared;
        let outputs = shared.dispatch.run(&shared.counters, prim, inputs)?;
        if self.settings.looks_at_values() {
            debug::check_operation(self, prim, inputs, &outputs)?;
        }
        Ok(outputs)
    }

    /// Primal and tangent of a value, in a frame that computes tangents.
    pub(crate) fn dual(&self, user: &str, value: &Value) -> Result<(Value, Tangent)> {
        match self.frame.own(user, value)? {
            None => Ok((value.clone(), Tangent::Zero(value.ty().clone()))),
            Some(Tracer { data: Data::Dual(primal, tangent), .. }) => {
                Ok((primal.clone(), tangent.clone()))
            }
            Some(_) => Err(Error::internal("a tracer of a derivative has no tangent")),
        }
    }

    fn duals(&self, prim: &Prim, inputs: &[Value]) -> Result<Duals> {
        self.frame.check_open(prim.name())?;
        let (mut primals, mut tangents) = Duals::default();
        for value in inputs {
            let (primal, tangent) = self.dual(prim.name(), value)?;
            primals.push(primal);
            tangents.push(tangent);
        }
        Ok((primals, tangents))
    }

    /// A value with a tangent; without one it stays what it is.
    pub(crate) fn with_tangent(&self, primal: Value, tangent: Tangent, origin: Origin) -> Value {
        if tangent.is_zero() || !is_differentiable(primal.ty()) {
            return primal;
        }
        let ty = primal.ty().clone();
        self.frame.tracer(ty, Data::Dual(primal, tangent), origin)
    }

    fn pack(&self, prim: &Prim, jvp: Jvp) -> Outputs {
        let origin = Origin::Made(prim.name());
        let pairs = jvp.primals.into_iter().zip(jvp.tangents);
        pairs.map(|(primal, tangent)| self.with_tangent(primal, tangent, origin)).collect()
    }

    fn bind_jvp(&self, prim: &Prim, inputs: &[Value]) -> Result<Outputs> {
        let (primals, tangents) = self.duals(prim, inputs)?;
        let parent = self.parent();
        if tangents.iter().all(Tangent::is_zero) {
            return parent.bind(prim, &primals);
        }
        Ok(self.pack(prim, prim.jvp(&parent, &primals, &tangents)?))
    }

    fn bind_linearize(&self, linear: &Scope, prim: &Prim, inputs: &[Value]) -> Result<Outputs> {
        let (primals, tangents) = self.duals(prim, inputs)?;
        let parent = self.parent();
        if tangents.iter().all(Tangent::is_zero) {
            return parent.bind(prim, &primals);
        }
        let jvp = match prim.linearize(&parent, linear, &primals, &tangents)? {
            Some(jvp) => jvp,
            None => {
                let split = Split { primal: &parent, linear };
                let jvp = prim.jvp(&split, &primals, &tangents)?;
                if jvp.primals.iter().any(|value| split.is_linear(value)) {
                    bail!(
                        Unimplemented,
                        "reverse-mode differentiation does not work for {}, which computes results and \
                         tangents together",
                        prim.name()
                    );
                }
                jvp
            }
        };
        Ok(self.pack(prim, jvp))
    }

    /// The value of the linear program that a value stands for, if it depends on a tangent.
    fn linear_part<'v>(&self, user: &str, value: &'v Value) -> Result<Option<&'v Value>> {
        match self.frame.own(user, value)? {
            None => Ok(None),
            Some(Tracer { data: Data::Linear(value), .. }) => Ok(Some(value)),
            Some(_) => Err(Error::internal("a tracer of a derivative rule is not linear")),
        }
    }

    fn bind_partial(&self, linear: &Scope, prim: &Prim, inputs: &[Value]) -> Result<Outputs> {
        self.frame.check_open(prim.name())?;
        let mut n_linear = 0;
        let mut operands: SmallVec<[Value; 4]> = SmallVec::new();
        for value in inputs {
            let part = self.linear_part(prim.name(), value)?;
            n_linear += usize::from(part.is_some());
            operands.push(part.unwrap_or(value).clone());
        }
        if n_linear == 0 {
            return self.parent().bind(prim, &operands);
        }
        // A program of both kinds of operands is taken apart, so that what is known stays known.
        if let Some(jaxpr) = prim.taken_apart().filter(|_| n_linear < inputs.len()) {
            return Ok(eval_jaxpr(self, jaxpr, inputs)?.into());
        }
        let outputs = split(&self.parent(), linear, prim, &operands)?;
        let origin = Origin::Made(prim.name());
        let wrap = |value: Value| match linear.is_of(&value) {
            true => self.with_linear(value, origin),
            false => value,
        };
        Ok(outputs.into_iter().map(wrap).collect())
    }

    /// A value that depends on a tangent.
    pub(crate) fn with_linear(&self, value: Value, origin: Origin) -> Value {
        self.frame.tracer(value.ty().clone(), Data::Linear(value), origin)
    }

    /// The linear program's value for what a derivative rule gave.
    pub(crate) fn without_linear(&self, value: &Value) -> Result<Value> {
        Ok(self.linear_part("a derivative rule", value)?.unwrap_or(value).clone())
    }

    /// The value around, and the axis of the examples, if there is one.
    pub(crate) fn unbatch(&self, user: &str, value: &Value) -> Result<(Value, Option<usize>)> {
        match self.frame.own(user, value)? {
            None => Ok((value.clone(), None)),
            Some(Tracer { data: Data::Batched(value, axis), .. }) => {
                Ok((value.clone(), Some(*axis)))
            }
            Some(_) => Err(Error::internal("a tracer of vmap has no axis")),
        }
    }

    /// A value with examples along an axis; without one it stays what it is.
    pub(crate) fn with_axis(&self, value: Value, axis: Option<usize>, origin: Origin) -> Value {
        let Some(axis) = axis else { return value };
        let ty = value.ty().with_shape(value.shape().without(axis));
        self.frame.tracer(ty, Data::Batched(value, axis), origin)
    }

    fn bind_batch(&self, axis: &MappedAxis, prim: &Prim, inputs: &[Value]) -> Result<Outputs> {
        self.frame.check_open(prim.name())?;
        let mut values: SmallVec<[Value; 4]> = SmallVec::new();
        let mut axes: SmallVec<[Option<usize>; 4]> = SmallVec::new();
        for value in inputs {
            let (value, axis) = self.unbatch(prim.name(), value)?;
            values.push(value);
            axes.push(axis);
        }
        let parent = self.parent();
        let uses_axis = axis.name.as_ref().is_some_and(|name| uses_axis(prim, name));
        if axes.iter().all(Option::is_none) && !uses_axis {
            return parent.bind(prim, &values);
        }
        self.check_examples(prim, inputs)?;
        let cx = parent.mapping(axis);
        let is_over_axis = uses_axis && !prim.axis_names().is_empty();
        let batched = match is_over_axis {
            true => prim.batch_collective(&cx, axis, &values, &axes)?,
            false => prim.batch(&cx, axis.size, &values, &axes)?,
        };
        let origin = Origin::Made(prim.name());
        let pairs = batched.outputs.into_iter().zip(batched.axes);
        Ok(pairs.map(|(value, axis)| self.with_axis(value, axis, origin)).collect())
    }

    /// Operands must fit as examples: a batching rule would speak of the batch instead, or even accept
    /// what does not fit.
    fn check_examples(&self, prim: &Prim, inputs: &[Value]) -> Result<()> {
        let types: SmallVec<[Type; 4]> = inputs.iter().map(|value| value.ty().clone()).collect();
        prim.output_types(&types).map(drop)
    }

    /// Whether a value is a tracer of this very scope.
    pub(crate) fn is_of(&self, value: &Value) -> bool {
        let tracer = value.downcast_ref::<Tracer>();
        tracer.is_some_and(|tracer| Arc::ptr_eq(&tracer.frame, &self.frame))
    }

    pub(crate) fn counters(&self) -> &Counters {
        &self.frame.shared.counters
    }
}
