//! What host functions notice: events in order, in a context that evaluates and in one that compiles.

use std::sync::Arc;

use expect_test::Expect;
use jaxrs_data::{Literal, Result, Scalar};
use jaxrs_ir::Value;
use jaxrs_ir::prims::{Host, LogSink, VmapMethod};
use jaxrs_runtime::Backend;
use jaxrs_transform::{
    Callback, Context, ContextOptions, Function, Scope, io_callback, pure_callback,
};
use parking_lot::Mutex;

use crate::setting::numbers;

/// What happened, in order.
#[derive(Clone, Default)]
pub(crate) struct Events(Arc<Mutex<Vec<String>>>);

impl Events {
    pub(crate) fn add(&self, event: String) {
        self.0.lock().push(event);
    }

    /// What happened since the last time.
    pub(crate) fn take(&self) -> String {
        std::mem::take(&mut *self.0.lock()).join(" ")
    }
}

impl LogSink for Events {
    fn log(&self, level: u32, text: &str) {
        let level = if level == 0 { String::new() } else { format!("{level}:") };
        self.add(format!("{level}{text}"));
    }
}

/// A context that evaluates by definition, and one that compiles; both print to `events`.
pub(crate) fn contexts(events: &Events) -> [Context; 2] {
    let backend: Arc<dyn Backend> = Arc::new(jaxrs_reference::ReferenceBackend::new());
    let log: Option<Arc<dyn LogSink>> = Some(Arc::new(events.clone()));
    [None, Some(backend)].map(|backend| {
        let (compiler, eager, log) = (backend.clone(), backend, log.clone());
        Context::new(ContextOptions { compiler, eager, log, ..ContextOptions::default() })
    })
}

pub(crate) fn text(value: &Literal) -> String {
    let shape = if value.ty().rank() == 0 { String::new() } else { value.ty().shape.to_string() };
    format!("{:?}{shape}", value.to_f64s())
}

/// A host function that notes what it sees.
pub(crate) fn seen(events: &Events) -> Host {
    let events = events.clone();
    Host::of_arrays("seen", move |inputs| {
        events.add(inputs.iter().map(text).collect::<Vec<_>>().join(","));
        Ok(Vec::new())
    })
}

/// A host function that notes what it sees, and gives it doubled.
pub(crate) fn doubled(events: &Events) -> Host {
    let events = events.clone();
    Host::of_arrays("doubled", move |inputs| {
        events.add(text(&inputs[0]));
        let x = &inputs[0];
        let twice = |k: usize| Scalar::Float(2.0 * x.get(k).as_f64());
        Ok(vec![Literal::from_fn(x.ty().with_weak(false), twice)])
    })
}

pub(crate) fn pure(
    scope: &Scope,
    host: &Host,
    x: &Value,
    vmap_method: VmapMethod,
) -> Result<Value> {
    let result_types = vec![x.ty().with_weak(false)];
    let callback = Callback { host: host.clone(), result_types, vmap_method };
    Ok(pure_callback(scope, callback, std::slice::from_ref(x))?.swap_remove(0))
}

pub(crate) fn ordered_io(scope: &Scope, host: &Host, x: &Value) -> Result<()> {
    io_callback(scope, host.clone(), Vec::new(), true, std::slice::from_ref(x)).map(drop)
}

/// What a function gives and does, in both contexts.
#[track_caller]
pub(crate) fn check(make: impl Fn(&Events) -> Function, inputs: &[Value], expected: &Expect) {
    let events = Events::default();
    let f = make(&events);
    let texts: Vec<String> = contexts(&events)
        .iter()
        .map(|context| {
            let result = match f.call(&context.root(), inputs) {
                Ok(outputs) => {
                    let outputs: Vec<String> =
                        outputs.iter().map(|y| format!("{:?}", numbers(y))).collect();
                    outputs.join(" ")
                }
                Err(err) => format!("{:?}: {err}", err.kind()),
            };
            format!("{result}\n{}", events.take())
        })
        .collect();
    assert_eq!(texts[0], texts[1], "the contexts differ");
    expected.assert_eq(&texts[0]);
}
