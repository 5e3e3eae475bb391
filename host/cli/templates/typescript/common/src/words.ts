// What a word is. It knows nothing of HAL9, so that it is tested without.

/** How many words a text has: what white space parts. */
export function countWords(text: string): number {
  return text.split(/\s+/u).filter((word) => word !== "").length;
}
