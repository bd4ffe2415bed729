//! The interpreting back end: oracle and tier 0.
