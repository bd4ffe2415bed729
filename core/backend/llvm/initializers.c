/* What inkwell's initializers of "all" and "native" targets refer to. Nothing calls them: the real ones, of which llvm-sys
 * has a file, would link the global constructors of every target that LLVM was built for, 3 MB of them. */
#define HIDDEN __attribute__((visibility("hidden")))

HIDDEN void LLVM_InitializeAllTargetInfos(void) {}
HIDDEN void LLVM_InitializeAllTargets(void) {}
HIDDEN void LLVM_InitializeAllTargetMCs(void) {}
HIDDEN void LLVM_InitializeAllAsmPrinters(void) {}
HIDDEN void LLVM_InitializeAllAsmParsers(void) {}
HIDDEN void LLVM_InitializeAllDisassemblers(void) {}

/* These return true on failure. */
HIDDEN int LLVM_InitializeNativeTarget(void) { return 1; }
HIDDEN int LLVM_InitializeNativeAsmParser(void) { return 1; }
HIDDEN int LLVM_InitializeNativeAsmPrinter(void) { return 1; }
HIDDEN int LLVM_InitializeNativeDisassembler(void) { return 1; }
