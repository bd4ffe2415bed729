//! References: arrays that programs change.

use std::sync::Arc;

use jaxrs_data::Result;
use jaxrs_ir::Value;
use jaxrs_transform::{Ref, Scope, new_ref};

use crate::args::{Handles, In, Out, Shared};
use crate::array::{ArrayBody, ArrayHandle};
use crate::context::Engine;
use crate::function::values;
use crate::gate::{Status, gate, guard, null};
use crate::handle::{Body, Handle, Owned};
use crate::scope::ScopeBody;

/// A reference in C.
pub type RefHandle = Handle<RefBody>;

/// What a reference's handle holds.
pub struct RefBody {
    reference: Ref,
    engine: Arc<Engine>,
}

impl Body for RefBody {
    const TAG: u64 = u64::from_le_bytes(*b"jx refer");
    const NAME: &'static str = "jaxrs_ref";
}

/// Runs what is done with a reference in a scope, at a position.
fn at<T>(
    r: &Shared<RefBody>,
    s: &Shared<ScopeBody>,
    (index, n): (&Handles<ArrayBody>, usize),
    body: impl FnOnce(&Ref, &Scope, &[Value], &Arc<Engine>) -> Result<T>,
) -> Result<T> {
    let (r, s) = (r.get("r")?, s.get("s")?);
    r.engine.check()?;
    r.engine.check_same(s.engine(), "s")?;
    let index = values(&r.engine, index, n, "index")?;
    body(&r.reference, s.scope()?, &index, &r.engine)
}

fn value<'a>(engine: &Arc<Engine>, value: &'a In<ArrayBody>) -> Result<&'a Value> {
    let array = value.get("value")?;
    engine.check_same(array.engine(), "value")?;
    Ok(array.value())
}

/// A new reference to an array that starts as `init`.
///
/// Functions that are traced may read and write it, also one of the trace around: jaxrs_jit and jaxrs_remat, the
/// bodies of jaxrs_scan, jaxrs_while, jaxrs_fori_loop and jaxrs_map, and branches hand it on, so that programs are
/// pure. What is being differentiated or batched cannot be written to a reference from outside of that transform.
/// It ends with the trace that it was made in. The caller owns `*out`. Any thread.
#[unsafe(no_mangle)]
pub extern "C" fn jaxrs_ref_new(
    s: Shared<ScopeBody>,
    init: In<ArrayBody>,
    out: Out<*mut RefHandle>,
) -> Status {
    gate(|| {
        let out = out.null("out")?;
        let (s, init) = (s.get("s")?, init.get("init")?);
        s.engine().check_same(init.engine(), "init")?;
        let reference = new_ref(s.scope()?, init.value())?;
        out.set(Owned::new(RefBody { reference, engine: s.engine().clone() }).into_raw());
        Ok(())
    })
}

/// One more reference to a reference. NULL stays NULL. Any thread.
#[unsafe(no_mangle)]
pub extern "C" fn jaxrs_ref_retain(r: Shared<RefBody>) -> *mut RefHandle {
    guard(null(), || r.retained())
}

/// Gives up a reference; functions that use it keep it. NULL is allowed. Any thread.
#[unsafe(no_mangle)]
pub extern "C" fn jaxrs_ref_release(r: Shared<RefBody>) {
    guard((), || drop(r.take()));
}

/// What stands at a position of a reference.
///
/// `index` has integer scalars for the first `n` axes, counted from the end where they are negative; without any
/// it is the whole array. A position that is known and out of bounds is refused, another one is moved so that it
/// fits. The caller owns `*out`. One thread at a time.
#[unsafe(no_mangle)]
pub extern "C" fn jaxrs_ref_get(
    r: Shared<RefBody>,
    s: Shared<ScopeBody>,
    index: Handles<ArrayBody>,
    n: usize,
    out: Out<*mut ArrayHandle>,
) -> Status {
    gate(|| {
        let out = out.null("out")?;
        at(&r, &s, (&index, n), |reference, scope, index, engine| {
            out.set(ArrayBody::handle(reference.get(scope, index)?, engine).into_raw());
            Ok(())
        })
    })
}

/// Puts `value`, of the shape of that part, at a position of a reference. One thread at a time.
#[unsafe(no_mangle)]
pub extern "C" fn jaxrs_ref_set(
    r: Shared<RefBody>,
    s: Shared<ScopeBody>,
    index: Handles<ArrayBody>,
    n: usize,
    value: In<ArrayBody>,
) -> Status {
    gate(|| {
        at(&r, &s, (&index, n), |reference, scope, index, engine| {
            reference.set(scope, index, self::value(engine, &value)?)
        })
    })
}

/// As jaxrs_ref_set; gives what stood there. The caller owns `*out`. One thread at a time.
#[unsafe(no_mangle)]
pub extern "C" fn jaxrs_ref_swap(
    r: Shared<RefBody>,
    s: Shared<ScopeBody>,
    index: Handles<ArrayBody>,
    n: usize,
    value: In<ArrayBody>,
    out: Out<*mut ArrayHandle>,
) -> Status {
    gate(|| {
        let out = out.null("out")?;
        at(&r, &s, (&index, n), |reference, scope, index, engine| {
            let old = reference.swap(scope, index, self::value(engine, &value)?)?;
            out.set(ArrayBody::handle(old, engine).into_raw());
            Ok(())
        })
    })
}

/// Adds `value` to what stands at a position of a reference. One thread at a time.
#[unsafe(no_mangle)]
pub extern "C" fn jaxrs_ref_addupdate(
    r: Shared<RefBody>,
    s: Shared<ScopeBody>,
    index: Handles<ArrayBody>,
    n: usize,
    value: In<ArrayBody>,
) -> Status {
    gate(|| {
        at(&r, &s, (&index, n), |reference, scope, index, engine| {
            reference.addupdate(scope, index, self::value(engine, &value)?)
        })
    })
}

/// The array that a reference is now; it cannot be used any more. The caller owns `*out`. Any thread.
#[unsafe(no_mangle)]
pub extern "C" fn jaxrs_ref_freeze(
    r: Shared<RefBody>,
    s: Shared<ScopeBody>,
    out: Out<*mut ArrayHandle>,
) -> Status {
    gate(|| {
        let out = out.null("out")?;
        let (r, s) = (r.get("r")?, s.get("s")?);
        r.engine.check()?;
        r.engine.check_same(s.engine(), "s")?;
        out.set(ArrayBody::handle(r.reference.freeze(s.scope()?)?, &r.engine).into_raw());
        Ok(())
    })
}
