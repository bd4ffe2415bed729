// Programs: what functions are for arguments of given types, saved and loaded. Arguments and results are flat.
import { readFileSync, writeFileSync } from "node:fs";
import addon from "./addon.js";
import { call, trace, typeOf } from "./function.js";
import { currentContext, currentScope } from "./scope.js";
import { argument } from "./tensor.js";
import { leaves } from "./tree.js";

const dialects = { jaxpr: 1, llvm: 3, kernel: 5 };

export class Program {
  #handle;
  #fn;

  constructor(handle) {
    this.#handle = handle;
  }

  /** A program that was saved, or that JAX exported as StableHLO (text or bytecode): a Uint8Array, or the path of a file. */
  static load(file) {
    return new Program(addon.programLoad(currentContext(), typeof file === "string" ? readFileSync(file) : file));
  }

  /** The program's file: it depends on neither machine nor language, and later versions read it. With a path it is written there. */
  save(path) {
    const file = addon.programSave(this.#handle);
    if (path !== undefined) writeFileSync(path, file);
    return file;
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
