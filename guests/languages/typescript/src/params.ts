// The parameters of the tool: which there are, and what is said of those that are wrong. Knows nothing of words.

import type { Violation } from "hal9:plugin/tool@0.1.0";

export const PARAMETERS = {
  type: "object",
  properties: {
    text: { type: "string", description: "The text" },
    limit: {
      type: "integer",
      minimum: 1,
      maximum: 100,
      description: "How many at most; as configured, where it is left out",
    },
  },
  required: ["text"],
  additionalProperties: false,
};

export type Read = { text: string; limit: number; wrong?: undefined } | { wrong: Violation };

/** The text and how many keywords it may have: `limit`, where that is left out. Or what is wrong. */
export function read(params: string, limit: number): Read {
  let values: unknown;
  try {
    values = JSON.parse(params);
  } catch (error) {
    return wrong("", `the parameters are not a JSON object: ${String(error)}`);
  }
  if (typeof values !== "object" || values === null || Array.isArray(values)) {
    return wrong("", "the parameters are not a JSON object");
  }
  const given = new Map<string, unknown>(Object.entries(values));
  // The first in the order of names, so that the same call is always told the same.
  const [unknown] = [...given.keys()].filter((name) => name !== "text" && name !== "limit").sort();
  if (unknown !== undefined) {
    // Half of a surrogate pair, which JSON can spell, is no text that could be sent.
    return wrong("", `there is no parameter \`${wellFormed(unknown)}\`; there are text and limit`);
  }
  if (!given.has("text")) return wrong("", "`text` is missing: the text whose keywords to find");
  const text = given.get("text");
  if (typeof text !== "string") return wrong("/text", "`text` must be a text");
  if (wellFormed(text) !== text) return wrong("", "the parameters are not a JSON object: half of a surrogate pair");
  if (!given.has("limit")) return { text, limit };
  const most = given.get("limit");
  if (!isLimit(most)) return wrong("/limit", "`limit` must be a whole number from 1 to 100");
  return { text, limit: most };
}

/** Whether it is a whole number from 1 to 100. */
export function isLimit(value: unknown): value is number {
  return Number.isInteger(value) && Number(value) >= 1 && Number(value) <= 100;
}

const wellFormed = (text: string): string => text.replace(/\p{Surrogate}/gu, "\ufffd");

const wrong = (path: string, message: string): Read => ({ wrong: { path, message } });
