import { Guard } from "../../src/show/guard.ts";

function guard() {
  const lines: string[] = [];
  return { lines, guard: new Guard((line) => lines.push(line)) };
}

const tokens = (lines: readonly string[]): string[] =>
  lines.flatMap((line) => /^::stop-commands::(\S{36})$/.exec(line)?.[1] ?? []);

it("stops commands with a token that can't be guessed, and resumes with the same, once", () => {
  const { lines, guard: one } = guard();
  one.up();
  one.up();
  one.down();
  one.down();
  const [token] = tokens(lines);
  expect(lines).toEqual([`::stop-commands::${token}`, `::${token}::`]);
});

it("has a new token each time it goes up, also after it was lifted", () => {
  const { lines, guard: one } = guard();
  one.up();
  one.whileDown(() => lines.push("said"));
  one.down();
  one.up();
  const [first, second, third] = tokens(lines);
  expect(new Set([first, second, third]).size).toBe(3);
  expect(lines).toEqual([
    `::stop-commands::${first}`,
    `::${first}::`,
    "said",
    `::stop-commands::${second}`,
    `::${second}::`,
    `::stop-commands::${third}`,
  ]);
});

it("goes up again when what was to be said could not be", () => {
  const { lines, guard: one } = guard();
  one.up();
  const fail = (): never => {
    throw new Error("no");
  };
  expect(() => one.whileDown(fail)).toThrow("no");
  expect(tokens(lines)).toHaveLength(2);
});

it("stays down when it was", () => {
  const { lines, guard: one } = guard();
  one.whileDown(() => lines.push("said"));
  expect(lines).toEqual(["said"]);
});
