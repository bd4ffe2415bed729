//! The C library of jaxrs.
