import { isInside } from "../../../src/inputs/beneath/inside.ts";

it.each([
  ["/repo", "/repo/a", true],
  ["/repo", "/repo/..a", true],
  ["/repo", "/repo", false],
  ["/repo", "/repository", false],
  ["/repo", "/", false],
])("whether %s contains %s: %s", (directory, path, expected) => {
  expect(isInside(directory, path)).toBe(expected);
});
