import assert from "node:assert/strict";
import { test } from "node:test";

import { add, parse, write } from "../src/totals.js";

const bytes = (text) => new TextEncoder().encode(text);

test("what is written is read again, and nothing else is", () => {
  const totals = { signals: 3, words: Number.MAX_SAFE_INTEGER };
  assert.deepEqual(parse(write(totals)), totals);
  assert.deepEqual(parse(bytes("")), { signals: 0, words: 0 });
  for (const other of ["1", "1 ", " 1", "1 2 3", "1  2", "+1 2", "1 9007199254740992", "1 2\n", "1 \u00ff", "9".repeat(9999)]) {
    assert.equal(parse(bytes(other)), undefined, other);
  }
});

test("counts stop at the largest", () => {
  const totals = { signals: 1, words: 1 };
  add(totals, 2 ** 64, 1);
  assert.deepEqual(totals, { signals: Number.MAX_SAFE_INTEGER, words: 2 });
});
