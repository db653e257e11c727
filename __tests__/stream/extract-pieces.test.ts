import { Extractor } from "../../src/stream/extract.ts";
import type { ExtractedItem } from "../../src/stream/items.ts";

const NONCE = "00112233445566778899aabbccddeeff";
const mark = (text: string): string => `\x1b]7733;${NONCE};${text}\x07`;
const SPOOL = "\x1b]7733;h\x07run=1\none\n\x1b]7733;e\x07two\r\nthree\n";
const STATUS = "exited 0=3:12";
const CUTS = Array.from({ length: SPOOL.length }, (_, at) => at);

/** What the user sees of these items, and the end. */
function seen(items: Iterable<ExtractedItem>): string {
  return Array.from(items, (item) => {
    switch (item.kind) {
      case "text":
        return item.bytes.toString("latin1") + (item.ends ? "\n" : "");
      case "header":
        return `${item.text}\n`;
      case "status":
        return JSON.stringify(item.status);
      case "confirmed":
        return "";
      default:
        return `[${item.kind}]`;
    }
  }).join("");
}

const piece = (extractor: Extractor, begin: number, end = SPOOL.length): string =>
  seen(extractor.readPiece(begin, Buffer.from(SPOOL.slice(begin, end), "latin1")));
const WHOLE = piece(new Extractor(NONCE, 1), 0);

describe("pieces of the spool", () => {
  it("show what a session would show, and are certain at once", () => {
    const session = new Extractor(NONCE, 1).read(Buffer.from(`${mark("@0")}\n${SPOOL}`, "latin1"));
    expect(WHOLE).toBe("run=1\none\ntwo\r\nthree\n");
    expect(seen(session)).toBe(`[attached]${WHOLE}`);
    const extractor = new Extractor(NONCE, 1);
    piece(extractor, 0);
    expect(extractor.confirmed).toBe(SPOOL.length);
  });

  it("may be cut at any byte", () => {
    for (const at of CUTS) {
      const extractor = new Extractor(NONCE, 1);
      expect(piece(extractor, 0, at) + piece(extractor, at)).toBe(WHOLE);
      expect(seen(extractor.readEnd(SPOOL.length, STATUS))).toContain('"exitCode":3');
    }
  });

  it("go on after a session that was left at any byte, from any byte before", () => {
    for (const at of CUTS) {
      for (const begin of [0, Math.floor(at / 2)]) {
        const extractor = new Extractor(NONCE, 1);
        const shown = seen(extractor.read(Buffer.from(`${mark("@0")}\n${SPOOL.slice(0, at)}`, "latin1")));
        extractor.restart();
        if (begin > extractor.offset) continue;
        expect(shown.replace("[attached]", "") + piece(extractor, begin)).toBe(WHOLE);
      }
    }
  });

  it("are followed by a session that goes on where they ended", () => {
    for (const at of CUTS) {
      const extractor = new Extractor(NONCE, 1);
      const shown = piece(extractor, 0, at);
      extractor.restart();
      const { offset } = extractor;
      const rest = `${mark(`@${offset}`)}\n${SPOOL.slice(offset)}${mark(`~ ${SPOOL.length}`)}${mark(`. ${SPOOL.length} ${STATUS}`)}`;
      const after = seen(extractor.read(Buffer.from(rest, "latin1")));
      expect(shown + after.replace("[attached]", "").replace(/\{.*/, "")).toBe(WHOLE);
      expect(after).toContain('"exitCode":3');
    }
  });

  it("are a gap when bytes are missing, after which nothing counts", () => {
    const extractor = new Extractor(NONCE, 1);
    piece(extractor, 0, 20);
    expect([...extractor.readPiece(21, Buffer.from("x\n"))]).toEqual([
      { kind: "gap", expected: 20, got: 21, offset: extractor.confirmed },
    ]);
    expect([...extractor.readPiece(20, Buffer.from("x\n"))]).toEqual([]);
    expect([...extractor.readEnd(22, STATUS)]).toEqual([]);
  });

  it("end with a status only if all of the spool has come", () => {
    const extractor = new Extractor(NONCE, 1);
    piece(extractor, 0, 20);
    expect(seen(extractor.readEnd(SPOOL.length, STATUS))).toBe("[gap]");
  });

  it("may end without a status, for a reason", () => {
    const extractor = new Extractor(NONCE, 1);
    expect([...extractor.readEnd(0, "! lost the job was killed")]).toEqual([
      { kind: "refused", code: "lost", text: "the job was killed" },
    ]);
  });

  it("never name a worker that the job does not have", () => {
    const extractor = new Extractor(NONCE, 1);
    expect(seen(extractor.readEnd(0, "exited 0=0:1,1=0:1"))).toContain('"kind":"lost"');
  });

  it("of a job that another step has shown may begin at any byte, and then go on as usual", () => {
    const from = SPOOL.indexOf("three");
    const extractor = new Extractor(NONCE, 1, { from: 5 });
    expect([extractor.offset, extractor.confirmed]).toEqual([5, 5]);
    expect(piece(extractor, from)).toBe("three\n");
    expect(seen(extractor.readPiece(SPOOL.length + 1, Buffer.from("x")))).toBe("[gap]");
  });

  it("of such a job may be its end alone", () => {
    const extractor = new Extractor(NONCE, 1, { from: 5 });
    expect(seen(extractor.readEnd(SPOOL.length, STATUS))).toContain('"kind":"ended"');
  });

  it("of such a job may come by a session from a later byte on", () => {
    const from = SPOOL.indexOf("three");
    const session = Buffer.from(`${mark(`@${from}`)}\n${SPOOL.slice(from)}`, "latin1");
    expect(seen(new Extractor(NONCE, 1, { from: 5 }).read(session))).toBe("[attached]three\n");
    expect(seen(new Extractor(NONCE, 1).read(session))).toBe("[gap]");
  });
});
