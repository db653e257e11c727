import fc from "fast-check";
import type { OutputItem } from "../../../src/carriers/stream/items.ts";
import { FailedItemLines, ItemLines } from "../../../src/report/show/item-lines.ts";

const text = (source: string, words: string | Buffer, ends = true): OutputItem => ({
  ...{ kind: "text", stream: source.startsWith("e") ? "stderr" : "stdout", source },
  ...{ bytes: Buffer.from(words as string), ends },
});
const CONFIRMED: OutputItem = { kind: "confirmed" };
const GAP: OutputItem = { kind: "gap", expected: 1, got: 2, offset: 0 };

/** The last lines of the item that worker 0 has in hand while a task of so many workers prints this. */
function printed(
  workers: number,
  shown: readonly OutputItem[],
  worker = 0,
  limit?: number,
): readonly string[] {
  const lines = new ItemLines(workers, limit);
  lines.begin(worker);
  for (const each of shown) lines.print(each);
  return lines.end(worker);
}

describe("the last lines of an item", () => {
  it.each<[string, number, readonly OutputItem[], readonly string[]]>([
    ["are those of both streams", 1, [text("", "a"), text("e", "b"), text("", "c")], ["a", "b", "c"]],
    ["come in one piece or in several", 1, [text("", "a\nb", false), text("", "c\nd")], ["a", "bc", "d"]],
    [
      "of one stream don't mix with those of the other",
      1,
      [text("", "out", false), text("e", "err"), text("", "put")],
      ["err", "output"],
    ],
    ["may end without a line's end", 1, [text("", "a\nb", false), text("e", "c", false)], ["a", "b", "c"]],
    ["may be empty lines", 1, [text("", "\na\n")], ["", "a", ""]],
    ["lose the CR before their end", 1, [text("", "a\r\nb\r")], ["a", "b"]],
    ["are UTF-8", 1, [text("", Buffer.from([0xc3]), false), text("", Buffer.from([0xa9]))], ["é"]],
    [
      "are those of its worker, without its label",
      3,
      [text("", "[0] a\n[2] other\n[0] b"), text("e2", "[2] other"), text("e0", "[0] c")],
      ["a", "b", "c"],
    ],
    [
      "keep what looks like a label in a line",
      2,
      [text("e0", "[0] a", false), text("e0", "[0] b"), text("", "[0] [1] c")],
      ["a[0] b", "[1] c"],
    ],
    ["are not those of a line without a label", 2, [text("", "foreign\n[0] a\n[300] x")], ["a"]],
    ["are none when nothing was printed", 1, [CONFIRMED, { kind: "header", text: "h" }], []],
  ])("%s", (_, workers, shown, lines) => {
    expect(printed(workers, shown)).toEqual(lines);
  });

  it("are those since it began", () => {
    const lines = new ItemLines(2);
    lines.print(text("", "[0] nobody's"));
    lines.begin(0);
    lines.begin(1);
    lines.print(text("", "[0] of the first\n[1] of another"));
    expect(lines.end(0)).toEqual(["of the first"]);
    expect(lines.end(0)).toEqual([]);
    lines.print(text("", "[0] between"));
    lines.begin(0);
    lines.print(text("", "[0] of the second"));
    expect(lines.end(0)).toEqual(["of the second"]);
    expect(lines.end(1)).toEqual(["of another"]);
  });

  it("lose what came after the last bytes that are certain, also when one byte each is certain", () => {
    const shown = [
      text("", "a\nb", false),
      CONFIRMED,
      CONFIRMED,
      text("", "X\nY\nZ", false),
      text("e", "W"),
      GAP,
    ];
    expect(printed(1, [...shown, text("", "c\nd")])).toEqual(["a", "bc", "d"]);
    expect(printed(1, [text("", "lost"), GAP, GAP, text("", "a"), CONFIRMED, GAP])).toEqual(["a"]);
  });

  it("are at most twenty, and 4 KiB", () => {
    const many = Array.from({ length: 50 }, (_, i) => `line ${i}`);
    const last = many.slice(-20);
    expect(printed(1, [text("", many.join("\n"))])).toEqual(last);
    expect(
      printed(
        1,
        many.map((line) => text("", line)),
      ),
    ).toEqual(last);
    expect(printed(2, [text("", many.map((line) => `[0] ${line}`).join("\n"))])).toEqual(last);
    const long = ["a", "b", "c"].map((letter) => letter.repeat(1_500));
    expect(printed(1, [text("", long.join("\n"))])).toEqual(long.slice(1));
    const [endless] = printed(1, [text("", `${"x".repeat(100_000)}end`, false)]);
    expect(endless).toHaveLength(4_096);
    expect(endless).toMatch(/xend$/);
  });

  it("are bounded and whole, however the output is cut into pieces", () => {
    const piece = fc.tuple(fc.constantFrom("", "e"), fc.stringMatching(/^[ab\n]{0,12}$/), fc.boolean());
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 60 }), (pieces) => {
        const shown = pieces.map(([source, words, ends]) => text(source, words, ends));
        const lines = printed(1, shown, 0, 30);
        expect(lines.length).toBeLessThanOrEqual(20);
        expect(lines.join("\n").length).toBeLessThanOrEqual(30);
        const whole = ["", "e"].map((source) => {
          const own = pieces.filter(([of]) => of === source);
          return own.map(([, words, ends]) => words + (ends ? "\n" : "")).join("");
        });
        for (const line of lines.slice(1))
          expect(whole.some((each) => `\n${each}\n`.includes(`\n${line}\n`))).toBe(true);
      }),
    );
  });
});

it("the lines of the fifty failed items that come first are kept, in whatever order they fail", () => {
  const kept = new FailedItemLines();
  const keep = (index: number, outcome: string, words: string): void =>
    kept.keepOf([{ item: { index }, outcome, runsAgain: false }], [words]);
  for (let index = 99; index >= 0; index -= 1) keep(index, "failed", `of ${index}`);
  expect([kept.of(0), kept.of(49), kept.of(50)]).toEqual([["of 0"], ["of 49"], []]);
  keep(0, "stopped", "of its second run");
  expect(kept.of(0)).toEqual(["of its second run"]);
  keep(0, "succeeded", "of its third run");
  expect(kept.of(0)).toEqual([]);
});

it("the lines of a batch stand with its first item that has failed for good", () => {
  const kept = new FailedItemLines();
  const end = (index: number, outcome: string, runsAgain = false) => ({
    item: { index },
    outcome,
    runsAgain,
  });
  kept.keepOf([end(4, "failed"), end(1, "succeeded"), end(2, "failed", true), end(3, "failed")], ["lines"]);
  expect([1, 2, 3, 4].map((index) => kept.of(index))).toEqual([[], [], ["lines"], []]);
  kept.keepOf([end(5, "failed", true), end(6, "succeeded")], ["others"]);
  expect(kept.of(5)).toEqual(["others"]);
});
