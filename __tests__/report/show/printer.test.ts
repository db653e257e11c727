import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { StepBudget } from "../../../src/run/step-budget.ts";
import {
  LARGEST_WHOLE_LINE,
  OUTPUT_LIMIT,
  Printer,
  type PrinterOptions,
} from "../../../src/report/show/printer.ts";

type Text = Parameters<Printer["print"]>[0];

const text = (bytes: string, more: Partial<Extract<Text, { kind: "text" }>> = {}): Text => ({
  kind: "text",
  stream: "stdout",
  source: "",
  bytes: Buffer.from(bytes, "latin1"),
  ends: true,
  ...more,
});

function printerOf(workers: number, more: Partial<PrinterOptions> = {}): Printer {
  const shown = { write: () => undefined, onHeader: () => undefined, continued: "" };
  const keep = { stream: OUTPUT_LIMIT, worker: 8_192 };
  return new Printer({ memory: new StepBudget().memory, keep, workers, ...shown, ...more });
}

/** The lines that are printed, and the `stdout` output, of a job with this many workers. */
function printTexts(texts: readonly Text[], continued = "", workers = 1) {
  const shown: Buffer[] = [];
  const printer = printerOf(workers, {
    write: ({ bytes }) => shown.push(bytes, Buffer.from("\n")),
    onHeader: (line) => shown.push(Buffer.from(`said: ${line}\n`)),
    continued,
  });
  for (const each of texts) printer.print(each);
  printer.end();
  printer.end();
  const lines = Buffer.concat(shown).toString("latin1").split("\n").slice(0, -1);
  const [ofWorkers, stderr] = (["stdout", "stderr"] as const).map((stream) =>
    Object.fromEntries(printer.endsOf(stream)),
  );
  return { shown: lines, stdout: printer.stdout, ofWorkers, stderr };
}

describe("a Printer", () => {
  it("shows every line in its order, both streams, and keeps standard output", () => {
    const err = { stream: "stderr", source: "e" } as const;
    const run = printTexts([
      { kind: "header", text: "fargate-exec run=1" },
      text("one"),
      text("two", err),
      text("three"),
    ]);
    expect(run.shown).toEqual(["said: fargate-exec run=1", "one", "two", "three"]);
    expect(run.stdout).toBe("one\nthree");
  });

  it("keeps the end of each worker's standard error, as far as that is certain", () => {
    const err = (source: string, bytes: string, ends = true): Text =>
      text(bytes, { stream: "stderr", source, ends });
    const texts = [
      ...[err("e0", "[0] a"), err("e12", "[12] b"), text("[3] x")],
      { kind: "confirmed" },
      err("e0", "noise"),
      { kind: "gap", expected: 20, got: 30, offset: 4 },
      ...[err("e0", "[0] c", false), err("e1", `[1] ${"y".repeat(9_000)}z`)],
    ] as const;
    const { stderr, stdout } = printTexts(texts, "", 13);
    expect(stderr).toEqual({ 0: "a\nc\n", 1: `${"y".repeat(8_190)}z\n`, 12: "b\n" });
    expect(stdout).toBe("[3] x");
    expect(printTexts([text("only", { stream: "stderr", source: "e" })]).stderr).toEqual({ 0: "only\n" });
  });

  it("keeps the end of a worker's standard output, however much another one prints", () => {
    const noise = Array.from({ length: 3 }, () => text(`[0] ${"y".repeat(OUTPUT_LIMIT)}`));
    const long = [text("[1] half", { ends: false, source: "o1" }), text(" a line", { source: "o1" })];
    const { ofWorkers } = printTexts([text("[1] last words"), ...long, ...noise], "", 2);
    expect(ofWorkers).toMatchObject({ 1: "last words\nhalf a line\n" });
  });

  it("gives each worker its own lines when lines of several workers come together", () => {
    const mixed = ["[0] a", "[1] [0] b", "[0] c", "[12] no worker", "[2] d", "[0] ", "[1] e"].join("\n");
    const { ofWorkers, shown } = printTexts([text(mixed)], "", 3);
    expect(ofWorkers).toEqual({ 0: "a\nc\n\n", 1: "[0] b\ne\n", 2: "d\n" });
    expect(shown).toEqual(mixed.split("\n"));
    expect(printTexts([text("[1] of one worker\n[2] x")]).ofWorkers).toEqual({
      0: "[1] of one worker\n[2] x\n",
    });
  });

  it("keeps whole lines of a worker, also when the beginning of its output is lost", () => {
    const lines = Array.from({ length: 300 }, (_, i) => `[0] line ${i} ${"é".repeat(20)}`);
    const { ofWorkers } = printTexts([text(Buffer.from(lines.join("\n")).toString("latin1"))], "", 2);
    const kept = (ofWorkers?.[0] ?? "").split("\n").slice(0, -1);
    expect(kept.length).toBeGreaterThan(100);
    expect(kept).toEqual(lines.slice(-kept.length).map((line) => line.slice(4)));
  });

  it("keeps in `stdout` what was confirmed and what came again, but nothing that a gap has made uncertain", () => {
    const run = printTexts([
      text("one"),
      { kind: "confirmed" },
      text("noise"),
      text("half a line", { ends: false }),
      { kind: "gap", expected: 20, got: 30, offset: 4 },
      text("two"),
    ]);
    expect(run.shown).toEqual(["one", "noise", "two"]);
    expect(run.stdout).toBe("one\ntwo");
  });

  it("shows a line only when it is whole, and at the end the lines that never were", () => {
    const run = printTexts([text("a", { ends: false }), text("b"), text("c", { ends: false })]);
    expect(run.shown).toEqual(["ab", "c"]);
    expect(run.stdout).toBe("ab\nc");
  });

  it.each([
    ["> ", "> ::add-mask::a"],
    ["", "::add-mask::a"],
  ])(
    "puts %j before the rest of a line that is too long to hold, and nothing into `stdout`",
    (mark, rest) => {
      const part = "x".repeat(LARGEST_WHOLE_LINE);
      const run = printTexts(
        [text(part, { ends: false }), text("::add-mask::a"), text("::add-mask::b")],
        mark,
      );
      expect(run.shown).toEqual([part, rest, "::add-mask::b"]);
      expect(run.stdout.endsWith("x::add-mask::a\n::add-mask::b")).toBe(true);
    },
  );

  it("leaves nothing of a mark behind each byte that only a large collection of garbage would free", () => {
    const begun = text(".", { stream: "stderr", source: "e0", ends: false });
    const printer = printerOf(2);
    setFlagsFromString("--expose-gc");
    const collect = runInNewContext("gc") as (options?: { readonly type: "minor" }) => void;
    collect();
    const before = process.memoryUsage().heapUsed;
    const marks = 200_000;
    for (let i = 0; i < marks; i += 1) {
      printer.print(begun);
      printer.print({ kind: "confirmed" });
    }
    collect({ type: "minor" });
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(50 * marks);
  });

  it("passes bytes that are no text", () => {
    expect(printTexts([text("\x00\xff\xfe")]).shown).toEqual(["\x00\xff\xfe"]);
  });

  it.each([
    ["one newline", ["one", "two"], "one\ntwo"],
    ["one newline of two", ["one", ""], "one\n"],
    ["a CR before it, too", ["one\r"], "one"],
    ["nothing when there is nothing", [], ""],
  ])("removes from the output's end %s", (_, lines, stdout) => {
    expect(printTexts(lines.map((line) => text(line))).stdout).toBe(stdout);
  });

  it("keeps the last of a long standard output", () => {
    const lines = Array.from({ length: 30 }, (_, i) =>
      String(i)
        .padStart(2, "0")
        .repeat(32 * 1024),
    );
    const { stdout } = printTexts(lines.map((line) => text(line)));
    // The last line's end counts, and is not shown.
    expect(Buffer.byteLength(stdout)).toBe(OUTPUT_LIMIT - 1);
    expect(stdout.endsWith(lines[29] ?? "none")).toBe(true);
  });
});
