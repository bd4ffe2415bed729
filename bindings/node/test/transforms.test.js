// Transforms of functions over trees, in any nesting.
import assert from "node:assert/strict";
import test from "node:test";
import * as jx from "jaxrs";
import { f32, leavesNothing, near } from "./support.js";

const { np, grad, jit, tensor, vmap } = jx;
const loss = (p, x) => np.mean(np.square(np.tanh(x.mul(p.w)).add(p.b)));

test("memory goes in and comes out", () => leavesNothing(() => {
  for (const [array, dtype] of [[Float32Array.of(1.5, -2), "f32"], [Float64Array.of(1.5), "f64"], [Int32Array.of(-1), "i32"],
    [BigInt64Array.of(1n << 60n), "i64"], [Uint8Array.of(255), "u8"], [BigUint64Array.of(1n << 63n), "u64"]]) {
    const t = tensor(array);
    assert.equal(t.dtype, dtype);
    assert.deepEqual(t.data(), array);
  }
  assert.equal(String(tensor([[1, 2, 3], [4, 5, 6]], { dtype: "f64" })), "[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]:f64[2,3]");
  assert.deepEqual(tensor([[true], [false]]).toArray(), [[true], [false]]);
  assert.throws(() => tensor([[1, 2], [3]]), { code: "shape" });
  assert.equal(f32(1).add(2).dtype, "f32");
  assert.equal(tensor(Int32Array.of(1)).mul(2).dtype, "i32");
  assert.equal(tensor(Int32Array.of(1)).mul(2.5).dtype, "f32");
  assert.equal(np.einsum([f32(1, 2), f32(3, 4)], "i,i->").item(), 11);
  assert.deepEqual(tensor([[1, 2], [3, 4]]).reduceSum({ axes: [0], keepdims: true }).shape, [1, 2]);
  near(np.randomNormal(np.randomKey(0), [2]), [1.6226422, 2.0252647]);
}));

test("grad gives a tree like the argument", () => leavesNothing(() => {
  const [p, x] = [{ w: f32(0.5, -1), b: f32(0.1, 0.2) }, f32(1, 2)];
  const [value, g] = jx.valueAndGrad(loss)(p, x);
  for (const [i, step] of [f32(1e-3, 0), f32(0, 1e-3)].entries()) {
    const slope = (loss({ ...p, w: p.w.add(step) }, x).item() - loss({ ...p, w: p.w.sub(step) }, x).item()) / 2e-3;
    assert.ok(Math.abs(g.w.data()[i] - slope) < 2e-3);
  }
  assert.equal(value.item(), loss(p, x).item());
  const [both, gx] = jx.grad(loss, { argnums: [0, 1] })(p, x);
  near(both.b.sub(g.b), [0, 0]);
  assert.deepEqual(gx.shape, [2]);
  const aux = (v) => [v.mul(v).reduceSum(), { twice: v.mul(2), note: "kept" }];
  const [slope, rest] = jx.grad(aux, { hasAux: true })(f32(1, 2));
  near(slope, [2, 4]);
  near(rest.twice, [2, 4]);
  assert.equal(rest.note, "kept");
  const [[sum, more], g2] = jx.valueAndGrad(aux, { hasAux: true })(f32(1, 2));
  near(sum, 5), near(more.twice, [2, 4]), near(g2, [2, 4]);
}));

test("transforms nest and close over tracers", () => leavesNothing(() => {
  const f = (x, y) => {
    const inner = (z) => x.mul(z).sin().mul(y); // a tracer from around it
    return grad(jit(inner))(x).add(vmap(inner)(f32(1, 2, 3)).reduceSum());
  };
  const expected = (x, y) => [1, 2, 3].reduce((sum, z) => sum + Math.sin(x * z) * y, x * Math.cos(x * x) * y);
  const slope = (expected(0.7 + 1e-5, 2) - expected(0.7 - 1e-5, 2)) / 2e-5;
  near(jit(grad(f))(0.7, 2), slope);
  near(vmap(jit(grad(f)), [0, null])(f32(0.7, 0.7), 2), [slope, slope]);
  near(grad(grad(grad((x) => x.sin())))(0.3), -Math.cos(0.3));
}));

test("perturbations are not confused", () => {
  assert.equal(grad((x) => x.mul(grad((y) => x.add(y))(1)))(1).item(), 1);
  assert.equal(jx.jvp((x) => x.mul(jx.jvp((y) => x.add(y), [1], [1])[1]), [1], [1])[1].item(), 1);
});

test("derivatives agree", () => leavesNothing(() => {
  const f = (x) => x.sin().mul(x.reduceSum());
  const x = f32(0.1, 0.2, 0.3);
  const [forward, reverse] = [jx.jacfwd(f)(x), jx.jacrev(f)(x)];
  near(forward.sub(reverse), Array(9).fill(0));
  const [y, pullback] = jx.vjp(f, x);
  near(y.sub(f(x)), [0, 0, 0]);
  near(pullback(f32(0, 1, 0))[0], reverse.toArray()[1]);
  near(jx.linearize(f, x)[1](f32(1, 0, 0)), forward.transpose().toArray()[0]);
  near(jx.hessian((v) => v.reduceProd())(f32(2, 3, 4)), [0, 4, 3, 4, 0, 2, 3, 2, 0]);
}));

test("jit traces once for each structure and type", () => leavesNothing(() => {
  let traces = 0;
  const f = jit((tree) => (traces++, jx.tree.map((x) => x.mul(2), tree)));
  for (let i = 0; i < 3; i++) near(f({ a: f32(1), list: [f32(2), 3] }).list[1], 6);
  assert.equal(traces, 1);
  f({ a: f32(1), list: [f32(2)] }), f({ a: f32(1, 2), list: [f32(2)] });
  assert.equal(traces, 3);
  const gone = f32(1, 2);
  jit((x) => x.add(1), { donate: 0 })(gone);
  assert.throws(() => gone.neg(), /donated/);
}));

test("compiled functions run elsewhere while this thread goes on", async () => {
  const f = jit((x) => ({ y: x.mul(2) }));
  const out = await Promise.all([f.async(f32(1, 2)), f.async(f32(3, 4)), f.async(f32(5, 6))]);
  near(out[2].y, [10, 12]);
  await assert.rejects(jit((x) => x.add(f32(1, 2, 3))).async(f32(1, 2)), { code: "shape" });
});

test("control flow is traced and differentiated", () => leavesNothing(() => {
  const f = (x) => {
    const [last, all] = jx.scan((c, y) => [c.mul(x).add(y), c], 1, f32(1, 2, 3));
    const branch = jx.cond(x.gt(0), (v) => v.mul(2), (v) => v.neg(), last);
    return jx.foriLoop(0, 3, (i, s) => s.mul(x), branch).add(all.reduceSum().mul(0));
  };
  const expected = (x) => 2 * (((x + 1) * x + 2) * x + 3) * x ** 3;
  const slope = (expected(0.9 + 1e-5) - expected(0.9 - 1e-5)) / 2e-5;
  near(jit(f)(0.9), expected(0.9));
  near(grad(f)(0.9), slope);
  near(jit(grad(f))(0.9), slope);
  near(jx.whileLoop((x) => x.gt(1), (x) => x.mul(0.5), tensor(40)), 0.625);
  near(jx.switchCase(1, [(x) => x, (x) => x.add(1)], 2), 3);
  near(jx.associativeScan((a, b) => a.mul(b), f32(1, 2, 3)), [1, 2, 6]);
  near(jx.mapSlices((x) => x.mul(2), f32(1, 2)), [2, 4]);
  near(jx.scan((c) => [c.add(1), c], 0, null, { length: 3 })[1], [0, 1, 2]);
}));

test("the gradient of an ODE agrees with differences and forward mode", () => {
  const at = (x, i) => x.slice([i], [i + 1]).squeeze();
  const solve = (theta) => { // Lotka and Volterra, by RK4
    const slope = ([prey, hunters]) => [prey.mul(at(theta, 0).sub(at(theta, 1).mul(hunters))), hunters.mul(at(theta, 2).mul(prey).sub(at(theta, 3)))];
    const moved = (y, h, k) => jx.tree.map((a, b) => a.add(b.mul(h)), y, k);
    const dt = 0.05;
    const step = (y) => {
      const k1 = slope(y), k2 = slope(moved(y, dt / 2, k1)), k3 = slope(moved(y, dt / 2, k2)), k4 = slope(moved(y, dt, k3));
      return [moved(y, dt / 6, moved(moved(moved(k1, 2, k2), 2, k3), 1, k4)), null];
    };
    return jx.scan(step, [tensor(10, { dtype: "f64" }), tensor(5, { dtype: "f64" })], null, { length: 60 })[0];
  };
  const f = jit((theta) => { const [prey, hunters] = solve(theta); return prey.square().add(hunters.square()); });
  const theta = [1.1, 0.4, 0.1, 0.4];
  const x = tensor(Float64Array.from(theta));
  const [reverse, forward] = [jit(grad(f))(x).data(), jit(jx.jacfwd(f))(x).data()];
  theta.forEach((_, i) => {
    const moved = (h) => f(tensor(Float64Array.from(theta, (v, k) => (k === i ? v + h : v)))).item();
    const slope = (moved(1e-5) - moved(-1e-5)) / 2e-5;
    assert.ok(Math.abs(reverse[i] - slope) <= 1e-6 * Math.abs(slope));
    assert.ok(Math.abs(reverse[i] - forward[i]) <= 1e-10 * Math.abs(slope));
  });
});
