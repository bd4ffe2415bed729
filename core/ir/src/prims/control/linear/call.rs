//! Linear functions with a transpose of their own.

use std::sync::Arc;

use jaxrs_data::{Error, ErrorKind, Literal, Result, SmallVec, Type, bail, smallvec};

use crate::lower::Lowering;
use crate::prims::{Primitive, not_linear};
use crate::rules::program;
use crate::{Batched, Cx, Jaxpr, Jvp, Operand, Param, ParamReader, Params, Tangent, Value};

/// `linear_call(residuals…, x…)`: a program that is linear in `x`, and the program that is said to be its
/// transpose; the two change places when it is transposed.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct LinearCall {
    /// `(residuals…, x…) → y…`.
    pub callee: Arc<Jaxpr>,
    /// `(residuals…, ct y…) → ct x…`.
    pub transpose: Arc<Jaxpr>,
    /// How many residuals there are; what either program captured is among them.
    pub num_res: usize,
}

impl LinearCall {
    /// Checks that the programs go together.
    fn check(&self) -> Result<()> {
        let sizes = |jaxpr: &Jaxpr| (jaxpr.invars.len(), jaxpr.outputs.len());
        let ((n_in, n_out), (t_in, t_out)) = (sizes(&self.callee), sizes(&self.transpose));
        if n_in != self.num_res + t_out || t_in != self.num_res + n_out {
            bail!(
                InvalidArgument,
                "linear_call has {n_in} inputs ({} of them residuals) and {n_out} results, but its transpose has {t_in} and {t_out}",
                self.num_res
            );
        }
        let x = self.callee.in_types().skip(self.num_res);
        for (k, (x, ct)) in x.zip(self.transpose.out_types()).enumerate() {
            if !x.same_ignoring_weak(ct) {
                bail!(
                    Shape,
                    "linear_call needs a cotangent like {x} for linear argument {k}, got {ct}"
                );
            }
        }
        Ok(())
    }
}

impl Primitive for LinearCall {
    fn name(&self) -> &'static str {
        "linear_call"
    }

    fn params(&self) -> Params {
        vec![
            ("callee", Param::Jaxpr(self.callee.clone())),
            ("num_res", Param::size(self.num_res)),
            ("transpose", Param::Jaxpr(self.transpose.clone())),
        ]
    }

    fn parse(name: &str, params: &[(String, Param)]) -> Option<Result<LinearCall>> {
        (name == "linear_call").then(|| {
            let params = ParamReader::new("linear_call", params);
            Ok(LinearCall {
                callee: params.jaxpr("callee")?,
                transpose: params.jaxpr("transpose")?,
                num_res: params.size("num_res")?,
            })
        })
    }

    fn programs(&self) -> SmallVec<[&Arc<Jaxpr>; 2]> {
        smallvec![&self.callee, &self.transpose]
    }

    fn output_types(&self, inputs: &[Type]) -> Result<SmallVec<[Type; 2]>> {
        self.check()?;
        program::output_types("linear_call", &self.callee, inputs)
    }

    fn evaluate(&self, inputs: &[Literal]) -> Result<SmallVec<[Literal; 2]>> {
        program::evaluate(&self.callee, inputs)
    }

    fn jvp(&self, cx: Cx<'_>, primals: &[Value], tangents: &[Tangent]) -> Result<Jvp> {
        let (of_residuals, of_x) = tangents.split_at(self.num_res);
        if program::nonzero(of_residuals).contains(&true) {
            return Err(Error::new(
                ErrorKind::Unimplemented,
                "linear_call has no derivative with respect to its residual arguments",
            ));
        }
        let outputs = cx.bind(&self.clone().into(), primals)?;
        let mut operands = primals[..self.num_res].to_vec();
        for tangent in of_x {
            operands.push(tangent.instantiate(cx)?);
        }
        let tangents = cx.bind(&self.clone().into(), &operands)?;
        let tangents = tangents.into_iter().map(Tangent::Value).collect();
        Ok(Jvp { primals: outputs, tangents })
    }

    fn transpose(
        &self,
        cx: Cx<'_>,
        inputs: &[Operand],
        cotangents: &[Tangent],
    ) -> Result<SmallVec<[Tangent; 4]>> {
        let (residuals, x) = inputs.split_at(self.num_res);
        if residuals.iter().any(Operand::is_linear) {
            return Err(not_linear(self));
        }
        let mut operands = program::known(residuals);
        for cotangent in cotangents {
            operands.push(cotangent.instantiate(cx)?);
        }
        let prim = LinearCall {
            callee: self.transpose.clone(),
            transpose: self.callee.clone(),
            num_res: self.num_res,
        };
        let found = cx.bind(&prim.into(), &operands)?;
        let zero = |x: &Operand| Tangent::Zero(x.ty().clone());
        let of_x = x.iter().zip(found).map(|(x, ct)| match x {
            Operand::Linear(_) => Tangent::Value(ct),
            Operand::Known(_) => zero(x),
        });
        Ok(residuals.iter().map(zero).chain(of_x).collect())
    }

    /// Examples of what is linear are kept apart on both sides, so that the transpose stays one.
    fn batch(
        &self,
        cx: Cx<'_>,
        size: usize,
        inputs: &[Value],
        axes: &[Option<usize>],
    ) -> Result<Batched> {
        let (mut inputs, mut flags) = program::batched_first(cx, inputs, axes)?;
        for k in self.num_res..inputs.len() {
            if !flags[k] {
                inputs[k] = program::repeated(cx, size, &inputs[k])?;
                flags[k] = true;
            }
        }
        let of_residuals = &flags[..self.num_res];
        let batched = |jaxpr: &Arc<Jaxpr>| {
            let (n_in, n_out) = (jaxpr.invars.len(), jaxpr.outputs.len());
            let flags = [of_residuals, &vec![true; n_in - self.num_res]].concat();
            Ok(cx.batch_jaxpr(jaxpr, size, &flags, &vec![true; n_out])?.0)
        };
        let prim = LinearCall {
            callee: batched(&self.callee)?,
            transpose: batched(&self.transpose)?,
            num_res: self.num_res,
        };
        let outputs = cx.bind(&prim.into(), &inputs)?;
        let axes = program::leading(&vec![true; outputs.len()]);
        Ok(Batched { outputs, axes })
    }

    fn lowering(&self, _inputs: &[Type]) -> Lowering {
        Lowering::Inline
    }

    #[cfg(any(test, feature = "testing"))]
    fn samples() -> Vec<crate::prims::Sample> {
        use super::super::sample::{doubles, program, smooth};
        let callee = program(
            "{ lambda ; a:f64[3] b:f64[3]. let c:f64[3] = div b a; d:f64[] = reduce_sum[axes=(0,)] b
              in (c, d) }",
        );
        let transpose = program(
            "{ lambda ; a:f64[3] b:f64[3] c:f64[]. let
                d:f64[3] = div b a
                e:f64[3] = broadcast_in_dim[broadcast_dimensions=() shape=(3,)] c
                f:f64[3] = add d e
              in (f,) }",
        );
        let prim = LinearCall { callee, transpose, num_res: 1 };
        let inputs = vec![doubles(&[0.5, -1.25, 2.0]), doubles(&[1.5, 0.75, -0.5])];
        // Without a derivative by residuals, and with whatever transpose one likes.
        vec![crate::prims::Sample { smooth: false, ..smooth(prim, inputs) }]
    }
}
