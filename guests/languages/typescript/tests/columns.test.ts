import assert from "node:assert/strict";
import { test } from "node:test";

import { column, rows } from "../src/columns.js";

test("ends are counted in bytes, and texts come back as they went in", () => {
  const texts = ["a", "", "é", "日本", "😀x", ""];
  assert.deepEqual(column(texts).ends, [1, 1, 3, 9, 14, 14]);
  assert.deepEqual(rows(column(texts)), texts);
  assert.deepEqual(rows({ text: "", ends: [] }), []);
});
