import { systemClock } from "../../../src/clock.ts";
import { Guard } from "../../../src/report/show/guard.ts";

function guard() {
  const lines: string[] = [];
  return { lines, guard: new Guard((line) => lines.push(line), systemClock.random) };
}

const tokens = (lines: readonly string[]): string[] =>
  lines.flatMap((line) => /^::stop-commands::(\S{36})$/.exec(line)?.[1] ?? []);

it("the guard stops commands with a token that can't be guessed, and resumes them with the same token, once", () => {
  const { lines, guard: one } = guard();
  one.up();
  one.up();
  one.down();
  one.down();
  const [token] = tokens(lines);
  expect(lines).toEqual([`::stop-commands::${token}`, `::${token}::`]);
});

it("the guard has a new token each time it goes up, also after it was lifted", () => {
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

it("the guard goes up again when what it was lifted for throws", () => {
  const { lines, guard: one } = guard();
  one.up();
  const fail = (): never => {
    throw new Error("no");
  };
  expect(() => one.whileDown(fail)).toThrow("no");
  expect(tokens(lines)).toHaveLength(2);
});

it("a guard that is down stays down", () => {
  const { lines, guard: one } = guard();
  one.whileDown(() => lines.push("said"));
  expect(lines).toEqual(["said"]);
});
