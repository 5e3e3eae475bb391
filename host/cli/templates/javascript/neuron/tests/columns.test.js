import assert from "node:assert/strict";
import { test } from "node:test";

import { rows } from "../src/columns.js";

test("ends are counted in bytes", () => {
  const texts = ["a", "", "é", "日本", "😀x", ""];
  const text = texts.join("");
  let end = 0;
  const ends = texts.map((row) => (end += new TextEncoder().encode(row).length));
  assert.deepEqual(rows({ text, ends }), texts);
  assert.deepEqual(rows({ text: "", ends: [] }), []);
});
