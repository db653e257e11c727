import { spawnSync } from "node:child_process";
import { args, LONGEST_VARIABLE, whyTooLong } from "../../src/inputs/variable-size.ts";
import { variables } from "../../src/inputs/variables.ts";
import { least, read, refusal } from "./given.ts";

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
    expect(whyTooLong("BIG", "ü".repeat(LONGEST_VARIABLE / 2 - 3))).toBeUndefined();
    expect(whyTooLong("BIG", "ü".repeat(LONGEST_VARIABLE / 2 - 2))).toContain("131,073 bytes");
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

it("a line of 'secrets' that may be a part of a secret is named by its number alone", () => {
  const answer = variables({ env: {}, secret: true })(`A=1\nhunter2=${longest}`);
  expect(answer).toMatchObject({ got: expect.stringMatching(/^line 2, whose value makes/) as string });
});

describe("args", () => {
  const line = "x".repeat(LONGEST_VARIABLE - 1);

  it.each([
    ["starts a program", line, undefined],
    ["and one byte more starts none", `${line}x`, "E2BIG"],
  ])("the longest line %s on this Linux", (_, value, code) => {
    const { error } = spawnSync("/bin/true", [value]);
    expect((error as NodeJS.ErrnoException | undefined)?.code).toBe(code);
  });

  it("takes lines of the longest size, as they are", () => {
    expect(args(`${line}\n a b \n\n`)).toEqual({ value: [line, " a b ", ""] });
  });

  it("refuses a longer one by its number and its size, and without its text", () => {
    const failure = refusal({ ...least, args: `first\n${line}x` });
    expect(failure).toMatchObject({
      code: "bad-input",
      failed: expect.stringMatching(/^Input 'args' must be .* at most 131,071 bytes\.$/) as string,
      seen: "Got 131,072 bytes in line 2.",
    });
    expect(JSON.stringify(failure)).not.toContain("xxx");
  });
});

describe("variables and arguments together", () => {
  /** Bare names of this many variables, and the step's environment with them; each takes 131,072 bytes and a pointer. */
  const bare = (count: number, letter: string) => {
    const names = Array.from({ length: count }, (_, index) => `${letter}${String(index).padStart(2, "0")}`);
    return {
      text: names.join("\n"),
      env: Object.fromEntries(names.map((name) => [name, valueFor(name, LONGEST_VARIABLE)])),
    };
  };
  const [fifteen, eight, seven] = [bare(15, "A"), bare(8, "A"), bare(7, "B")];

  it("may have as much as Linux hands to a program, less what others need", () => {
    expect(Object.keys(read({ ...least, env: fifteen.text }, fifteen).env)).toHaveLength(15);
  });

  it.each([
    ["env", { env: fifteen.text, args: "y".repeat(70_000) }, fifteen.env],
    ["secrets", { secrets: fifteen.text, args: "y".repeat(70_000) }, fifteen.env],
    [
      "env",
      { env: eight.text, secrets: seven.text, args: "y".repeat(70_000) },
      { ...eight.env, ...seven.env },
    ],
  ])("are refused above that, and the largest input is named: '%s'", (name, given, env) => {
    const failure = refusal({ ...least, ...given }, { env });
    expect(failure).toMatchObject({
      code: "bad-input",
      failed: expect.stringMatching(
        new RegExp(`^Input '${name}' must be so small .* at most 2,031,616 bytes together\\.$`),
      ) as string,
      seen: expect.stringMatching(
        /^Got [\d,]+ bytes in 'env', [\d,]+ bytes in 'secrets', 70,009 bytes in 'args'\.$/,
      ) as string,
    });
    expect(JSON.stringify(failure)).not.toContain("xxx");
  });
});
