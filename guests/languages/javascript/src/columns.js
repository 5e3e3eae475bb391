// A column of texts as it crosses to and from HAL9: all texts in one, and where each ends, in bytes of UTF-8.

/** @typedef {{ text: string, ends: number[] }} TextColumn */

/**
 * The texts of a column.
 *
 * @param {TextColumn} column
 * @returns {string[]}
 */
export function rows({ text, ends }) {
  let [at, bytes] = [0, 0];
  return ends.map((end) => {
    const start = at;
    while (bytes < end) {
      const point = text.codePointAt(at) ?? 0;
      at += point > 0xffff ? 2 : 1;
      bytes += width(point);
    }
    return text.slice(start, at);
  });
}

/**
 * A column of texts.
 *
 * @param {string[]} texts
 * @returns {TextColumn}
 */
export function column(texts) {
  let end = 0;
  const ends = texts.map((text) => {
    for (const character of text) end += width(character.codePointAt(0) ?? 0);
    return end;
  });
  return { text: texts.join(""), ends };
}

/**
 * The bytes of a code point.
 *
 * @param {number} point
 */
function width(point) {
  return point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
}
