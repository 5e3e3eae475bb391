// What a word is. It knows nothing of HAL9, so that it is tested without.

/**
 * How many words a text has: what white space parts.
 *
 * @param {string} text
 * @returns {number}
 */
export function countWords(text) {
  return text.split(/\s+/u).filter((word) => word !== "").length;
}
