import { Console } from "../../../local/runner/console.ts";
import { Masker } from "../../../local/runner/masker.ts";
import {
  harmlessLine,
  harmlessText,
  LONGEST_OWN_LINE,
  LONGEST_OWN_TEXT,
} from "../../../src/report/show/sanitise.ts";

describe("a line", () => {
  it.each([
    ["text", "hello, wörld ✅ 日本", "hello, wörld ✅ 日本"],
    ["blanks at its beginning", "  - hello", "  - hello"],
    ["a command", "::error::no", "\\::error::no"],
    ["a command behind blanks", " \t\u00a0\u3000::error::no", "  \u00a0\u3000\\::error::no"],
    ["a command behind invisible characters", "\u200b\x00\x1b[0m\ufeff\u00ad::error::no", "\\::error::no"],
    ["colons within", "std::vector", "std::vector"],
    ["an old command at the beginning", "##[error]no", "##\\[error]no"],
    ["an old command within", "a ##[error]b ##[group]c", "a ##\\[error]b ##\\[group]c"],
    ["an old command with something invisible in it", "#\u200b#\x07[error]no", "##\\[error]no"],
    ["a line feed", "a\n::error::no", "a ::error::no"],
    ["a command behind a line feed", "\n::error::no", " \\::error::no"],
    ["all ends of lines", "a\r\nb\rc\vd\fe\u0085f\u2028g\u2029h", "a b c d e f g h"],
    ["white space around ends of lines", " a \t\n\n  \r b\n ", " a b"],
    ["colours", "\x1b[31mred\x1b[0m", "red"],
    ["a link of a terminal", "\x1b]8;;https://example.com\x07here\x1b]8;;\x07", "here"],
    ["other control characters", "a\x00\x08\x1b\x7f\x9bb", "ab"],
    ["the direction of writing", "a\u202egnp.exe\u2066b", "agnp.exeb"],
    ["half a character", "a\ud83d", "a"],
    ["tabs", "a\tb", "a b"],
  ])("with %s", (_, text, shown) => {
    expect(harmlessLine(text)).toBe(shown);
  });

  it("has no more characters than its limit, and says that it was cut", () => {
    expect(harmlessLine("x".repeat(LONGEST_OWN_LINE))).toBe("x".repeat(LONGEST_OWN_LINE));
    expect(harmlessLine("x".repeat(LONGEST_OWN_LINE + 1))).toBe(`${"x".repeat(LONGEST_OWN_LINE - 1)}…`);
    expect(harmlessLine("✅🎉🎉", 3)).toBe("✅…");
    expect(harmlessLine("\x1b[".repeat(10_000_000)).length).toBeLessThanOrEqual(LONGEST_OWN_LINE);
  });
});

it("a line with many blanks takes little time", () => {
  const blanks = `${"\u3000".repeat(4 * LONGEST_OWN_LINE - 1)}x`;
  const begun = process.cpuUsage();
  for (let i = 0; i < 100; i++) harmlessLine(blanks);
  const { user, system } = process.cpuUsage(begun);
  expect((user + system) / 1e6).toBeLessThan(2);
});

it.each([
  ["titles of a terminal that never end", "\x1b]0;"],
  ["titles with C1 characters", "\x9d0;"],
  ["control sequences without an end", "\x1b[0;"],
])("a message of %s takes little time", (_, text) => {
  const message = text.repeat(LONGEST_OWN_TEXT);
  const begun = process.cpuUsage();
  for (let i = 0; i < 20; i++) harmlessText(message);
  const { user, system } = process.cpuUsage(begun);
  expect((user + system) / 1e6).toBeLessThan(2);
});

it.each([
  ["a title with its end", "a\x1b]0;title\x07b\x1b]2;title\x1b\\c\x9d0;title\x9cd", "abcd"],
  ["a title without its end", "a\x1b]0;b", "a0;b"],
  ["a title that another sequence ends", "a\x1b]0;b\x1b[1mc", "a0;bc"],
  [
    "moves of the cursor and colours by names",
    "a\x1b[2K\x1b[1;1Hb\x1b[38;2;1;2;3mc\x1b[38:5:1md\x1b[?25le",
    "abcde",
  ],
  ["a choice of characters, and a reset", "a\x1b(Bb\x1bcd", "abd"],
])("a line loses %s", (_, text, shown) => {
  expect(harmlessLine(text)).toBe(shown);
});

describe("a message", () => {
  it("keeps its lines, each of them harmless", () => {
    expect(harmlessText("a\n ::error::b\r\n##[group]c\u2028::d::e\x1b[1mf")).toBe(
      "a\n \\::error::b\n##\\[group]c\n\\::d::ef",
    );
  });

  it("has no more characters than its limit", () => {
    expect(harmlessText("x\n".repeat(LONGEST_OWN_TEXT))).toHaveLength(LONGEST_OWN_TEXT);
  });
});

/** Every way to write each command that the runner knows. */
function commands(): string[] {
  const bodies = [
    ["stop-commands", "", "pwned"],
    ["add-mask", "", "hello"],
    ["set-output", "name=exit-code", "0"],
    ["save-state", "name=fargate-exec", "{}"],
    ["set-env", "name=PATH", "/evil"],
    ["add-path", "", "/evil"],
    ["add-matcher", "", "evil.json"],
    ["remove-matcher", "owner=tsc", ""],
    ["error", "title=forged", "pwned"],
    ["warning", "", "pwned"],
    ["notice", "", "pwned"],
    ["group", "", "pwned"],
    ["endgroup", "", ""],
    ["echo", "", "on"],
    ["debug", "", "pwned"],
  ] as const;
  const before = [
    "",
    " ",
    "\t",
    "\u0085",
    "\u2028",
    "\u3000",
    "a\n",
    "a\r",
    "\x00",
    "\u200b",
    "\u00ad",
    "\x1b[0m",
  ];
  return bodies.flatMap(([name, properties, data]) =>
    [name, name.toUpperCase()].flatMap((word) => {
      const head = properties === "" ? word : `${word} ${properties}`;
      const forms = [
        `::${head}::${data}`,
        `::${head}:\u00ad:${data}`,
        `##[${head}]${data}`,
        `see ##[${head}]${data}`,
        `#\u200b#[${head}]${data}`,
        `\u00ad##\x00[${head}]${data}`,
      ];
      return forms.flatMap((form) => before.map((start) => start + form));
    }),
  );
}

/** What a runner does for these lines, besides logging them. */
function obeyLines(lines: readonly string[]) {
  const masker = new Masker();
  const console = new Console({ masker, debugging: false, onLine: () => undefined });
  // As the runner reads a process's output.
  for (const text of lines) for (const line of text.split(/\r\n|[\r\n]/)) console.receive(line);
  const { annotations, outputs, state, matchers, commandFailed, log } = console;
  const groups = log.filter((line) => line.startsWith("##["));
  return {
    annotations: annotations.length,
    outputs: outputs.size,
    state: state.size,
    matchers: matchers.length,
    groups: groups.length,
    masked: masker.mask("hello") !== "hello",
    commandFailed,
    stopped: !log.includes("##[group]still listening"),
  };
}

const NOTHING = {
  annotations: 0,
  outputs: 0,
  state: 0,
  matchers: 0,
  groups: 1,
  masked: false,
  commandFailed: false,
  stopped: false,
};

it("the sanitiser leaves nothing that the runner obeys, in whatever form a command is written", () => {
  const all = commands();
  expect(obeyLines([...all.map((text) => harmlessLine(text)), "::group::still listening"])).toEqual(NOTHING);
  const messages = all.flatMap((text) => harmlessText(text).split("\n"));
  expect(obeyLines([...messages, "::group::still listening"])).toEqual(NOTHING);
  // The forms are real: the runner obeys them as they are.
  for (const text of [all[0], "see ##[error]x", "\u2028::error::x"])
    expect(obeyLines([text ?? ""])).not.toEqual(NOTHING);
});
