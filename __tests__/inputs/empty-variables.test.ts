import { emptyVariableWarnings } from "../../src/inputs/empty-variables.ts";
import { source } from "./given.ts";

const warningsOf = (
  given: Readonly<Record<string, string>>,
  env: NodeJS.ProcessEnv = {},
): readonly string[] => emptyVariableWarnings(source(given, { env }), "workflow");

it("a secret that is set but empty is told, with why an expression may be empty", () => {
  const [warning = "", ...more] = warningsOf({ secrets: "DATABASE_URL=\n" });
  expect(more).toEqual([]);
  expect(warning).toMatch(
    /^In 'secrets' the value of 'DATABASE_URL' is empty\. \$\{\{ secrets\.NAME \}\} is empty/,
  );
});

it.each([
  ["a line", { env: "MODE=\nLEVEL=3\nREGION=" }, {}, "'MODE', 'REGION' are"],
  ["a bare name whose variable is empty", { env: "MODE" }, { MODE: "" }, "'MODE' is"],
  ["a member of an object", { env: '{"MODE": "", "LEVEL": "3"}' }, {}, "'MODE' is"],
])("%s of 'env' that is empty is told", (_, given, env, are) => {
  expect(warningsOf(given, env)).toEqual([expect.stringContaining(`In 'env' the value of ${are} empty.`)]);
});

it("no name is told that may be a part of a secret", () => {
  const warning = warningsOf({ secrets: "KEY=-----BEGIN-----\nc2VjcmV0=\n" }).join("");
  expect(warning).toContain("the value of line 2 is empty");
  expect(warning).not.toContain("c2VjcmV0");
});

it("variables with values are not told", () => {
  expect(warningsOf({ env: "A=1\nB= ", secrets: "C" }, { C: "3" })).toEqual([]);
});

it("the user of a program is not told of expressions", () => {
  const [warning = ""] = emptyVariableWarnings(source({ secrets: "TOKEN=" }), "program");
  expect(warning).toBe(
    "In 'secrets' the value of 'TOKEN' is empty. The script gets it as it is: check where the value comes from.",
  );
});
