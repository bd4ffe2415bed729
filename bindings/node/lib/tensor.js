// Arrays: handles of the library with methods for operations.
import addon, { JaxrsError } from "./addon.js";
import { currentScope, dtypeNames, dtypeNumbers } from "./scope.js";

const memory = { bool: Uint8Array, i8: Int8Array, i16: Int16Array, i32: Int32Array, i64: BigInt64Array, u8: Uint8Array,
  u16: Uint16Array, u32: Uint32Array, u64: BigUint64Array, f16: Uint16Array, bf16: Uint16Array, f32: Float32Array, f64: Float64Array,
  c64: Float32Array, c128: Float64Array };
const natural = new Map([[Int8Array, "i8"], [Int16Array, "i16"], [Int32Array, "i32"], [BigInt64Array, "i64"], [Uint8Array, "u8"],
  [Uint8ClampedArray, "u8"], [Uint16Array, "u16"], [Uint32Array, "u32"], [BigUint64Array, "u64"], [Float32Array, "f32"], [Float64Array, "f64"]]);

// Tensors that were made since the innermost tidy began.
let made;

/** A concrete array, or a tracer while a function is traced. Immutable. */
export class Tensor {
  constructor(handle) {
    this.handle = handle;
    made?.push(this);
  }
  get dtype() { return dtypeNames[addon.dtypeOf(this.handle)] ?? "other"; }
  get shape() { return addon.shapeOf(this.handle); }
  get size() { return this.shape.reduce((a, b) => a * b, 1); }
  get isTracer() { return addon.isTracer(this.handle); }
  get isWeak() { return addon.isWeak(this.handle); }
  /** The only element. */
  item() { return addon.item(this.handle); }
  /** A copy of the elements, in row-major order: 64-bit integers as BigInts, complex numbers as pairs, 16-bit floats as bits. */
  data() { return new memory[this.dtype](addon.toHost(this.handle)); }
  /** The elements in nested lists. */
  toArray() {
    const [data, shape] = [this.dtype === "bool" ? Array.from(this.data(), Boolean) : Array.from(this.data()), this.shape];
    const part = (axis, from, size) =>
      axis === shape.length ? data[from] : Array.from({ length: shape[axis] }, (_, i) => part(axis + 1, from + (i * size) / shape[axis], size / shape[axis]));
    return part(0, 0, data.length);
  }
  toString() { return addon.print(this.handle); }
  [Symbol.for("nodejs.util.inspect.custom")]() { return `Tensor(${this})`; }
  /** Releases the array now. */
  dispose() { addon.dispose(this.handle); }
  [Symbol.dispose ?? Symbol.for("Symbol.dispose")]() { this.dispose(); }
}

/** An array of a typed array (which is copied), nested lists of numbers, or one number. */
export function tensor(values, { dtype, shape } = {}) {
  if (values instanceof Tensor) return dtype ? values.convertElementType(dtype) : values;
  if (ArrayBuffer.isView(values)) return fromMemory(values, dtype ?? natural.get(values.constructor), shape ?? [values.length]);
  const sizes = [];
  for (let v = values; Array.isArray(v); v = v[0]) sizes.push(v.length);
  const flat = Array.isArray(values) ? values.flat(Infinity) : [values];
  if (flat.length !== sizes.reduce((a, b) => a * b, 1)) throw new JaxrsError("shape", "nested lists need parts of the same length");
  dtype ??= flat.some((v) => typeof v === "bigint") ? "i64" : flat.length && flat.every((v) => typeof v === "boolean") ? "bool" : "f32";
  const wide = memory[dtype] === BigInt64Array || memory[dtype] === BigUint64Array;
  return fromMemory(memory[dtype].from(flat, wide ? BigInt : Number), dtype, shape ?? sizes);
}

function fromMemory(view, dtype, shape) {
  if (!(dtype in dtypeNumbers)) throw new JaxrsError("dtype", `there is no element type ${dtype}`);
  return new Tensor(addon.fromHost(currentScope(), view, dtypeNumbers[dtype], shape));
}

/** A number for an operation: it takes the element type of what it meets. Whole ones are integers. */
export function operand(value) {
  if (value instanceof Tensor) return value.handle;
  if (typeof value === "boolean") return tensor(value, { dtype: "bool" }).handle;
  if (typeof value === "bigint" || Number.isSafeInteger(value)) return addon.number(currentScope(), value, true);
  if (typeof value === "number") return addon.number(currentScope(), value);
  throw new TypeError(`an operand has to be a Tensor or a number, got ${value === null ? "null" : typeof value}`);
}

/** A number for a transformed function: it is a float, so that it can be differentiated. */
export const argument = (value) => (value instanceof Tensor ? value : new Tensor(addon.number(currentScope(), Number(value))));

/** Runs f and releases the tensors that it makes, but for those of the tree that it gives. */
export function tidy(f, leavesOf) {
  const before = made;
  made = [];
  try {
    const result = f();
    const kept = new Set(leavesOf(result));
    for (const t of made) kept.has(t) ? before?.push(t) : t.dispose();
    return result;
  } finally {
    made = before;
  }
}
