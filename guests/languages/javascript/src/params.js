// The parameters of the tool: which there are, and what is said of those that are wrong. Knows nothing of words.

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

/**
 * The text and how many keywords it may have: `limit`, where that is left out. Or what is wrong.
 *
 * @param {string} params
 * @param {number} limit
 * @returns {{ text: string, limit: number, wrong?: undefined } | { wrong: { path: string, message: string } }}
 */
export function read(params, limit) {
  let values;
  try {
    values = JSON.parse(params);
  } catch (error) {
    return wrong("", `the parameters are not a JSON object: ${String(error)}`);
  }
  if (typeof values !== "object" || values === null || Array.isArray(values)) {
    return wrong("", "the parameters are not a JSON object");
  }
  const given = new Map(Object.entries(values));
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

/**
 * Whether it is a whole number from 1 to 100.
 *
 * @param {unknown} value
 * @returns {value is number}
 */
export function isLimit(value) {
  return Number.isInteger(value) && Number(value) >= 1 && Number(value) <= 100;
}

/** @param {string} text */
const wellFormed = (text) => text.replace(/\p{Surrogate}/gu, "\ufffd");

/**
 * @param {string} path
 * @param {string} message
 */
const wrong = (path, message) => ({ wrong: { path, message } });
