import js from "@eslint/js";
import tseslint from "typescript-eslint";

/** The time and the randomness of a run come by its clock, so that a simulation can own them. */
const BY_THE_CLOCK = "Take it from the run's Clock (src/clock.ts).";
const CLOCKS = ["setTimeout", "setInterval", "setImmediate", "performance"];
const RANDOM = ["randomBytes", "randomUUID", "randomInt", "randomFill", "randomFillSync", "getRandomValues"];

const restrictedModules = [
  ...["timers", "timers/promises", "perf_hooks"].flatMap((name) => [name, `node:${name}`]),
  ...["crypto", "node:crypto"].map((name) => ({
    name,
    importNames: [...RANDOM, "webcrypto", "pseudoRandomBytes"],
  })),
].map((one) => ({ ...(typeof one === "string" ? { name: one } : one), message: BY_THE_CLOCK }));

/** What a pool of threads does is done in no known order. A run reads and writes files at once, and has its world unpack. */
const pooledModules = [
  { name: "node:fs/promises" },
  { name: "fs/promises" },
  { name: "node:fs", importNames: ["promises", "createReadStream", "createWriteStream"] },
  {
    ...{ name: "node:zlib" },
    importNames: [
      "createGunzip",
      "createGzip",
      "createInflate",
      "createDeflate",
      "createUnzip",
      "gunzip",
      "gzip",
    ],
  },
].map((one) => ({
  ...one,
  message: "A pool of threads decides when this is done: see World (src/aws/world.ts).",
}));

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
      "max-lines-per-function": ["error", { max: 50, skipBlankLines: true, skipComments: true }],
      // With blank lines and comments. __tests__/tree.test.ts holds the container's programs to it.
      "max-lines": ["error", 300],
    },
  },
  {
    files: ["src/**/*.ts"],
    ignores: ["src/clock.ts"],
    rules: {
      "no-restricted-globals": ["error", ...CLOCKS.map((name) => ({ name, message: BY_THE_CLOCK }))],
      "no-restricted-properties": [
        "error",
        ...[
          ...[
            ["Date", "now"],
            ["Math", "random"],
            ["AbortSignal", "timeout"],
          ],
          ...[
            ["process", "hrtime"],
            ["process", "uptime"],
          ],
          ...CLOCKS.map((name) => ["globalThis", name]),
          ...RANDOM.map((name) => ["crypto", name]),
        ].map(([object, property]) => ({ object, property, message: BY_THE_CLOCK })),
      ],
      "no-restricted-syntax": [
        "error",
        ...[
          "NewExpression[callee.name='Date'][arguments.length=0]",
          "CallExpression[callee.name='Date']",
        ].map((selector) => ({ selector, message: BY_THE_CLOCK })),
        ...[
          ":matches(Program, ExportNamedDeclaration) > VariableDeclaration[kind='let']",
          ":matches(Program, ExportNamedDeclaration) > VariableDeclaration > VariableDeclarator > " +
            ":matches(NewExpression[callee.name=/^(Weak)?(Map|Set)$/][arguments.length=0], ArrayExpression[elements.length=0])",
          "PropertyDefinition[static=true][readonly!=true]",
        ].map((selector) => ({
          selector,
          message: "Several runs can be in one process: a value of the run holds its state.",
        })),
      ],
      "no-restricted-imports": [
        "error",
        {
          paths: [...restrictedModules, ...pooledModules],
          patterns: [
            {
              ...{ regex: "(^|/)clock\\.ts$", importNames: ["systemClock"] },
              message:
                "A run is given its clock: only src/run/step/world.ts and the command line take the real one.",
            },
          ],
        },
      ],
    },
  },
  {
    // The worlds of a step, and what stands below them.
    files: [
      ...[
        "src/run/step/world.ts",
        "src/doors/cli/**/*.ts",
        "src/aws/provider-failures.ts",
        "src/doors/program/id-token.ts",
      ],
    ],
    rules: { "no-restricted-imports": ["error", { paths: restrictedModules }] },
  },
  {
    files: ["__tests__/**/*.test.ts"],
    rules: {
      "no-restricted-syntax": [
        "error",
        {
          selector: "MemberExpression[property.name=/^(skip|only|todo|failing)$/]",
          message:
            "All tests run, and in CI none is skipped but for a need: see withNeed (__tests__/helpers/needs.ts).",
        },
      ],
    },
  },
  {
    // When this process began is a fact of the process, not of its clock.
    files: ["src/doors/github/process.ts"],
    rules: { "no-restricted-globals": "off" },
  },
);
