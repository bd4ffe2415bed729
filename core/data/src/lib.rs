//! Element types, shapes, literals and errors of jaxrs.
#![forbid(unsafe_code)]
