// The words of a text and which of them are its keywords. Knows nothing of HAL9.

/** Words that every text has: they are words, and no keywords. */
const STOP_WORDS = new Set(
  "a an and are as at be but by for from has have he i in is it not of on or she that the they this to was we with you".split(" "),
);

/** ASCII letters, and whatever is beyond ASCII. */
const WORD = /[A-Za-z\u0080-\u{10ffff}]+/gu;

/**
 * How many words a text has, stop words among them, and its keywords: `limit` at most, the most frequent ones; of those that occur as
 * often, the first comes first.
 *
 * @param {string} text
 * @param {number} limit
 * @returns {{ words: number, keywords: { word: string, count: number }[] }}
 */
export function find(text, limit) {
  /** @type {Map<string, number>} */
  const counts = new Map();
  let words = 0;
  for (const [found] of text.matchAll(WORD)) {
    words += 1;
    // ASCII alone: `toLowerCase` of the whole would change other scripts too.
    const word = found.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
    if (!STOP_WORDS.has(word)) counts.set(word, (counts.get(word) ?? 0) + 1);
  }
  // Both are stable: a map keeps the order in which words came, and sorting keeps that of equals.
  const keywords = [...counts].map(([word, count]) => ({ word, count })).sort((one, other) => other.count - one.count);
  return { words, keywords: keywords.slice(0, limit) };
}

/**
 * Keywords joined by commas, which are in no word.
 *
 * @param {{ word: string }[]} keywords
 * @returns {string}
 */
export function joined(keywords) {
  return keywords.map(({ word }) => word).join(",");
}
