import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { IN_SOAK } from "./in-soak.ts";
import { LONGEST, slowestFirst } from "./slowest-first.ts";

const tests = resolve(import.meta.dirname, "..");

it("every file in the list of the longest and of those in a soak exists", () => {
  expect([...LONGEST, ...IN_SOAK].filter((file) => !existsSync(join(tests, `${file}.test.ts`)))).toEqual([]);
});

it("the longest files come first, then all others, with those of a local Fargate spread among them", () => {
  const [longest = "", second = ""] = LONGEST;
  const files = ["errors", "aws/once", "log", "words", second, "e2e/a.local", "e2e/b.local", longest];
  const given = files.map((file) => ({ path: join(tests, `${file}.test.ts`) }));
  expect(slowestFirst(given).map(({ path }) => path)).toEqual(
    [longest, second, "aws/once", "e2e/a.local", "errors", "log", "e2e/b.local", "words"].map((file) =>
      join(tests, `${file}.test.ts`),
    ),
  );
});
