//! Operations that are linear in their first operand and know no derivative by the others, which are
//! positions, if there are any.

use jaxrs_data::{Error, Result, SmallVec, smallvec};

use crate::{Batched, Cx, Jvp, Operand, Prim, Tangent, Value, ops};

/// The jvp rule: the tangent goes where the operand goes.
pub fn jvp(
    prim: impl Into<Prim>,
    cx: Cx<'_>,
    primals: &[Value],
    tangents: &[Tangent],
) -> Result<Jvp> {
    let prim = prim.into();
    let y = ops::bind1(cx, prim.clone(), primals)?;
    let tangent = tangents[0].map(y.ty(), |dx| {
        let mut inputs: SmallVec<[Value; 4]> = primals.into();
        inputs[0] = dx.clone();
        ops::bind1(cx, prim, &inputs)
    })?;
    Ok(Jvp { primals: smallvec![y], tangents: smallvec![tangent] })
}

/// The jvp rule of operations whose results have no tangents.
pub fn no_tangent(prim: impl Into<Prim>, cx: Cx<'_>, primals: &[Value]) -> Result<Jvp> {
    let primals = cx.bind(&prim.into(), primals)?;
    let tangents = primals.iter().map(|y| Tangent::Zero(y.ty().clone())).collect();
    Ok(Jvp { primals, tangents })
}

/// The cotangent of the only result.
pub fn cotangent(cotangents: &[Tangent]) -> Result<&Value> {
    let cotangent = cotangents.first().and_then(Tangent::value);
    cotangent.ok_or_else(|| Error::internal("a transpose rule got no cotangent"))
}

/// The cotangents of all operands, where the first gets one and the others have none.
pub fn cotangents(inputs: &[Operand], first: Value) -> SmallVec<[Tangent; 4]> {
    let others = inputs[1..].iter().map(|input| Tangent::Zero(input.ty().clone()));
    std::iter::once(Tangent::Value(first)).chain(others).collect()
}

/// One result that has its examples along an axis.
pub fn batched(output: Value, axis: usize) -> Batched {
    Batched { outputs: smallvec![output], axes: smallvec![Some(axis)] }
}

/// The only operand and its axis of examples.
pub fn example(inputs: &[Value], axes: &[Option<usize>]) -> Result<(Value, usize)> {
    match axes {
        [Some(axis), ..] => Ok((inputs[0].clone(), *axis)),
        _ => Err(Error::internal("a batching rule got no batched operand")),
    }
}
