// Programs in files: what is saved here, and what versions of the library wrote (tests/programs).
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "node:test";
import { fileURLToPath } from "node:url";
import * as jx from "jaxrs";
import { f32, leavesNothing, near } from "./support.js";

const kept = fileURLToPath(new URL("../../../tests/programs/", import.meta.url));

test("saved programs are called", () => leavesNothing(() => {
  const program = jx.programOf((x) => x.sin().add(x))(f32(0, 1));
  const file = program.save();
  near(jx.Program.load(file).call(f32(0, 1))[0], [0, 1.841471]);
  assert.equal(jx.Program.load(new Uint8Array(file)).text(), program.text());
  const folder = mkdtempSync(join(tmpdir(), "jaxrs-"));
  program.save(join(folder, "program.jaxrs"));
  assert.equal(jx.Program.load(join(folder, "program.jaxrs")).text(), program.text());
  rmSync(folder, { recursive: true });
  assert.throws(() => jx.Program.load(Uint8Array.of(1, 2, 255)), { code: "invalid argument" });
  assert.throws(() => jx.Program.load({}), TypeError);
}));

test("compiled programs are saved with their code", () => leavesNothing(async () => {
  const program = jx.programOf((x) => x.sin().add(x))(f32(0, 1));
  const compiled = program.compile();
  near(compiled.call(f32(0, 1))[0], [0, 1.841471]);
  const file = compiled.save();
  near(jx.Executable.load(file).call(f32(0, 1))[0], [0, 1.841471]);
  near((await jx.Executable.load(new Uint8Array(file)).async(f32(0, 1)))[0], [0, 1.841471]);
  const folder = mkdtempSync(join(tmpdir(), "jaxrs-"));
  compiled.save(join(folder, "program.exec"));
  const loaded = jx.Executable.load(join(folder, "program.exec"));
  rmSync(folder, { recursive: true });
  const cost = loaded.cost();
  assert.ok(cost.flops >= 2 && cost.transcendentals === 2 && cost.argumentBytes === 8 && cost.outputBytes === 8, JSON.stringify(cost));
  assert.ok(loaded.cost().codeBytes > 0);
  assert.throws(() => jx.Executable.load(program.save()), { code: "invalid argument" });
  assert.throws(() => jx.Executable.load({}), TypeError);
  assert.throws(() => loaded.call(f32(0, 1, 2)), { code: "shape" });
  await assert.rejects(loaded.async(), { code: "invalid argument" });
}));

test("files of jax.export are read and written", () => leavesNothing(() => {
  const file = fileURLToPath(new URL("../../../core/stablehlo/testdata/any_size.jaxexport", import.meta.url));
  const x = f32(1, 2, 3, 4).reshape([1, 4]);
  assert.throws(() => jx.Program.load(file), { code: "unimplemented", message: /argument 0 is f32\[\?,4\]/ });
  const program = jx.Program.load(file, [x]);
  assert.deepEqual(program.call(x)[0].shape, [2, 2]);
  assert.deepEqual(jx.Program.load(program.exportJax(undefined, { vjpOrder: 1 })).call(x)[0].shape, [2, 2]);
  assert.throws(() => jx.Program.load(file, [f32(1)]), /takes \(f32\[\?,4\]\), got \(f32\[1\]\)/);
}));

/** An array of cases.txt, as a tensor. */
function described([dtype, rank, ...rest]) {
  const [shape, values] = [rest.slice(0, rank).map(Number), rest.slice(rank).map(Number)];
  return jx.tensor(Float64Array.from(values)).reshape(shape).convertElementType(dtype);
}

test("kept programs give what they gave", () => leavesNothing(() => {
  let [name, inputs, outputs, programs] = ["", [], [], 0];
  for (const line of readFileSync(`${kept}cases.txt`, "utf8").trim().split("\n")) {
    const [word, ...words] = line.split(/\s+/);
    if (word === "program") [name, inputs, outputs, programs] = [words[0], [], [], programs + 1];
    if (word === "in") inputs.push(described(words));
    if (word === "out") {
      if (outputs.length === 0) outputs = jx.Program.load(`${kept}${name}.jaxrs`).call(...inputs);
      const [got, expected] = [outputs.shift(), described(words)];
      assert.deepEqual([got.dtype, got.shape], [expected.dtype, expected.shape]);
      near(got, Array.from(expected.convertElementType("f64").data()));
    }
    if (word === "refused") assert.throws(() => jx.Program.load(`${kept}${words[0]}.jaxrs`), /saved program/);
  }
  assert.equal(programs, 5);
}));
