//! What programs print that come from files or text: such programs know the formats, and not where lines go.

use std::sync::Arc;

use jaxrs_ir::prims::{CustomJvp, CustomVjp, DebugPrint, Sink};
use jaxrs_ir::{Jaxpr, Prim};
use rustc_hash::FxHashMap;

use super::{replaced, with_prims};

/// Whether a program prints, and does not know where to.
pub(crate) fn is_silent(jaxpr: &Jaxpr) -> bool {
    let mut known = FxHashMap::default();
    is_silent_in(jaxpr, &mut known)
}

/// Programs that are shared are looked at once: by their addresses, which they keep meanwhile.
fn is_silent_in(jaxpr: &Jaxpr, known: &mut FxHashMap<*const Jaxpr, bool>) -> bool {
    if let Some(&found) = known.get(&std::ptr::from_ref(jaxpr)) {
        return found;
    }
    let found = jaxpr.eqns.iter().any(|eqn| match &eqn.prim {
        Prim::DebugPrint(print) => print.sink.0.is_none(),
        prim => prim.programs().iter().any(|inner| is_silent_in(inner, known)),
    });
    known.insert(std::ptr::from_ref(jaxpr), found);
    found
}

/// The program, with what it prints going to a sink. Derivative rules that are programs of their own stay silent.
pub(crate) fn printing(jaxpr: &Arc<Jaxpr>, sink: &Sink) -> Arc<Jaxpr> {
    Printing { sink, known: FxHashMap::default() }.jaxpr(jaxpr)
}

struct Printing<'a> {
    sink: &'a Sink,
    /// By address, so that what is shared stays so; the programs are those of the one that is walked.
    known: FxHashMap<*const Jaxpr, Arc<Jaxpr>>,
}

impl Printing<'_> {
    fn jaxpr(&mut self, jaxpr: &Arc<Jaxpr>) -> Arc<Jaxpr> {
        if let Some(found) = self.known.get(&Arc::as_ptr(jaxpr)) {
            return found.clone();
        }
        let result = with_prims(jaxpr, |prim| self.prim(prim));
        self.known.insert(Arc::as_ptr(jaxpr), result.clone());
        result
    }

    fn prim(&mut self, prim: &Prim) -> Option<Prim> {
        match prim {
            Prim::DebugPrint(print) if print.sink.0.is_none() => {
                Some(DebugPrint { sink: self.sink.clone(), ..print.clone() }.into())
            }
            // Their rules may be code of this process, which parameters do not hold.
            Prim::CustomJvp(custom) => {
                let call_jaxpr = self.jaxpr(&custom.call_jaxpr);
                Some(CustomJvp { call_jaxpr, ..custom.clone() }.into())
            }
            Prim::CustomVjp(custom) => {
                let call_jaxpr = self.jaxpr(&custom.call_jaxpr);
                Some(CustomVjp { call_jaxpr, ..custom.clone() }.into())
            }
            Prim::CustomVmap(_) | Prim::CustomLinear(_) => None,
            _ => replaced(prim, &mut |jaxpr| self.jaxpr(jaxpr)),
        }
    }
}
