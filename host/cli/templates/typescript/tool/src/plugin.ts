// Example Plugin: a tool that counts the words of a text.

import { log } from "hal9:plugin/logging@0.1.0";
import type { Tool, Violation } from "hal9:plugin/tool@0.1.0";
import type { Failure } from "hal9:plugin/types@0.1.0";

import { countWords } from "./words.js";

const NAME = "count_words";

const PARAMETERS = {
  type: "object",
  properties: { text: { type: "string", description: "The text" } },
  required: ["text"],
  additionalProperties: false,
};

/** What HAL9 calls. What is thrown as a type of the world is an answer; an Error is a fault of the plugin. */
export const tool: Tool = {
  describe() {
    return [{ name: NAME, description: "Counts the words of a text.", parameters: JSON.stringify(PARAMETERS) }];
  },

  validate(name, params) {
    const { wrong } = name === NAME ? read(params) : { wrong: unknown(name) };
    if (wrong !== undefined) throw [{ path: "", message: wrong }] satisfies Violation[];
  },

  execute(name, params) {
    if (name !== NAME) throw { code: "not-found", message: unknown(name) } satisfies Failure;
    const { text, wrong } = read(params);
    if (text === undefined) throw { code: "invalid-input", message: wrong } satisfies Failure;
    const words = countWords(text);
    log("info", `${words} words`);
    return JSON.stringify({ words });
  },
};

const unknown = (name: string): string => `there is no tool \`${name}\`; there is ${NAME}`;

type Parameters = { text: string; wrong?: undefined } | { text?: undefined; wrong: string };

/** The text in the parameters, or what is wrong with them. */
function read(params: string): Parameters {
  let values: unknown;
  try {
    values = JSON.parse(params);
  } catch (error) {
    return { wrong: `the parameters are not JSON: ${String(error)}` };
  }
  if (typeof values !== "object" || values === null || Array.isArray(values)) {
    return { wrong: "the parameters are not a JSON object" };
  }
  const other = Object.keys(values).find((name) => name !== "text");
  if (other !== undefined) return { wrong: `there is no parameter ${JSON.stringify(other)}; there is text` };
  if (!("text" in values) || typeof values.text !== "string") return { wrong: "`text` is missing, or no text" };
  return { text: values.text };
}
