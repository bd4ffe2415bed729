// Control flow in traced functions, and code of the caller's inside of programs.
import addon, { JaxrsError } from "./addon.js";
import { handles, result, tensors, trace, typeOf } from "./function.js";
import { currentContext, currentScope, dtypeNames, dtypeNumbers } from "./scope.js";
import { Tensor, operand, tensor } from "./tensor.js";
import { leaves, unflatten } from "./tree.js";

const done = (record, flat) => result(record, tensors(flat));

/** `onTrue` or `onFalse` of the arguments, by a scalar. */
export function cond(pred, onTrue, onFalse, ...args) {
  const [yes, no] = [trace(onTrue, args), trace(onFalse, args)];
  const flat = addon.cond(currentScope(), operand(pred), yes.fn, no.fn, handles(leaves(args)));
  return done(yes.record.out ? yes.record : no.record, flat); // what runs at once runs one branch only
}

/** One of several functions of the arguments, by an integer scalar, clamped. */
export function switchCase(index, branches, ...args) {
  const all = branches.map((branch) => trace(branch, args));
  const flat = addon.switch(currentScope(), operand(index), all.map(({ fn }) => fn), handles(leaves(args)));
  return done(all.find(({ record }) => record.out).record, flat);
}

/** Applies `body` to the state while `condition` of it holds. */
export function whileLoop(condition, body, init) {
  const flat = addon.while(currentScope(), trace(condition, [init]).fn, trace(body, [init]).fn, handles(leaves(init)));
  return unflatten(init, tensors(flat));
}

/** Applies `body`, of i and the state, for i from `lower` up to, not including, `upper`. */
export function foriLoop(lower, upper, body, init) {
  const bounds = [operand(lower), operand(upper)];
  const flat = addon.foriLoop(currentScope(), ...bounds, trace(body, [0, init]).fn, handles(leaves(init)));
  return unflatten(init, tensors(flat));
}

/** Runs `body`, from (carry, x) to [carry, y], over the slices of `xs` along axis 0; gives [last carry, each y stacked]. */
export function scan(body, init, xs = null, { length = -1, reverse = false, unroll = 0 } = {}) {
  const step = trace(body, [init, xs]);
  return done(step.record, addon.scan(currentScope(), step.fn, handles(leaves(init)), handles(leaves(xs)), length, reverse ? 1 : 0, unroll));
}

/** All prefixes of the elements of `xs` along an axis under an associative operation of two trees. */
export function associativeScan(combine, xs, { axis = 0, reverse = false } = {}) {
  const flat = addon.associativeScan(currentScope(), trace(combine, [xs, xs]).fn, handles(leaves(xs)), axis, reverse ? 1 : 0);
  return unflatten(xs, tensors(flat));
}

/** `f` of each slice of `xs` along axis 0, stacked; `batchSize` slices at a time, or (0) one after the other. */
export function mapSlices(f, xs, { batchSize = 0 } = {}) {
  const each = trace(f, [xs]);
  return done(each.record, addon.map(currentScope(), each.fn, handles(leaves(xs)), batchSize));
}

const vmapMethods = { none: 0, sequential: 1, expandDims: 3, broadcastAll: 4 };
const views = { f32: Float32Array, f64: Float64Array, i32: Int32Array, i64: BigInt64Array, u8: Uint8Array, bool: Uint8Array, i8: Int8Array,
  i16: Int16Array, u16: Uint16Array, u32: Uint32Array, u64: BigUint64Array };
const buffer = ({ dtype, shape, memory }) => {
  const View = views[dtypeNames[dtype]];
  if (!View) throw new JaxrsError("dtype", `host functions do not take ${dtypeNames[dtype]}`);
  return { dtype: dtypeNames[dtype], shape, data: new View(memory) };
};
const hosts = new WeakMap();

// The same function of JavaScript is one host function, as long as it lives.
function hostOf(f) {
  if (!hosts.has(f)) {
    const run = (args, results) => {
      const out = f(args.map(buffer), results.map(buffer));
      if (typeof out?.then === "function") throw new TypeError("a host function cannot be async: the program waits for it");
    };
    hosts.set(f, addon.hostNew(currentContext(), f.name || "host", run));
  }
  return hosts.get(f);
}

const typesOf = (types) => types.map((type) => (type instanceof Tensor ? typeOf(type) : [dtypeNumbers[type.dtype], type.shape, 0]));

/** Calls `f(arguments, results)`, which fills in `data` of its results and does nothing else, when the program runs. */
export const pureCallback = (f, types, args, { vmapMethod = "none" } = {}) =>
  tensors(addon.pureCallback(currentScope(), hostOf(f), handles(args), typesOf(types), vmapMethods[vmapMethod]));

/** Calls `f`, which does something, exactly as often as the program says. */
export const ioCallback = (f, types, args, { ordered = false } = {}) =>
  tensors(addon.ioCallback(currentScope(), hostOf(f), handles(args), typesOf(types), ordered ? 1 : 0));

/** Checks that a truth value holds; format and values say what is wrong where it does not. */
export function check(pred, format, ...values) {
  addon.check(currentScope(), operand(pred), format, values.map((value) => tensor(value).handle));
}
