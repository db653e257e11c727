import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import SlowestFirst, { LONGEST } from "./slowest-first.ts";

const tests = resolve(import.meta.dirname, "..");

it("every file that is named as long is there", () => {
  expect(LONGEST.filter((file) => !existsSync(join(tests, `${file}.test.ts`)))).toEqual([]);
});

it("the longest begin, then come those with a local Fargate, then all others", () => {
  const [longest = "", second = ""] = LONGEST;
  const files = ["errors", "aws/once", second, "e2e/any.local", longest];
  const given = files.map((file) => ({ path: join(tests, `${file}.test.ts`) }));
  expect(new SlowestFirst().sort(given).map(({ path }) => path)).toEqual(
    [longest, second, "e2e/any.local", "aws/once", "errors"].map((file) => join(tests, `${file}.test.ts`)),
  );
});
