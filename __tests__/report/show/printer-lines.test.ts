import type { Line } from "../../../src/report/show/lines.ts";
import { LineJoiner, LARGEST_WHOLE_LINE, MOST_BEGUN } from "../../../src/report/show/printer.ts";

type Piece = Parameters<LineJoiner["push"]>[0];

const piece = (bytes: string, ends: boolean, source = "", stream: Piece["stream"] = "stdout"): Piece => ({
  kind: "text",
  stream,
  source,
  bytes: Buffer.from(bytes),
  ends,
});
/** A line with its bytes as text, since Jest compares two buffers byte by byte, which is slow. */
type TextLine = Omit<Line, "bytes"> & { readonly bytes: string };

const shown = (lines: readonly Line[]): TextLine[] =>
  lines.map((each) => ({ ...each, bytes: each.bytes.toString() }));
const line = (bytes: string, ended = true, source = "", stream: Line["stream"] = "stdout"): TextLine => ({
  stream,
  source,
  bytes,
  ended,
  continues: false,
});
const continued = (bytes: string, ended = true, source = ""): TextLine => ({
  ...line(bytes, ended, source),
  continues: true,
});

describe("a LineJoiner", () => {
  it("gives out a whole line at once", () => {
    expect(shown(new LineJoiner().push(piece("whole", true)))).toEqual([line("whole")]);
  });

  it("goes back to the beginning of a line that it was told to keep", () => {
    const lines = new LineJoiner();
    lines.push(piece("a", false));
    lines.keep();
    lines.push(piece("noise", false));
    lines.push(piece("other", false, "e0"));
    lines.rollBack();
    expect(shown(lines.push(piece("b", true)))).toEqual([line("ab")]);
    lines.rollBack();
    expect(shown(lines.flush())).toEqual([line("a", false)]);
  });

  it("joins the pieces of a line", () => {
    const lines = new LineJoiner();
    expect(shown(lines.push(piece("a", false)))).toEqual([]);
    expect(shown(lines.push(piece("b", false)))).toEqual([]);
    expect(shown(lines.push(piece("c", true)))).toEqual([line("abc")]);
    expect(shown(lines.flush())).toEqual([]);
  });

  it("keeps apart the lines that several sources have begun", () => {
    const lines = new LineJoiner();
    lines.push(piece("[0] a", false, "o0"));
    lines.push(piece("[0] x", false, "e0", "stderr"));
    expect(shown(lines.push(piece("between", true)))).toEqual([line("between")]);
    expect(shown(lines.push(piece("y", true, "e0", "stderr")))).toEqual([
      line("[0] xy", true, "e0", "stderr"),
    ]);
    expect(shown(lines.push(piece("b", true, "o0")))).toEqual([line("[0] ab", true, "o0")]);
  });

  it("gives out a line that has not ended at the flush, once", () => {
    const lines = new LineJoiner();
    lines.push(piece("no end", false));
    lines.push(piece("nor here", false, "e", "stderr"));
    expect(shown(lines.flush())).toEqual([line("no end", false), line("nor here", false, "e", "stderr")]);
    expect(shown(lines.flush())).toEqual([]);
  });

  it("gives out a line that is too long to hold in parts", () => {
    const lines = new LineJoiner();
    const part = "x".repeat(1024 * 1024 - 1);
    expect(shown(lines.push(piece(part, false)))).toEqual([]);
    expect(shown(lines.push(piece("y", false)))).toEqual([line(`${part}y`, false)]);
    expect(shown(lines.push(piece("z", true)))).toEqual([continued("z")]);
    expect(shown(lines.push(piece("next", true)))).toEqual([line("next")]);
  });

  it("marks each further part of a line as a continuation, for each source by itself", () => {
    const lines = new LineJoiner();
    const part = "x".repeat(LARGEST_WHOLE_LINE);
    expect(shown(lines.push(piece(part, false, "o0")))).toEqual([line(part, false, "o0")]);
    lines.keep();
    expect(shown(lines.push(piece("other", true, "o1")))).toEqual([line("other", true, "o1")]);
    expect(shown(lines.push(piece(part, false, "o0")))).toEqual([continued(part, false, "o0")]);
    expect(shown(lines.push(piece("noise", true, "o0")))).toEqual([continued("noise", true, "o0")]);
    lines.rollBack();
    lines.push(piece("end", false, "o0"));
    expect(shown(lines.flush())).toEqual([continued("end", false, "o0")]);
  });

  it("holds no more bytes of unfinished lines than its limit", () => {
    const lines = new LineJoiner();
    const half = "x".repeat(LARGEST_WHOLE_LINE / 2);
    const count = (2 * MOST_BEGUN) / LARGEST_WHOLE_LINE;
    for (let i = 1; i < count; i += 1) expect(shown(lines.push(piece(half, false, `o${i}`)))).toEqual([]);
    expect(shown(lines.push(piece(half.slice(1), false, "o0")))).toEqual([]);
    expect(shown(lines.push(piece("y", false, "o0")))).toEqual([line(`${half.slice(1)}y`, false, "o0")]);
    // What was given out has made room.
    expect(shown(lines.push(piece("z", false, "o0")))).toEqual([]);
    expect(lines.flush()).toHaveLength(count);
  });

  it("goes back to the beginning of a line that has been given out since", () => {
    const lines = new LineJoiner();
    lines.push(piece("a", false));
    lines.keep();
    expect(shown(lines.push(piece("noise", true)))).toEqual([line("anoise")]);
    lines.push(piece("other noise", false));
    lines.rollBack();
    expect(shown(lines.push(piece("b", false)))).toEqual([]);
    lines.rollBack();
    expect(shown(lines.push(piece("c", true)))).toEqual([line("ac")]);
  });
});
