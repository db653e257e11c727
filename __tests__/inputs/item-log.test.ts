import { Failure } from "../../src/errors.ts";
import { readInputs } from "../../src/inputs/read-all.ts";
import { type GivenInputs, least, source } from "./given.ts";

const itemLog = (given: GivenInputs, path: string): string | undefined =>
  readInputs({ ...source({ ...least, ...given }), itemLog: path }).itemLog;

it("the file for the ends of items is found from the directory of the user", () => {
  expect(itemLog({ items: "a" }, "items.log")).toBe("/repo/items.log");
  expect(itemLog({ items: "a" }, "/tmp/items.log")).toBe("/tmp/items.log");
  expect(readInputs(source({ ...least, items: "a" })).itemLog).toBeUndefined();
});

it.each<[string, GivenInputs, string, string]>([
  ["no items", {}, "x", "'--resume' must be left out without '--items'."],
  ["an empty path", { items: "a" }, "", "'--resume' must be the path of a file."],
  [
    "a script that is left",
    { items: "a", detach: "true" },
    "x",
    "'--resume' must be left out with '--detach'.",
  ],
])("the file for the ends of items is refused with %s", (_, given, path, failed) => {
  expect(() => itemLog(given, path)).toThrow(Failure);
  expect(() => itemLog(given, path)).toThrow(failed);
});

it("the file for the ends of items is refused with 'rerun', which does the same by the bucket", () => {
  const given = { ...least, items: "a", bucket: "example-ci", retry: "rerun" };
  const around = { env: { GITHUB_RUN_ID: "7" } };
  expect(() => readInputs({ ...source(given, around), itemLog: "x" })).toThrow("'--retry rerun'");
});
