import js from "@eslint/js";
import tseslint from "typescript-eslint";

export default tseslint.config(
  // The shop's files run in a task and have other globals.
  { ignores: [".cache/", "build/", "dist/", ".venv/", "node_modules/", "local/shop/layers/"] },
  js.configs.recommended,
  {
    files: ["**/*.ts"],
    extends: [tseslint.configs.strictTypeChecked, tseslint.configs.stylisticTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      // Numbers in messages and protocol strings are intended. Objects and `any` stay forbidden.
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true }],
      // A short arrow function may call a function that returns nothing: `() => done()`.
      "@typescript-eslint/no-confusing-void-expression": ["error", { ignoreArrowShorthand: true }],
    },
  },
  {
    files: ["src/**/*.ts"],
    rules: {
      // The limits count lines of code, without blank lines and comments.
      "max-lines-per-function": ["error", { max: 50, skipBlankLines: true, skipComments: true }],
      "max-lines": ["error", { max: 300, skipBlankLines: true, skipComments: true }],
    },
  },
);
