//! Traces, bind, and the transforms of jaxrs.
#![forbid(unsafe_code)]
