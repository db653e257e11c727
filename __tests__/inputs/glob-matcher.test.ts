import fc from "fast-check";
import { containerGlob, regExpOf } from "../../src/inputs/container-glob.ts";
import { globMatcher, pathNames } from "../../src/inputs/glob-matcher.ts";

const matches = (pattern: string, path: string): boolean =>
  globMatcher(containerGlob({ pattern, isExclusion: false }).wild)(pathNames(path));

it.each([
  ["*.xml", "a.xml", true],
  ["*.xml", "a/b.xml", false],
  ["*.xml", "a.xml/below", true],
  ["**/*.xml", "a/b/c.xml", true],
  ["**/*.xml", "c.xml", true],
  ["**", "a/b", true],
  ["**", "", true],
  ["*", "", false],
  ["*/b", "a/b", true],
  ["a?[0-9]", "ab7", true],
  ["[!a]", "a", false],
  ["[]x]", "]", true],
  ["[!]x]", "]", false],
  ["?", "\u{1f600}", true],
])("%s and %s: %s", (pattern, path, expected) => {
  expect(matches(pattern, path)).toBe(expected);
});

it("says what the expression for the container says", () => {
  const piece = fc.constantFrom("*", "**", "?", "a", "b", ".", "[ab]", "[!a]", "a*b", "*.a", "+", "(");
  const pattern = fc.array(piece, { minLength: 1, maxLength: 4 }).map((names) => `*${names.join("/")}`);
  const path = fc.string({ unit: fc.constantFrom("a", "b", ".", "/", "+", "("), maxLength: 8 });
  fc.assert(
    fc.property(pattern, path, (glob, text) => {
      const { regex, wild } = containerGlob({ pattern: glob, isExclusion: false });
      expect(globMatcher(wild)(pathNames(text))).toBe(regExpOf({ regex }).test(text));
    }),
    { numRuns: 2_000 },
  );
});

it("refuses a bracket expression that is none", () => {
  expect(() => globMatcher(["[z-a]"])).toThrow(SyntaxError);
});

// The expression for the container takes hours for these in JavaScript.
it("ends for a path that was made to be slow", () => {
  expect(matches("**/*a*a*a*a*a*a*a*b", "a".repeat(4_000))).toBe(false);
  expect(matches("**/a/**/a/**/a/**/a/**/b", "a/".repeat(2_000))).toBe(false);
});
