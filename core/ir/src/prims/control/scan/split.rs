//! Loops of which a part is linear: one loop for what is known, one for the rest.

use std::sync::Arc;

use jaxrs_data::Result;

use super::super::call::SplitOff;
use super::{Scan, reordered};
use crate::rules::program::{self, chosen, others};
use crate::{Atom, Cx, Outputs, Value};

pub(super) fn split(
    scan: &Scan,
    primal: Cx<'_>,
    linear: Cx<'_>,
    inputs: &[Value],
    is_linear: &[bool],
) -> Result<Option<(Outputs, Vec<bool>)>> {
    let flags = scan.parts(is_linear);
    let mut carry = flags.carry.to_vec();
    let (separated, depends) = loop {
        let all = [flags.consts, &carry, flags.xs].concat();
        let (body, out) = program::separated(primal, &scan.jaxpr, &all)?;
        if program::is_subset(&out[..scan.num_carry], &carry) {
            break (body, [&carry, &out[scan.num_carry..]].concat());
        }
        carry = program::union(&carry, &out[..scan.num_carry]);
    };
    if !depends.contains(&false) {
        return Ok(None);
    }
    // The known loop also stacks what it carries, from which each step of the other starts.
    let (num_consts, num_carry) = (scan.num_consts, scan.num_carry);
    let carried = others(&separated.invars[num_consts..][..num_carry], &carry);
    let all = [flags.consts, &carry, flags.xs].concat();
    let mut body = (*separated).clone();
    body.outputs = others(&separated.outputs, &depends);
    let n_known = body.outputs.len();
    body.outputs.extend(carried.iter().map(|&var| Atom::Var(var)));
    let body = Arc::new(body.without_dead_code(&program::not(&all)));
    let n_known_consts = others(flags.consts, flags.consts).len();
    let known = scan.with_body(body, n_known_consts, carried.len());
    let mut known = primal.bind(&known.into(), &others(inputs, &all))?;
    let stacked = known.split_off_at(n_known);

    let positions: Vec<usize> = (0..inputs.len()).collect();
    let x = scan.parts(&positions);
    let order = [x.consts, &chosen(x.carry, &carry), x.xs, &others(x.carry, &carry)].concat();
    let wanted: Vec<usize> = (0..depends.len()).filter(|&k| depends[k]).collect();
    let body = reordered(&separated, &order, &wanted);
    let rest = scan.with_body(program::live(&body), num_consts, num_carry - carried.len());
    let values = scan.parts(inputs);
    let operands = [values.consts, &chosen(values.carry, &carry), values.xs, &stacked].concat();
    let rest = linear.bind(&rest.into(), &operands)?;
    Ok(Some((program::interleaved(&known, &rest, &depends).into(), depends)))
}
