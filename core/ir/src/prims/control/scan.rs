//! Loops of fixed length over leading axes.

mod linearize;
mod split;
mod transpose;

use std::sync::Arc;

use jaxrs_data::{Literal, Result, SmallVec, Type, bail, smallvec};

use super::call::SplitOff;
use crate::lower::Lowering;
use crate::prims::{Primitive, RunProgram};
use crate::rules::program;
use crate::{
    Batched, Cx, Jaxpr, Jvp, Operand, Outputs, Param, ParamReader, Params, Tangent, Value, ops,
};

/// `scan(consts…, carry…, xs…)`: runs the body on each slice of `xs` along axis 0, handing the carry on;
/// gives the last carry and what the body gave each time, stacked.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Scan {
    /// `(consts…, carry…, x…) → (carry…, y…)`.
    pub jaxpr: Arc<Jaxpr>,
    /// How many iterations.
    pub length: usize,
    /// The number of constants.
    pub num_consts: usize,
    /// The number of carried values.
    pub num_carry: usize,
    /// Whether from the last slice to the first.
    pub reverse: bool,
    /// How many iterations the compiler may put into one.
    pub unroll: usize,
}

/// The parts of a list that goes with the operands.
struct Parts<'a, T> {
    consts: &'a [T],
    carry: &'a [T],
    xs: &'a [T],
}

impl Scan {
    fn parts<'a, T>(&self, items: &'a [T]) -> Parts<'a, T> {
        let (consts, rest) = items.split_at(self.num_consts);
        let (carry, xs) = rest.split_at(self.num_carry);
        Parts { consts, carry, xs }
    }

    /// The type of all slices together.
    fn stacked(&self, ty: &Type) -> Type {
        ty.with_shape(ty.shape.with(0, self.length))
    }

    /// The same loop over another body.
    fn with_body(&self, jaxpr: Arc<Jaxpr>, num_consts: usize, num_carry: usize) -> Scan {
        Scan { jaxpr, num_consts, num_carry, ..*self }
    }
}

/// A program with its inputs and outputs in another order.
fn reordered(jaxpr: &Jaxpr, inputs: &[usize], outputs: &[usize]) -> Arc<Jaxpr> {
    let mut program = jaxpr.clone();
    program.invars = inputs.iter().map(|&k| jaxpr.invars[k]).collect();
    program.outputs = outputs.iter().map(|&k| jaxpr.outputs[k].clone()).collect();
    Arc::new(program)
}

impl Primitive for Scan {
    fn name(&self) -> &'static str {
        "scan"
    }

    fn params(&self) -> Params {
        vec![
            ("jaxpr", Param::Jaxpr(self.jaxpr.clone())),
            ("length", Param::size(self.length)),
            ("num_carry", Param::size(self.num_carry)),
            ("num_consts", Param::size(self.num_consts)),
            ("reverse", Param::Bool(self.reverse)),
            ("unroll", Param::size(self.unroll)),
        ]
    }

    fn parse(name: &str, params: &[(String, Param)]) -> Option<Result<Scan>> {
        (name == "scan").then(|| {
            let params = ParamReader::new("scan", params);
            Ok(Scan {
                jaxpr: params.jaxpr("jaxpr")?,
                length: params.size("length")?,
                num_consts: params.size("num_consts")?,
                num_carry: params.size("num_carry")?,
                reverse: params.bool("reverse")?,
                unroll: params.size("unroll")?,
            })
        })
    }

    fn programs(&self) -> SmallVec<[&Arc<Jaxpr>; 2]> {
        smallvec![&self.jaxpr]
    }

    fn output_types(&self, inputs: &[Type]) -> Result<SmallVec<[Type; 2]>> {
        let needed = self.jaxpr.invars.len();
        let n_outputs = self.jaxpr.outputs.len();
        if self.num_consts + self.num_carry > needed || self.num_carry > n_outputs {
            bail!(
                InvalidArgument,
                "scan has {} constants and {} carried values, but a body of {needed} inputs and {n_outputs} results",
                self.num_consts,
                self.num_carry
            );
        }
        if inputs.len() != needed {
            bail!(InvalidArgument, "scan takes {needed} operands, got {}", inputs.len());
        }
        let mut slices = inputs.to_vec();
        for (k, ty) in slices.iter_mut().enumerate().skip(self.num_consts + self.num_carry) {
            if ty.shape.first() != Some(&self.length) {
                bail!(
                    Shape,
                    "scan of length {} needs as many slices of operand {k}, got {ty}",
                    self.length
                );
            }
            *ty = ty.with_shape(ty.shape.without(0));
        }
        let mut out = program::output_types("scan", &self.jaxpr, &slices)?;
        let carry = &inputs[self.num_consts..][..self.num_carry];
        program::check_inputs("scan", out.iter().take(self.num_carry), carry, self.num_consts)?;
        out.iter_mut().skip(self.num_carry).for_each(|ty| *ty = self.stacked(ty));
        Ok(out)
    }

    fn evaluate(&self, inputs: &[Literal]) -> Result<SmallVec<[Literal; 2]>> {
        self.evaluate_with(inputs, &mut crate::evaluate::evaluate)
    }

    fn evaluate_with(
        &self,
        inputs: &[Literal],
        run: RunProgram<'_>,
    ) -> Result<SmallVec<[Literal; 2]>> {
        let x = self.parts(inputs);
        let mut carry: Vec<Literal> = x.carry.to_vec();
        let y_types: Vec<Type> = self.jaxpr.out_types().skip(self.num_carry).cloned().collect();
        let mut ys: Vec<Vec<u8>> =
            y_types.iter().map(|ty| vec![0; self.stacked(ty).size_bytes()]).collect();
        for step in 0..self.length {
            let step = if self.reverse { self.length - 1 - step } else { step };
            let mut operands = [x.consts, &carry].concat();
            for literal in x.xs {
                operands.push(slice(literal, step)?);
            }
            carry = run(&self.jaxpr, &operands)?;
            let results = carry.split_off(self.num_carry);
            for (y, result) in ys.iter_mut().zip(results) {
                let size = result.bytes().len();
                y[step * size..][..size].copy_from_slice(result.bytes());
            }
        }
        let mut outputs: SmallVec<[Literal; 2]> = carry.into();
        for (ty, bytes) in y_types.iter().zip(ys) {
            outputs.push(Literal::from_bytes(self.stacked(ty), bytes)?);
        }
        Ok(outputs)
    }

    fn jvp(&self, cx: Cx<'_>, primals: &[Value], tangents: &[Tangent]) -> Result<Jvp> {
        let has_tangent = program::nonzero(tangents);
        let has = self.parts(&has_tangent);
        let n_ys = self.jaxpr.outputs.len() - self.num_carry;
        let mut carry = has.carry.to_vec();
        let both = loop {
            let flags = [has.consts, &carry, has.xs].concat();
            let instantiate = [carry.as_slice(), &vec![false; n_ys]].concat();
            let both = cx.jvp_jaxpr(&self.jaxpr, &flags, &instantiate)?;
            if program::is_subset(&both.has_tangent[..self.num_carry], &carry) {
                break both;
            }
            carry = program::union(&carry, &both.has_tangent[..self.num_carry]);
        };
        let count = |flags: &[bool]| flags.iter().filter(|&&flag| flag).count();
        let sizes = [self.num_consts, self.num_carry, has.xs.len()];
        let tangent_sizes = [count(has.consts), count(&carry), count(has.xs)];
        let inputs = paired(&sizes, &tangent_sizes);
        let y_tangents = count(&both.has_tangent[self.num_carry..]);
        let outputs = paired(&[self.num_carry, n_ys], &[tangent_sizes[1], y_tangents]);
        let (num_consts, num_carry) = (sizes[0] + tangent_sizes[0], sizes[1] + tangent_sizes[1]);
        let scan = self.with_body(reordered(&both.jaxpr, &inputs, &outputs), num_consts, num_carry);
        let (x, dx) = (self.parts(primals), self.parts(tangents));
        let operands: Vec<Value> = (x.consts.iter().cloned())
            .chain(program::values(dx.consts))
            .chain(x.carry.iter().cloned())
            .chain(program::instantiated(cx, dx.carry, &carry)?)
            .chain(x.xs.iter().cloned())
            .chain(program::values(dx.xs))
            .collect();
        let mut results = cx.bind(&scan.into(), &operands)?;
        let mut ys = results.split_off_at(num_carry);
        let carry_tangents = results.split_off_at(self.num_carry);
        let found: Vec<Value> = carry_tangents.into_iter().chain(ys.split_off(n_ys)).collect();
        results.extend(ys);
        let tangents = program::spread(&results, found, &both.has_tangent);
        Ok(Jvp { primals: results, tangents })
    }

    fn linearize(
        &self,
        primal: Cx<'_>,
        linear: Cx<'_>,
        primals: &[Value],
        tangents: &[Tangent],
    ) -> Result<Option<Jvp>> {
        linearize::linearize(self, primal, linear, primals, tangents).map(Some)
    }

    fn split(
        &self,
        primal: Cx<'_>,
        linear: Cx<'_>,
        inputs: &[Value],
        is_linear: &[bool],
    ) -> Result<Option<(Outputs, Vec<bool>)>> {
        split::split(self, primal, linear, inputs, is_linear)
    }

    fn transpose(
        &self,
        cx: Cx<'_>,
        inputs: &[Operand],
        cotangents: &[Tangent],
    ) -> Result<SmallVec<[Tangent; 4]>> {
        transpose::transpose(self, cx, inputs, cotangents)
    }

    fn batch(
        &self,
        cx: Cx<'_>,
        size: usize,
        inputs: &[Value],
        axes: &[Option<usize>],
    ) -> Result<Batched> {
        let n_ys = self.jaxpr.outputs.len() - self.num_carry;
        let batched: Vec<bool> = axes.iter().map(Option::is_some).collect();
        let flags = self.parts(&batched);
        let mut carry = flags.carry.to_vec();
        let (body, out) = loop {
            let all = [flags.consts, &carry, flags.xs].concat();
            let force = [carry.as_slice(), &vec![false; n_ys]].concat();
            let (body, out) = cx.batch_jaxpr(&self.jaxpr, size, &all, &force)?;
            if program::is_subset(&out[..self.num_carry], &carry) {
                break (body, out);
            }
            carry = program::union(&carry, &out[..self.num_carry]);
        };
        let first_x = self.num_consts + self.num_carry;
        let mut values = Vec::with_capacity(inputs.len());
        for (k, (value, axis)) in inputs.iter().zip(axes).enumerate() {
            let is_carry = (self.num_consts..first_x).contains(&k);
            values.push(match *axis {
                // The loop runs along axis 0.
                Some(axis) => ops::move_axis(cx, value, axis, usize::from(k >= first_x))?,
                None if is_carry && carry[k - self.num_consts] => {
                    program::repeated(cx, size, value)?
                }
                None => value.clone(),
            });
        }
        let scan = self.with_body(body, self.num_consts, self.num_carry);
        let outputs = cx.bind(&scan.into(), &values)?;
        let axis = |k: usize| usize::from(k >= self.num_carry);
        let axes = out.iter().enumerate().map(|(k, &flag)| flag.then_some(axis(k))).collect();
        Ok(Batched { outputs, axes })
    }

    fn lowering(&self, _inputs: &[Type]) -> Lowering {
        Lowering::Control
    }

    #[cfg(any(test, feature = "testing"))]
    fn samples() -> Vec<crate::prims::Sample> {
        samples()
    }
}

/// One slice along axis 0.
fn slice(literal: &Literal, step: usize) -> Result<Literal> {
    let ty = literal.ty().with_shape(literal.ty().shape.without(0));
    let size = ty.size_bytes();
    Literal::from_bytes(ty, &literal.bytes()[step * size..][..size])
}

/// Positions that put the tangents of each group behind its primals, where all primals come before all
/// tangents.
fn paired(primals: &[usize], tangents: &[usize]) -> Vec<usize> {
    let mut order = Vec::new();
    let (mut primal, mut tangent) = (0, primals.iter().sum::<usize>());
    for (&n, &m) in primals.iter().zip(tangents) {
        order.extend(primal..primal + n);
        order.extend(tangent..tangent + m);
        primal += n;
        tangent += m;
    }
    order
}

#[cfg(any(test, feature = "testing"))]
fn samples() -> Vec<crate::prims::Sample> {
    use super::sample::{doubles, program, smooth};
    use jaxrs_data::{DType, Scalar};
    let text = "{ lambda ; w:f64[2] i:i32[] c:f64[2] x:f64[]. let
        j:i32[] = add i 1:i32[]
        u:f64[2] = sin w
        v:f64[2] = mul u c
        y:f64[2] = sin v
        d:f64[2] = mul y x
        z:f64[2] = add d c
      in (j, z, v) }";
    let sample = |length: usize, reverse| {
        let scan =
            Scan { jaxpr: program(text), length, num_consts: 1, num_carry: 2, reverse, unroll: 1 };
        let xs = Literal::from_fn(Type::new(DType::F64, [length]), |k| {
            Scalar::Float(0.5 + 0.25 * k as f64)
        });
        let inputs = vec![
            doubles(&[0.5, -1.25]),
            Literal::scalar(DType::I32, Scalar::Int(3)),
            doubles(&[0.75, 0.5]),
            xs,
        ];
        smooth(scan, inputs)
    };
    vec![sample(3, false), sample(4, true), sample(1, false), sample(0, false)]
}
