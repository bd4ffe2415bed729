// Types of jaxrs for Node. Operations are in ops.d.ts.
export type DType = "bool" | "i8" | "i16" | "i32" | "i64" | "u8" | "u16" | "u32" | "u64" | "f16" | "bf16" | "f32" | "f64" | "c64" | "c128";

/** What an operation takes for an array: numbers take the element type of what they meet. */
export type Value = Tensor | number | bigint | boolean;

export type TypedArray = Int8Array | Int16Array | Int32Array | BigInt64Array | Uint8Array | Uint8ClampedArray | Uint16Array | Uint32Array
  | BigUint64Array | Float32Array | Float64Array;

type Nested = number | bigint | boolean | readonly Nested[];

/** A concrete array, or a tracer while a function is traced. Immutable. */
export declare class Tensor {
  private constructor();
  readonly dtype: DType | "other";
  readonly shape: number[];
  readonly size: number;
  readonly isTracer: boolean;
  readonly isWeak: boolean;
  /** The only element. */
  item(): number;
  /** A copy of the elements, in row-major order. */
  data(): TypedArray;
  /** The elements in nested lists. */
  toArray(): any;
  toString(): string;
  /** Releases the array now. */
  dispose(): void;
}

/** Trees: tensors and numbers in lists and plain objects; the rest is constant. */
export type Tree = Tensor | number | bigint | string | boolean | null | undefined | readonly Tree[] | { readonly [key: string]: Tree };

/** A tree as it comes out of the library: its numbers are tensors. */
export type Out<T> = T extends Tensor ? Tensor : T extends number | bigint ? Tensor : T extends readonly unknown[] ? { [K in keyof T]: Out<T[K]> }
  : T extends object ? { [K in keyof T]: Out<T[K]> } : T;

/** What a caller may give: numbers in the place of tensors. */
export type In<T> = T extends Tensor ? Tensor | number : T extends readonly unknown[] ? { [K in keyof T]: In<T[K]> }
  : T extends object ? { [K in keyof T]: In<T[K]> } : T;

type Args<A extends unknown[]> = { [K in keyof A]: In<A[K]> };
type Fn<A extends unknown[], R> = (...args: A) => R;

/** What went wrong in the library. */
export declare class JaxrsError extends Error {
  readonly code: "invalid argument" | "shape" | "dtype" | "tracer escaped" | "tracer scope" | "concretization" | "callback" | "unimplemented"
    | "out of memory" | "compile" | "device" | "io" | "incompatible" | "cancelled" | "forked" | "would deadlock" | "internal" | "check";
  /** The message with the operations and traces that the error passed. */
  readonly detail: string;
}

export interface InitOptions {
  numThreads?: number;
  numDevices?: number;
  defaultFloat?: "f32" | "f64";
  debugNans?: boolean;
  debugInfs?: boolean;
  disableJit?: boolean;
}
/** Makes the context of this thread; without it, the first operation does. */
export declare function init(options?: InitOptions): void;
/** Runs f where numbers without a stated type have 64 bits ("f64") or 32 ("f32"). */
export declare function withDefaultFloat<T>(dtype: "f32" | "f64", f: () => T): T;
export declare function stats(): { bytesInUse: number; peakBytes: number; liveArrays: number; liveTracers: number; liveFns: number; liveErrors: number;
  traces: number; compiles: number };
export declare function version(): string;

/** An array of a typed array (which is copied), nested lists of numbers, or one number. */
export declare function tensor(values: TypedArray | Nested | Tensor, options?: { dtype?: DType; shape?: readonly number[] }): Tensor;

/** Runs f and releases the tensors that it makes, but for those of the tree that it gives. */
export declare function tidy<T>(f: () => T): T;

export declare const tree: {
  map<T>(f: (leaf: Tensor, ...more: Tensor[]) => Tensor, tree: T, ...more: T[]): T;
  leaves(tree: unknown): (Tensor | number | bigint)[];
  unflatten<T>(like: T, leaves: readonly Tensor[]): T;
  dispose(tree: unknown): void;
};

// ---- transforms ----

/** The gradient by the first argument. */
export declare function grad<A extends [unknown, ...unknown[]]>(f: Fn<A, Tensor>): Fn<Args<A>, Out<A[0]>>;
/** The gradient by argument `argnums`. */
export declare function grad<A extends unknown[], const I extends number>(f: Fn<A, Tensor>, options: { argnums: I }): Fn<Args<A>, Out<A[I]>>;
export declare function grad<A extends unknown[]>(f: Fn<A, Tensor>, options: { argnums: readonly number[] }): Fn<Args<A>, Out<A[number]>[]>;
/** [gradient, what is passed on]. */
export declare function grad<A extends [unknown, ...unknown[]], X>(f: Fn<A, [Tensor, X]>, options: { hasAux: true }): Fn<Args<A>, [Out<A[0]>, Out<X>]>;

/** [value, gradient]. */
export declare function valueAndGrad<A extends [unknown, ...unknown[]]>(f: Fn<A, Tensor>): Fn<Args<A>, [Tensor, Out<A[0]>]>;
export declare function valueAndGrad<A extends unknown[], const I extends number>(f: Fn<A, Tensor>, options: { argnums: I }): Fn<Args<A>, [Tensor, Out<A[I]>]>;
/** [[value, what is passed on], gradient]. */
export declare function valueAndGrad<A extends [unknown, ...unknown[]], X>(f: Fn<A, [Tensor, X]>, options: { hasAux: true }):
  Fn<Args<A>, [[Tensor, Out<X>], Out<A[0]>]>;

/** The Jacobian of a function that gives one tensor, by forward mode. */
export declare function jacfwd<A extends [unknown, ...unknown[]]>(f: Fn<A, Tensor>): Fn<Args<A>, Out<A[0]>>;
/** As jacfwd, by reverse mode. */
export declare function jacrev<A extends [unknown, ...unknown[]]>(f: Fn<A, Tensor>): Fn<Args<A>, Out<A[0]>>;
/** Second derivatives of a function of one tensor. */
export declare function hessian<A extends [Tensor, ...unknown[]]>(f: Fn<A, Tensor>): Fn<Args<A>, Tensor>;

/** The function for many examples at once. */
export declare function vmap<A extends unknown[], R>(f: Fn<A, R>, inAxes?: number | readonly (number | null)[],
  options?: { outAxes?: number | readonly number[]; axisSize?: number; axisName?: string }): Fn<Args<A>, Out<R>>;

export interface Jitted<A extends unknown[], R> {
  (...args: Args<A>): Out<R>;
  /** Runs on another thread, once the function was traced and compiled here. */
  async(...args: Args<A>): Promise<Out<R>>;
}
/** The function, traced and compiled once for each combination of argument types. */
export declare function jit<A extends unknown[], R>(f: Fn<A, R>,
  options?: { donate?: number | readonly number[]; inline?: boolean; keepUnused?: boolean }): Jitted<A, R>;

/** The same function, of which reverse mode keeps the arguments only. */
export declare function checkpoint<A extends unknown[], R>(f: Fn<A, R>): Fn<Args<A>, Out<R>>;
/** [value, tangent] of f at a list of arguments along a list of tangents. */
export declare function jvp<A extends unknown[], R>(f: Fn<A, R>, primals: Args<A>, tangents: Args<A>): [Out<R>, Out<R>];
/** [value, pullback]. */
export declare function vjp<A extends unknown[], R>(f: Fn<A, R>, ...args: Args<A>): [Out<R>, (cotangents: In<R>) => Out<A>];
/** [value, pushforward]. */
export declare function linearize<A extends unknown[], R>(f: Fn<A, R>, ...args: Args<A>): [Out<R>, Fn<Args<A>, Out<R>>];
/** f with a forward derivative of its own. */
export declare function customJvp<A extends unknown[], R>(f: Fn<A, R>, rule: (primals: A, tangents: A) => [R, R]): Fn<Args<A>, Out<R>>;
/** f with a reverse derivative of its own. */
export declare function customVjp<A extends unknown[], R, Res>(f: Fn<A, R>, fwd: Fn<A, [R, Res]>,
  bwd: (residuals: Res, cotangents: R) => { [K in keyof A]: A[K] }): Fn<Args<A>, Out<R>>;
/** The program that a function is, as text. */
export declare function makeJaxpr<A extends unknown[]>(f: Fn<A, unknown>, dialect?: "jaxpr" | "kernel" | "llvm"): Fn<Args<A>, string>;

/** What one run of a compiled program computes and moves, and the memory that it takes. */
export interface Cost {
  flops: number;
  transcendentals: number;
  bytesAccessed: number;
  argumentBytes: number;
  outputBytes: number;
  aliasBytes: number;
  tempBytes: number;
  codeBytes: number;
}
/** A compiled program. */
export declare class Executable {
  /**
   * What `save` gave, by this version of the library and for such a processor: its bytes, or the path of a file. It is run as it
   * is: it has to come from where programs are trusted.
   */
  static load(file: Uint8Array | string): Executable;
  /** The program with its machine code. With a path it is written there. */
  save(path?: string): Uint8Array;
  /** Runs it. */
  call(...args: Value[]): Tensor[];
  /** Runs it on another thread. */
  async(...args: Value[]): Promise<Tensor[]>;
  cost(): Cost;
}
/** A program: what a function is for arguments of given types. Arguments and results are flat. */
export declare class Program {
  /**
   * A program that was saved, or that JAX exported (StableHLO as text or bytecode, or a file of jax.export): its bytes, or the path
   * of a file. `like`: arguments, where it takes arrays of any size; it becomes one for such arguments.
   */
  static load(file: Uint8Array | string, like?: Value[]): Program;
  /** The program's file: it depends on neither machine nor language, and later versions read it. With a path it is written there. */
  save(path?: string): Uint8Array;
  /**
   * The program as a file of jax.export, for jax.export.deserialize, which JAX can differentiate in reverse mode `vjpOrder` times.
   * With a path it is written there.
   */
  exportJax(path?: string, options?: { vjpOrder?: number }): Uint8Array;
  /** The program, compiled. */
  compile(): Executable;
  /** The program as text. */
  text(dialect?: "jaxpr" | "kernel" | "llvm"): string;
  /** Runs it. */
  call(...args: Value[]): Tensor[];
}
/** The program that a function is for such arguments. Nothing is computed. */
export declare function programOf<A extends unknown[]>(f: Fn<A, unknown>): Fn<Args<A>, Program>;

// ---- control flow ----

export declare function cond<A extends unknown[], R>(pred: Value, onTrue: Fn<A, R>, onFalse: Fn<A, R>, ...args: Args<A>): Out<R>;
export declare function switchCase<A extends unknown[], R>(index: Value, branches: readonly Fn<A, R>[], ...args: Args<A>): Out<R>;
export declare function whileLoop<T>(condition: (state: Out<T>) => Tensor, body: (state: Out<T>) => T, init: T): Out<T>;
export declare function foriLoop<T>(lower: Value, upper: Value, body: (i: Tensor, state: Out<T>) => T, init: T): Out<T>;
export declare function scan<C, X, Y>(body: (carry: Out<C>, x: Out<X>) => [C, Y], init: C, xs?: X,
  options?: { length?: number; reverse?: boolean; unroll?: number }): [Out<C>, Out<Y>];
export declare function associativeScan<X>(combine: (a: X, b: X) => X, xs: X, options?: { axis?: number; reverse?: boolean }): Out<X>;
export declare function mapSlices<X, Y>(f: (x: X) => Y, xs: X, options?: { batchSize?: number }): Out<Y>;

// ---- code of the caller's inside of programs ----

export interface HostBuffer {
  readonly dtype: DType;
  readonly shape: number[];
  readonly data: any;
}
export type HostFunction = (args: HostBuffer[], results: HostBuffer[]) => void;
type Types = readonly (Tensor | { dtype: DType; shape: readonly number[] })[];
export declare function pureCallback(f: HostFunction, types: Types, args: readonly (Tensor | number)[],
  options?: { vmapMethod?: "none" | "sequential" | "expandDims" | "broadcastAll" }): Tensor[];
export declare function ioCallback(f: HostFunction, types: Types, args: readonly (Tensor | number)[], options?: { ordered?: boolean }): Tensor[];
export declare function check(pred: Value, format: string, ...values: Value[]): void;

export * as np from "./ops.js";
