// Programs: what functions are for arguments of given types, saved, loaded and compiled. Arguments and results are flat.
import { readFileSync, writeFileSync } from "node:fs";
import addon, { translated } from "./addon.js";
import { call, handles, tensors, trace, typeOf } from "./function.js";
import { currentContext, currentScope } from "./scope.js";
import { argument } from "./tensor.js";
import { leaves } from "./tree.js";

const dialects = { jaxpr: 1, llvm: 3, kernel: 5 };

const bytesOf = (file) => (typeof file === "string" ? readFileSync(file) : file);
const written = (file, path) => {
  if (path !== undefined) writeFileSync(path, file);
  return file;
};

/** A compiled program. */
export class Executable {
  #handle;

  constructor(handle) {
    this.#handle = handle;
  }

  /**
   * What `save` gave, by this version of the library and for such a processor: a Uint8Array, or the path of a file. It is run as
   * it is: it has to come from where programs are trusted.
   */
  static load(file) {
    return new Executable(addon.execLoad(currentContext(), bytesOf(file)));
  }

  /** The program with its machine code. With a path it is written there. */
  save(path) {
    return written(addon.execSave(this.#handle), path);
  }

  /** Runs it; gives a list of results. */
  call(...args) {
    return tensors(addon.execRun(this.#handle, handles(args.map(argument))));
  }

  /** Runs it on another thread; gives a promise of a list of results. */
  async async(...args) {
    try {
      return tensors(await addon.execCall(this.#handle, handles(args.map(argument))));
    } catch (error) {
      throw translated(error);
    }
  }

  /** What one run computes and moves, and the memory that it takes. */
  cost() {
    return addon.execCost(this.#handle);
  }
}

export class Program {
  #handle;
  #fn;

  constructor(handle) {
    this.#handle = handle;
  }

  /**
   * A program that was saved, or that JAX exported (StableHLO as text or bytecode, or a file of jax.export): a Uint8Array, or the
   * path of a file. `like`: arguments, where it takes arrays of any size; it becomes one for such arguments.
   */
  static load(file, like) {
    const [context, bytes] = [currentContext(), bytesOf(file)];
    if (like === undefined) return new Program(addon.programLoad(context, bytes));
    return new Program(addon.programLoadAt(context, bytes, like.map(argument).map(typeOf)));
  }

  /** The program's file: it depends on neither machine nor language, and later versions read it. With a path it is written there. */
  save(path) {
    return written(addon.programSave(this.#handle), path);
  }

  /**
   * The program as a file of jax.export, for jax.export.deserialize, which JAX can differentiate in reverse mode `vjpOrder` times.
   * With a path it is written there.
   */
  exportJax(path, { vjpOrder = 0 } = {}) {
    return written(addon.programExport(this.#handle, vjpOrder), path);
  }

  /** The program, compiled. */
  compile() {
    return new Executable(addon.compile(this.#handle));
  }

  /** The program as text: "jaxpr", "kernel" or "llvm". */
  text(dialect = "jaxpr") {
    return addon.programText(this.#handle, dialects[dialect]);
  }

  /** Runs it; gives a list of results. */
  call(...args) {
    this.#fn ??= addon.programFn(this.#handle);
    return call(this.#fn, args.map(argument));
  }
}

/** The program that a function is for such arguments. Nothing is computed. */
export const programOf = (f) => (...args) =>
  new Program(addon.fnTrace(trace(f, args).fn, currentScope(), leaves(args).map(argument).map(typeOf)));
