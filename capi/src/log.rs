//! The log of a context: what programs print, and what the engine says of its doings.

use jaxrs_ir::prims::LogSink;

use crate::context::LogFn;
use crate::drops::Userdata;

/// A function of the caller's that gets messages.
pub(crate) struct Log {
    pub(crate) call: LogFn,
    pub(crate) userdata: Userdata,
    /// The highest level that is wanted; 0 for all.
    pub(crate) level: u32,
}

impl LogSink for Log {
    fn log(&self, level: u32, text: &str) {
        if self.level == 0 || level <= self.level {
            // SAFETY: the caller promised a function of this type, for as long as its userdata lives.
            unsafe { (self.call)(self.userdata.object(), level, text.as_ptr().cast(), text.len()) };
        }
    }
}
