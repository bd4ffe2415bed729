//! The loop programs that jaxrs back ends compile.
#![forbid(unsafe_code)]
