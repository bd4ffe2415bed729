// jaxrs for Node: functions of arrays, differentiated, batched and compiled.
import addon, { JaxrsError } from "./addon.js";
import * as np from "./ops.js";
import { Tensor, tidy as tidyOf } from "./tensor.js";
import * as tree from "./tree.js";

// Operations whose first operand is an array are methods, too.
for (const [name, f] of Object.entries(np)) {
  if (f.isMethod && !(name in Tensor.prototype)) {
    Object.defineProperty(Tensor.prototype, name, { value(...rest) { return f(this, ...rest); }, writable: true, configurable: true });
  }
}

const { map, leaves, unflatten, dispose } = tree;
const trees = { map, leaves, unflatten, dispose };

/** Runs f and releases the tensors that it makes, but for those of the tree that it gives. */
export const tidy = (f) => tidyOf(f, leaves);

export const version = () => addon.version();
export { JaxrsError, Tensor, np, trees as tree };
export { tensor } from "./tensor.js";
export { init, stats, withDefaultFloat } from "./scope.js";
export { Executable, Program, programOf } from "./program.js";
export * from "./transforms.js";
export * from "./control.js";
