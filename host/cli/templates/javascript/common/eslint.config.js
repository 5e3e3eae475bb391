import js from "@eslint/js";

export default [{ ignores: ["build/"] }, js.configs.recommended, { languageOptions: { globals: { console: "readonly" } } }];
