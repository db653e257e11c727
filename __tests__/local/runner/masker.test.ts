import { Masker } from "../../../local/runner/masker.ts";

function mask(text: string, ...secrets: readonly string[]): string {
  const masker = new Masker();
  for (const secret of secrets) masker.addMask(secret);
  return masker.mask(text);
}

describe("Masker", () => {
  it.each([
    ["nothing to hide", "plain", [], "plain"],
    ["every occurrence", "abc-abc", ["abc"], "***-***"],
    ["overlaps as one", "xabcdx", ["abc", "bcd"], "x***x"],
    ["neighbours as one", "abcdef", ["abc", "def"], "***"],
    ["a secret in another", "abcdef", ["cd", "abcdef"], "***"],
    ["repeats that overlap themselves", "aaaa", ["aaa"], "***"],
    ["each line of several", "one two", ["one\ntwo\r\n"], "*** ***"],
    ["characters with a meaning in patterns", "a.b a+b", ["a.b"], "*** a+b"],
  ])("hides %s", (_, text, secrets, expected) => {
    expect(mask(text, ...secrets)).toBe(expected);
  });

  const secret = `p"a'ss<&>w\\rd!`;
  it.each([
    ["base64", Buffer.from(secret).toString("base64")],
    ["base64 behind one byte", Buffer.from(secret).subarray(1).toString("base64")],
    ["base64 behind two bytes", Buffer.from(secret).subarray(2).toString("base64")],
    ["JSON", JSON.stringify(secret).slice(1, -1)],
    ["a URL", "p%22a%27ss%3C%26%3Ew%5Crd%21"],
    ["XML", "p&quot;a&apos;ss&lt;&amp;&gt;w\\rd!"],
    ["an expression", `p"a''ss<&>w\\rd!`],
  ])("hides a secret in %s", (_, text) => {
    expect(mask(`x ${text} x`, secret)).toBe("x *** x");
  });
});
