//! Recomputation instead of residuals.

use std::sync::Arc;

use jaxrs_data::{Literal, Result, SmallVec, Type, smallvec};

use super::call::{self, without_tangents};
use crate::lower::Lowering;
use crate::prims::Primitive;
use crate::rules::program;
use crate::{
    Batched, Cx, Jaxpr, Jvp, LinearizedJaxpr, Operand, Param, ParamReader, Params, Prim, Tangent,
    Value,
};

/// A program (printed as `remat2`) of which reverse mode keeps the operands only, and computes again what it
/// needs.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Checkpoint {
    /// The program.
    pub jaxpr: Arc<Jaxpr>,
    /// Where the program is the derivative of another: of which. It takes that one's inputs and the
    /// tangents of some of them, and gives the tangents of its results; it is transposed by linearizing
    /// the other one, whose loops and branches would otherwise have to be taken apart.
    pub derivative_of: Option<Arc<Derivative>>,
}

/// See [`Checkpoint::derivative_of`].
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Derivative {
    /// The program that was differentiated.
    pub jaxpr: Arc<Jaxpr>,
    /// With respect to which inputs.
    pub has_tangent: Vec<bool>,
    /// Of which results the tangents are given.
    pub out_has_tangent: Vec<bool>,
}

impl Checkpoint {
    /// A program that is computed again when it is needed.
    pub fn new(jaxpr: Arc<Jaxpr>) -> Checkpoint {
        Checkpoint { jaxpr, derivative_of: None }
    }

    fn of(jaxpr: Arc<Jaxpr>) -> Prim {
        Checkpoint::new(jaxpr).into()
    }
}

impl Primitive for Checkpoint {
    fn name(&self) -> &'static str {
        "remat2"
    }

    fn params(&self) -> Params {
        vec![("jaxpr", Param::Jaxpr(self.jaxpr.clone()))]
    }

    fn parse(name: &str, params: &[(String, Param)]) -> Option<Result<Checkpoint>> {
        (name == "remat2")
            .then(|| Ok(Checkpoint::new(ParamReader::new("remat2", params).jaxpr("jaxpr")?)))
    }

    fn programs(&self) -> SmallVec<[&Arc<Jaxpr>; 2]> {
        smallvec![&self.jaxpr]
    }

    fn output_types(&self, inputs: &[Type]) -> Result<SmallVec<[Type; 2]>> {
        program::output_types("remat2", &self.jaxpr, inputs)
    }

    fn evaluate(&self, inputs: &[Literal]) -> Result<SmallVec<[Literal; 2]>> {
        program::evaluate(&self.jaxpr, inputs)
    }

    fn jvp(&self, cx: Cx<'_>, primals: &[Value], tangents: &[Tangent]) -> Result<Jvp> {
        call::jvp(cx, &self.jaxpr, primals, tangents, Checkpoint::of)
    }

    fn linearize(
        &self,
        primal: Cx<'_>,
        linear: Cx<'_>,
        primals: &[Value],
        tangents: &[Tangent],
    ) -> Result<Option<Jvp>> {
        let has_tangent = program::nonzero(tangents);
        let outputs = primal.bind(&self.clone().into(), primals)?;
        let parts = primal.linearize_jaxpr(&self.jaxpr, &has_tangent, &[])?;
        if !parts.has_tangent.contains(&true) {
            return Ok(Some(without_tangents(outputs)));
        }
        let operands: SmallVec<[Value; 4]> =
            primals.iter().cloned().chain(program::values(tangents)).collect();
        let types: Vec<Type> = operands.iter().map(|value| value.ty().clone()).collect();
        let (n_primals, n_outputs) = (primals.len(), outputs.len());
        let derivative = primal.stage(&types, &mut |cx, values| {
            let (primals, tangents) = values.split_at(n_primals);
            recompute(cx, &parts, &parts.linear, n_outputs, primals, tangents)
        })?;
        let out_has_tangent = parts.has_tangent.clone();
        let of = Derivative { jaxpr: self.jaxpr.clone(), has_tangent, out_has_tangent };
        let prim =
            Checkpoint { jaxpr: program::live(&derivative), derivative_of: Some(Arc::new(of)) };
        let found = linear.bind(&prim.into(), &operands)?;
        let tangents = program::spread(&outputs, found, &parts.has_tangent);
        Ok(Some(Jvp { primals: outputs, tangents }))
    }

    fn transpose(
        &self,
        cx: Cx<'_>,
        inputs: &[Operand],
        cotangents: &[Tangent],
    ) -> Result<SmallVec<[Tangent; 4]>> {
        // Only as it was recorded: linear in the tangents, and in nothing else.
        let is_linear = program::linear(inputs);
        let as_recorded = |of: &&Arc<Derivative>| {
            let n_primals = of.jaxpr.invars.len();
            is_linear.iter().enumerate().all(|(k, &is_linear)| is_linear == (k >= n_primals))
        };
        match self.derivative_of.as_ref().filter(as_recorded) {
            Some(derivative) => self.transpose_derivative(cx, derivative, inputs, cotangents),
            None => call::transpose(cx, &self.jaxpr, inputs, cotangents, Checkpoint::of),
        }
    }

    fn batch(
        &self,
        cx: Cx<'_>,
        size: usize,
        inputs: &[Value],
        axes: &[Option<usize>],
    ) -> Result<Batched> {
        call::batch(cx, &self.jaxpr, size, inputs, axes, Checkpoint::of)
    }

    fn lowering(&self, _inputs: &[Type]) -> Lowering {
        Lowering::Inline
    }

    #[cfg(any(test, feature = "testing"))]
    fn samples() -> Vec<crate::prims::Sample> {
        vec![super::sample::of_program(Checkpoint::new)]
    }
}

impl Checkpoint {
    /// The transpose of a derivative: computes again what residuals need, then goes backwards.
    fn transpose_derivative(
        &self,
        cx: Cx<'_>,
        derivative: &Derivative,
        inputs: &[Operand],
        cotangents: &[Tangent],
    ) -> Result<SmallVec<[Tangent; 4]>> {
        let Derivative { jaxpr, has_tangent, out_has_tangent } = derivative;
        let parts = cx.linearize_jaxpr(jaxpr, has_tangent, out_has_tangent)?;
        let mut nonzero = program::nonzero(cotangents).into_iter();
        let wanted: Vec<bool> = out_has_tangent
            .iter()
            .map(|&has_tangent| has_tangent && nonzero.next().unwrap_or(false))
            .collect();
        let wanted = program::chosen(&wanted, &parts.has_tangent);
        let linear = program::with_outputs(&parts.linear, &wanted);
        let backward = cx.transpose_jaxpr(&linear, parts.residuals.len())?;
        let mut operands = program::known(inputs);
        let n_known = operands.len();
        operands.extend(program::values(cotangents));
        let types: Vec<Type> = operands.iter().map(|value| value.ty().clone()).collect();
        let n_outputs = derivative.jaxpr.outputs.len();
        let both = cx.stage(&types, &mut |cx, values| {
            let (primals, cotangents) = values.split_at(n_known);
            recompute(cx, &parts, &backward, n_outputs, primals, cotangents)
        })?;
        let found = cx.bind(&Checkpoint::of(program::live(&both)), &operands)?;
        Ok(program::cotangents(inputs, found))
    }
}

/// Computes the residuals of a linearized program again, and applies a program to them and further
/// values.
fn recompute(
    cx: Cx<'_>,
    parts: &LinearizedJaxpr,
    then: &Jaxpr,
    n_outputs: usize,
    primals: &[Value],
    further: &[Value],
) -> Result<Vec<Value>> {
    let outputs = cx.eval_jaxpr(&parts.primal, primals)?;
    let mut operands = program::residuals(&parts.residuals, primals, &outputs[n_outputs..]);
    operands.extend_from_slice(further);
    cx.eval_jaxpr(then, &operands)
}
