//! Jaxprs and all primitives with all their rules.
#![forbid(unsafe_code)]
