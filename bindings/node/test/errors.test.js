// Errors of the library and exceptions of the caller's; rules and host functions.
import assert from "node:assert/strict";
import test from "node:test";
import * as jx from "jaxrs";
import { f32, leavesNothing, near } from "./support.js";

const { grad, jit, vmap } = jx;

test("errors say what was wrong", () => leavesNothing(() => {
  assert.throws(() => f32(1, 2).add(f32(1, 2, 3)), (error) =>
    error instanceof jx.JaxrsError && error.code === "shape" && /got \[2\] and \[3\]/.test(error.message) && error.detail.includes(error.message));
  assert.throws(() => f32(1, 2).item(), { code: "shape" });
  assert.throws(() => f32(1).reduceSum({ axis: 0 }), /reduce_sum has no attribute axis/);
  assert.throws(() => f32(1).add(null), TypeError);
  assert.throws(() => jit(3), TypeError);
  const gone = f32(1);
  gone.dispose(), gone.dispose();
  assert.throws(() => gone.neg(), TypeError);
}));

test("an exception comes back as the same object", () => leavesNothing(() => {
  for (const thrown of [new RangeError("mine"), { not: "an error" }, 7, undefined]) {
    const deep = jit(vmap(grad((x) => jit(() => { throw thrown; })(x).mul(2))));
    let caught = "nothing";
    try { deep(f32(1, 2)); } catch (error) { caught = error; }
    assert.equal(caught, thrown);
  }
  near(f32(1).neg(), -1); // all is still usable
}));

test("errors of the library pass callbacks", () => leavesNothing(() => {
  const f = (x) => x.add(f32(1, 2, 3));
  assert.throws(() => jit(vmap(f))(jx.np.zeros([4, 2])), { code: "shape" });
  const recovering = jit((x) => { try { return f(x); } catch { return x.mul(2); } });
  near(recovering(f32(1, 2)), [2, 4]);
  assert.throws(() => jit(async (x) => x)(1), /async function cannot be traced/);
  assert.throws(() => jit((x) => new Map([[1, x]]))(1), /got a Map/);
}));

test("tracers neither escape nor have values", () => {
  let kept;
  jit((x) => (kept = x.sin()))(1);
  assert.throws(() => kept.add(1), { code: "tracer escaped" });
  assert.throws(() => jit((x) => (x.gt(0).item() ? x : x.neg()))(1), { code: "concretization" });
  assert.equal(grad((x) => (x.gt(0).item() ? x : x.neg()))(-2).item(), -1); // under grad they have
  const outer = jit((x) => { let inner; vmap((y) => (inner = y))(x); return x.add(inner); });
  assert.throws(() => outer(f32(1, 2)), /tracer/);
});

test("header and library have to fit", () => {
  assert.throws(() => jx.init({ abiVersion: 1 << 16 }), { code: "incompatible", message: /0\.1/ });
});

test("custom derivatives are used", () => leavesNothing(() => {
  const f = jx.customJvp((x) => x.sin(), ([x], [dx]) => [x.sin(), dx.mul(3)]);
  near(f(0.5), Math.sin(0.5));
  near(jit(grad(f))(0.5), 3);
  const g = jx.customVjp((x, y) => x.mul(y), (x, y) => [x.mul(y), { x, y }], ({ x, y }, ct) => [ct.mul(y).mul(10), ct.mul(x).mul(100)]);
  near(g(2, 3), 6);
  const [dx, dy] = jit(grad(g, { argnums: [0, 1] }))(2, 3);
  near(dx, 30), near(dy, 200);
}));

test("a simulator runs inside a program, with an adjoint", () => leavesNothing(() => {
  let runs = 0;
  const square = ([x], [y]) => { runs++; x.data.forEach((v, i) => { y.data[i] = v * v; }); };
  const call = (x) => jx.pureCallback(square, [x], [x], { vmapMethod: "sequential" })[0];
  const f = jx.customVjp(call, (x) => [call(x), x], (x, ct) => [x.mul(2).mul(ct)]);
  near(jit((x) => f(x).reduceSum())(f32(1, 2, 3)), 14);
  near(jit(grad((x) => f(x).reduceSum()))(f32(1, 2, 3)), [2, 4, 6]);
  near(vmap(call)(f32(1, 2)), [1, 4]);
  assert.ok(runs >= 3);
  assert.throws(() => grad((x) => call(x).reduceSum())(f32(1)), { code: "unimplemented" });
  const bad = () => { throw new RangeError("no such cell"); };
  assert.throws(() => jit((x) => jx.pureCallback(bad, [x], [x])[0])(f32(1)), RangeError);
  let seen = 0;
  jit((x) => { jx.ioCallback(([v]) => { seen = v.data[0]; }, [], [x], { ordered: true }); return x; })(6).item();
  assert.equal(seen, 6);
  assert.throws(() => jx.check(f32(-1).gt(0).all(), "x has to be positive"), { code: "check", message: /positive/ });
}));
