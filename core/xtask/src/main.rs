//! Development commands of jaxrs.
fn main() {}
