// Transforms: from functions to functions, of trees.
import addon, { translated } from "./addon.js";
import { call, handles, makeFn, offsets, result, tensors, trace, transformed, typeOf } from "./function.js";
import { programOf } from "./program.js";
import { currentScope } from "./scope.js";
import { argument } from "./tensor.js";
import { leaves, unflatten } from "./tree.js";

const range = (from, to) => Array.from({ length: to - from }, (_, i) => from + i);
const leavesOf = (offset, numbers) => numbers.flatMap((i) => range(offset[i], offset[i + 1]));

// By arguments: one gives a tree like it, a list of them a list of trees.
function differentiated(transform, f, { argnums = 0, hasAux = false } = {}, finish) {
  const numbers = [argnums].flat();
  const like = (args, flat) => {
    const trees = unflatten(numbers.map((i) => args[i]), flat);
    return Array.isArray(argnums) ? trees : trees[0];
  };
  if (!hasAux) {
    return transformed(f, (fn, offset) => transform(fn, leavesOf(offset, numbers), 0), (flat, entry, args) => finish(flat, entry, (part) => like(args, part), 0));
  }
  // How many results are only passed on is known once the function was traced; that does not compute anything.
  return withAux(transform, f, numbers, like, finish);
}

function withAux(transform, f, numbers, like, finish) {
  return (...args) => {
    const { fn, record } = trace(f, args);
    const flat = leaves(args).map(argument);
    addon.fnTrace(fn, currentScope(), flat.map(typeOf));
    const n = leaves(record.out.like).length - 1;
    const results = call(transform(fn, leavesOf(offsets(args), numbers), n), flat);
    return finish(results, { record }, (part) => like(args, part), n);
  };
}

/** The gradient of a function with one real scalar result: trees like the arguments `argnums`; with `hasAux`, [gradient, rest]. */
export const grad = (f, options) =>
  differentiated(addon.grad, f, options, (flat, entry, like, n) => {
    const gradient = like(flat.slice(0, flat.length - n));
    return options?.hasAux ? [gradient, result(entry.record, [flat[0], ...flat.slice(flat.length - n)])[1]] : gradient;
  });

/** [value, gradient]; with `hasAux`, [[value, rest], gradient]. */
export const valueAndGrad = (f, options) =>
  differentiated(addon.valueAndGrad, f, options, (flat, entry, like, n) => [result(entry.record, flat.slice(0, 1 + n)), like(flat.slice(1 + n))]);

const jacobian = (transform) => (f, options) => differentiated(transform, f, options, (flat, entry, like) => like(flat));
/** The Jacobian of a function that gives one tensor, by forward mode: trees like the arguments `argnums`. */
export const jacfwd = jacobian(addon.jacfwd);
/** As jacfwd, by reverse mode. */
export const jacrev = jacobian(addon.jacrev);
/** Second derivatives of a function of one tensor. */
export const hessian = jacobian(addon.hessian);

/** The function for many examples at once. `inAxes`: for each argument where its examples lie, or null. */
export function vmap(f, inAxes = 0, { outAxes = [], axisSize = 0, axisName } = {}) {
  return transformed(f, (fn, offset) => {
    const axes = Array.isArray(inAxes) ? inAxes : offset.slice(1).map(() => inAxes);
    if (axes.length !== offset.length - 1) throw new TypeError(`vmap got ${axes.length} axes for ${offset.length - 1} arguments`);
    const flat = axes.flatMap((axis, i) => Array(offset[i + 1] - offset[i]).fill(axis));
    return addon.vmap(fn, flat, [outAxes].flat(), axisSize, axisName);
  });
}

/** The function, traced and compiled once for each combination of argument types. `.async` runs it on another thread. */
export function jit(f, { donate = [], inline = false, keepUnused = false } = {}) {
  const apply = transformed(f, (fn, offset) => addon.jit(fn, leavesOf(offset, [donate].flat()), (inline ? 1 : 0) + (keepUnused ? 2 : 0)));
  const async = async (...args) => {
    const flat = leaves(args).map(argument);
    const entry = apply.entryFor(args, flat);
    // Traced here, as the function is JavaScript; only the run goes elsewhere.
    entry.compiled ??= addon.compile(addon.fnTrace(entry.traced, currentScope(), flat.map(typeOf)));
    try {
      return result(entry.record, tensors(await addon.execCall(entry.compiled, handles(flat))));
    } catch (error) {
      throw translated(error);
    }
  };
  return Object.assign((...args) => apply(...args), { async });
}

/** The same function, of which reverse mode keeps the arguments only. */
export const checkpoint = (f) => transformed(f, (fn) => addon.remat(fn));

/** [value, tangent] of f at a list of arguments along a list of tangents. */
export function jvp(f, primals, tangents) {
  const { fn, record } = trace(f, primals);
  const flat = call(addon.jvp(fn), [...leaves(primals), ...leaves(tangents)]);
  return [result(record, flat.slice(0, flat.length / 2)), result(record, flat.slice(flat.length / 2))];
}

/** [value, pullback]: from cotangents of the value to a list of cotangents of the arguments. */
export function vjp(f, ...args) {
  const { fn, record } = trace(f, args);
  const [value, pullback] = addon.vjp(fn, currentScope(), handles(leaves(args)));
  const like = unflatten(args, leaves(args).map(() => 0));
  return [result(record, tensors(value)), (ct) => unflatten(like, call(pullback, leaves(ct)))];
}

/** [value, pushforward]: from tangents of the arguments to tangents of the value. */
export function linearize(f, ...args) {
  const { fn, record } = trace(f, args);
  const [value, pushforward] = addon.linearize(fn, currentScope(), handles(leaves(args)));
  return [result(record, tensors(value)), (...tangents) => result(record, call(pushforward, leaves(tangents)))];
}

/** f with a forward derivative of its own: `rule(primals, tangents)` gives [value, tangent]. */
export const customJvp = (f, rule) => (...args) => {
  const [value, both] = [trace(f, args), trace(rule, [args, args])];
  const flat = call(addon.customJvp(value.fn, both.fn), leaves(args));
  return value.record.out ? result(value.record, flat) : unflatten(both.record.out.like[0], flat);
};

/** f with a reverse derivative of its own: `fwd` gives [value, residuals], `bwd(residuals, cotangents)` a list of cotangents. */
export const customVjp = (f, fwd, bwd) => (...args) => {
  const [value, forward] = [trace(f, args), trace(fwd, args)];
  const backward = makeFn((flat) => {
    const [out, residuals] = forward.record.out.like;
    const n = leaves(residuals).length;
    return leaves(bwd(unflatten(residuals, flat.slice(0, n)), unflatten(out, flat.slice(n))));
  });
  const given = leaves(args).map(argument);
  if (!value.record.out) addon.fnTrace(value.fn, currentScope(), given.map(typeOf));
  const flat = call(addon.customVjp(value.fn, forward.fn, backward, leaves(value.record.out.like).length), given);
  return result(value.record, flat);
};

/** The program that a function is for such arguments, as text: "jaxpr", "kernel" or "llvm". */
export const makeJaxpr = (f, dialect = "jaxpr") => (...args) => programOf(f)(...args).text(dialect);
