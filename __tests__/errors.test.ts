import { readFileSync } from "node:fs";
import { FAILURE_CODES } from "../src/errors.ts";

const documentation = readFileSync("docs/errors.md", "utf8");
const sections = documentation.split(/^### /m).slice(1);

it("has a paragraph in the documentation for each code, and no other", () => {
  const documented = sections.map((section) => section.split("\n")[0] ?? "");
  expect(documented.toSorted()).toEqual([...FAILURE_CODES].toSorted());
});

/** The text below a code, up to the next heading of any level. */
const texts = sections.map((section) => {
  const [code = "", ...lines] = section.split(/^## /m)[0]?.trim().split("\n") ?? [];
  return [code, lines.join(" ").trim()] as const;
});

it.each(texts)("tells of %s in two sentences at least: what is the case, and what to do", (_, text) => {
  expect(text).toMatch(/^[A-Z`'].*\. [A-Z`'].*\.\)?$/);
});
