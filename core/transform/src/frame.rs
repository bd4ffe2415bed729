//! Frames and scopes: where operations go.

use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use jaxrs_data::promote::Defaults;
use jaxrs_data::{Error, ErrorKind, Result, Type, bail};
use jaxrs_ir::{MappedAxis, Value};

use crate::axis_env::AxisEnv;
use crate::context::{Shared, count};
use crate::stage::Stage;
use crate::tracer::{Data, Origin, Tracer};
use crate::{Context, Settings};

/// One node of the tree of traces. What it is never changes; only a stage's program grows, behind a lock.
pub(crate) struct Frame {
    pub(crate) shared: Arc<Shared>,
    pub(crate) parent: Option<Arc<Frame>>,
    pub(crate) kind: Kind,
    /// The name of the function that is traced.
    pub(crate) name: Arc<str>,
    /// The named axes that this frame and those around it batch over.
    pub(crate) axes: AxisEnv,
    depth: u32,
    finished: AtomicBool,
}

/// What a frame does with operations.
pub(crate) enum Kind {
    /// Runs them.
    Eval,
    /// Records them.
    Stage(Stage),
    /// Computes tangents beside results.
    Jvp,
    /// Computes results, and records how tangents follow in the scope given.
    Linearize(Scope),
    /// Computes what depends on no tangent, and records the rest in the scope given: what derivative
    /// rules are called in during linearization.
    Partial(Scope),
    /// Does them for all examples along this axis.
    Batch(MappedAxis),
}

impl Frame {
    pub(crate) fn root(shared: Arc<Shared>) -> Arc<Frame> {
        Frame::new(shared, None, Kind::Eval, "eager".into(), AxisEnv::default())
    }

    fn new(
        shared: Arc<Shared>,
        parent: Option<Arc<Frame>>,
        kind: Kind,
        name: Arc<str>,
        axes: AxisEnv,
    ) -> Arc<Frame> {
        let depth = parent.as_ref().map_or(0, |parent| parent.depth + 1);
        Arc::new(Frame {
            shared,
            parent,
            kind,
            name,
            axes,
            depth,
            finished: AtomicBool::new(false),
        })
    }

    /// The root of the tree.
    pub(crate) fn outermost(self: &Arc<Frame>) -> &Arc<Frame> {
        let mut frame = self;
        while let Some(parent) = &frame.parent {
            frame = parent;
        }
        frame
    }

    pub(crate) fn is_finished(&self) -> bool {
        self.finished.load(Ordering::Acquire)
    }

    /// Whether `outer` is this frame or one of those around it.
    pub(crate) fn is_within(&self, outer: &Frame) -> bool {
        let mut frame = self;
        while frame.depth > outer.depth {
            match &frame.parent {
                Some(parent) => frame = parent,
                None => return false,
            }
        }
        std::ptr::eq(frame, outer)
    }

    /// The tracer behind a value, if it is one of this frame's own; nothing for arrays and for values of
    /// outer frames, which operations of this frame may use as they are.
    pub(crate) fn own<'v>(&self, user: &str, value: &'v Value) -> Result<Option<&'v Tracer>> {
        let Some(tracer) = value.downcast_ref::<Tracer>() else { return Ok(None) };
        if std::ptr::eq(&*tracer.frame, self) {
            return Ok(Some(tracer));
        }
        if tracer.frame.is_finished() {
            bail!(TracerEscaped, "{user} uses {tracer}, which finished");
        }
        if !self.is_within(&tracer.frame) {
            bail!(
                TracerScope,
                "{user} in trace '{}' uses {tracer}, which is not around it",
                self.name
            );
        }
        Ok(None)
    }

    /// Refuses to do anything more once the trace ended.
    pub(crate) fn check_open(&self, user: &str) -> Result<()> {
        if self.is_finished() {
            bail!(TracerEscaped, "{user} is asked for in trace '{}', which finished", self.name);
        }
        Ok(())
    }

    /// A new tracer of this frame.
    pub(crate) fn tracer(self: &Arc<Frame>, ty: Type, data: Data, origin: Origin) -> Value {
        let counters = &self.shared.counters;
        count(&counters.live_tracers);
        let number = count(&counters.tracers);
        Value::new(Tracer { ty, frame: self.clone(), number, origin, data })
    }
}

/// Where operations go: the eager root of a context, or an active trace. Clones are the same scope.
#[derive(Clone)]
pub struct Scope {
    pub(crate) frame: Arc<Frame>,
    /// The names that operations are recorded under.
    pub(crate) names: Option<Arc<str>>,
    /// The named axes that collectives may speak of here.
    pub(crate) axes: AxisEnv,
    /// The axis that a batching rule which is given this scope batches over.
    mapped: Option<MappedAxis>,
    pub(crate) settings: Settings,
}

impl Scope {
    pub(crate) fn of(frame: Arc<Frame>) -> Scope {
        let (axes, settings) = (frame.axes.clone(), frame.shared.settings);
        Scope { frame, names: None, axes, mapped: None, settings }
    }

    /// The engine.
    pub fn context(&self) -> Context {
        Context::of(&self.frame)
    }

    /// The element types of numbers without a stated type.
    pub fn defaults(&self) -> Defaults {
        self.settings.defaults()
    }

    /// The same scope with a name appended to the name stack of operations.
    #[must_use]
    pub fn with_name(&self, name: &str) -> Scope {
        let names = match &self.names {
            Some(outer) => format!("{outer}/{name}"),
            None => name.to_owned(),
        };
        Scope { names: Some(names.into()), ..self.clone() }
    }

    /// The same scope with other settings.
    #[must_use]
    pub fn with_settings(&self, settings: Settings) -> Scope {
        Scope { settings, ..self.clone() }
    }

    /// How things are done here.
    pub fn settings(&self) -> Settings {
        self.settings
    }

    /// Whether operations run at once here.
    pub fn is_eager(&self) -> bool {
        matches!(self.frame.kind, Kind::Eval)
    }

    /// The scope around a trace; the root is its own.
    pub(crate) fn parent(&self) -> Scope {
        let frame = self.frame.parent.as_ref().unwrap_or(&self.frame).clone();
        Scope { names: self.names.clone(), settings: self.settings, ..Scope::of(frame) }
    }

    /// The eager scope at the root, where the named axes of this one are known.
    pub(crate) fn outermost(&self) -> Scope {
        let outermost = Scope::of(self.frame.outermost().clone());
        Scope { axes: self.axes.clone(), settings: self.settings, ..outermost }
    }

    /// The scope as a batching rule gets it.
    pub(crate) fn mapping(self, axis: &MappedAxis) -> Scope {
        Scope { mapped: Some(axis.clone()), ..self }
    }

    /// The axis of `size` examples that a batching rule with this scope batches over.
    pub(crate) fn mapped(&self, size: usize) -> MappedAxis {
        match &self.mapped {
            Some(axis) => MappedAxis { size, ..axis.clone() },
            None => MappedAxis::unnamed(size),
        }
    }

    /// Begins a trace below this scope.
    pub(crate) fn enter(&self, kind: Kind, name: &Arc<str>) -> Active {
        // Programs have names of their own; other traces only pass operations on.
        let names = if matches!(kind, Kind::Stage(_)) { None } else { self.names.clone() };
        let parent = Some(self.frame.clone());
        let axes = match &kind {
            Kind::Batch(axis) if axis.name.is_some() => self.axes.with(axis.clone()),
            _ => self.axes.clone(),
        };
        let frame = Frame::new(self.frame.shared.clone(), parent, kind, name.clone(), axes);
        Active(Scope { names, settings: self.settings, ..Scope::of(frame) })
    }
}

/// A trace that ends when this is dropped, whatever happens inside.
pub(crate) struct Active(Scope);

impl Deref for Active {
    type Target = Scope;
    fn deref(&self) -> &Scope {
        &self.0
    }
}

impl Drop for Active {
    fn drop(&mut self) {
        self.0.frame.finished.store(true, Ordering::Release);
        if let Kind::Stage(stage) = &self.0.frame.kind {
            stage.discard();
        }
    }
}

/// An error with a note on what was being done with which function.
pub(crate) fn during<'a>(doing: &'a str, name: &'a str) -> impl Fn(Error) -> Error + 'a {
    move |err| err.context(format_args!("while tracing '{name}' for {doing}"))
}

/// The refusal of an argument count.
pub(crate) fn check_count(what: &str, needed: usize, got: usize) -> Result<()> {
    if needed != got {
        return Err(Error::new(
            ErrorKind::InvalidArgument,
            format_args!("{what} takes {needed} inputs, got {got}"),
        ));
    }
    Ok(())
}
