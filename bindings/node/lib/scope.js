// Contexts, and where the operations of this thread go. A worker has a module, and so a scope, of its own.
import addon from "./addon.js";

let context; // made when it is first needed
let scope;

const debugFlags = { debugNans: 2, debugInfs: 4, disableJit: 8 };

/** Makes the context of this thread; without it, the first operation does. */
export function init({ numThreads = 0, numDevices = 0, defaultFloat, abiVersion = 0, ...flags } = {}) {
  const bits = Object.entries(debugFlags).reduce((sum, [name, bit]) => sum + (flags[name] ? bit : 0), 0);
  context = addon.contextNew(abiVersion, bits, numThreads, numDevices);
  scope = addon.contextScope(context);
  if (defaultFloat) scope = addon.scopeWith(scope, dtypeNumbers[defaultFloat], -1);
}

export const dtypeNumbers = { bool: 1, i8: 2, i16: 3, i32: 4, i64: 5, u8: 6, u16: 7, u32: 8, u64: 9, f16: 10, bf16: 11, f32: 12, f64: 13, c64: 14, c128: 15 };
export const dtypeNames = Object.fromEntries(Object.entries(dtypeNumbers).map(([name, number]) => [number, name]));

export function currentContext() {
  if (!context) init();
  return context;
}

export function currentScope() {
  if (!scope) init();
  return scope;
}

/** Runs f with its operations in another scope. */
export function within(inner, f) {
  const before = scope;
  scope = inner;
  try {
    return f();
  } finally {
    scope = before;
  }
}

/** Runs f where numbers without a stated type have 64 bits ("f64") or 32 ("f32"). */
export const withDefaultFloat = (dtype, f) => within(addon.scopeWith(currentScope(), dtypeNumbers[dtype], -1), f);

/** What the context has counted; without what has been dropped but not yet found by the garbage collector. */
export function stats() {
  addon.collect(currentContext());
  return addon.stats(currentContext());
}
