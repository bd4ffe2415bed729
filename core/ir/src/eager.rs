//! A context that evaluates at once, for tests of rules.

use std::sync::Arc;

use jaxrs_data::{Error, Literal, Result, Type};

use crate::{
    Context, Jaxpr, JvpJaxpr, LinearizedJaxpr, Outputs, Prim, StageBody, Value, compose, evaluate,
};

/// Evaluates primitives as they are bound, and checks that results have the types that were announced.
pub(crate) struct Eager;

pub(crate) fn literal(value: &Value) -> &Literal {
    value.downcast_ref().expect("eager values are literals")
}

pub(crate) fn values(literals: &[Literal]) -> Vec<Value> {
    literals.iter().cloned().map(Value::literal).collect()
}

impl Context for Eager {
    fn bind(&self, prim: &Prim, inputs: &[Value]) -> Result<Outputs> {
        let literals: Vec<Literal> = inputs.iter().map(|value| literal(value).clone()).collect();
        let types: Vec<Type> = literals.iter().map(|literal| literal.ty().clone()).collect();
        let announced = prim.output_types(&types)?;
        let results = prim.evaluate(&literals)?;
        let got: Vec<&Type> = results.iter().map(Literal::ty).collect();
        assert!(announced.iter().eq(got.iter().copied()), "{prim:?} of {types:?} gave {got:?}");
        Ok(results.into_iter().map(Value::literal).collect())
    }

    fn stage(&self, in_types: &[Type], body: StageBody<'_>) -> Result<Arc<Jaxpr>> {
        compose::record(in_types, body).map(Arc::new)
    }

    fn jvp_jaxpr(&self, _: &Arc<Jaxpr>, _: &[bool], _: &[bool]) -> Result<JvpJaxpr> {
        Err(Error::internal("eager evaluation does not transform programs"))
    }

    fn batch_jaxpr(
        &self,
        _: &Arc<Jaxpr>,
        _: usize,
        _: &[bool],
        _: &[bool],
    ) -> Result<(Arc<Jaxpr>, Vec<bool>)> {
        Err(Error::internal("eager evaluation does not transform programs"))
    }

    fn linearize_jaxpr(&self, _: &Arc<Jaxpr>, _: &[bool], _: &[bool]) -> Result<LinearizedJaxpr> {
        Err(Error::internal("eager evaluation does not transform programs"))
    }

    fn transpose_jaxpr(&self, _: &Arc<Jaxpr>, _: usize) -> Result<Arc<Jaxpr>> {
        Err(Error::internal("eager evaluation does not transform programs"))
    }

    fn eval_jaxpr(&self, jaxpr: &Jaxpr, inputs: &[Value]) -> Result<Vec<Value>> {
        let literals: Vec<Literal> = inputs.iter().map(|value| literal(value).clone()).collect();
        Ok(values(&evaluate::evaluate(jaxpr, &literals)?))
    }
}
