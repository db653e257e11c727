import { SeenJob, type SeenItem } from "../../helpers/extracted.ts";

const NONCE = "00112233445566778899aabbccddeeff";
const mark = (text: string): string => `\x1b]7733;${NONCE};${text}\x07`;
const SPOOL = "\x1b]7733;h\x07run=1\none\n\x1b]7733;e\x07two\r\nthree\n";
const STATUS = "exited 0=3:12";
const CUTS = Array.from({ length: SPOOL.length }, (_, at) => at);

/** What the user sees of these items, and the end. */
function seen(items: Iterable<SeenItem>): string {
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

const piece = (job: SeenJob, begin: number, end = SPOOL.length): string =>
  seen(job.readPiece(begin, Buffer.from(SPOOL.slice(begin, end), "latin1")));
const WHOLE = piece(new SeenJob(NONCE, 1), 0);

describe("pieces of the spool", () => {
  it("show what a session would show, and are certain at once", () => {
    const session = new SeenJob(NONCE, 1).read(Buffer.from(`${mark("@0")}\n${SPOOL}`, "latin1"));
    expect(WHOLE).toBe("run=1\none\ntwo\r\nthree\n");
    expect(seen(session)).toBe(`[attached]${WHOLE}`);
    const job = new SeenJob(NONCE, 1);
    piece(job, 0);
    expect(job.confirmed).toBe(SPOOL.length);
  });

  it("may be cut at any byte", () => {
    for (const at of CUTS) {
      const job = new SeenJob(NONCE, 1);
      expect(piece(job, 0, at) + piece(job, at)).toBe(WHOLE);
      expect(seen(job.readEnd(SPOOL.length, STATUS))).toContain('"exitCode":3');
    }
  });

  it("go on after a session that was left at any byte, from any byte before", () => {
    for (const at of CUTS) {
      for (const begin of [0, Math.floor(at / 2)]) {
        const job = new SeenJob(NONCE, 1);
        const shown = seen(job.read(Buffer.from(`${mark("@0")}\n${SPOOL.slice(0, at)}`, "latin1")));
        job.restart();
        if (begin > job.offset) continue;
        expect(shown.replace("[attached]", "") + piece(job, begin)).toBe(WHOLE);
      }
    }
  });

  it("are followed by a session that goes on where they ended", () => {
    for (const at of CUTS) {
      const job = new SeenJob(NONCE, 1);
      const shown = piece(job, 0, at);
      job.restart();
      const { offset } = job;
      const rest = `${mark(`@${offset}`)}\n${SPOOL.slice(offset)}${mark(`~ ${SPOOL.length}`)}${mark(`. ${SPOOL.length} ${STATUS}`)}`;
      const after = seen(job.read(Buffer.from(rest, "latin1")));
      expect(shown + after.replace("[attached]", "").replace(/\{.*/, "")).toBe(WHOLE);
      expect(after).toContain('"exitCode":3');
    }
  });

  it("make certain what a session has shown only when they have come as far", () => {
    const job = new SeenJob(NONCE, 1);
    seen(job.read(Buffer.from(`${mark("@0")}\n${SPOOL}`, "latin1")));
    job.restart();
    expect([job.offset, job.confirmed]).toEqual([SPOOL.length, 0]);
    expect(piece(job, 0, 20)).toBe("");
    expect(job.confirmed).toBe(0);
    piece(job, 20);
    expect(job.confirmed).toBe(SPOOL.length);
  });

  it("are a gap when bytes are missing, after which nothing counts", () => {
    const job = new SeenJob(NONCE, 1);
    piece(job, 0, 20);
    expect([...job.readPiece(21, Buffer.from("x\n"))]).toEqual([
      { kind: "gap", expected: 20, got: 21, offset: job.confirmed },
    ]);
    expect([...job.readPiece(20, Buffer.from("x\n"))]).toEqual([]);
    expect([...job.readEnd(22, STATUS)]).toEqual([]);
  });

  it("end with a status only if all of the spool has come", () => {
    const job = new SeenJob(NONCE, 1);
    piece(job, 0, 20);
    expect(seen(job.readEnd(SPOOL.length, STATUS))).toBe("[gap]");
  });

  it("may end without a status, for a reason", () => {
    const job = new SeenJob(NONCE, 1);
    expect([...job.readEnd(0, "! lost the job was killed")]).toEqual([
      { kind: "refused", code: "lost", text: "the job was killed" },
    ]);
  });

  it("never name a worker that the job does not have", () => {
    const job = new SeenJob(NONCE, 1);
    expect(seen(job.readEnd(0, "exited 0=0:1,1=0:1"))).toContain('"kind":"lost"');
  });

  it("of a job that another step has shown may begin at any byte, and then go on as usual", () => {
    const from = SPOOL.indexOf("three");
    const job = new SeenJob(NONCE, 1, { from: 5 });
    expect([job.offset, job.confirmed]).toEqual([5, 5]);
    expect(piece(job, from)).toBe("three\n");
    expect(seen(job.readPiece(SPOOL.length + 1, Buffer.from("x")))).toBe("[gap]");
  });

  it("of such a job may be its end alone", () => {
    const job = new SeenJob(NONCE, 1, { from: 5 });
    expect(seen(job.readEnd(SPOOL.length, STATUS))).toContain('"kind":"ended"');
  });

  it("of such a job may come by a session from a later byte on", () => {
    const from = SPOOL.indexOf("three");
    const session = Buffer.from(`${mark(`@${from}`)}\n${SPOOL.slice(from)}`, "latin1");
    expect(seen(new SeenJob(NONCE, 1, { from: 5 }).read(session))).toBe("[attached]three\n");
    expect(seen(new SeenJob(NONCE, 1).read(session))).toBe("[gap]");
  });
});
