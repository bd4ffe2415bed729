//! What devices do together, where there is one of them.

use jaxrs_data::{Literal, Result, Scalar};
use jaxrs_ir::{Value, ops};

use super::{Env, Outputs, unsupported_form};
use crate::tree::{Attr, Op};

pub(super) fn apply(env: &mut Env<'_>, op: &Op, x: &[Value]) -> Option<Result<Outputs>> {
    Some(match op.name.as_str() {
        // A device that is alone in its group has the sum, the parts and the whole itself.
        "stablehlo.all_gather"
        | "stablehlo.all_reduce"
        | "stablehlo.all_to_all"
        | "stablehlo.collective_broadcast"
        | "stablehlo.reduce_scatter" => alone(op).map(|()| x.iter().cloned().collect()),
        "stablehlo.collective_permute" => permuted(env, op, x),
        // Where an array lies.
        "sdy.sharding_constraint" | "sdy.reshard" | "sdy.propagation_barrier" => {
            Ok(x.iter().cloned().collect())
        }
        _ => return None,
    })
}

/// That every group has one member.
fn alone(op: &Op) -> Result<()> {
    let groups = table(op, "replica_groups")?;
    let members = groups.ty().shape.last().copied().unwrap_or(0);
    if members != 1 {
        return Err(unsupported_form(op, format_args!("{members} devices in a group")));
    }
    Ok(())
}

/// What the device sends to itself, or zeros where it sends nothing.
fn permuted(env: &Env<'_>, op: &Op, x: &[Value]) -> Result<Outputs> {
    let pairs = table(op, "source_target_pairs")?;
    if pairs.is_empty() {
        let zeros = |x: &Value| ops::full(env.scope, x.ty(), Scalar::zero(x.ty().dtype));
        return x.iter().map(zeros).collect();
    }
    if (0..pairs.len()).any(|k| pairs.get(k).as_i64() != 0) {
        return Err(unsupported_form(op, "several devices"));
    }
    Ok(x.iter().cloned().collect())
}

fn table<'o>(op: &'o Op, name: &str) -> Result<&'o Literal> {
    match op.attribute(name) {
        Some(Attr::Dense(table)) => Ok(table),
        _ => Err(unsupported_form(op, format_args!("no {name}"))),
    }
}
