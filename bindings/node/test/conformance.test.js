// Every operation against values that JAX computed.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";
import * as jx from "jaxrs";

const [head, ...rows] = readFileSync(new URL("../../conformance/cases.jsonl", import.meta.url), "utf8").trim().split("\n");
const { tolerances } = JSON.parse(head);

// 64-bit integers do not fit the numbers of JSON.parse.
const exact = (text) => text.replace(/([[,:])(-?\d{16,})(?=[,\]}])/g, '$1"$2n"');
const number = (x) => (typeof x === "string" ? (/\dn$/.test(x) ? BigInt(x.slice(0, -1)) : { inf: Infinity, "-inf": -Infinity, nan: NaN }[x]) : Number(x));
const camel = (name) => name.replace(/_(\w?)/g, (_, letter) => letter.toUpperCase());
const views = { i64: BigInt64Array, u64: BigUint64Array, c64: Float32Array, c128: Float64Array, f32: Float32Array, f64: Float64Array, i32: Int32Array,
  i16: Int16Array, i8: Int8Array, u32: Uint32Array, u16: Uint16Array, u8: Uint8Array, bool: Uint8Array };

function array({ dtype, shape, data }) {
  const wide = dtype === "i64" || dtype === "u64";
  const flat = data.flat().map((x) => (wide ? BigInt(number(x)) : Number(number(x))));
  return jx.tensor(views[dtype].from(flat), { dtype, shape });
}

const isClose = (a, b, tolerance) => Object.is(a, b) || a === b || Math.abs(a - b) <= tolerance * (1 + Math.min(Math.abs(b), Number.MAX_VALUE));

function agrees(got, expected) {
  assert.equal(got.dtype, expected.dtype);
  assert.deepEqual(got.shape, expected.shape);
  const [data, wanted, tolerance] = [got.data(), array(expected).data(), tolerances[expected.dtype]];
  const parts = expected.dtype.startsWith("c") ? 2 : 1;
  for (let i = 0; i < data.length; i += parts) {
    const indices = Array.from({ length: parts }, (_, k) => i + k);
    let same = indices.every((k) => (tolerance === undefined ? data[k] === wanted[k] : isClose(data[k], wanted[k], tolerance)));
    if (!same && parts === 2) {
      const [distance, size] = [Math.hypot(data[i] - wanted[i], data[i + 1] - wanted[i + 1]), Math.hypot(wanted[i], wanted[i + 1])];
      same = distance <= tolerance * (1 + Math.min(size, Number.MAX_VALUE));
    }
    assert.ok(same, `element ${i}: ${data[i]} instead of ${wanted[i]}`);
  }
}

test("operations agree with JAX", () => {
  assert.ok(rows.length > 700, `${rows.length} cases`);
  for (const text of rows) {
    const row = JSON.parse(exact(text));
    try {
      jx.withDefaultFloat("f64", () => { // the values were recorded with 64-bit defaults
        const f = jx.np[camel(row.op)];
        const params = Object.fromEntries(Object.entries(row.params).map(([k, x]) => [k, /^-?\d+n$/.test(x) ? BigInt(x.slice(0, -1)) : x]));
        const out = [f.byName(row.inputs.map(array), params)].flat();
        assert.equal(out.length, row.outputs.length);
        out.forEach((got, i) => agrees(got, row.outputs[i]));
      });
    } catch (error) {
      throw new Error(`${text.slice(0, 300)}: ${error.message}`, { cause: error });
    }
  }
});
