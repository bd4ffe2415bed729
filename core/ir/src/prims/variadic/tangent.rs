//! Tangents of reductions by programs.

use std::sync::Arc;

use jaxrs_data::{Error, ErrorKind, Literal, Result, Scalar, Shape, SmallVec};

use super::VariadicReduce;
use crate::prims::reduce::flat;
use crate::prims::{Pad, Primitive};
use crate::rules::program;
use crate::{Cx, Jaxpr, Jvp, Tangent, Value, ops};

/// A reducer of results and their tangents: `(results…, elements…, tangents of results…, tangents of
/// elements…) → (results…, tangents…)`, and which results have a tangent.
pub(super) fn dual(
    cx: Cx<'_>,
    jaxpr: &Arc<Jaxpr>,
    primals: &[Value],
) -> Result<(Arc<Jaxpr>, Vec<bool>)> {
    let has: Vec<bool> = primals.iter().map(|x| program::is_differentiable(x.ty())).collect();
    let both = cx.jvp_jaxpr(jaxpr, &[has.as_slice(), &has].concat(), &has)?;
    Ok((both.jaxpr, has))
}

/// The refusal of initial values that have a tangent.
pub(super) fn check_inits(name: &str, tangents: &[Tangent]) -> Result<()> {
    match tangents.iter().all(Tangent::is_zero) {
        true => Ok(()),
        false => Err(Error::new(
            ErrorKind::Unimplemented,
            format_args!("{name} has no derivative by its initial values"),
        )),
    }
}

/// Arrays with the reduced axis first, and the scalar that each is filled up with.
type Filled = Vec<(Value, Value)>;

/// The jvp rule of `reduce`: halves are combined with one another until one element is left, so that each step
/// is a program of whole arrays and its tangents can be transposed.
pub(super) fn by_halves(
    reduce: &VariadicReduce,
    cx: Cx<'_>,
    primals: &[Value],
    tangents: &[Tangent],
) -> Result<Jvp> {
    let n = primals.len() / 2;
    check_inits(reduce.name(), &tangents[n..])?;
    let outputs = cx.bind(&reduce.clone().into(), primals)?;
    let has: Vec<bool> = primals[..n].iter().map(|x| program::is_differentiable(x.ty())).collect();
    let mut both: Filled = Vec::new();
    for (x, init) in primals[..n].iter().zip(&primals[n..]) {
        both.push((flat(cx, &reduce.dimensions, x)?, init.clone()));
    }
    for tangent in program::instantiated(cx, &tangents[..n], &has)? {
        let zero = Literal::scalar(tangent.ty().dtype, Scalar::Int(0));
        both.push((flat(cx, &reduce.dimensions, &tangent)?, Value::literal(zero)));
    }
    while both[0].0.shape()[0] > 1 {
        both = halved(cx, &reduce.jaxpr, both, &has)?;
    }
    let none = both[0].0.shape()[0] == 0;
    let mut found = Vec::new();
    for (tangent, _) in &both[n..] {
        let shape: Shape = tangent.shape().without(0);
        found.push(match none {
            true => ops::full(cx, &tangent.ty().with_shape(shape), Scalar::Int(0))?,
            false => ops::squeeze(cx, tangent, [0])?,
        });
    }
    let tangents: SmallVec<[Tangent; 2]> = program::spread(&outputs, found, &has);
    Ok(Jvp { primals: outputs, tangents })
}

/// Combines the first half with the second; what is missing there is filled up. The reducer is batched before it
/// is differentiated: what batching adds is no function of tangents then, of which each can be transposed.
fn halved(cx: Cx<'_>, jaxpr: &Arc<Jaxpr>, both: Filled, has: &[bool]) -> Result<Filled> {
    let n = has.len();
    let len = both[0].0.shape()[0];
    let half = len.div_ceil(2);
    let rest = both[0].0.shape().without(0);
    let size = half * rest.numel();
    let line = Shape::new(&[size]);
    let (mut first, mut second) = (Vec::new(), Vec::new());
    for (x, filling) in &both {
        first.push(ops::reshape(cx, &ops::slice_in_dim(cx, x, 0, 0, half)?, &line)?);
        let mut other = ops::slice_in_dim(cx, x, 0, half, len)?;
        if len < 2 * half {
            let mut padding_config = SmallVec::from_elem((0, 0, 0), x.ty().rank());
            padding_config[0] = (0, 1, 0);
            other = ops::bind1(cx, Pad { padding_config }, &[other, filling.clone()])?;
        }
        second.push(ops::reshape(cx, &other, &line)?);
    }
    let ((x, dx), (y, dy)) = (first.split_at(n), second.split_at(n));
    let inputs = [x, y, dx, dy].concat();
    let (program, _) = cx.batch_jaxpr(jaxpr, size, &vec![true; 2 * n], &vec![true; n])?;
    let program = cx.jvp_jaxpr(&program, &[has, has].concat(), has)?.jaxpr;
    let results = cx.eval_jaxpr(&program, &inputs)?;
    let shape = rest.with(0, half);
    let back = |(result, (_, filling)): (&Value, &(Value, Value))| {
        Ok((ops::reshape(cx, result, &shape)?, filling.clone()))
    };
    results.iter().zip(&both).map(back).collect()
}
