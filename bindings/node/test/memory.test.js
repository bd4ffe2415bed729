// Memory: flat over a million calls, and with tensors that are disposed of; workers.
import assert from "node:assert/strict";
import test from "node:test";
import { Worker } from "node:worker_threads";
import * as jx from "jaxrs";
import { f32, leavesNothing, near, turn } from "./support.js";

test("memory is flat over a million calls", async () => {
  const calls = Number(process.env.JAXRS_CALLS ?? 1e6);
  const f = jx.jit((x) => x.mul(2).add(1));
  const short = f32(1, 2);
  let x = f32(1, 2, 3);
  const round = async (n) => {
    for (let i = 0; i < n; i++) {
      if (i % 100 === 0) jx.grad((v) => v.mul(v).reduceSum())(x);
      else if (i % 10 === 1) assert.throws(() => x.add(short));
      else x = i % 2 ? x.sin() : f(x.mul(0.5));
      // Finalizers run when the event loop turns: a loop that never does keeps everything that it does not dispose of.
      if (i % 1000 === 0) await turn();
    }
    globalThis.gc();
    await turn();
  };
  await round(calls / 4);
  const before = process.memoryUsage().rss;
  await round(calls);
  const grown = process.memoryUsage().rss - before;
  console.log(`${calls} calls: from ${before >> 10} kB by ${grown >> 10} kB`);
  assert.ok(grown < 48 << 20, `grew by ${grown} bytes`); // the collector's own slack
});

test("what is disposed of, or left behind in a tidy, is released at once", () => {
  const before = jx.stats().liveArrays;
  const kept = jx.tidy(() => {
    let x = f32(1, 2);
    for (let i = 0; i < 100; i++) x = x.add(1);
    return { x };
  });
  assert.equal(jx.stats().liveArrays, before + 1);
  assert.deepEqual(kept.x.toArray(), [101, 102]);
  jx.tree.dispose(kept);
  assert.equal(jx.stats().liveArrays, before);
});

const worker = `
  const { parentPort, workerData } = require("node:worker_threads");
  import("jaxrs").then((jx) => {
    const f = jx.jit(jx.grad((x) => x.sin().mul(x)));
    for (;;) {
      for (let k = 0; k < 20; k++) jx.jit((x) => x.mul(k))(2).item();
      if (!workerData.forever) break;
      parentPort.postMessage(0);
    }
    parentPort.postMessage(f(workerData.x).item());
  });`;
const start = (data) => new Worker(worker, { eval: true, workerData: data });

test("workers trace at once, each in a context of its own", async () => {
  const answers = await Promise.all([1, 2, 3].map((x) => new Promise((resolve, reject) => start({ x }).on("message", resolve).on("error", reject))));
  answers.forEach((got, i) => assert.ok(Math.abs(got - (Math.cos(i + 1) * (i + 1) + Math.sin(i + 1))) < 1e-5));
});

test("a worker may be ended in the middle of its work", async () => {
  const running = start({ x: 1, forever: true });
  await new Promise((resolve) => running.once("message", resolve));
  await running.terminate();
  await leavesNothing(() => near(jx.jit((x) => x.neg())(1), -1));
});
