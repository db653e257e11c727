import { harmless, makeGuard } from "../../src/output/guard.ts";

it("stops commands with a token that nobody can guess, and resumes with the same", () => {
  const first = makeGuard();
  const token = /^::stop-commands::(.{36})$/.exec(first.stop)?.[1];
  expect(token).toBeDefined();
  expect(first.resume).toBe(`::${token ?? ""}::`);
  expect(makeGuard().stop).not.toBe(first.stop);
});

describe("harmless", () => {
  it.each([
    ["a plain line", "hello", "hello"],
    ["an old command at the beginning", "##[error]no", "\x1b[0m##[error]no"],
    ["an old command further on", "see ##[error]", "see ##[error]"],
    [
      "an old command behind a CR, which the runner takes for a line's end",
      "a\r##[group]b",
      "a\r\x1b[0m##[group]b",
    ],
    ["one at the beginning of each line", "##[x]\n##[y]", "\x1b[0m##[x]\n\x1b[0m##[y]"],
    ["an old command at both places", "##[x]\r##[y]", "\x1b[0m##[x]\r\x1b[0m##[y]"],
    ["a new command, which is stopped otherwise", "::error::no", "::error::no"],
    ["bytes that are no text", "##[\xff\xfe", "\x1b[0m##[\xff\xfe"],
  ])("of %s", (_, line, shown) => {
    expect(harmless(Buffer.from(line, "latin1")).toString("latin1")).toBe(shown);
  });
});
