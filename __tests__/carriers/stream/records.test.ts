import fc from "fast-check";
import { RecordReader, type SpoolText } from "../../../src/carriers/stream/records.ts";
import { extractAll } from "../../helpers/extracted.ts";

const mark = (text: string): string => `\x1b]7733;${text}\x07`;
const read = (spool: string): SpoolText[] => extractAll(new RecordReader(12), Buffer.from(spool, "latin1"));
const text = (
  bytes: string,
  { stream = "stdout", source = "", ends = true }: Partial<Extract<SpoolText, { kind: "text" }>> = {},
): SpoolText => ({ kind: "text", stream, source, bytes: Buffer.from(bytes, "latin1"), ends });

describe("a record of the spool", () => {
  it.each<[string, string, SpoolText]>([
    ["a whole line of standard output", "plain\n", text("plain")],
    ["an empty line", "\n", text("")],
    ["a line that ends in CR LF", "a\r\n", text("a\r")],
    ["a line of standard error", `${mark("e")}oh\n`, text("oh", { stream: "stderr", source: "e" })],
    ["a worker's standard output", `${mark("o2")}[2] x\n`, text("[2] x", { source: "o2" })],
    ["a worker's standard error", `${mark("e11")}x\n`, text("x", { stream: "stderr", source: "e11" })],
    [
      "a line of GITHUB_OUTPUT",
      `${mark("r")}a=b\r\n`,
      { kind: "file-command", file: "output", worker: 0, bytes: Buffer.from("a=b\r"), ends: true },
    ],
    [
      "a part of a line of a worker's GITHUB_STEP_SUMMARY",
      `${mark("s11")}#${mark("=")}${mark("+")}\n`,
      { kind: "file-command", file: "summary", worker: 11, bytes: Buffer.from("#\x1b]7733;"), ends: false },
    ],
    [
      "a worker's GITHUB_STEP_SUMMARY that was left out",
      `${mark("x3")}summary 1048577\n`,
      { kind: "file-left-out", file: "summary", worker: 3, size: 1_048_577 },
    ],
    [
      "a line of a file whose worker the job does not have",
      `${mark("r12")}a=b\n`,
      text("\x1b]7733;r12\x07a=b"),
    ],
    ["a file's tag that the job has printed", `${mark("=")}r\x07a=b\n`, text("\x1b]7733;r\x07a=b")],
    ["the header", `${mark("h")}fargate-exec run=1\n`, { kind: "header", text: "fargate-exec run=1" }],
    ["a line that goes on", `begun${mark("+")}\n`, text("begun", { ends: false })],
    ["the beginning of a mark that the job has printed", `${mark("=")}33;x\n`, text("\x1b]7733;33;x")],
    ["a tag that the job has printed", `${mark("=")}e\x07x\n`, text("\x1b]7733;e\x07x")],
    ["U+FFFD", `a${mark("?")}b\n`, text("a\xef\xbf\xbdb")],
    [
      "marks one after the other",
      `${mark("?")}${mark("=")}${mark("?")}\n`,
      text("\xef\xbf\xbd\x1b]7733;\xef\xbf\xbd"),
    ],
    ["an unknown mark", `${mark("z")}x\n`, text("\x1b]7733;z\x07x")],
    ["a mark for the beginning of a line, at its end", `x${mark("e")}\n`, text("x\x1b]7733;e\x07")],
    ["a mark for the end of a line, at its beginning", `${mark("+")}x\n`, text("\x1b]7733;+\x07x")],
    ["a tag without an end", "\x1b]7733;e\n", text("\x1b]7733;e")],
  ])("is %s", (_, record, expected) => {
    expect(read(record)).toEqual([expected]);
  });
});

describe("a RecordReader", () => {
  const SPOOL = `${mark("h")}head\nplain\n${mark("e")}err${mark("+")}\n${mark("e")} more\n\n${mark("=")}\ntail\n`;

  it("reads the same wherever its input is cut", () => {
    const bytes = Buffer.from(SPOOL, "latin1");
    fc.assert(
      fc.property(fc.array(fc.nat(bytes.length)), (cuts) => {
        const reader = new RecordReader(12);
        const edges = [0, ...cuts.toSorted((a, b) => a - b), bytes.length];
        const texts = edges.slice(1).flatMap((end, i) => extractAll(reader, bytes.subarray(edges[i], end)));
        expect(texts).toEqual(read(SPOOL));
        expect(reader.offset).toBe(bytes.length);
      }),
    );
  });

  it("knows where the unfinished record begins, and where the next byte belongs", () => {
    const reader = new RecordReader(12);
    extractAll(reader, Buffer.from("one\ntw"));
    extractAll(reader, Buffer.from("o"));
    expect([reader.offset, reader.position]).toEqual([4, 7]);
    expect(extractAll(reader, Buffer.from("\n"))).toEqual([text("two")]);
    expect([reader.offset, reader.position]).toEqual([8, 8]);
  });

  it("takes the unfinished record anew after a rewind", () => {
    const reader = new RecordReader(12);
    extractAll(reader, Buffer.from("one\ntw"));
    reader.rewind();
    expect([reader.offset, reader.position]).toEqual([4, 4]);
    expect(extractAll(reader, Buffer.from("two\n"))).toEqual([text("two")]);
  });

  it("keeps what it was given though the buffer is used again", () => {
    const reader = new RecordReader(12);
    const buffer = Buffer.from("abc");
    extractAll(reader, buffer);
    buffer.fill("z");
    expect(extractAll(reader, Buffer.from("\n"))).toEqual([text("abc")]);
  });
});
