// What the tests share.
import assert from "node:assert/strict";
import * as jx from "jaxrs";

export const f32 = (...values) => jx.tensor(values);

export function near(got, expected, tolerance = 1e-5) {
  const values = Array.from(got.convertElementType("f64").data());
  const wanted = [expected].flat(Infinity);
  assert.equal(values.length, wanted.length, String(got));
  values.forEach((value, i) => assert.ok(Math.abs(value - wanted[i]) <= tolerance * (1 + Math.abs(wanted[i])), `${got} is not near ${wanted}`));
}

export const turn = () => new Promise((resolve) => setImmediate(resolve));

/** Runs f, after which nothing of it may be left; needs --expose-gc. Finalizers run when the event loop turns. */
export async function leavesNothing(f) {
  const before = await settled();
  await f();
  const after = await settled();
  for (const name of ["liveArrays", "liveTracers", "liveFns", "liveErrors"]) assert.equal(after[name], before[name], name);
}

async function settled() {
  for (let i = 0; i < 20; i++) { // functions let go of functions, a turn each
    globalThis.gc();
    await turn();
    jx.stats();
  }
  return jx.stats();
}
