import assert from "node:assert/strict";
import { test } from "node:test";

import { read } from "../src/params.js";

test("a text and a limit are read", () => {
  assert.deepEqual(read('{"text": ""}', 5), { text: "", limit: 5 });
  assert.deepEqual(read('{"text": "\\u00e4", "limit": 3.0}', 5), { text: "ä", limit: 3 });
});

test("what is wrong is named", () => {
  const cases = [
    [{}, "`text`"],
    [{ text: null }, "`text`"],
    [{ text: "a", limit: 0 }, "`limit`"],
    [{ text: "a", limit: 1.5 }, "`limit`"],
    [{ text: "a", limit: true }, "`limit`"],
    [{ text: "a", limit: "3" }, "`limit`"],
    [{ text: "a", z: 1, most: 1 }, "`most`"],
  ];
  for (const [params, name] of cases) {
    const { wrong } = read(JSON.stringify(params), 5);
    assert.ok(wrong?.message.includes(name), JSON.stringify(params));
  }
});

test("what is no JSON object is refused", () => {
  for (const params of ["", "{", "[]", "1", "NaN", '{"text": NaN}', '{"text": "\\ud800"}']) {
    assert.ok(read(params, 5).wrong !== undefined, params);
  }
});
