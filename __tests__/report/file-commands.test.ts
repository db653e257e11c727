import { readFileSync } from "node:fs";
import { parse } from "yaml";
import { parseFileCommands } from "../../local/runner/files.ts";
import { MOST_OUTPUTS, OWN_OUTPUTS, parseOutputFile, scriptResults } from "../../src/report/file-commands.ts";
import fc from "fast-check";

const outputsOf = (text: string) =>
  [...parseOutputFile(text)].map((line) => (line.kind === "output" ? [line.name, line.value] : line.kind));
const file = (text: string, worker = 0) => ({ worker, text, leftOut: undefined });
const results = (...texts: readonly string[]) =>
  scriptResults(
    { output: texts.map((text, worker) => file(text, worker)), summary: [] },
    { workers: texts.length },
  );

describe("GITHUB_OUTPUT", () => {
  it.each<[string, string, unknown[]]>([
    ["a name and a value", "a=b\n", [["a", "b"]]],
    ["a value with = and << in it", "a=b=<<c\n", [["a", "b=<<c"]]],
    ["a last line without a newline", "a=b", [["a", "b"]]],
    ["empty lines and an empty value", "\n\na=\n\n", [["a", ""]]],
    ["a CR, which belongs to the value", "a=b\r\n", [["a", "b\r"]]],
    ["a NUL byte", "a=b\0c\n", [["a", "b\0c"]]],
    [
      "several lines",
      "a<<EOF\none\n\ntwo\r\nEOF\nb=c\n",
      [
        ["a", "one\n\ntwo\r"],
        ["b", "c"],
      ],
    ],
    ["a value of no line", "a<<EOF\nEOF\n", [["a", ""]]],
    ["a value of one empty line", "a<<EOF\n\nEOF", [["a", ""]]],
    [
      "text like a workflow command",
      "a=::error::x\nb<<E\n::set-env name=x::y\nE\n",
      [
        ["a", "::error::x"],
        ["b", "::set-env name=x::y"],
      ],
    ],
    ["a delimiter with = in it", "a<<x=y\nb\nx=y\n", [["a", "b"]]],
    ["a byte order mark", "\ufeffa=b\n", [["a", "b"]]],
    ["a line of no form, after which nothing counts", "a=b\nhello\nc=d\n", [["a", "b"], "malformed"]],
    ["a delimiter that does not come", "a<<EOF\nb=c\n", ["malformed"]],
    ["a delimiter that does not come, without a last newline", "a<<EOF\nb", ["malformed"]],
    ["a delimiter with a CR on one of its lines", "a<<EOF\r\nb\nEOF\n", ["malformed"]],
    ["no delimiter", "a<<\nb\n", ["malformed"]],
    ["no name before a delimiter", "<<EOF\nb\nEOF\n", ["malformed"]],
  ])("may have %s", (_, text, expected) => {
    expect(outputsOf(text)).toEqual(expected);
  });

  it("may set 1,000 outputs, and is left out when it sets more", () => {
    const lines = (count: number): string => Array.from({ length: count }, (_, i) => `n${i}=\n`).join("");
    expect(results(lines(MOST_OUTPUTS), "n0=again\n")).toMatchObject({ problems: [] });
    expect(results(lines(MOST_OUTPUTS), "n0=again\n").outputs).toHaveLength(MOST_OUTPUTS);
    expect(results(lines(MOST_OUTPUTS), "one=more\n")).toEqual({
      outputs: [],
      summaries: [],
      problems: [
        "GITHUB_OUTPUT of worker 1 was left out, with those before it: the scripts of a task may set 1000 outputs.",
      ],
    });
  });

  it("is read as the emulated runner reads it", () => {
    const part = fc.constantFrom("a", "=", "<<", "\n", "E", "\r", " ", "\n\n", "a<<E\n", "\nE\n", "é");
    fc.assert(
      fc.property(fc.array(part, { maxLength: 30 }), (parts) => {
        const text = parts.join("");
        const theirs: unknown[] = [];
        try {
          for (const pair of parseFileCommands(text)) theirs.push(pair);
        } catch {
          theirs.push("malformed");
        }
        expect(outputsOf(text)).toEqual(theirs);
      }),
      { numRuns: 2_000 },
    );
  });

  it("takes time in proportion to its size", () => {
    const text = `${"a<<E\nE\n".repeat(100_000)}${"x<<y\n".repeat(1)}`;
    expect(outputsOf(text)).toHaveLength(100_001);
  });

  it("sets no output of the action itself, in whatever case, and none whose name is not allowed", () => {
    const { outputs, problems } = results(
      "outcome=succeeded\nExit-Code=0\na b=c\n=d\n1x=y\n_ok-1=z\n__proto__=p\n",
    );
    expect(outputs).toEqual([
      ["_ok-1", "z"],
      ["__proto__", "p"],
    ]);
    expect(problems).toEqual([
      expect.stringContaining("'outcome' is an output of the action itself"),
      expect.stringContaining("'Exit-Code' is an output of the action itself"),
      expect.stringContaining("'a b' is no name of an output"),
      expect.stringContaining("'' is no name of an output"),
      expect.stringContaining("'1x' is no name of an output"),
    ]);
  });

  it("knows all outputs of the action", () => {
    const action = parse(readFileSync("action.yml", "utf8")) as { outputs: object };
    expect(OWN_OUTPUTS).toEqual(expect.arrayContaining(Object.keys(action.outputs)));
  });

  it("of the last worker wins", () => {
    const { outputs } = results("a=0\nb=0\n", "a=1\n");
    expect(Object.fromEntries(outputs)).toEqual({ a: "1", b: "0" });
  });

  it("is reported when it does not count, in harmless words, and in six lines at most", () => {
    const bad = "::error::x\x1b[1m##[error]y\n";
    const { problems } = results(...Array.from({ length: 30 }, () => bad));
    expect(problems).toHaveLength(6);
    expect(problems[0]).toBe(
      "GITHUB_OUTPUT of worker 0: line 1, '\\::error::x##\\[error]y', is neither NAME=value nor NAME<<DELIMITER. " +
        "This line and all after it do not count.",
    );
    expect(problems.at(-1)).toBe("… and 25 more of this kind.");
    expect(results("x").problems[0]).toMatch(/^GITHUB_OUTPUT: line 1, 'x', /);
  });

  it("that did not come whole sets nothing, and a warning says so", () => {
    const large = { worker: 1, text: "", leftOut: 2_000_000 };
    const { outputs, summaries, problems } = scriptResults(
      { output: [file("a=b\n"), large], summary: [{ ...large, worker: 0 }] },
      { workers: 2 },
    );
    expect([outputs, summaries]).toEqual([[["a", "b"]], []]);
    expect(problems).toEqual([
      expect.stringMatching(/^GITHUB_OUTPUT of worker 1 was left out: it has 2000000 bytes\./),
      expect.stringMatching(/^GITHUB_STEP_SUMMARY of worker 0 was left out: /),
    ]);
  });
});

describe("what the runs of items have written", () => {
  const ofItems = (output: string, summary = "") =>
    scriptResults({ output: [file(output, 3)], summary: [file(summary, 3)] }, { workers: 4, hasItems: true });

  it("is read by itself: what one has left open takes nothing of the next", () => {
    const { outputs, problems } = ofItems(
      "a<<EOF\nb=no\n\n\x1e17\nb=1\n\x1e18\n\n\x1e4 2000000\nc=2\n\n\x1e9999\nd=of a run that has not ended",
    );
    expect(Object.fromEntries(outputs)).toEqual({ b: "1", c: "2", d: "of a run that has not ended" });
    expect(problems).toEqual([
      expect.stringMatching(/^GITHUB_OUTPUT of item 17: line 1, 'a<<EOF', has no line with its delimiter/),
      expect.stringMatching(/^GITHUB_OUTPUT of item 4 was left out: it has 2000000 bytes\./),
    ]);
  });

  it("is one text of Markdown, in which no block of code is left open", () => {
    const runs =
      "# one\n```sh\n````\n~~~\n\n\x1e1\n- two\n~~~~ x\n~~~\n\x1e0\n- three\n```\na\n```\n\n\x1e2\n\n\x1e5 7\n";
    const { summaries, problems } = ofItems("", runs);
    expect(summaries).toEqual([
      {
        worker: 3,
        text: "# one\n```sh\n````\n~~~\n~~~\n- two\n~~~~ x\n~~~\n~~~~\n- three\n```\na\n```\n",
      },
    ]);
    expect(problems).toEqual([expect.stringMatching(/^GITHUB_STEP_SUMMARY of item 5 was left out: /)]);
  });

  it("a script without items may write the same bytes", () => {
    const { outputs } = results("a<<EOF\nb\n\x1e17\nc\nEOF\n");
    expect(outputs).toEqual([["a", "b\n\x1e17\nc"]]);
  });
});
