//! Functions with their own reverse derivative.

use std::sync::Arc;

use jaxrs_data::{
    DType, Error, ErrorKind, Literal, Result, Scalar, SmallVec, Type, bail, smallvec,
};

use super::super::call;
use super::Rule;
use crate::lower::Lowering;
use crate::prims::{Primitive, not_differentiable};
use crate::rules::program;
use crate::{Batched, Cx, Jaxpr, Jvp, Operand, Param, ParamReader, Params, Tangent, Value};

/// A function with its own reverse derivative: `custom_vjp_call(consts…, args…)`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct CustomVjp {
    /// `(consts…, args…) → results…`.
    pub call_jaxpr: Arc<Jaxpr>,
    /// `args… → (results…, residuals…)`.
    pub fwd: Rule,
    /// `(residuals…, cotangents of results…) → cotangents of args…`.
    pub bwd: Rule,
    /// The number of values that the function captured, which have no derivative.
    pub num_consts: usize,
    /// Whether `fwd` gets, behind the arguments, truth values that say which of them move, and `bwd` gets
    /// known zeros as such.
    pub symbolic_zeros: bool,
}

impl CustomVjp {
    /// The refusal of forward mode.
    #[cold]
    pub fn refuse_jvp(name: &str) -> Error {
        Error::new(
            ErrorKind::Unimplemented,
            format_args!(
                "forward-mode differentiation (jvp) cannot be applied to '{name}', which has a custom_vjp"
            ),
        )
    }

    /// Of each argument whether it moves.
    pub fn perturbed(tangents: &[Tangent]) -> impl Iterator<Item = Value> + '_ {
        let truth = |tangent: &Tangent| {
            Value::literal(Literal::scalar(DType::Bool, Scalar::Bool(!tangent.is_zero())))
        };
        tangents.iter().map(truth)
    }

    /// Checks how many values a forward rule gave.
    pub fn check_fwd(name: &str, n_outputs: usize, got: usize) -> Result<()> {
        if got < n_outputs {
            bail!(
                InvalidArgument,
                "the forward rule of '{name}' must give {n_outputs} results and residuals, got {got} values in all"
            );
        }
        Ok(())
    }
}

impl Primitive for CustomVjp {
    fn name(&self) -> &'static str {
        "custom_vjp_call"
    }

    fn params(&self) -> Params {
        let mut params = self.bwd.params("bwd", "bwd_jaxpr");
        params.push(("call_jaxpr", Param::Jaxpr(self.call_jaxpr.clone())));
        params.extend(self.fwd.params("fwd", "fwd_jaxpr"));
        params.extend([
            ("num_consts", Param::size(self.num_consts)),
            ("symbolic_zeros", Param::Bool(self.symbolic_zeros)),
        ]);
        params
    }

    fn parse(name: &str, params: &[(String, Param)]) -> Option<Result<CustomVjp>> {
        (name == "custom_vjp_call").then(|| {
            let params = ParamReader::new("custom_vjp_call", params);
            Ok(CustomVjp {
                call_jaxpr: params.jaxpr("call_jaxpr")?,
                fwd: Rule::read(&params, "fwd", "fwd_jaxpr")?,
                bwd: Rule::read(&params, "bwd", "bwd_jaxpr")?,
                num_consts: params.size("num_consts")?,
                symbolic_zeros: params.bool("symbolic_zeros")?,
            })
        })
    }

    fn programs(&self) -> SmallVec<[&Arc<Jaxpr>; 2]> {
        smallvec![&self.call_jaxpr]
    }

    fn output_types(&self, inputs: &[Type]) -> Result<SmallVec<[Type; 2]>> {
        program::output_types("custom_vjp_call", &self.call_jaxpr, inputs)
    }

    fn evaluate(&self, inputs: &[Literal]) -> Result<SmallVec<[Literal; 2]>> {
        program::evaluate(&self.call_jaxpr, inputs)
    }

    fn jvp(&self, cx: Cx<'_>, primals: &[Value], tangents: &[Tangent]) -> Result<Jvp> {
        if program::nonzero(&tangents[self.num_consts..]).contains(&true) {
            return Err(CustomVjp::refuse_jvp(self.fwd.name()));
        }
        Ok(call::without_tangents(cx.bind(&self.clone().into(), primals)?))
    }

    fn linearize(
        &self,
        primal: Cx<'_>,
        linear: Cx<'_>,
        primals: &[Value],
        tangents: &[Tangent],
    ) -> Result<Option<Jvp>> {
        let (args, tangents) = (&primals[self.num_consts..], &tangents[self.num_consts..]);
        if !program::nonzero(tangents).contains(&true) {
            let outputs = primal.bind(&self.clone().into(), primals)?;
            return Ok(Some(call::without_tangents(outputs)));
        }
        let mut args = args.to_vec();
        if self.symbolic_zeros {
            args.extend(CustomVjp::perturbed(tangents));
        }
        let mut outputs = primal.call_rule(&self.fwd, &args)?;
        let n_outputs = self.call_jaxpr.outputs.len();
        CustomVjp::check_fwd(self.fwd.name(), n_outputs, outputs.len())?;
        let residuals = outputs.split_off(n_outputs);
        let types = outputs.iter().map(|value| value.ty().clone()).collect();
        let bwd = (self.bwd.clone(), self.symbolic_zeros);
        let found = CustomLinear::bind(linear, bwd, types, &residuals, tangents)?;
        let tangents = found.into_iter().map(Tangent::Value).collect();
        Ok(Some(Jvp { primals: outputs.into(), tangents }))
    }

    fn batch(
        &self,
        cx: Cx<'_>,
        size: usize,
        inputs: &[Value],
        axes: &[Option<usize>],
    ) -> Result<Batched> {
        let (inputs, flags) = program::batched_first(cx, inputs, axes)?;
        let all = vec![true; self.call_jaxpr.outputs.len()];
        let (call_jaxpr, _) = cx.batch_jaxpr(&self.call_jaxpr, size, &flags, &all)?;
        let args = &flags[self.num_consts..];
        let shared: Vec<bool> = args.iter().map(|batched| !batched).collect();
        let mut of_fwd = args.to_vec();
        if self.symbolic_zeros {
            of_fwd.extend(args.iter().map(|_| false));
        }
        let prim = CustomVjp {
            call_jaxpr,
            fwd: cx.batch_rule(&self.fwd, size, &of_fwd, &[])?,
            bwd: cx.batch_rule(&self.bwd, size, &[], &shared)?,
            num_consts: self.num_consts,
            symbolic_zeros: self.symbolic_zeros,
        };
        Ok(Batched { outputs: cx.bind(&prim.into(), &inputs)?, axes: program::leading(&all) })
    }

    fn lowering(&self, _inputs: &[Type]) -> Lowering {
        Lowering::Inline
    }

    #[cfg(any(test, feature = "testing"))]
    fn samples() -> Vec<crate::prims::Sample> {
        // Rules that are known by their names only cannot be applied.
        let prim = |call_jaxpr| CustomVjp {
            call_jaxpr,
            fwd: Rule::named("f_fwd"),
            bwd: Rule::named("f_bwd"),
            num_consts: 0,
            symbolic_zeros: false,
        };
        let sample = super::super::sample::of_program(prim);
        vec![crate::prims::Sample { smooth: false, ..sample }]
    }
}

/// The linear part of a [`CustomVjp`]: `custom_lin(residuals…, tangents…)` stands for the tangents of the
/// results, and exists only to be transposed.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct CustomLinear {
    /// As in [`CustomVjp`].
    pub bwd: Rule,
    /// How many of the operands are residuals.
    pub num_residuals: usize,
    /// Which arguments of the function have a tangent here.
    pub has_tangent: Vec<bool>,
    /// The types of the results.
    pub out_types: Vec<Type>,
    /// As in [`CustomVjp`].
    pub symbolic_zeros: bool,
}

impl CustomLinear {
    /// The tangents of results, for those of arguments; `bwd` is the rule, and whether it gets known zeros
    /// as such.
    pub fn bind(
        linear: Cx<'_>,
        (bwd, symbolic_zeros): (Rule, bool),
        out_types: Vec<Type>,
        residuals: &[Value],
        tangents: &[Tangent],
    ) -> Result<SmallVec<[Value; 2]>> {
        let num_residuals = residuals.len();
        let has_tangent = program::nonzero(tangents);
        let prim = CustomLinear { bwd, num_residuals, has_tangent, out_types, symbolic_zeros };
        let operands: SmallVec<[Value; 4]> =
            residuals.iter().cloned().chain(program::values(tangents)).collect();
        linear.bind(&prim.into(), &operands)
    }
}

impl Primitive for CustomLinear {
    fn name(&self) -> &'static str {
        "custom_lin"
    }

    fn params(&self) -> Params {
        vec![
            ("bwd", Param::Name(self.bwd.name().to_owned())),
            ("num_res", Param::size(self.num_residuals)),
            ("symbolic_zeros", Param::Bool(self.symbolic_zeros)),
        ]
    }

    fn parse(name: &str, params: &[(String, Param)]) -> Option<Result<CustomLinear>> {
        (name == "custom_lin").then(|| {
            let params = ParamReader::new("custom_lin", params);
            Err(params.error(format_args!("does not stand in complete programs")))
        })
    }

    fn output_types(&self, _inputs: &[Type]) -> Result<SmallVec<[Type; 2]>> {
        Ok(self.out_types.iter().cloned().collect())
    }

    fn evaluate(&self, _inputs: &[Literal]) -> Result<SmallVec<[Literal; 2]>> {
        Err(CustomVjp::refuse_jvp(self.bwd.name()))
    }

    fn jvp(&self, _cx: Cx<'_>, _primals: &[Value], _tangents: &[Tangent]) -> Result<Jvp> {
        Err(not_differentiable(self))
    }

    fn transpose(
        &self,
        cx: Cx<'_>,
        inputs: &[Operand],
        cotangents: &[Tangent],
    ) -> Result<SmallVec<[Tangent; 4]>> {
        let mut operands = program::known(&inputs[..self.num_residuals]);
        for cotangent in cotangents {
            operands.push(cotangent.for_rule(cx, self.symbolic_zeros)?);
        }
        let found = cx.call_rule(&self.bwd, &operands)?;
        let found = program::chosen(&found, &self.has_tangent).into_iter();
        let known = inputs[..self.num_residuals].iter().map(|x| Tangent::Zero(x.ty().clone()));
        Ok(known.chain(found.map(Tangent::from_rule)).collect())
    }

    fn batch(
        &self,
        cx: Cx<'_>,
        size: usize,
        inputs: &[Value],
        axes: &[Option<usize>],
    ) -> Result<Batched> {
        let (mut values, flags) = program::batched_first(cx, inputs, axes)?;
        for (value, flag) in values.iter_mut().zip(flags) {
            if !flag {
                *value = program::repeated(cx, size, value)?;
            }
        }
        let batched = |ty: &Type| ty.with_shape(ty.shape.with(0, size));
        let prim = CustomLinear {
            bwd: cx.batch_rule(&self.bwd, size, &[], &[])?,
            out_types: self.out_types.iter().map(batched).collect(),
            ..self.clone()
        };
        let axes = self.out_types.iter().map(|_| Some(0)).collect();
        Ok(Batched { outputs: cx.bind(&prim.into(), &values)?, axes })
    }

    fn lowering(&self, _inputs: &[Type]) -> Lowering {
        Lowering::Control
    }

    #[cfg(any(test, feature = "testing"))]
    fn samples() -> Vec<crate::prims::Sample> {
        Vec::new()
    }
}
