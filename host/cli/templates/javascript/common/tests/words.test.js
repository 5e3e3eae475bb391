import assert from "node:assert/strict";
import { test } from "node:test";

import { countWords } from "../src/words.js";

test("white space parts words", () => {
  assert.equal(countWords("one two\n\tthree"), 3);
});

test("a text without words has none", () => {
  for (const text of ["", " \n"]) assert.equal(countWords(text), 0);
});
