//! Kernel programs to native code through LLVM.
