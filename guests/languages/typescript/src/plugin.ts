// Keywords in TypeScript, a neuron of layer L2 and a tool: it finds the most frequent words of a text. The exports are here; `words`
// finds keywords, `params` reads the tool's parameters, `totals` counts, `columns` reads and writes batches.

import * as config from "hal9:plugin/config@0.1.0";
import type { Lifecycle } from "hal9:plugin/lifecycle@0.1.0";
import { log } from "hal9:plugin/logging@0.1.0";
import * as memory from "hal9:plugin/memory@0.1.0";
import type { Neuron } from "hal9:plugin/neuron@0.1.0";
import type { Tool, Violation } from "hal9:plugin/tool@0.1.0";
import type { Failure, FailureCode } from "hal9:plugin/types@0.1.0";

import { column, rows } from "./columns.js";
import { isLimit, PARAMETERS, read } from "./params.js";
import { add, parse, type Totals, write } from "./totals.js";
import { find, joined } from "./words.js";

const NAME = "keywords";
const KEY = "totals";
const LIMIT = 5;

let limit: number | undefined;
let totals: Totals | undefined;
let processed = 0;

export const neuron: Neuron = {
  processSignal(signal) {
    const { words, keywords } = find(signal.content, configured());
    count(1, words);
    log("info", `${words} words, ${keywords.length} keywords`);
    const others = signal.metadata.filter(([name]) => name !== "keywords" && name !== "words");
    return { ...signal, metadata: [...others, ["keywords", joined(keywords)], ["words", String(words)]] };
  },

  processBatch(batch) {
    const most = configured();
    const found = rows(batch.contents).map((text) => find(text, most));
    const words = found.reduce((sum, row) => sum + row.words, 0);
    count(found.length, words);
    log("info", `${words} words in a batch of ${found.length}`);
    const keywords = column(found.map((row) => joined(row.keywords)));
    const others = batch.metadata.filter(({ name }) => name !== "keywords" && name !== "words");
    const metadata: typeof batch.metadata = [
      ...others,
      { name: "keywords", values: { tag: "texts", val: keywords } },
      { name: "words", values: { tag: "numbers", val: found.map((row) => row.words) } },
    ];
    return { ...batch, metadata };
  },

  state() {
    const { signals, words } = known();
    return { processed, failed: 0, details: [["signals", String(signals)], ["words", String(words)]] };
  },
};

export const tool: Tool = {
  describe() {
    const description = "Finds the most frequent words of a text, with how often each occurs.";
    return [{ name: NAME, description, parameters: JSON.stringify(PARAMETERS) }];
  },

  validate(name, params) {
    const { wrong } = name === NAME ? read(params, configured()) : { wrong: { path: "", message: unknown(name) } };
    if (wrong !== undefined) throw [wrong] satisfies Violation[];
  },

  execute(name, params) {
    if (name !== NAME) throw failure("not-found", unknown(name));
    const asked = read(params, configured());
    if (asked.wrong !== undefined) throw failure("invalid-input", asked.wrong.message);
    return JSON.stringify(find(asked.text, asked.limit));
  },
};

export const lifecycle: Lifecycle = {
  init() {},
  shutdown() {},

  health() {
    return { status: "healthy", reason: "" };
  },

  reconfigure(document) {
    limit = limitOf(JSON.parse(document).limit);
  },

  exportState() {
    return write(known());
  },

  importState(state) {
    const given = parse(state);
    if (given === undefined) throw failure("invalid-input", NO_TOTALS);
    totals = given;
  },
};

const NO_TOTALS = "these are no totals: they are two whole numbers with a space between";

/** How many keywords there are at most. The host has held it against the schema. */
function configured(): number {
  limit ??= limitOf(JSON.parse(config.get("limit") ?? "null"));
  return limit;
}

function limitOf(value: unknown): number {
  return isLimit(value) ? value : LIMIT;
}

/** The totals: from HAL9's memory, where nothing is known yet. One that fails is one without. */
function known(): Totals {
  if (totals === undefined) {
    totals = { signals: 0, words: 0 };
    try {
      const kept = parse(memory.get(KEY) ?? new Uint8Array());
      if (kept === undefined) log("warn", NO_TOTALS);
      else totals = kept;
    } catch (error) {
      log("warn", `cannot read the totals: ${why(error)}`);
    }
  }
  return totals;
}

/** Counts more. A memory that fails costs nobody an answer. */
function count(signals: number, words: number): void {
  processed += signals;
  const sum = known();
  add(sum, signals, words);
  try {
    memory.set(KEY, write(sum));
  } catch (error) {
    log("warn", `cannot keep the totals: ${why(error)}`);
  }
}

/** What HAL9 threw. */
function why(error: unknown): string {
  return error instanceof Error && "payload" in error ? JSON.stringify(error.payload) : String(error);
}

function failure(code: FailureCode, message: string): Failure {
  return { code, message };
}

function unknown(name: string): string {
  return `there is no tool \`${name}\`; there is ${NAME}`;
}
