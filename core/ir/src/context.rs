//! All that a rule may talk to.

use std::sync::Arc;

use jaxrs_data::{Error, Result, SmallVec, Type};

use crate::prims::Rule;
use crate::{Jaxpr, Prim, Tangent, Value};

/// The results of one operation.
pub type Outputs = SmallVec<[Value; 2]>;

/// How rules are handed their context: first parameter, by reference.
pub type Cx<'a> = &'a dyn Context;

/// Where a rule's operations go: it records or runs them, and transforms sub-programs. The trace that
/// applies the rule implements it.
pub trait Context {
    /// Applies a primitive.
    fn bind(&self, prim: &Prim, inputs: &[Value]) -> Result<Outputs>;

    /// The program that computes results and tangents of `jaxpr`. It takes the primal inputs, then a
    /// tangent for each input that `has_tangent`; it gives the primal results, then a tangent for each
    /// result that has one: those that depend on an input's tangent, and those that `instantiate` asks
    /// for.
    fn jvp_jaxpr(
        &self,
        jaxpr: &Arc<Jaxpr>,
        has_tangent: &[bool],
        instantiate: &[bool],
    ) -> Result<JvpJaxpr>;

    /// The program that does `jaxpr` for `size` examples at once. Inputs that are `batched` have them
    /// along a new leading axis, and so have the results whose flag comes back set: those that depend
    /// on a batched input, and those that `force` asks for.
    fn batch_jaxpr(
        &self,
        jaxpr: &Arc<Jaxpr>,
        size: usize,
        batched: &[bool],
        force: &[bool],
    ) -> Result<(Arc<Jaxpr>, Vec<bool>)>;

    /// `jaxpr` split into a program that computes results and residuals and a linear one that computes
    /// tangents from residuals and input tangents.
    fn linearize_jaxpr(
        &self,
        jaxpr: &Arc<Jaxpr>,
        has_tangent: &[bool],
        instantiate: &[bool],
    ) -> Result<LinearizedJaxpr>;

    /// The transpose of a program that is linear in all inputs after the first `n_residuals`: from
    /// residuals and a cotangent for each result to a cotangent for each linear input (zeros are
    /// instantiated).
    fn transpose_jaxpr(&self, jaxpr: &Arc<Jaxpr>, n_residuals: usize) -> Result<Arc<Jaxpr>>;

    /// Applies a program, equation by equation.
    fn eval_jaxpr(&self, jaxpr: &Jaxpr, inputs: &[Value]) -> Result<Vec<Value>>;

    /// The program of what `body` does to inputs of these types. The body uses the context that it is
    /// given, and no values but its inputs and scalar constants.
    fn stage(&self, _in_types: &[Type], _body: StageBody<'_>) -> Result<Arc<Jaxpr>> {
        Err(Error::internal("this context cannot stage programs"))
    }

    /// Calls a derivative rule that the caller gave.
    fn call_rule(&self, rule: &Rule, _inputs: &[Value]) -> Result<Vec<Value>> {
        Err(Error::internal(format_args!("this context cannot call the rule {}", rule.name())))
    }

    /// A rule for `size` examples at once. Inputs that are `batched` have them along a new leading axis,
    /// and so have all results, but those that `summed` names: they are sums over the examples.
    fn batch_rule(
        &self,
        rule: &Rule,
        _size: usize,
        _batched: &[bool],
        _summed: &[bool],
    ) -> Result<Rule> {
        Err(Error::internal(format_args!("this context cannot batch the rule {}", rule.name())))
    }

    /// Calls a batching rule that the caller gave: results for `size` examples, and which of them have the
    /// examples along axis 0, as the inputs do that are `batched`.
    fn call_vmap_rule(
        &self,
        rule: &Rule,
        _size: usize,
        _batched: &[bool],
        _inputs: &[Value],
    ) -> Result<(Vec<Value>, Vec<bool>)> {
        Err(Error::internal(format_args!("this context cannot call the rule {}", rule.name())))
    }

    /// The derivative of a batching rule, as a batching rule of primals and tangents: tangents of inputs and
    /// results for those that have one.
    fn jvp_vmap_rule(&self, rule: &Rule, _has: &[bool], _out_has: &[bool]) -> Result<Rule> {
        Err(Error::internal(format_args!("this context cannot transform the rule {}", rule.name())))
    }
}

/// What [`Context::stage`] records.
pub type StageBody<'a> = &'a mut dyn FnMut(Cx<'_>, &[Value]) -> Result<Vec<Value>>;

/// See [`Context::jvp_jaxpr`].
#[derive(Clone, Debug)]
pub struct JvpJaxpr {
    /// `(primals…, tangents…) → (results…, tangents…)`.
    pub jaxpr: Arc<Jaxpr>,
    /// Which results have a tangent.
    pub has_tangent: Vec<bool>,
}

/// See [`Context::linearize_jaxpr`].
#[derive(Clone, Debug)]
pub struct LinearizedJaxpr {
    /// `inputs… → (results…, residuals…)`.
    pub primal: Arc<Jaxpr>,
    /// `(residuals…, tangents…) → tangents…`; tangents only of inputs and results that have one.
    pub linear: Arc<Jaxpr>,
    /// For each residual, the number of the input that it simply is, if so; such residuals are not
    /// among the results of `primal`. In order of `linear`'s residuals.
    pub residuals: Vec<Residual>,
    /// Which results have a tangent.
    pub has_tangent: Vec<bool>,
}

/// Where a residual comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Residual {
    /// It is the input of this number.
    Input(usize),
    /// It is the result of this number, counted from 0 among the residuals that `primal` gives.
    Saved(usize),
}

/// What a jvp rule gives.
pub struct Jvp {
    /// The results.
    pub primals: Outputs,
    /// Their tangents.
    pub tangents: SmallVec<[Tangent; 2]>,
}

/// The axis that examples lie along in a `vmap`, as collectives see it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct MappedAxis {
    /// The number of examples.
    pub size: usize,
    /// What collectives call it, if it has a name.
    pub name: Option<Arc<str>>,
    /// Whether examples stand for devices that run one program: then data that nobody sends is zero,
    /// where `vmap` refuses a partial permutation.
    pub is_spmd: bool,
}

impl MappedAxis {
    /// An axis without a name.
    pub fn unnamed(size: usize) -> MappedAxis {
        MappedAxis { size, name: None, is_spmd: false }
    }
}

/// What a batching rule gives.
pub struct Batched {
    /// The results.
    pub outputs: Outputs,
    /// The axis that the examples lie along, for each result that has them.
    pub axes: SmallVec<[Option<usize>; 2]>,
}

/// An operand of an operation that is being transposed.
#[derive(Clone, Debug)]
pub enum Operand {
    /// A value that the operation is not linear in, or not transposed with respect to.
    Known(Value),
    /// A linear input, of which only the type is known.
    Linear(Type),
}

impl Operand {
    /// The type.
    pub fn ty(&self) -> &Type {
        match self {
            Operand::Known(value) => value.ty(),
            Operand::Linear(ty) => ty,
        }
    }

    /// Whether this is a linear input.
    pub fn is_linear(&self) -> bool {
        matches!(self, Operand::Linear(_))
    }

    /// The value, if it is known.
    pub fn known(&self) -> Option<&Value> {
        match self {
            Operand::Known(value) => Some(value),
            Operand::Linear(_) => None,
        }
    }
}
