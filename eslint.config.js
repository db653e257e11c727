import js from "@eslint/js";
import tseslint from "typescript-eslint";

export default tseslint.config(
  // The shop's files are those of a task, with other globals.
  { ignores: [".cache/", "build/", "dist/", ".venv/", "node_modules/", "local/shop/layers/"] },
  js.configs.recommended,
  {
    files: ["**/*.ts"],
    extends: [tseslint.configs.strictTypeChecked, tseslint.configs.stylisticTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      // Numbers in messages and protocol strings are meant; objects and `any` are still refused.
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true }],
      // `node:test`-style descriptions return promises that jest awaits itself.
      "@typescript-eslint/no-confusing-void-expression": ["error", { ignoreArrowShorthand: true }],
    },
  },
  {
    files: ["src/**/*.ts"],
    rules: {
      // Lines of code: blank lines and comments don't count.
      "max-lines-per-function": ["error", { max: 50, skipBlankLines: true, skipComments: true }],
      "max-lines": ["error", { max: 300, skipBlankLines: true, skipComments: true }],
    },
  },
);
