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
