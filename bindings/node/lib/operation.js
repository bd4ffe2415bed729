// Operations by name, from the generated table.
import addon from "./addon.js";
import { currentScope } from "./scope.js";
import { Tensor, operand } from "./tensor.js";

/** An operation of `fixed` operands, then a list of them where `variadic`, then attributes: those without a default in order, the
 * others in an object. Attributes are [name in the table, name here, kind]. */
export function operation(name, fixed, variadic, required, optional, list) {
  const known = new Map(optional.map((attribute) => [attribute[1], attribute]));
  const first = fixed + (variadic ? 1 : 0) + required.length;
  const run = (...given) => {
    const operands = given.slice(0, fixed).map(operand);
    const numbers = operands.filter((handle, i) => !(given[i] instanceof Tensor));
    if (given.length < fixed) throw new TypeError(`${name} takes ${fixed} operands, got ${given.length}`);
    if (variadic) operands.push(...given[fixed].map(operand));
    const attributes = required.map(([key, , kind], i) => [key, kind, given[first - required.length + i]]);
    for (const [key, value] of Object.entries(given[first] ?? {})) {
      const attribute = known.get(key);
      if (!attribute) throw new TypeError(`${name} has no attribute ${key}; it has ${[...known.keys()].join(", ")}`);
      if (value !== undefined) attributes.push([attribute[0], attribute[2], value]);
    }
    // An element type goes by its name; null stands for the default.
    const words = attributes.map(([key, kind, value]) => (kind === "dtype" ? [key, value === null ? "i64" : "str", value ?? 0] : [key, kind, value]));
    const results = addon.apply(currentScope(), name, operands, words).map((handle) => new Tensor(handle));
    numbers.forEach(addon.dispose); // those of lists are left to the garbage collector
    return list ? results : results[0];
  };
  /** The call with attributes by their names in the table. */
  const byName = (operands, attributes) => {
    const given = variadic ? [...operands.slice(0, fixed), operands.slice(fixed)] : operands;
    const options = optional.filter(([key]) => key in attributes).map(([key, own]) => [own, attributes[key]]);
    return run(...given, ...required.map(([key]) => attributes[key]), Object.fromEntries(options));
  };
  return Object.assign(run, { byName });
}
