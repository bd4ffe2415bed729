//! Series through what holds programs: the program of series takes the place of the program.

use std::sync::Arc;

use jaxrs_data::{Result, Type};
use jaxrs_ir::prims::{Call, Cond, Scan, While};
use jaxrs_ir::{Cx, Jaxpr, Tangent, Value};

use super::rules::eval;
use super::series::Series;
use crate::bind::is_differentiable;

/// The program of series: `(x…, terms…) → (y…, terms…)`, with terms of inputs that vary and of results that
/// can, each input's and each result's together.
fn program_of_series(
    cx: Cx<'_>,
    jaxpr: &Jaxpr,
    varies: &[bool],
    order: usize,
) -> Result<Arc<Jaxpr>> {
    let types: Vec<Type> = jaxpr.in_types().cloned().collect();
    let mut all = types.clone();
    for (ty, _) in types.iter().zip(varies).filter(|&(_, &varies)| varies) {
        all.extend(vec![ty.clone(); order]);
    }
    cx.stage(&all, &mut |cx, values| {
        let (primals, terms) = values.split_at(types.len());
        let inputs = unflattened(primals, terms, varies, order);
        flattened(cx, &eval(cx, jaxpr, &inputs, order)?)
    })
}

/// Series of values, the terms of those that vary one after another.
fn unflattened(primals: &[Value], terms: &[Value], varies: &[bool], order: usize) -> Vec<Series> {
    let mut chunks = terms.chunks(order);
    let series =
        |(primal, &varies): (&Value, &bool)| match if varies { chunks.next() } else { None } {
            Some(terms) => {
                Series::new(primal.clone(), terms.iter().cloned().map(Tangent::Value).collect())
            }
            None => Series::constant(primal, order),
        };
    primals.iter().zip(varies).map(series).collect()
}

/// Values, then the terms of those that can vary.
fn flattened(cx: Cx<'_>, series: &[Series]) -> Result<Vec<Value>> {
    let mut values: Vec<Value> = series.iter().map(|series| series.primal.clone()).collect();
    for series in series.iter().filter(|series| is_differentiable(series.primal.ty())) {
        values.extend(series.instantiated(cx)?);
    }
    Ok(values)
}

fn varying(inputs: &[Series]) -> Vec<bool> {
    inputs.iter().map(|series| !series.is_constant()).collect()
}

/// Primals, and the terms of those that vary.
fn operands(cx: Cx<'_>, inputs: &[Series], varies: &[bool]) -> Result<(Vec<Value>, Vec<Value>)> {
    let mut terms = Vec::new();
    for (series, _) in inputs.iter().zip(varies).filter(|&(_, &varies)| varies) {
        terms.extend(series.instantiated(cx)?);
    }
    Ok((inputs.iter().map(|series| series.primal.clone()).collect(), terms))
}

/// Series of results that came as [`flattened`] gives them.
fn results(outputs: &[Value], n: usize, order: usize) -> Vec<Series> {
    let (primals, terms) = outputs.split_at(n);
    let varies: Vec<bool> = primals.iter().map(|value| is_differentiable(value.ty())).collect();
    unflattened(primals, terms, &varies, order)
}

pub(super) fn call(
    cx: Cx<'_>,
    call: &Call,
    inputs: &[Series],
    order: usize,
) -> Result<Vec<Series>> {
    let varies = varying(inputs);
    let jaxpr = program_of_series(cx, &call.jaxpr, &varies, order)?;
    let (primals, terms) = operands(cx, inputs, &varies)?;
    let prim = Call { jaxpr, ..call.clone() };
    let outputs = cx.bind(&prim.into(), &[primals, terms].concat())?;
    Ok(results(&outputs, call.jaxpr.outputs.len(), order))
}

pub(super) fn cond(
    cx: Cx<'_>,
    cond: &Cond,
    inputs: &[Series],
    order: usize,
) -> Result<Vec<Series>> {
    let (index, inputs) = (&inputs[0].primal, &inputs[1..]);
    let varies = varying(inputs);
    let branches = cond.branches.iter().map(|branch| program_of_series(cx, branch, &varies, order));
    let prim = Cond { branches: branches.collect::<Result<_>>()? };
    let (primals, terms) = operands(cx, inputs, &varies)?;
    let all = [vec![index.clone()], primals, terms].concat();
    let outputs = cx.bind(&prim.into(), &all)?;
    let n = cond.branches.first().map_or(0, |branch| branch.outputs.len());
    Ok(results(&outputs, n, order))
}

/// Carried values vary as soon as anything does.
pub(super) fn scan(
    cx: Cx<'_>,
    scan: &Scan,
    inputs: &[Series],
    order: usize,
) -> Result<Vec<Series>> {
    let (first, last) = (scan.num_consts, scan.num_consts + scan.num_carry);
    let mut varies = varying(inputs);
    for k in first..last {
        varies[k] = is_differentiable(inputs[k].primal.ty());
    }
    let of = |range: std::ops::Range<usize>| operands(cx, &inputs[range.clone()], &varies[range]);
    let (consts, const_terms) = of(0..first)?;
    let (carry, carry_terms) = of(first..last)?;
    let (xs, x_terms) = of(last..inputs.len())?;
    let (n_carry_terms, n_ys) = (carry_terms.len(), scan.jaxpr.outputs.len() - scan.num_carry);
    let body = program_of_series(cx, &scan.jaxpr, &varies, order)?;
    // From primals before terms to constants before carry before slices.
    let n = [consts.len(), carry.len(), xs.len(), const_terms.len(), n_carry_terms, x_terms.len()];
    let m = [
        scan.num_carry,
        n_ys,
        n_carry_terms,
        body.outputs.len() - scan.num_carry - n_ys - n_carry_terms,
    ];
    let jaxpr = Jaxpr {
        invars: regrouped(&body.invars, &n, &[0, 3, 1, 4, 2, 5]),
        outputs: regrouped(&body.outputs, &m, &[0, 2, 1, 3]),
        n_consts: 0,
        ..(*body).clone()
    };
    let prim = Scan {
        jaxpr: jaxpr.into(),
        num_consts: consts.len() + const_terms.len(),
        num_carry: carry.len() + n_carry_terms,
        ..scan.clone()
    };
    let all = [consts, const_terms, carry, carry_terms, xs, x_terms].concat();
    let outputs = cx.bind(&prim.into(), &all)?;
    let back = regrouped(&outputs, &[m[0], m[2], m[1], m[3]], &[0, 2, 1, 3]);
    Ok(results(&back, scan.jaxpr.outputs.len(), order))
}

/// Items in groups of these sizes, the groups in another order.
fn regrouped<T: Clone>(items: &[T], sizes: &[usize], order: &[usize]) -> Vec<T> {
    let start = |group: usize| sizes[..group].iter().sum::<usize>();
    order.iter().flat_map(|&group| items[start(group)..][..sizes[group]].iter().cloned()).collect()
}

pub(super) fn while_loop(
    cx: Cx<'_>,
    w: &While,
    inputs: &[Series],
    order: usize,
) -> Result<Vec<Series>> {
    let (of_cond, rest) = inputs.split_at(w.cond_nconsts);
    let (of_body, carry) = rest.split_at(w.body_nconsts);
    let mut varies = varying(rest);
    for (varies, series) in varies[w.body_nconsts..].iter_mut().zip(carry) {
        *varies = is_differentiable(series.primal.ty());
    }
    let (of_cond, _) = operands(cx, of_cond, &vec![false; of_cond.len()])?;
    let (consts, const_terms) = operands(cx, of_body, &varies[..w.body_nconsts])?;
    let (carry, terms) = operands(cx, carry, &varies[w.body_nconsts..])?;
    let body = program_of_series(cx, &w.body_jaxpr, &varies, order)?;
    let n = [consts.len(), carry.len(), const_terms.len(), terms.len()];
    let invars = regrouped(&body.invars, &n, &[0, 2, 1, 3]);
    let body_jaxpr = Jaxpr { invars, n_consts: 0, ..(*body).clone() };
    let mut condition = (*w.cond_jaxpr).clone();
    for term in &terms {
        condition.add_invar(term.ty().clone());
    }
    let prim = While {
        cond_jaxpr: condition.into(),
        body_jaxpr: body_jaxpr.into(),
        cond_nconsts: of_cond.len(),
        body_nconsts: consts.len() + const_terms.len(),
    };
    let n = carry.len();
    let all = [of_cond, consts, const_terms, carry, terms].concat();
    let outputs = cx.bind(&prim.into(), &all)?;
    Ok(results(&outputs, n, order))
}
