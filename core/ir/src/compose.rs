//! Primitives that are composed of others: what their rule does, as a program.

use std::cell::RefCell;
use std::sync::Arc;

use jaxrs_data::{Error, Literal, Result, SmallVec, Type, bail};

use crate::{
    Atom, Context, Cx, Eqn, Jaxpr, JvpJaxpr, LinearizedJaxpr, Outputs, Prim, Primitive, StageBody,
    Value, ValueNode, VarId,
};

/// The program that a primitive of [`Lowering::Composed`](crate::lower::Lowering::Composed) stands for, for
/// operands of these types.
pub fn program(prim: &dyn Primitive, in_types: &[Type]) -> Result<Jaxpr> {
    record(in_types, &mut |cx, inputs| Ok(prim.compose(cx, inputs)?.into_vec()))
}

/// What such a primitive gives, by running that program.
pub fn evaluate(prim: &dyn Primitive, inputs: &[Literal]) -> Result<SmallVec<[Literal; 2]>> {
    let in_types: SmallVec<[Type; 4]> = inputs.iter().map(|input| input.ty().clone()).collect();
    Ok(crate::evaluate::evaluate(&program(prim, &in_types)?, inputs)?.into())
}

/// The program of what `body` does to inputs of these types; it transforms no programs.
pub fn record(in_types: &[Type], body: StageBody<'_>) -> Result<Jaxpr> {
    let recorder = Recorder::default();
    let variable = |ty: &Type| {
        let var = recorder.0.borrow_mut().add_invar(ty.clone());
        Value::new(Variable { ty: ty.clone(), var })
    };
    let inputs: Vec<Value> = in_types.iter().map(variable).collect();
    let outputs = body(&recorder, &inputs)?;
    let outputs = outputs.iter().map(atom).collect::<Result<Vec<Atom>>>()?;
    let mut jaxpr = recorder.0.into_inner();
    jaxpr.outputs = outputs;
    Ok(jaxpr)
}

/// The results of a program whose equations are bound in a context, one after another.
pub fn replay(cx: Cx<'_>, jaxpr: &Jaxpr, inputs: &[Value]) -> Result<Vec<Value>> {
    replay_by(jaxpr, inputs, |prim, operands| cx.bind(prim, operands))
}

/// The results of a program, each equation applied by `bind`.
pub fn replay_by<O: IntoIterator<Item = Value>>(
    jaxpr: &Jaxpr,
    inputs: &[Value],
    mut bind: impl FnMut(&Prim, &[Value]) -> Result<O>,
) -> Result<Vec<Value>> {
    if inputs.len() != jaxpr.invars.len() {
        let needed = jaxpr.invars.len();
        bail!(Internal, "a program takes {needed} inputs, got {}", inputs.len());
    }
    let mut values: Vec<Option<Value>> = vec![None; jaxpr.types.len()];
    for (var, input) in jaxpr.invars.iter().zip(inputs) {
        values[var.0 as usize] = Some(input.clone());
    }
    let read = |values: &[Option<Value>], atom: &Atom| match atom {
        Atom::Literal(literal) => Ok(Value::literal(literal.clone())),
        Atom::Var(var) => values[var.0 as usize]
            .clone()
            .ok_or_else(|| Error::internal(format_args!("v{} is used before its equation", var.0))),
    };
    for eqn in &jaxpr.eqns {
        let operands: Result<SmallVec<[Value; 4]>> =
            eqn.inputs.iter().map(|atom| read(&values, atom)).collect();
        for (var, output) in eqn.outputs.iter().zip(bind(&eqn.prim, &operands?)?) {
            values[var.0 as usize] = Some(output);
        }
    }
    jaxpr.outputs.iter().map(|atom| read(&values, atom)).collect()
}

/// A variable of the program that is being recorded.
#[derive(Debug)]
struct Variable {
    ty: Type,
    var: VarId,
}

impl ValueNode for Variable {
    fn ty(&self) -> &Type {
        &self.ty
    }
}

fn atom(value: &Value) -> Result<Atom> {
    if let Some(variable) = value.downcast_ref::<Variable>() {
        return Ok(Atom::Var(variable.var));
    }
    match value.downcast_ref::<Literal>() {
        Some(literal) if literal.ty().rank() == 0 => Ok(Atom::Literal(literal.clone())),
        _ => Err(Error::internal("a composed primitive uses a value that it was not given")),
    }
}

/// Records what is bound; it transforms nothing.
#[derive(Default)]
struct Recorder(RefCell<Jaxpr>);

fn refused<T>() -> Result<T> {
    Err(Error::internal("composed primitives do not transform programs"))
}

impl Context for Recorder {
    fn bind(&self, prim: &Prim, inputs: &[Value]) -> Result<Outputs> {
        let in_types: SmallVec<[Type; 4]> = inputs.iter().map(|value| value.ty().clone()).collect();
        let out_types = prim.output_types(&in_types)?;
        let inputs = inputs.iter().map(atom).collect::<Result<_>>()?;
        let mut jaxpr = self.0.borrow_mut();
        let variable = |ty: Type| Variable { var: jaxpr.fresh_var(ty.clone()), ty };
        let outputs: SmallVec<[Variable; 2]> = out_types.into_iter().map(variable).collect();
        let vars = outputs.iter().map(|variable| variable.var).collect();
        jaxpr.eqns.push(Eqn { prim: prim.clone(), inputs, outputs: vars, name_stack: None });
        Ok(outputs.into_iter().map(Value::new).collect())
    }

    fn eval_jaxpr(&self, jaxpr: &Jaxpr, inputs: &[Value]) -> Result<Vec<Value>> {
        replay(self, jaxpr, inputs)
    }

    fn stage(&self, in_types: &[Type], body: StageBody<'_>) -> Result<Arc<Jaxpr>> {
        record(in_types, body).map(Arc::new)
    }

    fn jvp_jaxpr(&self, _: &Arc<Jaxpr>, _: &[bool], _: &[bool]) -> Result<JvpJaxpr> {
        refused()
    }

    fn batch_jaxpr(
        &self,
        _: &Arc<Jaxpr>,
        _: usize,
        _: &[bool],
        _: &[bool],
    ) -> Result<(Arc<Jaxpr>, Vec<bool>)> {
        refused()
    }

    fn linearize_jaxpr(&self, _: &Arc<Jaxpr>, _: &[bool], _: &[bool]) -> Result<LinearizedJaxpr> {
        refused()
    }

    fn transpose_jaxpr(&self, _: &Arc<Jaxpr>, _: usize) -> Result<Arc<Jaxpr>> {
        refused()
    }
}
