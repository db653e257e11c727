import { readFileSync } from "node:fs";
import type { RunInputs } from "../../../src/doors/program/run-options.ts";

it("an input that takes one of some words has these words as its type", () => {
  const right: RunInputs = { "keep-task": "always", logs: "auto" };
  // @ts-expect-error -- there is no such word
  const wrong: RunInputs = { "keep-task": "sometimes" };
  expect([right, wrong]).toHaveLength(2);
});

it("the page of the command line says which types the module needs", () => {
  expect(readFileSync("docs/cli.md", "utf8")).toContain('`types: ["node"]`');
});
