import assert from "node:assert/strict";
import { test } from "node:test";

import { find, joined } from "../src/words.js";

const told = (text, limit) => {
  const { words, keywords } = find(text, limit);
  return [words, joined(keywords)];
};

test("the most frequent come first, and the first of equals", () => {
  assert.deepEqual(told("pear fig Pear APPLE fig pear", 5), [6, "pear,fig,apple"]);
  assert.deepEqual(told("one two three", 2), [3, "one,two"]);
});

test("stop words are words and no keywords", () => {
  assert.deepEqual(told("The cat and THE hat", 5), [5, "cat,hat"]);
});

test("what is no letter parts words, and nothing else does", () => {
  assert.deepEqual(told("don't stop-me 4ever x2y", 9), [7, "don,t,stop,me,ever,x,y"]);
});

test("beyond ASCII all is letters and keeps its case", () => {
  assert.deepEqual(told("Ärger ärger ÄRGER", 9), [3, "Ärger,ärger"]);
});

test("a text without words has none", () => {
  for (const text of ["", " \n\0", "12 34 !?"]) assert.deepEqual(told(text, 5), [0, ""]);
});
