// Example Plugin: a tool that counts the words of a text.

import { log } from "hal9:plugin/logging@0.1.0";

import { countWords } from "./words.js";

const NAME = "count_words";

const PARAMETERS = {
  type: "object",
  properties: { text: { type: "string", description: "The text" } },
  required: ["text"],
  additionalProperties: false,
};

/**
 * What HAL9 calls. What is thrown as an object of the world is an answer; an Error is a fault of the plugin.
 *
 * @type {import("hal9:plugin/tool@0.1.0").Tool}
 */
export const tool = {
  describe() {
    return [{ name: NAME, description: "Counts the words of a text.", parameters: JSON.stringify(PARAMETERS) }];
  },

  validate(name, params) {
    const { wrong } = name === NAME ? read(params) : { wrong: unknown(name) };
    if (wrong !== undefined) throw [{ path: "", message: wrong }];
  },

  execute(name, params) {
    if (name !== NAME) throw { code: "not-found", message: unknown(name) };
    const { text, wrong } = read(params);
    if (text === undefined) throw { code: "invalid-input", message: wrong };
    const words = countWords(text);
    log("info", `${words} words`);
    return JSON.stringify({ words });
  },
};

/** @param {string} name */
const unknown = (name) => `there is no tool \`${name}\`; there is ${NAME}`;

/**
 * The text in the parameters, or what is wrong with them.
 *
 * @param {string} params
 * @returns {{ text: string, wrong?: undefined } | { text?: undefined, wrong: string }}
 */
function read(params) {
  let values;
  try {
    values = JSON.parse(params);
  } catch (error) {
    return { wrong: `the parameters are not JSON: ${error}` };
  }
  if (typeof values !== "object" || values === null || Array.isArray(values)) {
    return { wrong: "the parameters are not a JSON object" };
  }
  const other = Object.keys(values).find((name) => name !== "text");
  if (other !== undefined) return { wrong: `there is no parameter ${JSON.stringify(other)}; there is text` };
  if (typeof values.text !== "string") return { wrong: "`text` is missing, or no text" };
  return { text: values.text };
}
