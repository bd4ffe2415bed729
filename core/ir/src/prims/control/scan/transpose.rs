//! The transpose of loops: the other way round, with the cotangents of constants carried along.

use jaxrs_data::{Result, SmallVec, Type, bail};

use super::{Scan, reordered};
use crate::rules::program;
use crate::{Cx, Operand, Tangent, Value, ops};

pub(super) fn transpose(
    scan: &Scan,
    cx: Cx<'_>,
    inputs: &[Operand],
    cotangents: &[Tangent],
) -> Result<SmallVec<[Tangent; 4]>> {
    let x = scan.parts(inputs);
    // A carry that starts from known zeros takes part in the linear computation all the same.
    if let Some(carry) = x.carry.iter().find(|x| !program::is_differentiable(x.ty())) {
        bail!(
            Unimplemented,
            "scan cannot be transposed, because it carries {}, which is not linear",
            carry.ty()
        );
    }
    let is_linear =
        [program::linear(x.consts), vec![true; scan.num_carry], program::linear(x.xs)].concat();
    let (known, order): (Vec<usize>, Vec<usize>) = (0..inputs.len()).partition(|&k| !is_linear[k]);
    let (ct_carry, ct_ys) = cotangents.split_at(scan.num_carry);
    let wanted: Vec<usize> =
        (0..cotangents.len()).filter(|&k| k < scan.num_carry || !cotangents[k].is_zero()).collect();
    let in_order = [known.as_slice(), &order].concat();
    let body = reordered(&scan.jaxpr, &in_order, &wanted);
    let body = std::sync::Arc::new(body.without_dead_code(&vec![true; in_order.len()]));
    let backward = cx.transpose_jaxpr(&body, known.len())?;

    let known_consts = program::known(x.consts);
    let known_xs = program::known(x.xs);
    let n_linear_consts = x.consts.len() - known_consts.len();
    let ct_ys: Vec<Value> = program::values(ct_ys).collect();
    let backward_types: Vec<Type> = backward.in_types().cloned().collect();
    let out_types: Vec<Type> = backward.out_types().cloned().collect();
    let (a, b, c) = (known_consts.len(), known_xs.len(), scan.num_carry);
    let in_types = [
        &backward_types[..a],
        &out_types[..n_linear_consts],
        &backward_types[a + b..a + b + c],
        &backward_types[a..a + b],
        &backward_types[a + b + c..],
    ]
    .concat();
    let step = cx.stage(&in_types, &mut |cx, v| {
        let (consts, v) = v.split_at(a);
        let (sums, v) = v.split_at(n_linear_consts);
        let (carry, v) = v.split_at(c);
        let (xs, ys) = v.split_at(b);
        let mut results = cx.eval_jaxpr(&backward, &[consts, xs, carry, ys].concat())?;
        for (sum, result) in sums.iter().zip(&mut results) {
            *result = ops::add_any(cx, sum, result)?;
        }
        Ok(results)
    })?;
    let mut operands = known_consts;
    for ty in &out_types[..n_linear_consts] {
        operands.push(Tangent::Zero(ty.clone()).instantiate(cx)?);
    }
    for cotangent in ct_carry {
        operands.push(cotangent.instantiate(cx)?);
    }
    operands.extend(known_xs);
    operands.extend(ct_ys);
    let mut reversed = scan.with_body(step, a, n_linear_consts + c);
    reversed.reverse = !scan.reverse;
    let results = cx.bind(&reversed.into(), &operands)?;
    Ok(given_back(inputs, &is_linear, &results))
}

/// The cotangent of each operand; a carry that is known takes none.
fn given_back(
    inputs: &[Operand],
    has_result: &[bool],
    results: &[Value],
) -> SmallVec<[Tangent; 4]> {
    let mut results = results.iter();
    let pairs = inputs.iter().zip(has_result);
    pairs
        .map(|(input, &has_result)| {
            let result = if has_result { results.next() } else { None };
            match result {
                Some(cotangent) if input.is_linear() => Tangent::Value(cotangent.clone()),
                _ => Tangent::Zero(input.ty().clone()),
            }
        })
        .collect()
}
