//! lax, numpy and random functions of jaxrs, and the operation table.
#![forbid(unsafe_code)]
