//! The rules that each primitive has.

use std::fmt;
use std::sync::Arc;

use jaxrs_data::{Error, Literal, Result, SmallVec, Type};
use jaxrs_kernel::ValueId;

#[cfg(any(test, feature = "testing"))]
use super::Sample;
use super::not_linear;
use crate::lower::{Elements, Lowering, Steps};
use crate::{
    Batched, Cx, Effect, Jaxpr, Jvp, MappedAxis, Operand, Outputs, Params, Tangent, Value,
};

/// The rules of a primitive: what it means to each part of the system.
pub trait Primitive: fmt::Debug {
    /// The name in printed programs; JAX's, where JAX has the operation.
    fn name(&self) -> &'static str;

    /// The parameters, for printing.
    fn params(&self) -> Params {
        Params::new()
    }

    /// Reads the primitive back from its printed name and parameters; `None` if the name belongs to
    /// another family.
    fn parse(name: &str, params: &[(String, crate::Param)]) -> Option<Result<Self>>
    where
        Self: Sized;

    /// The types of the results. This is where operands are checked: everything after relies on it.
    fn output_types(&self, inputs: &[Type]) -> Result<SmallVec<[Type; 2]>>;

    /// The results, plainly computed: the definition that all else is tested against.
    fn evaluate(&self, inputs: &[Literal]) -> Result<SmallVec<[Literal; 2]>>;

    /// The same, where the caller runs the programs of loops and branches.
    fn evaluate_with(
        &self,
        inputs: &[Literal],
        _run: RunProgram<'_>,
    ) -> Result<SmallVec<[Literal; 2]>> {
        self.evaluate(inputs)
    }

    /// Results and their tangents, from operands and theirs. At least one tangent is not zero.
    fn jvp(&self, cx: Cx<'_>, primals: &[Value], tangents: &[Tangent]) -> Result<Jvp>;

    /// As `jvp`, with operations on tangents kept apart: what `linear` records is a linear program,
    /// into which values of `primal` enter as residuals. `None` means that the jvp rule will do, each
    /// of its operations going where its operands come from. Primitives that hold programs have one.
    fn linearize(
        &self,
        _primal: Cx<'_>,
        _linear: Cx<'_>,
        _primals: &[Value],
        _tangents: &[Tangent],
    ) -> Result<Option<Jvp>> {
        Ok(None)
    }

    /// The results, where some operands belong to a linear program, and which of them depend on one: they
    /// are from `linear`, the others from `primal`. `None` means that all depend on one. Primitives that
    /// hold programs have such a rule; a call is replaced by what it calls.
    fn split(
        &self,
        _primal: Cx<'_>,
        _linear: Cx<'_>,
        _inputs: &[Value],
        _is_linear: &[bool],
    ) -> Result<Option<(Outputs, Vec<bool>)>> {
        Ok(None)
    }

    /// Cotangents of the linear operands, from those of the results. Known operands get a zero. At
    /// least one operand is linear and one cotangent not zero. Most primitives are linear in nothing.
    fn transpose(
        &self,
        _cx: Cx<'_>,
        _inputs: &[Operand],
        _cotangents: &[Tangent],
    ) -> Result<SmallVec<[Tangent; 4]>> {
        Err(not_linear(self))
    }

    /// Results for `size` examples at once, which lie along the given axis of each operand that has one.
    /// At least one has.
    fn batch(
        &self,
        cx: Cx<'_>,
        size: usize,
        inputs: &[Value],
        axes: &[Option<usize>],
    ) -> Result<Batched>;

    /// The axes of examples that it speaks of by name; only collectives have some.
    fn axis_names(&self) -> &[Arc<str>] {
        &[]
    }

    /// As `batch`, where the axis of the examples is one of `axis_names`. There may be no operand that has
    /// it.
    fn batch_collective(
        &self,
        _cx: Cx<'_>,
        _axis: &MappedAxis,
        _inputs: &[Value],
        _axes: &[Option<usize>],
    ) -> Result<Batched> {
        Err(Error::internal(format_args!("{} is no collective", self.name())))
    }

    /// How it becomes a kernel program.
    fn lowering(&self, inputs: &[Type]) -> Lowering;

    /// One element of a result; for [`Lowering::Elements`] and [`Lowering::Reduction`].
    fn element(
        &self,
        _cx: &mut dyn Elements,
        _output: usize,
        _index: &[ValueId],
    ) -> Result<ValueId> {
        Err(Error::internal(format_args!("{} has no element rule", self.name())))
    }

    /// The steps that compute the results; for [`Lowering::Steps`] and [`Lowering::Update`].
    fn steps(&self, _cx: &mut dyn Steps) -> Result<()> {
        Err(Error::internal(format_args!("{} has no rule for steps", self.name())))
    }

    /// The results, by other primitives; for [`Lowering::Composed`]. It transforms no programs and uses no
    /// values but the operands and scalar constants.
    fn compose(&self, _cx: Cx<'_>, _inputs: &[Value]) -> Result<Outputs> {
        Err(Error::internal(format_args!("{} is not composed", self.name())))
    }

    /// The programs that it holds and runs.
    fn programs(&self) -> SmallVec<[&Arc<Jaxpr>; 2]> {
        SmallVec::new()
    }

    /// What it does beside computing its results: what the programs do that it runs, unless it has an
    /// effect of its own.
    fn effect(&self) -> Effect {
        let effects = self.programs().into_iter().map(|jaxpr| jaxpr.effect());
        effects.max().unwrap_or_default()
    }

    /// Roughly what computing one element costs, in additions, operands not counted.
    fn cost(&self) -> u32 {
        1
    }

    /// Whether examples that lie together give other results than each alone: those of generators that
    /// draw for all examples from one stream.
    fn mixes_examples(&self, _inputs: &[Type]) -> bool {
        false
    }

    /// Applications to try every rule on: for each member of the family, every element type that it
    /// takes, with empty shapes, size-1 axes, NaN, infinities, ±0 and ties among the values.
    #[cfg(any(test, feature = "testing"))]
    fn samples() -> Vec<Sample>
    where
        Self: Sized;
}

/// What computes the results of a program.
pub type RunProgram<'a> = &'a mut dyn FnMut(&Jaxpr, &[Literal]) -> Result<Vec<Literal>>;
