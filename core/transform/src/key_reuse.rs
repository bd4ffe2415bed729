//! Keys that are used twice: what has been used up of the arrays of keys outside of traces.

use std::sync::Arc;

use jaxrs_data::{Error, ErrorKind, Result, SmallVec, Type};
use jaxrs_ir::key_reuse::{self, KeyUse, Mask};
use jaxrs_ir::{Jaxpr, Prim, Value, WeakValue};
use parking_lot::Mutex;
use rustc_hash::FxHashMap;

use crate::Scope;

/// Which keys have been used up, by the identity of their arrays; of those that are alive.
#[derive(Default)]
pub(crate) struct UsedKeys(Mutex<FxHashMap<usize, (WeakValue, Mask)>>);

/// How many arrays are remembered before those that are gone are forgotten.
const MANY: usize = 1024;

impl UsedKeys {
    fn of(&self, value: &Value) -> Option<Mask> {
        let used = self.0.lock();
        let (holder, mask) = used.get(&value.identity())?;
        holder.is_of(value).then(|| mask.clone())
    }

    fn set(&self, value: &Value, mask: Option<Mask>) {
        let mut used = self.0.lock();
        match mask {
            Some(mask) => used.insert(value.identity(), (value.downgrade(), mask)),
            None => used.remove(&value.identity()),
        };
        if used.len() >= MANY && used.len().is_power_of_two() {
            used.retain(|_, (holder, _)| holder.is_alive());
        }
    }
}

fn is_key(value: &Value) -> bool {
    value.ty().dtype.is_key()
}

/// Runs an operation; of keys that it uses up, none may have been used up.
pub(crate) fn watched<R: AsRef<[Value]>>(
    scope: &Scope,
    name: &str,
    uses: Option<&KeyUse>,
    inputs: &[Value],
    run: impl FnOnce() -> Result<R>,
) -> Result<R> {
    let Some(uses) = uses else { return run() };
    let used = &scope.frame.shared.used_keys;
    for (k, mask) in &uses.sinks {
        let before = inputs.get(*k).filter(|value| is_key(value)).and_then(|key| used.of(key));
        if before.is_some_and(|before| before.meets(mask)) {
            return Err(reused(name, *k));
        }
    }
    let outputs = run()?;
    update(used, uses, inputs, outputs.as_ref());
    Ok(outputs)
}

fn update(used: &UsedKeys, uses: &KeyUse, inputs: &[Value], outputs: &[Value]) {
    for (k, mask) in &uses.sinks {
        if let Some(key) = inputs.get(*k).filter(|value| is_key(value)) {
            let before = used.of(key);
            used.set(key, Some(before.map_or_else(|| mask.clone(), |x| x.joined(mask))));
        }
    }
    for (k, output) in outputs.iter().enumerate().filter(|(_, value)| is_key(value)) {
        let forward = uses.forwards.iter().find(|(_, to)| *to == k);
        let mask = match forward.and_then(|(from, _)| inputs.get(*from)) {
            // An operation that does nothing gives the very array.
            Some(input) if input.is_same(output) => continue,
            Some(input) => used.of(input),
            None if uses.sources.contains(&k) => None,
            None => Some(Mask::All),
        };
        used.set(output, mask);
    }
}

#[cold]
fn reused(name: &str, k: usize) -> Error {
    let message = format_args!("key reuse: previously-consumed key passed to {name} at index {k}");
    Error::new(ErrorKind::Check, message)
}

/// What an operation outside of traces does with keys; nothing where no keys can be.
pub(crate) fn of_operation(prim: &Prim, inputs: &[Value]) -> Result<Option<KeyUse>> {
    let types: SmallVec<[Type; 4]> = inputs.iter().map(|value| value.ty().clone()).collect();
    let has_program = matches!(
        prim,
        Prim::Call(_) | Prim::Checkpoint(_) | Prim::Cond(_) | Prim::Scan(_) | Prim::While(_)
    );
    match has_program || types.iter().any(|ty| ty.dtype.is_key()) {
        true => key_reuse::of_operation(prim, &types).map(Some),
        false => Ok(None),
    }
}

/// What a traced function does with keys, where that is asked for.
pub(crate) fn of_traced(scope: &Scope, jaxpr: &Arc<Jaxpr>) -> Result<Option<KeyUse>> {
    match scope.settings.debug_key_reuse {
        true => key_reuse::of_program(jaxpr).map(Some),
        false => Ok(None),
    }
}
