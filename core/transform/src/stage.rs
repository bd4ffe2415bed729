//! Staging: from functions to programs.

use std::borrow::Cow;
use std::sync::Arc;

use jaxrs_data::{Error, Literal, Result, SmallVec, Type, bail};
use jaxrs_ir::{Atom, Context as _, Eqn, Jaxpr, Outputs, Prim, Tangent, Value, VarId};
use parking_lot::Mutex;
use rustc_hash::FxHashMap;

use crate::frame::{Active, Kind, check_count, during};
use crate::portable::{is_silent, printing};
use crate::tracer::{Data, Origin};
use crate::{Function, Ref, Scope, reference};

/// The program that a stage has recorded so far; nothing once it finished.
#[derive(Default)]
pub(crate) struct Stage(Mutex<Option<Builder>>);

#[derive(Default)]
struct Builder {
    jaxpr: Jaxpr,
    arguments: Vec<VarId>,
    /// Values from outside that the program uses, and their variables.
    consts: Vec<(VarId, Value)>,
    /// The variable of a captured value. Values are kept in `consts`, so that identities stay theirs.
    captured: FxHashMap<usize, VarId>,
    /// References from outside that the program uses.
    references: Vec<Reference>,
}

/// A reference that a program takes and gives the value of.
struct Reference {
    reference: Ref,
    argument: VarId,
    /// What was written last.
    value: Value,
}

impl Builder {
    fn capture(&mut self, value: &Value) -> VarId {
        if let Some(&var) = self.captured.get(&value.identity()) {
            return var;
        }
        let var = self.jaxpr.fresh_var(value.ty().clone());
        self.captured.insert(value.identity(), var);
        self.consts.push((var, value.clone()));
        var
    }
}

impl Stage {
    pub(crate) fn new() -> Stage {
        Stage(Mutex::new(Some(Builder::default())))
    }

    /// Forgets the program.
    pub(crate) fn discard(&self) {
        // Values that were captured may be tracers, whose drop must not find the lock taken.
        let builder = self.0.lock().take();
        drop(builder);
    }

    /// The arguments that a variable depends on.
    pub(crate) fn arguments_behind(&self, var: VarId) -> Vec<usize> {
        let guard = self.0.lock();
        let Some(builder) = &*guard else { return Vec::new() };
        let mut needed = vec![false; builder.jaxpr.types.len()];
        needed[var.0 as usize] = true;
        for eqn in builder.jaxpr.eqns.iter().rev() {
            if eqn.outputs.iter().any(|out| needed[out.0 as usize]) {
                for atom in &eqn.inputs {
                    if let Atom::Var(var) = atom {
                        needed[var.0 as usize] = true;
                    }
                }
            }
        }
        let arguments = builder.arguments.iter().enumerate();
        arguments.filter(|(_, var)| needed[var.0 as usize]).map(|(k, _)| k).collect()
    }
}

fn closed() -> Error {
    Error::new(jaxrs_data::ErrorKind::TracerEscaped, "the trace finished while it was used")
}

impl Scope {
    fn stage(&self) -> Result<&Stage> {
        match &self.frame.kind {
            Kind::Stage(stage) => Ok(stage),
            _ => Err(Error::internal("this scope does not stage")),
        }
    }

    /// Adds an argument to the program being staged.
    pub(crate) fn add_argument(&self, ty: &Type) -> Result<Value> {
        let mut guard = self.stage()?.0.lock();
        let builder = guard.as_mut().ok_or_else(closed)?;
        let var = builder.jaxpr.fresh_var(ty.clone());
        builder.arguments.push(var);
        let origin = Origin::Argument(builder.arguments.len() - 1);
        drop(guard);
        Ok(self.frame.tracer(ty.clone(), Data::Var(var), origin))
    }

    /// The operand that a value is in the program being staged.
    fn atom(&self, builder: &mut Builder, user: &str, value: &Value) -> Result<Atom> {
        if let Some(tracer) = self.frame.own(user, value)? {
            return match tracer.data {
                Data::Var(var) => Ok(Atom::Var(var)),
                _ => Err(Error::internal("a stage's tracer is no variable")),
            };
        }
        match value.downcast_ref::<Literal>() {
            Some(literal) if literal.ty().rank() == 0 => Ok(Atom::Literal(literal.clone())),
            _ => Ok(Atom::Var(builder.capture(value))),
        }
    }

    /// Values, with arrays for zeros that have none.
    fn without_symbolic_zeros<'v>(&self, values: &'v [Value]) -> Result<Cow<'v, [Value]>> {
        if !values.iter().any(Value::is_symbolic_zero) {
            return Ok(values.into());
        }
        let array = |value: &Value| match value.is_symbolic_zero() {
            true => Tangent::Zero(value.ty().clone()).instantiate(self),
            false => Ok(value.clone()),
        };
        values.iter().map(array).collect()
    }

    /// Records one operation.
    pub(crate) fn record(&self, prim: &Prim, inputs: &[Value]) -> Result<Outputs> {
        self.frame.check_open(prim.name())?;
        let inputs = &self.without_symbolic_zeros(inputs)?;
        let in_types: SmallVec<[Type; 4]> = inputs.iter().map(|v| v.ty().clone()).collect();
        let out_types = prim.output_types(&in_types)?;
        let mut guard = self.stage()?.0.lock();
        let builder = guard.as_mut().ok_or_else(closed)?;
        let mut atoms = SmallVec::new();
        for value in inputs.iter() {
            atoms.push(self.atom(builder, prim.name(), value)?);
        }
        let outputs: SmallVec<[VarId; 2]> =
            out_types.iter().map(|ty| builder.jaxpr.fresh_var(ty.clone())).collect();
        builder.jaxpr.eqns.push(Eqn {
            prim: prim.clone(),
            inputs: atoms,
            outputs: outputs.clone(),
            name_stack: self.names.clone(),
        });
        drop(guard);
        let origin = Origin::Made(prim.name());
        let tracer = |(var, ty)| self.frame.tracer(ty, Data::Var(var), origin);
        Ok(outputs.into_iter().zip(out_types).map(tracer).collect())
    }

    /// The value of a reference from outside, in the program being staged.
    pub(crate) fn state_of(&self, reference: &Ref) -> Result<Value> {
        let mut guard = self.stage()?.0.lock();
        let builder = guard.as_mut().ok_or_else(closed)?;
        if let Some(known) = builder.references.iter().find(|r| r.reference.is_same(reference)) {
            return Ok(known.value.clone());
        }
        let ty = reference.ty().clone();
        let argument = builder.jaxpr.fresh_var(ty.clone());
        let value = self.frame.tracer(ty, Data::Var(argument), Origin::Made("ref"));
        let reference = reference.clone();
        builder.references.push(Reference { reference, argument, value: value.clone() });
        Ok(value)
    }

    /// Makes a value that of a reference from outside.
    pub(crate) fn set_state_of(&self, reference: &Ref, value: Value) -> Result<()> {
        self.state_of(reference)?;
        let mut guard = self.stage()?.0.lock();
        let builder = guard.as_mut().ok_or_else(closed)?;
        let known = builder.references.iter_mut().find(|r| r.reference.is_same(reference));
        let old = known.map(|known| std::mem::replace(&mut known.value, value));
        // A tracer's drop must not find the lock taken.
        drop(guard);
        drop(old);
        Ok(())
    }

    /// Ends the stage with these results: the program and the values of its constants.
    pub(crate) fn finish_stage(&self, outputs: &[Value]) -> Result<(Jaxpr, Vec<Value>)> {
        let (jaxpr, consts, references) = self.finish_stage_with_refs(outputs)?;
        match references.first() {
            None => Ok((jaxpr, consts)),
            Some(reference) => bail!(
                Unimplemented,
                "a derivative or batching rule in trace '{}' uses a {reference} from outside",
                self.frame.name
            ),
        }
    }

    /// As `finish_stage`, with the references from outside that were used: the program takes their values after
    /// its arguments, and gives new ones after its results.
    fn finish_stage_with_refs(&self, outputs: &[Value]) -> Result<(Jaxpr, Vec<Value>, Vec<Ref>)> {
        let outputs = &self.without_symbolic_zeros(outputs)?;
        let mut guard = self.stage()?.0.lock();
        let mut builder = guard.take().ok_or_else(closed)?;
        drop(guard);
        let mut atoms = Vec::with_capacity(outputs.len());
        for value in outputs.iter() {
            atoms.push(self.atom(&mut builder, "a result", value)?);
        }
        let references = std::mem::take(&mut builder.references);
        for known in &references {
            atoms.push(self.atom(&mut builder, "a reference", &known.value)?);
        }
        let Builder { mut jaxpr, arguments, consts, .. } = builder;
        jaxpr.n_consts = consts.len();
        let states = references.iter().map(|known| known.argument);
        jaxpr.invars = consts.iter().map(|(var, _)| *var).chain(arguments).chain(states).collect();
        jaxpr.outputs = atoms;
        let references = references.into_iter().map(|known| known.reference).collect();
        Ok((jaxpr, consts.into_iter().map(|(_, value)| value).collect(), references))
    }

    /// Begins a stage below this scope.
    pub(crate) fn enter_stage(&self, name: &Arc<str>) -> Active {
        self.enter(Kind::Stage(Stage::new()), name)
    }

    /// Stages a function of values of these types. Values of this scope and of those around it that the
    /// function uses become constants.
    pub(crate) fn trace(&self, function: &Function, types: &[Type]) -> Result<ClosedJaxpr> {
        let (closed, refs) = self.trace_with_refs(function, types)?;
        reference::refuse(function, &refs)?;
        Ok(closed)
    }

    /// As `trace`, of a function that may use references from outside: the program takes their values after the
    /// arguments, and gives new ones after the results.
    pub(crate) fn trace_with_refs(
        &self,
        function: &Function,
        types: &[Type],
    ) -> Result<(ClosedJaxpr, Vec<Ref>)> {
        let stage = self.enter_stage(function.name());
        let arguments: Vec<Value> =
            types.iter().map(|ty| stage.add_argument(ty)).collect::<Result<_>>()?;
        let outputs = function.call(&stage, &arguments)?;
        let (jaxpr, consts, refs) = stage.finish_stage_with_refs(&outputs)?;
        Ok((ClosedJaxpr { jaxpr: Arc::new(jaxpr), consts }, refs))
    }
}

/// A program with the values of its constants, which are its first inputs.
#[derive(Clone, Debug)]
pub struct ClosedJaxpr {
    /// The program.
    pub jaxpr: Arc<Jaxpr>,
    /// What its constants are.
    pub consts: Vec<Value>,
}

impl ClosedJaxpr {
    /// The operands of the program for these arguments: constants first.
    pub(crate) fn operands(&self, arguments: &[Value]) -> Vec<Value> {
        self.consts.iter().chain(arguments).cloned().collect()
    }
}

/// The program that a function is for inputs of these types.
pub fn make_jaxpr(function: &Function, scope: &Scope, types: &[Type]) -> Result<ClosedJaxpr> {
    scope.trace(function, types).map_err(during("make_jaxpr", function.name()))
}

/// The types of a function's results for inputs of these types; nothing is computed.
pub fn eval_shape(function: &Function, scope: &Scope, types: &[Type]) -> Result<Vec<Type>> {
    let traced = scope.trace(function, types).map_err(during("eval_shape", function.name()))?;
    Ok(traced.jaxpr.out_types().cloned().collect())
}

/// The function that a program is. What a program from a file or from text prints goes to the log of the context in which the
/// function is called.
pub fn function_from_jaxpr(name: &str, program: ClosedJaxpr) -> Function {
    let label: Arc<str> = name.into();
    let is_silent = is_silent(&program.jaxpr);
    Function::new(label.clone(), move |scope: &Scope, inputs: &[Value]| {
        let needed = program.jaxpr.in_types().skip(program.consts.len());
        check_count(&label, needed.len(), inputs.len())?;
        for (k, (needed, got)) in needed.zip(inputs).enumerate() {
            if !needed.same_ignoring_weak(got.ty()) {
                bail!(InvalidArgument, "{label} needs {needed} as input {k}, got {}", got.ty());
            }
        }
        let sink = &scope.frame.shared.sink;
        if is_silent && sink.0.is_some() {
            return scope.eval_jaxpr(&printing(&program.jaxpr, sink), &program.operands(inputs));
        }
        scope.eval_jaxpr(&program.jaxpr, &program.operands(inputs))
    })
}
