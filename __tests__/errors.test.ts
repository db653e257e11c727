import { readFileSync } from "node:fs";
import { FAILURE_CODES } from "../src/errors.ts";

const documentation = readFileSync("docs/errors.md", "utf8");
const sections = documentation.split(/^### /m).slice(1);

it("has a paragraph in the documentation for each code, and no other", () => {
  const documented = sections.map((section) => section.split("\n")[0] ?? "");
  expect(documented.toSorted()).toEqual([...FAILURE_CODES].toSorted());
});

it.each(sections.map((section) => section.split("\n\n")))("says what %s means", (_, paragraph = "") => {
  expect(paragraph.length).toBeGreaterThan(60);
});
