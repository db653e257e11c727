import { spawnSync } from "node:child_process";
import { LONGEST_VARIABLE, tooLong } from "../../src/inputs/variable-size.ts";
import { variables } from "../../src/inputs/variables.ts";

/** A value with which the variable `name` takes `size` bytes, the `=` and the NUL at its end counted. */
const valueFor = (name: string, size: number): string => "x".repeat(size - name.length - 2);
const longest = valueFor("BIG", LONGEST_VARIABLE);

describe("the longest variable", () => {
  it.each([
    ["starts a program", longest, undefined],
    ["and one byte more starts none", `${longest}x`, "E2BIG"],
  ])("%s on this Linux", (_, value, code) => {
    const { error } = spawnSync("/bin/true", { env: { BIG: value } });
    expect((error as NodeJS.ErrnoException | undefined)?.code).toBe(code);
  });

  it("is counted in bytes, not in characters", () => {
    expect(tooLong("BIG", "ü".repeat(LONGEST_VARIABLE / 2 - 3))).toBeUndefined();
    expect(tooLong("BIG", "ü".repeat(LONGEST_VARIABLE / 2 - 2))).toContain("131,073 bytes");
  });
});

describe.each([
  ["env", false],
  ["secrets", true],
])("%s", (_, secret) => {
  const parse = (text: string, env: NodeJS.ProcessEnv = {}): object => variables({ env, secret })(text);

  it("takes a variable of the longest size in each form", () => {
    expect(parse(`BIG=${longest}`)).toEqual({ value: { BIG: longest } });
    expect(parse("BIG", { BIG: longest })).toEqual({ value: { BIG: longest } });
    expect(parse(JSON.stringify({ BIG: longest }))).toEqual({ value: { BIG: longest } });
  });

  it.each<[string, string, NodeJS.ProcessEnv]>([
    ["a line", `BIG=${longest}x`, {}],
    ["a bare name", "BIG", { BIG: `${longest}x` }],
    ["a JSON object", JSON.stringify({ A: "1", BIG: `${longest}x` }), {}],
  ])("refuses one that is longer, by name and size and without its value: %s", (_form, text, env) => {
    const answer = parse(text, env);
    expect(answer).toMatchObject({
      got: "'BIG', whose value makes a variable of 131,073 bytes, where Linux allows a program 131,072 bytes",
      advice: expect.stringContaining("Split the value") as string,
    });
    expect(JSON.stringify(answer)).not.toContain("xxx");
  });
});

it("a line of 'secrets' that may be a part of a secret is told by its number alone", () => {
  const answer = variables({ env: {}, secret: true })(`A=1\nhunter2=${longest}`);
  expect(answer).toMatchObject({ got: expect.stringMatching(/^line 2, whose value makes/) as string });
});
