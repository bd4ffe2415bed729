//! The one error type.

use std::any::Any;
use std::fmt;
use std::sync::Arc;

/// What went wrong, as a binding maps it to its exception classes. The numbers are the C API's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u32)]
pub enum ErrorKind {
    /// An argument is not what the function takes.
    InvalidArgument = 1,
    /// Shapes do not fit together.
    Shape = 2,
    /// Element types do not fit together.
    Dtype = 3,
    /// A tracer was used after its trace finished.
    TracerEscaped = 4,
    /// Tracers of unrelated traces, or an inner one in an outer scope.
    TracerScope = 5,
    /// A tracer was asked for its value.
    Concretization = 6,
    /// A caller's callback returned an error.
    Callback = 7,
    /// There is no rule for what was asked.
    Unimplemented = 8,
    /// Memory could not be had.
    OutOfMemory = 9,
    /// A program could not be compiled.
    Compile = 10,
    /// A device failed.
    Device = 11,
    /// Reading or writing a file failed.
    Io = 12,
    /// Versions, programs or machines that do not fit together.
    Incompatible = 13,
    /// The call was cancelled.
    Cancelled = 14,
    /// The context was used in a forked child.
    Forked = 15,
    /// Going on would wait for ever.
    WouldDeadlock = 16,
    /// A fault of this library.
    Internal = 17,
    /// A check of the program's own failed, or a value is one that it may not be.
    Check = 18,
}

/// A caller's own object that travels with an error through the engine, unseen.
pub type Payload = Arc<dyn Any + Send + Sync>;

/// Results of the engine.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// A failure: its kind, one sentence that names the operation, what it needed and what it got, and
/// the frames that it passed on its way up.
#[derive(Clone)]
pub struct Error(Box<Inner>);

#[derive(Clone)]
struct Inner {
    kind: ErrorKind,
    message: String,
    context: Vec<String>,
    payload: Option<Payload>,
}

impl Error {
    /// A new error. Prefer [`bail!`](crate::bail) and [`ensure!`](crate::ensure).
    #[cold]
    pub fn new(kind: ErrorKind, message: impl fmt::Display) -> Error {
        let message = message.to_string();
        Error(Box::new(Inner { kind, message, context: Vec::new(), payload: None }))
    }

    /// A fault of this library: an invariant that did not hold.
    #[cold]
    pub fn internal(message: impl fmt::Display) -> Error {
        Error::new(ErrorKind::Internal, format_args!("{message} (this is a bug in jaxrs)"))
    }

    /// The same error with a caller's object attached.
    #[must_use]
    pub fn with_payload(mut self, payload: Payload) -> Error {
        self.0.payload = Some(payload);
        self
    }

    /// The same error with one more frame of where it happened, innermost first.
    #[must_use]
    pub fn context(mut self, frame: impl fmt::Display) -> Error {
        self.0.context.push(frame.to_string());
        self
    }

    /// What went wrong.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// One sentence: operation, what was needed, what came.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// The frames that the error passed, innermost first.
    pub fn frames(&self) -> &[String] {
        &self.0.context
    }

    /// The caller's object, if one is attached.
    pub fn payload(&self) -> Option<&Payload> {
        self.0.payload.as_ref()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}: {}", self.0.kind, self.0.message)?;
        self.0.context.iter().try_for_each(|frame| write!(f, "\n  {frame}"))
    }
}

impl std::error::Error for Error {}

/// Returns an error of the named kind: `bail!(Shape, "reshape needs …, got {shape}")`.
#[macro_export]
macro_rules! bail {
    ($kind:ident, $($message:tt)+) => {
        return Err($crate::Error::new($crate::ErrorKind::$kind, format_args!($($message)+)))
    };
}

/// Returns an error of the named kind unless the condition holds.
#[macro_export]
macro_rules! ensure {
    ($condition:expr, $kind:ident, $($message:tt)+) => {
        if !$condition {
            $crate::bail!($kind, $($message)+);
        }
    };
}
