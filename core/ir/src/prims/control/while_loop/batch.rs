//! Loops of several examples.

use jaxrs_data::{Result, Type, bail};
use jaxrs_kernel::ReduceOp;

use super::{Parts, While};
use crate::rules::program;
use crate::{Batched, Cx, Prim, Value, ops};

impl While {
    /// The loop for several examples: as it is, where they all go on for the same number of steps.
    pub(super) fn batch_loop(
        &self,
        cx: Cx<'_>,
        size: usize,
        inputs: &[Value],
        axes: &[Option<usize>],
    ) -> Result<Batched> {
        let (mut values, flags) = program::batched_first(cx, inputs, axes)?;
        let flags = self.parts(&flags);
        let (mut carry, predicate) = self.batched_carry(cx, size, &flags)?;
        if predicate {
            self.check_effects()?;
            carry = vec![true; carry.len()];
        }
        let first = self.cond_nconsts + self.body_nconsts;
        for k in 0..carry.len() {
            if carry[k] && !flags.carry[k] {
                values[first + k] = program::repeated(cx, size, &values[first + k])?;
            }
        }
        let prim = if predicate {
            // The loop's own condition is also a constant part of its body.
            let consts = values[..self.cond_nconsts].to_vec();
            values.splice(self.cond_nconsts..self.cond_nconsts, consts);
            self.batch_predicate(cx, size, &flags)?
        } else {
            let of_cond = [flags.cond_consts, &carry].concat();
            let of_body = [flags.body_consts, &carry].concat();
            While {
                cond_jaxpr: cx.batch_jaxpr(&self.cond_jaxpr, size, &of_cond, &[])?.0,
                body_jaxpr: cx.batch_jaxpr(&self.body_jaxpr, size, &of_body, &carry)?.0,
                ..*self
            }
            .into()
        };
        Ok(Batched { outputs: cx.bind(&prim, &values)?, axes: program::leading(&carry) })
    }

    /// Examples that are done would go on having effects while others are not, which the host cannot be spared; what
    /// only looks on may see them.
    fn check_effects(&self) -> Result<()> {
        let Some(prim) = [&self.cond_jaxpr, &self.body_jaxpr].into_iter().find_map(|x| x.io())
        else {
            return Ok(());
        };
        bail!(
            Unimplemented,
            "while with a predicate for each example cannot run {}, whose effects examples that are done would have, too",
            prim.name()
        )
    }

    /// Which carried values differ between examples, and whether the condition does.
    fn batched_carry(
        &self,
        cx: Cx<'_>,
        size: usize,
        flags: &Parts<'_, bool>,
    ) -> Result<(Vec<bool>, bool)> {
        let mut carry = flags.carry.to_vec();
        loop {
            let of_body = [flags.body_consts, &carry].concat();
            let (_, out) = cx.batch_jaxpr(&self.body_jaxpr, size, &of_body, &carry)?;
            if program::is_subset(&out, &carry) {
                break;
            }
            carry = program::union(&carry, &out);
        }
        let of_cond = [flags.cond_consts, &carry].concat();
        let (_, predicate) = cx.batch_jaxpr(&self.cond_jaxpr, size, &of_cond, &[])?;
        Ok((carry, predicate[0]))
    }

    /// The loop that runs until all examples are done; those that are done keep their carry.
    fn batch_predicate(&self, cx: Cx<'_>, size: usize, flags: &Parts<'_, bool>) -> Result<Prim> {
        let all = vec![true; self.n_carry()];
        let of_cond = [flags.cond_consts, &all].concat();
        let of_body = [flags.body_consts, &all].concat();
        let (condition, _) = cx.batch_jaxpr(&self.cond_jaxpr, size, &of_cond, &[true])?;
        let (body, _) = cx.batch_jaxpr(&self.body_jaxpr, size, &of_body, &all)?;
        let cond_types: Vec<Type> = condition.in_types().cloned().collect();
        let any = cx.stage(&cond_types, &mut |cx, inputs| {
            let predicate = cx.eval_jaxpr(&condition, inputs)?.swap_remove(0);
            Ok(vec![ops::reduce(cx, ReduceOp::Or, &predicate, jaxrs_data::Axes::all(1))?])
        })?;
        let n = self.cond_nconsts;
        let types: Vec<Type> = body.in_types().cloned().collect();
        let in_types = [&cond_types[..n], &types].concat();
        let step = cx.stage(&in_types, &mut |cx, inputs| {
            let (consts, inputs) = inputs.split_at(n);
            let carry = &inputs[self.body_nconsts..];
            let go_on = cx.eval_jaxpr(&condition, &[consts, carry].concat())?.swap_remove(0);
            let next = cx.eval_jaxpr(&body, inputs)?;
            let pairs = carry.iter().zip(&next);
            pairs
                .map(|(old, new)| {
                    let go_on = ops::broadcast_in_dim(cx, &go_on, new.shape(), [0])?;
                    ops::select(cx, &go_on, new, old)
                })
                .collect()
        })?;
        let body_nconsts = n + self.body_nconsts;
        Ok(While { cond_jaxpr: any, body_jaxpr: step, cond_nconsts: n, body_nconsts }.into())
    }
}
