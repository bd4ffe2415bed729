// Functions of the caller's as functions of the library.
import addon, { JaxrsError } from "./addon.js";
import { currentContext, currentScope, within } from "./scope.js";
import { Tensor, argument } from "./tensor.js";
import { leaves, rebuilt, structure, unflatten } from "./tree.js";

const wrapped = (handles) => handles.map((handle) => new Tensor(handle));
const handlesOf = (tensors) => tensors.map((tensor) => argument(tensor).handle);

/** A function of flat lists. */
export function makeFn(run, name = "function") {
  addon.collect(currentContext());
  return addon.fnNew(currentContext(), name, (scope, args) => within(scope, () => handlesOf(run(wrapped(args)))));
}

/** `f` for arguments of one structure. `out` is the structure of its result, once it was traced. */
export function trace(f, args) {
  // No tensors are kept: the library keeps this function.
  const like = rebuilt(args, () => 0);
  const record = { out: undefined };
  const fn = makeFn((flat) => {
    const result = f(...unflatten(like, flat));
    if (typeof result?.then === "function") {
      throw new TypeError("an async function cannot be traced: its body would run after the trace has ended");
    }
    record.out = { like: rebuilt(result, () => 0) };
    return leaves(result);
  }, f.name || "function");
  return { fn, record };
}

/** A result of the structure that was recorded. */
export function result(record, flat) {
  if (!record.out) throw new JaxrsError("internal", "the function has not been traced");
  return unflatten(record.out.like, flat);
}

export const call = (fn, args) => wrapped(addon.fnCall(fn, currentScope(), handlesOf(args)));
export const tensors = wrapped;
export const handles = handlesOf;

/** Where the leaves of each argument begin, and where the last ones end. */
export function offsets(args) {
  const out = [0];
  for (const arg of args) out.push(out.at(-1) + leaves(arg).length);
  return out;
}

/** A function that `transform` is applied to once for each structure and types of its arguments, and that `finish` gives the result of. */
export function transformed(f, transform, finish = (flat, entry) => result(entry.record, flat)) {
  if (typeof f !== "function") throw new TypeError("a transform needs a function");
  const cache = new Map();
  const entryFor = (args, flat) => {
    const types = flat.map((t) => `${t.dtype}${t.isWeak ? "~" : ""}[${t.shape}]`);
    const key = `${structure(args)}|${types.join()}`;
    let entry = cache.get(key);
    if (!entry) {
      const { fn, record } = trace(f, args);
      entry = { record, traced: fn, fn: transform(fn, offsets(args)) };
      cache.set(key, entry);
    }
    return entry;
  };
  const apply = (...args) => {
    const flat = leaves(args).map(argument);
    const entry = entryFor(args, flat);
    return finish(call(entry.fn, flat), entry, args);
  };
  return Object.assign(apply, { entryFor });
}

export const typeOf = (t) => [addon.dtypeOf(t.handle), t.shape, t.isWeak ? 1 : 0];
