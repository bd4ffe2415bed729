// The compiled part: native/jaxrs.node beside the library, or what JAXRS_ADDON names.
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";

const path = process.env.JAXRS_ADDON ?? fileURLToPath(new URL("../native/jaxrs.node", import.meta.url));
const addon = createRequire(import.meta.url)(path);

const codes = ["ok", "invalid argument", "shape", "dtype", "tracer escaped", "tracer scope", "concretization", "callback",
  "unimplemented", "out of memory", "compile", "device", "io", "incompatible", "cancelled", "forked", "would deadlock", "internal",
  "check"];

/** What went wrong in the library. `code` says of what kind it is. */
export class JaxrsError extends Error {
  constructor(code, message, detail = message) {
    super(message);
    this.name = "JaxrsError";
    this.code = code;
    this.detail = detail;
  }
}

// Errors of the library become JaxrsErrors; exceptions of the caller's, which came through it, stay as they are.
const checked = (f) => (...args) => {
  try {
    return f(...args);
  } catch (error) {
    throw translated(error);
  }
};

export const translated = (error) =>
  typeof error?.number === "number" && !(error instanceof JaxrsError)
    ? new JaxrsError(codes[error.number] ?? "internal", error.message, error.detail)
    : error;

export default Object.fromEntries(Object.entries(addon).map(([name, f]) => [name, checked(f)]));
