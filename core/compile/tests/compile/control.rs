//! Loops and branches.
