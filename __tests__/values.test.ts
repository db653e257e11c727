import { codeOf } from "../src/values.ts";

it.each([
  ["a system error", Object.assign(new Error("no"), { code: "ENOENT" }), "ENOENT"],
  ["another error", new Error("no"), undefined],
  ["a code that is no text", { code: 7 }, undefined],
  ["what is no object", "ENOENT", undefined],
])("the code of %s", (_, error, code) => {
  expect(codeOf(error)).toBe(code);
});
