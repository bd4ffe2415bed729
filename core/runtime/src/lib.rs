//! Buffers, threads and executables of jaxrs.
