import js from "@eslint/js";

export default [
  { ignores: ["build/"] },
  js.configs.recommended,
  { languageOptions: { globals: { console: "readonly" } } },
  // They run on the machine, which has more than QuickJS.
  { files: ["tests/**"], languageOptions: { globals: { TextEncoder: "readonly" } } },
];
