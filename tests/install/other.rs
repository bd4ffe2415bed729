//! A static library of somebody else, which brings its own copy of Rust's standard library.

/// The sum of the numbers up to `n`, in a way that allocates and may panic.
#[unsafe(no_mangle)]
pub extern "C" fn other_library(n: usize) -> usize {
    let all: Vec<usize> = (1..=n).collect();
    format!("{}", all.iter().sum::<usize>()).parse().unwrap()
}
