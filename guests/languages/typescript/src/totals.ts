// What has been counted over all signals: how it is written. Knows nothing of where it is kept.

/** Signals that were answered, and the words in them. */
export interface Totals {
  signals: number;
  words: number;
}

/** Adds to totals; they stop at the largest number that is exact. */
export function add(totals: Totals, signals: number, words: number): void {
  totals.signals = Math.min(totals.signals + signals, Number.MAX_SAFE_INTEGER);
  totals.words = Math.min(totals.words + words, Number.MAX_SAFE_INTEGER);
}

/** As `parse` reads them. */
export function write({ signals, words }: Totals): Uint8Array {
  return Uint8Array.from(`${signals} ${words}`, (character) => character.charCodeAt(0));
}

/** As they were written, and none where nothing was; undefined for anything else. */
export function parse(written: Uint8Array): Totals | undefined {
  if (written.length === 0) return { signals: 0, words: 0 };
  const text = written.length < 64 ? String.fromCharCode(...written) : "";
  // `$` is the end alone, without the flag `m`.
  const [, signals, words] = /^([0-9]+) ([0-9]+)$/.exec(text) ?? [];
  const totals = { signals: Number(signals), words: Number(words) };
  return Number.isSafeInteger(totals.signals) && Number.isSafeInteger(totals.words) ? totals : undefined;
}
