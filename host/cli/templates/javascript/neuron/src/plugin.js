// Example Plugin: answers a signal with the number of its words, and remembers how many there were in all.

import { log } from "hal9:plugin/logging@0.1.0";
import * as memory from "hal9:plugin/memory@0.1.0";

import { rows } from "./columns.js";
import { countWords } from "./words.js";

const TOTAL = "total";

let processed = 0;

/**
 * What HAL9 calls.
 *
 * @type {import("hal9:plugin/neuron@0.1.0").Neuron}
 */
export const neuron = {
  processSignal(signal) {
    const words = countWords(signal.content);
    processed += 1;
    log("info", `${words} words, ${remember(words)} in all`);
    const others = signal.metadata.filter(([name]) => name !== "words");
    return { ...signal, metadata: [...others, ["words", String(words)]] };
  },

  processBatch(batch) {
    const counts = rows(batch.contents).map(countWords);
    const words = counts.reduce((sum, count) => sum + count, 0);
    processed += counts.length;
    log("info", `${words} words, ${remember(words)} in all`);
    const others = batch.metadata.filter(({ name }) => name !== "words");
    const metadata = [...others, { name: "words", values: { tag: /** @type {const} */ ("numbers"), val: counts } }];
    return { ...batch, metadata };
  },

  state() {
    return { processed, failed: 0, details: [[TOTAL, String(remember(0))]] };
  },
};

/**
 * Adds to the total in HAL9's memory, and gives what it is then.
 *
 * @param {number} words
 * @returns {number}
 */
function remember(words) {
  try {
    const kept = memory.get(TOTAL);
    const total = (kept === null ? 0 : Number(String.fromCharCode(...kept))) + words;
    if (words > 0) memory.set(TOTAL, Uint8Array.from(String(total), (digit) => digit.charCodeAt(0)));
    return total;
  } catch (error) {
    const why = error instanceof Error && "payload" in error ? JSON.stringify(error.payload) : String(error);
    throw { code: "unavailable", message: `HAL9's memory: ${why}` };
  }
}
