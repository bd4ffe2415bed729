//! Programs of bodies and branches, kept so that loops outside of all traces trace them once.
//!
//! As in JAX a function is told by its identity: what it captures counts as it was when it was traced first.

use std::sync::{Arc, Weak};

use jaxrs_data::{Result, Type};
use jaxrs_ir::Value;
use parking_lot::Mutex;

use crate::axis_env::AxisEnv;
use crate::context::{Shared, count};
use crate::{ClosedJaxpr, Function, Ref, Scope, Settings};

/// The programs that one function is.
#[derive(Default)]
pub(crate) struct BodyCache(Mutex<Vec<Entry>>);

/// A program with the references that it uses.
type Traced = (ClosedJaxpr, Vec<Ref>);

struct Entry {
    /// Of which context.
    context: Weak<Shared>,
    in_types: Vec<Type>,
    axes: AxisEnv,
    settings: Settings,
    traced: Traced,
}

/// How many programs a function has at most; the oldest goes first.
const PROGRAMS: usize = 16;

impl Entry {
    fn is(&self, scope: &Scope, in_types: &[Type]) -> bool {
        std::ptr::eq(self.context.as_ptr(), Arc::as_ptr(&scope.frame.shared))
            && self.axes == scope.axes
            && self.settings == scope.settings
            && self.in_types == in_types
    }
}

/// The program of a function, traced unless it is known. Only outside of all traces is anything kept: inside,
/// what a function captures may be of the trace.
pub(super) fn trace(scope: &Scope, function: &Function, in_types: &[Type]) -> Result<Traced> {
    if !scope.is_eager() {
        return scope.trace_with_refs(function, in_types);
    }
    let cache = &function.programs().0;
    let known =
        cache.lock().iter().find(|entry| entry.is(scope, in_types)).map(|e| e.traced.clone());
    if let Some(traced) = known {
        count(&scope.counters().cache_hits);
        return Ok(traced);
    }
    let traced = scope.trace_with_refs(function, in_types)?;
    let (closed, refs) = &traced;
    let is_open = closed.consts.iter().any(crate::is_tracer as fn(&Value) -> bool);
    if !is_open && refs.iter().all(Ref::is_eager) {
        let entry = Entry {
            context: Arc::downgrade(&scope.frame.shared),
            in_types: in_types.to_vec(),
            axes: scope.axes.clone(),
            settings: scope.settings,
            traced: traced.clone(),
        };
        let mut entries = cache.lock();
        let oldest = (entries.len() >= PROGRAMS).then(|| entries.remove(0));
        entries.push(entry);
        drop(entries);
        drop(oldest);
    }
    Ok(traced)
}
