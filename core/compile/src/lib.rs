//! From jaxprs to kernel programs.
#![forbid(unsafe_code)]
