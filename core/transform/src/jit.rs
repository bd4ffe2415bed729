//! Compiled functions.

use std::hash::{Hash, Hasher};
use std::sync::{Arc, OnceLock, Weak};

use jaxrs_data::{Result, SmallVec, Type, bail};
use jaxrs_ir::key_reuse::KeyUse;
use jaxrs_ir::prims::Call;
use jaxrs_ir::{Context as _, Jaxpr, Value};
use parking_lot::RwLock;
use rustc_hash::{FxHashMap, FxHasher};

use crate::axis_env::AxisEnv;
use crate::context::{Shared, count};
use crate::dispatch::Compiled;
use crate::frame::during;
use crate::tracer::Tracer;
use crate::{Function, Ref, Scope, Settings, key_reuse, reference};

/// How a function is compiled.
#[derive(Clone, Debug, Default)]
pub struct JitOptions {
    /// Arguments whose memory the results may take over.
    pub donate: Vec<usize>,
    /// Whether a call inside of another traced function becomes that one's own operations.
    pub inline: bool,
}

/// The function, traced and compiled once for each combination of input types. What it captures in a
/// trace around is traced anew each time.
pub fn jit(function: &Function, options: JitOptions) -> Function {
    let jitted = Jitted { function: function.clone(), options, entries: Entries::default() };
    Function::new(function.name().clone(), move |scope: &Scope, inputs: &[Value]| {
        jitted.call(scope, inputs)
    })
}

struct Jitted {
    function: Function,
    options: JitOptions,
    entries: Entries,
}

/// Programs by a hash of the input types.
type Entries = RwLock<FxHashMap<u64, SmallVec<[Arc<Entry>; 1]>>>;

/// Programs of functions that the caller knows by a key, for other functions of the same key.
#[derive(Default)]
pub(crate) struct KeyedEntries(RwLock<FxHashMap<Key, Arc<Entries>>>);

/// A function's key, and how it is compiled.
type Key = (Arc<[u8]>, Vec<usize>, bool);

/// How many keys a context remembers; a full table starts anew.
const KEYS: usize = 4096;

impl KeyedEntries {
    pub(crate) fn clear(&self) {
        let dropped = std::mem::take(&mut *self.0.write());
        drop(dropped);
    }

    fn of(&self, key: &Arc<[u8]>, options: &JitOptions) -> Arc<Entries> {
        let key = (key.clone(), options.donate.clone(), options.inline);
        if let Some(entries) = self.0.read().get(&key) {
            return entries.clone();
        }
        let mut table = self.0.write();
        let full = table.len() >= KEYS && !table.contains_key(&key);
        let dropped = if full { std::mem::take(&mut *table) } else { FxHashMap::default() };
        let entries = table.entry(key).or_default().clone();
        drop(table);
        drop(dropped);
        entries
    }
}

/// The program for these inputs, if it is among them.
fn find(entries: &Entries, hash: u64, scope: &Scope, inputs: &[Value]) -> Option<Arc<Entry>> {
    let entries = entries.read();
    entries.get(&hash)?.iter().find(|entry| entry.is(scope, inputs)).cloned()
}

/// The function, traced for inputs of some types.
struct Entry {
    /// Of which context; programs and arrays of one mean nothing to another.
    context: Weak<Shared>,
    in_types: SmallVec<[Type; 4]>,
    /// The named axes around, whose sizes the program may depend on.
    axes: AxisEnv,
    /// The settings, which the function may have asked for.
    settings: Settings,
    jaxpr: Arc<Jaxpr>,
    consts: Vec<Value>,
    /// The references that the function uses; the program takes and gives their values last.
    refs: Vec<Ref>,
    donated: Vec<bool>,
    /// What it does with keys, where that is asked for.
    key_use: Option<KeyUse>,
    compiled: OnceLock<Compiled>,
}

impl Jitted {
    fn call(&self, scope: &Scope, inputs: &[Value]) -> Result<Vec<Value>> {
        if scope.settings.disable_jit {
            return self.function.call(scope, inputs);
        }
        let entry = self.entry(scope, inputs)?;
        if entry.refs.is_empty() {
            return self.run(scope, &entry, inputs);
        }
        let states = reference::values("jit", scope, &entry.refs)?;
        let mut outputs = self.run(scope, &entry, &[inputs, &states].concat())?;
        let states = outputs.split_off(outputs.len() - states.len());
        reference::write_back("jit", scope, &entry.refs, states)?;
        Ok(outputs)
    }

    fn run(&self, scope: &Scope, entry: &Entry, inputs: &[Value]) -> Result<Vec<Value>> {
        let is_eager = scope.is_eager() && !inputs.iter().any(crate::is_tracer);
        if is_eager {
            return entry.run(scope, self.function.name(), inputs);
        }
        let operands: Vec<Value> = entry.consts.iter().chain(inputs).cloned().collect();
        if self.options.inline {
            return scope.eval_jaxpr(&entry.jaxpr, &operands);
        }
        let call = Call { name: self.function.name().clone(), jaxpr: entry.jaxpr.clone() };
        Ok(scope.bind(&call.into(), &operands)?.into_vec())
    }

    fn entry(&self, scope: &Scope, inputs: &[Value]) -> Result<Arc<Entry>> {
        let hash = hash(inputs);
        let keyed = self.function.key().map(|key| scope.frame.shared.keyed.of(key, &self.options));
        let in_keyed = || keyed.as_ref().and_then(|entries| find(entries, hash, scope, inputs));
        let found = find(&self.entries, hash, scope, inputs).or_else(in_keyed);
        if let Some(entry) = found {
            count(&scope.counters().cache_hits);
            return Ok(entry);
        }
        let entry = Arc::new(self.trace(scope, inputs)?);
        let is_closed = !entry.consts.iter().any(|value| value.downcast_ref::<Tracer>().is_some())
            && entry.refs.iter().all(Ref::is_eager);
        if is_closed {
            // What captures nothing is the same program for all functions of the key.
            let is_shared = entry.consts.is_empty() && entry.refs.is_empty();
            let entries = keyed.as_deref().filter(|_| is_shared).unwrap_or(&self.entries);
            let mut entries = entries.write();
            let same = entries.entry(hash).or_default();
            // Another thread may have been faster; all calls then share its program.
            if let Some(first) = same.iter().find(|entry| entry.is(scope, inputs)) {
                return Ok(first.clone());
            }
            same.push(entry.clone());
        }
        Ok(entry)
    }

    fn trace(&self, scope: &Scope, inputs: &[Value]) -> Result<Entry> {
        count(&scope.counters().traces);
        if scope.settings.explain_cache_misses {
            scope.log(format_args!("{}", self.explain(scope, inputs)));
        }
        for &k in &self.options.donate {
            if k >= inputs.len() {
                bail!(InvalidArgument, "jit donates argument {k}, but got {} inputs", inputs.len());
            }
        }
        let in_types: SmallVec<[Type; 4]> = inputs.iter().map(|v| v.ty().clone()).collect();
        let trace = || scope.trace_with_refs(&self.function, &in_types);
        let (traced, refs) = scope
            .counters()
            .profile
            .of("trace", self.function.name(), trace)
            .map_err(during("jit", self.function.name()))?;
        let key_use = key_reuse::of_traced(scope, &traced.jaxpr)
            .map_err(during("jit", self.function.name()))?;
        let n_consts = traced.consts.len();
        let donated = (0..n_consts + inputs.len() + refs.len())
            .map(|k| k >= n_consts && self.options.donate.contains(&(k - n_consts)));
        Ok(Entry {
            context: Arc::downgrade(&scope.frame.shared),
            in_types,
            axes: scope.axes.clone(),
            settings: scope.settings,
            donated: if self.options.donate.is_empty() { Vec::new() } else { donated.collect() },
            jaxpr: traced.jaxpr,
            consts: traced.consts,
            refs,
            key_use,
            compiled: OnceLock::new(),
        })
    }
}

impl Entry {
    fn is(&self, scope: &Scope, inputs: &[Value]) -> bool {
        std::ptr::eq(self.context.as_ptr(), Arc::as_ptr(&scope.frame.shared))
            && self.axes == scope.axes
            && self.settings == scope.settings
            && self.in_types.len() == inputs.len()
            && self.in_types.iter().zip(inputs).all(|(ty, value)| ty == value.ty())
    }

    fn run(&self, scope: &Scope, name: &str, inputs: &[Value]) -> Result<Vec<Value>> {
        let compiled = match self.compiled.get() {
            Some(compiled) => compiled,
            None => {
                let compiled = scope.compile_logged(name, &self.jaxpr, &self.donated)?;
                self.compiled.get_or_init(|| compiled)
            }
        };
        let run = |inputs: &[Value]| {
            let run = || scope.run_compiled(name, &self.jaxpr, compiled, inputs, &self.donated);
            let what = "jit-compiled function";
            key_reuse::watched(scope, what, self.key_use.as_ref(), inputs, run)
        };
        if self.consts.is_empty() {
            return run(inputs);
        }
        let operands: SmallVec<[Value; 8]> = self.consts.iter().chain(inputs).cloned().collect();
        run(&operands)
    }
}

impl Jitted {
    /// Why there is no program for these inputs yet: how they differ from the most similar ones before.
    fn explain(&self, scope: &Scope, inputs: &[Value]) -> String {
        let name = self.function.name();
        let entries = self.entries.read();
        let known = entries
            .values()
            .flatten()
            .filter(|entry| std::ptr::eq(entry.context.as_ptr(), Arc::as_ptr(&scope.frame.shared)));
        let nearest = known.min_by_key(|entry| entry.differences(scope, inputs).len());
        let Some(nearest) = nearest else {
            let types: Vec<String> = inputs.iter().map(|value| value.ty().to_string()).collect();
            return format!(
                "tracing {name} for ({}): a function that was not traced before; functions that are made \
                 anew are traced anew",
                types.join(", ")
            );
        };
        let differences = nearest.differences(scope, inputs);
        if differences.is_empty() {
            return format!(
                "tracing {name}: it captures values of a trace, and is traced each time"
            );
        }
        format!("tracing {name}: unlike the nearest call before, {}", differences.join("; "))
    }
}

impl Entry {
    /// How a call differs from the one that was traced.
    fn differences(&self, scope: &Scope, inputs: &[Value]) -> Vec<String> {
        if self.in_types.len() != inputs.len() {
            let (now, before) = (inputs.len(), self.in_types.len());
            return vec![format!("there are {now} arguments, not {before}")];
        }
        let pairs = self.in_types.iter().zip(inputs).enumerate();
        let mut found: Vec<String> = pairs
            .filter(|(_, (before, now))| *before != now.ty())
            .map(|(k, (before, now))| {
                let (now, what) = (now.ty(), difference(before, now.ty()));
                format!("argument {k} is {now}, not {before} ({what} differs)")
            })
            .collect();
        if self.axes != scope.axes {
            found.push("the named axes around differ".to_owned());
        }
        if self.settings != scope.settings {
            found.push("the settings of the scope differ".to_owned());
        }
        found
    }
}

/// In what two types differ.
fn difference(a: &Type, b: &Type) -> &'static str {
    match () {
        () if a.dtype != b.dtype => "the element type",
        () if a.shape != b.shape => "the shape",
        () => "the weak type",
    }
}

fn hash(inputs: &[Value]) -> u64 {
    let mut hasher = FxHasher::default();
    for value in inputs {
        value.ty().hash(&mut hasher);
    }
    hasher.finish()
}
