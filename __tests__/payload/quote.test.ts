import fc from "fast-check";
import { codePoint } from "../helpers/code-points.ts";
import { split } from "../../local/agent/shlex.ts";
import { quote } from "../../src/payload/quote.ts";
import { runShell, SHELLS } from "../helpers/shells.ts";

/** Any text that a shell can hold: it has no NUL. */
const text = fc
  .oneof(
    fc.string({ unit: codePoint }),
    fc.string({ unit: fc.constantFrom(...Array.from("'\"\\$`!~*?[]{}()<>|&;#=%@ \t\n\ra-")) }),
  )
  .filter((value) => !value.includes("\0"));

describe("quote", () => {
  it.each([
    ["", "''"],
    ["plain", "plain"],
    ["/usr/bin/env", "/usr/bin/env"],
    ["a=b,c:d@e%f+g-h_i.j", "a=b,c:d@e%f+g-h_i.j"],
    ["two words", "'two words'"],
    ["it's", `'it'\\''s'`],
    ["'", `''\\'''`],
    ["$HOME", "'$HOME'"],
    ["~", "'~'"],
    ["*", "'*'"],
    ["#", "'#'"],
    ["plain\n", "'plain\n'"],
    ["größe", "'größe'"],
  ])("of %j is the word %s", (value, word) => {
    expect(quote(value)).toBe(word);
  });

  it.each(SHELLS)("is read back by %s as the same value", (shell) => {
    fc.assert(
      fc.property(fc.array(text, { minLength: 1, maxLength: 40 }), (values) => {
        const printed = runShell(shell, `printf '%s\\0' ${values.map(quote).join(" ")}`);
        expect(printed.toString().split("\0").slice(0, -1)).toEqual(values);
      }),
      { numRuns: 25 },
    );
  });

  it("is read back by the exec agent as the same value", () => {
    fc.assert(
      fc.property(fc.array(text), (values) => {
        expect(split(values.map(quote).join(" "))).toEqual(values);
      }),
    );
  });
});
