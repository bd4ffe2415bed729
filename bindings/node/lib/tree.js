// Trees: tensors and numbers in lists and plain objects. Texts, truth values, functions, null and undefined are constants.
import { JaxrsError } from "./addon.js";
import { Tensor } from "./tensor.js";

const isNode = (tree) => Array.isArray(tree) || (tree !== null && typeof tree === "object" && Object.getPrototypeOf(tree) === Object.prototype);
const isLeaf = (tree) => tree instanceof Tensor || typeof tree === "number" || typeof tree === "bigint";
const keysOf = (tree) => Object.keys(tree).sort();

/** A tree like another with f(leaf) for each leaf, in order. `note` is told what else decides the structure. */
export function rebuilt(tree, f, note = () => {}) {
  if (isLeaf(tree)) return f(tree);
  if (!isNode(tree)) {
    if (tree !== null && typeof tree === "object") {
      throw new JaxrsError("invalid argument", `a tree holds tensors, numbers, lists and plain objects, but got a ${tree.constructor?.name}`);
    }
    return note(String(tree)), tree;
  }
  if (Array.isArray(tree)) return note(tree.length), tree.map((part) => rebuilt(part, f, note));
  const keys = keysOf(tree);
  note(keys.join());
  return Object.fromEntries(keys.map((key) => [key, rebuilt(tree[key], f, note)]));
}

/** The tensors and numbers of a tree, in order. */
export function leaves(tree) {
  const found = [];
  rebuilt(tree, (leaf) => found.push(leaf));
  return found;
}

/** A tree like another, with these leaves. */
export function unflatten(like, given) {
  let next = 0;
  const tree = rebuilt(like, () => given[next++]);
  if (next !== given.length) throw new JaxrsError("invalid argument", `there are ${given.length} leaves for a tree of ${next}`);
  return tree;
}

/** A tree whose leaves are f of the leaves at the same place of all trees. */
export function map(f, tree, ...more) {
  const others = more.map(leaves);
  const first = leaves(tree);
  for (const other of others) {
    if (other.length !== first.length) throw new JaxrsError("invalid argument", `tree.map got trees of ${first.length} and ${other.length} leaves`);
  }
  return unflatten(tree, first.map((leaf, i) => f(leaf, ...others.map((other) => other[i]))));
}

/** Releases all tensors of a tree now. */
export const dispose = (tree) => leaves(tree).forEach((leaf) => leaf instanceof Tensor && leaf.dispose());

/** Its structure as text, for caches. */
export function structure(tree) {
  const parts = [];
  rebuilt(tree, (leaf) => (parts.push("*"), leaf), (part) => parts.push(part));
  return parts.join(";");
}
