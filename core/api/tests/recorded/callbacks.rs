//! Programs that call the host: what they give, what the host sees, and in which order.

use std::sync::{Arc, Mutex};

use jaxrs_data::tolerance::Class;
use jaxrs_data::{DType, Error, ErrorKind, Literal, Result, Scalar, Type};
use jaxrs_ir::prims::{Host, LogSink, Sink};
use jaxrs_ir::{Jaxpr, Param, Prim, Value};
use jaxrs_reference::ReferenceBackend;
use jaxrs_runtime::Backend;
use jaxrs_transform::{
    ClosedJaxpr, Context, ContextOptions, DiffOptions, Function, JitOptions, VmapOptions,
    checkpoint, function_from_jaxpr, grad, jit, vmap,
};
use serde_json::Value as Json;

use crate::primitives::{compare, literals};
use crate::rows::{self, Row};

/// What the host saw, in order.
#[derive(Clone, Default)]
struct Events(Arc<Mutex<Vec<String>>>);

impl Events {
    fn called(&self, name: &str, inputs: &[Literal]) {
        self.0.lock().unwrap().push(call_text(name, inputs));
    }

    fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.0.lock().unwrap())
    }
}

impl LogSink for Events {
    fn log(&self, _: u32, text: &str) {
        self.0.lock().unwrap().push(text.to_owned());
    }
}

fn call_text(name: &str, inputs: &[Literal]) -> String {
    let text =
        |x: &Literal| format!("{} {:?}", x.ty().with_weak(false), x.iter().collect::<Vec<_>>());
    format!("{name}({})", inputs.iter().map(text).collect::<Vec<_>>().join(", "))
}

/// An event as `tests/recorded/callbacks.py` has it.
fn recorded(event: &Json) -> String {
    match event["print"].as_str() {
        Some(text) => text.to_owned(),
        None => call_text(event["call"].as_str().unwrap(), &rows::literals(&event["with"])),
    }
}

/// A row's events as they are compared: where the program has no order, sorted.
fn in_order(row: &Row, mut events: Vec<String>) -> Vec<String> {
    if row.params["ordered"] == Json::Bool(false) {
        events.sort();
    }
    events
}

/// The functions of `tests/recorded/callbacks.py`.
fn host(events: &Events, name: &str) -> Host {
    let (events, called) = (events.clone(), name.to_owned());
    Host::of_arrays(name, move |inputs| {
        events.called(&called, inputs);
        match called.as_str() {
            "double" => Ok(vec![elementwise(inputs, |x| sum(x[0], x[0]))]),
            "sin_host" => Ok(vec![elementwise(inputs, |x| Scalar::Float(x[0].as_f64().sin()))]),
            "sum_axis" => Ok(vec![sum_axis(&inputs[0])]),
            "add_mul" => Ok(vec![
                elementwise(inputs, |x| sum(x[0], x[1])),
                elementwise(inputs, |x| Scalar::Float(x[0].as_f64() * x[1].as_f64())),
            ]),
            "count" => {
                let count =
                    events.0.lock().unwrap().iter().filter(|event| *event == "count()").count();
                Ok(vec![Literal::scalar(DType::I32, Scalar::Int(count as i64))])
            }
            "log" => Ok(Vec::new()),
            _ => Err(Error::new(ErrorKind::InvalidArgument, format_args!("no function {called}"))),
        }
    })
}

fn sum(x: Scalar, y: Scalar) -> Scalar {
    match (x, y) {
        (Scalar::Int(x), Scalar::Int(y)) => Scalar::Int(x.wrapping_add(y)),
        (Scalar::Uint(x), Scalar::Uint(y)) => Scalar::Uint(x.wrapping_add(y)),
        (Scalar::Complex(re, im), y) => {
            Scalar::Complex(re + y.as_complex().0, im + y.as_complex().1)
        }
        (x, y) => Scalar::Float(x.as_f64() + y.as_f64()),
    }
}

/// Applies a function to elements at the same place, of shapes that broadcast as NumPy's do.
fn elementwise(inputs: &[Literal], f: impl Fn(&[Scalar]) -> Scalar) -> Literal {
    let whole = inputs.iter().max_by_key(|x| (x.ty().rank(), x.len())).unwrap().ty();
    Literal::from_fn(whole.with_weak(false), |k| {
        let index = whole.shape.unravel(k);
        let at = |x: &Literal| {
            let own = &index[whole.rank() - x.ty().rank()..];
            let own: Vec<usize> =
                own.iter().zip(x.ty().shape.iter()).map(|(&i, &size)| i.min(size - 1)).collect();
            x.at(&own)
        };
        f(&inputs.iter().map(at).collect::<Vec<_>>()).cast(whole.dtype)
    })
}

/// Sums along the last axis.
fn sum_axis(x: &Literal) -> Literal {
    let axis = x.ty().rank() - 1;
    let n = x.ty().shape[axis];
    let ty = Type::new(x.ty().dtype, x.ty().shape.without(axis));
    Literal::from_fn(ty, |k| (0..n).fold(Scalar::Float(0.0), |acc, i| sum(acc, x.get(k * n + i))))
}

/// The program with the functions that it names.
fn linked(jaxpr: &Arc<Jaxpr>, events: &Events) -> Arc<Jaxpr> {
    let mut jaxpr = (**jaxpr).clone();
    for eqn in &mut jaxpr.eqns {
        eqn.prim = linked_prim(&eqn.prim, events);
    }
    Arc::new(jaxpr)
}

fn linked_prim(prim: &Prim, events: &Events) -> Prim {
    match prim {
        Prim::Callback(callback) => {
            let mut callback = callback.clone();
            callback.host = host(events, callback.host.name());
            callback.into()
        }
        Prim::DebugPrint(print) => {
            let mut print = print.clone();
            print.sink = Sink(Some(Arc::new(events.clone())));
            print.into()
        }
        prim if prim.programs().is_empty() => prim.clone(),
        holder => {
            let inner = |(name, value): (&str, Param)| {
                let value = match value {
                    Param::Jaxpr(jaxpr) => Param::Jaxpr(linked(&jaxpr, events)),
                    Param::Jaxprs(all) => {
                        Param::Jaxprs(all.iter().map(|jaxpr| linked(jaxpr, events)).collect())
                    }
                    other => other,
                };
                (name.to_owned(), value)
            };
            let params: Vec<_> = holder.params().into_iter().map(inner).collect();
            Prim::from_params(holder.name(), &params).unwrap()
        }
    }
}

fn function(row: &Row, events: &Events) -> Result<Function> {
    let jaxpr: Jaxpr = row.params["program"].as_str().unwrap().parse()?;
    let jaxpr = linked(&Arc::new(jaxpr), events);
    let f = function_from_jaxpr("f", ClosedJaxpr { jaxpr, consts: Vec::new() });
    let in_axes = row.params["axes"].as_array().map(|axes| axes.iter().map(Json::as_i64).collect());
    let mapped = |f: &Function| {
        let in_axes = in_axes.clone().unwrap_or_default();
        vmap(f, VmapOptions { in_axes, ..VmapOptions::default() })
    };
    let compiled = |f: &Function| jit(f, JitOptions::default());
    let slope = |f: &Function| grad(f, DiffOptions::default());
    Ok(match row.params["way"].as_str().unwrap() {
        "eval" => f,
        "jit" => compiled(&f),
        "vmap" => mapped(&f),
        "jit_of_vmap" => compiled(&mapped(&f)),
        "vmap_of_jit" => mapped(&compiled(&f)),
        "grad" => slope(&f),
        "jit_of_grad" => compiled(&slope(&f)),
        "vmap_of_grad" => mapped(&slope(&f)),
        "grad_of_checkpoint" => slope(&checkpoint(&f)),
        "jit_of_grad_of_checkpoint" => compiled(&slope(&checkpoint(&f))),
        way => panic!("no way {way}"),
    })
}

/// Results, events and refusals are JAX's, by definition and compiled.
pub(crate) fn agrees(row: &Row) -> Result<(), String> {
    let events = Events::default();
    let f = function(row, &events).map_err(|err| err.message().to_owned())?;
    let expected: Vec<String> = row.events.iter().map(recorded).collect();
    let inputs: Vec<Value> = row.inputs.iter().cloned().map(Value::literal).collect();
    let backend: Arc<dyn Backend> = Arc::new(ReferenceBackend::new());
    for (how, compiler) in [("definition", None), ("compiled", Some(backend))] {
        let eager = compiler.clone();
        let context = Context::new(ContextOptions { compiler, eager, ..ContextOptions::default() });
        let outputs = literals(f.call(&context.root(), &inputs));
        let found = in_order(row, events.take());
        match (outputs, row.is_refused) {
            (Err(_), true) => {}
            (Ok(_), true) => return Err(format!("{how}: JAX refuses it")),
            (outputs, false) => compare(how, outputs?.iter(), &row.outputs, Class::Elementary)?,
        }
        if found != in_order(row, expected.clone()) {
            return Err(format!("{how}: the host sees\n{found:#?}\ninstead of\n{expected:#?}"));
        }
    }
    Ok(())
}
