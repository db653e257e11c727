import fc from "fast-check";
import { codePoint } from "../../helpers/code-points.ts";
import { extractAll, SeenJob, type SeenItem } from "../../helpers/extracted.ts";

const NONCE = "00112233445566778899aabbccddeeff";
const mark = (text: string): string => `\x1b]7733;${NONCE};${text}\x07`;
const spoolMark = (text: string): string => `\x1b]7733;${text}\x07`;

const SPOOL = [
  `${spoolMark("h")}fargate-exec run=1\n`,
  "plain\n",
  `${spoolMark("e")}to stderr\n`,
  "ends in a CR\r\n",
  `begun${spoolMark("+")}\n`,
  " and ended\n",
  `${spoolMark("=")}looks like a mark\n`,
  `no end${spoolMark("+")}\n`,
].join("");

const SESSION = `${mark("@0")}\n${SPOOL.slice(0, 60)}${mark("~ 60")}${SPOOL.slice(60)}${mark(`. ${SPOOL.length} exited 0=3:12`)}\n`;

/** The text as it comes through terminals that put this many CRs before each LF. */
function throughTerminals(text: string, carriageReturns: number): Buffer {
  return Buffer.from(text.replaceAll("\n", `${"\r".repeat(carriageReturns)}\n`), "latin1");
}

function text(events: SeenItem[], stream: "stdout" | "stderr"): string {
  return events
    .flatMap((e) =>
      e.kind === "text" && e.stream === stream ? [e.bytes.toString("latin1"), e.ends ? "\n" : ""] : [],
    )
    .join("");
}

const STATUS = {
  kind: "status",
  status: {
    kind: "ended",
    reason: "exited",
    workers: [{ worker: 0, exitCode: 3, seconds: 12, stopped: false }],
  },
};

describe("a terminal", () => {
  it.each([
    ["a session whose terminal leaves line ends alone", 0, "", ""],
    ["a session with CR LF", 1, "", ""],
    [
      "an S3 transcript with CR CR LF, between the lines 'Script started' and 'Script done'",
      2,
      "Script started on 2026-11-24\n",
      "\nScript done on 2026-11-24\n",
    ],
    [
      "a session with other text around it",
      1,
      `noise ${mark("n a note")} \x1b[31m\n`,
      `after ${mark(". 1 exited 0=0:0")}`,
    ],
  ])("reads %s", (_, carriageReturns, before, after) => {
    const events = extractAll(
      new SeenJob(NONCE, 1),
      throughTerminals(before + SESSION + after, carriageReturns),
    );
    expect(events.find((e) => e.kind === "header")).toEqual({ kind: "header", text: "fargate-exec run=1" });
    expect(text(events, "stdout")).toBe(
      "plain\nends in a CR\r\nbegun and ended\n\x1b]7733;looks like a mark\nno end",
    );
    expect(text(events, "stderr")).toBe("to stderr\n");
    expect(events.at(-1)).toEqual(STATUS);
  });

  it("reads the same wherever its input is cut", () => {
    const bytes = throughTerminals(SESSION, 1);
    const whole = extractAll(new SeenJob(NONCE, 1), bytes);
    fc.assert(
      fc.property(fc.array(fc.nat(bytes.length)), (cuts) => {
        const job = new SeenJob(NONCE, 1);
        const edges = [0, ...cuts.toSorted((a, b) => a - b), bytes.length];
        const events = edges.slice(1).flatMap((end, i) => extractAll(job, bytes.subarray(edges[i], end)));
        expect(events).toEqual(whole);
      }),
    );
  });

  it("shows every byte once when a session is cut anywhere and another one goes on", () => {
    const bytes = throughTerminals(SESSION, 1);
    const whole = extractAll(new SeenJob(NONCE, 1), bytes);
    for (let cut = 0; cut < bytes.length - 1; cut += 1) {
      const job = new SeenJob(NONCE, 1);
      const first = extractAll(job, bytes.subarray(0, cut));
      const from = job.offset;
      job.restart();
      const rest = `${mark(`@${from}`)}\n${SPOOL.slice(from)}${mark(`. ${SPOOL.length} exited 0=3:12`)}\n`;
      const events = [...first, ...extractAll(job, throughTerminals(rest, 0))];
      const shown = (all: SeenItem[]): SeenItem[] =>
        all.filter(({ kind }) => kind !== "attached" && kind !== "confirmed");
      if (first.at(-1)?.kind !== "status") expect(shown(events)).toEqual(shown(whole));
    }
  });

  it("skips what a session sends again", () => {
    const job = new SeenJob(NONCE, 1);
    const first = extractAll(job, Buffer.from(`${mark("@0")}\n${SPOOL}`, "latin1"));
    job.restart();
    const again = extractAll(job, Buffer.from(SESSION, "latin1"));
    expect(text(first, "stdout")).toContain("plain");
    expect(again.map(({ kind }) => kind)).toEqual(["attached", "status"]);
  });

  it.each([
    ["of another nonce", SESSION.replaceAll(NONCE, "f".repeat(32))],
    ["with half the nonce", SESSION.replaceAll(NONCE, NONCE.slice(0, 16))],
    ["without their beginning", mark(". 0 exited 0=0:0").slice(5)],
  ])("ignores marks %s", (_, forged) => {
    expect(extractAll(new SeenJob(NONCE, 1), Buffer.from(forged, "latin1"))).toEqual([]);
  });

  it("does not believe a status after output that did not come whole", () => {
    const events = extractAll(new SeenJob(NONCE, 1), Buffer.from(SESSION.replace("plain\n", ""), "latin1"));
    expect(events.at(-1)).toEqual({ kind: "gap", expected: 60, got: 54, offset: 0 });
  });

  it("compares its position with the container's, and goes back to the last certain byte when they differ", () => {
    const [one, two, three] = ["one\n", "two\n", "three\n"];
    const job = new SeenJob(NONCE, 1);
    const itemsOf = (...texts: string[]): unknown[] =>
      extractAll(job, Buffer.from(texts.join(""), "latin1")).map((e) =>
        e.kind === "text" ? e.bytes.toString() : e.kind,
      );
    expect(itemsOf(mark("@0"), "\n", one, "t", mark("~ 5"), "wo\n")).toEqual([
      "attached",
      "one",
      "confirmed",
      "two",
    ]);
    // Another process writes into the terminal.
    expect(itemsOf("noise\n", three, mark("~ 14"))).toEqual(["noise", "three", "gap"]);
    expect(job.offset).toBe(4);
    job.restart();
    expect(itemsOf(mark("@4"), "\n", two, three, mark(". 14 exited 0=0:0"))).toEqual([
      "attached",
      "two",
      "three",
      "status",
    ]);
  });

  it("reports once that the container is ready", () => {
    const job = new SeenJob(NONCE, 1);
    const events = ["\x1b]7733;re", "ady\x07\r\n", "\x1b]7733;ready\x07"].flatMap((s) =>
      extractAll(job, Buffer.from(s)),
    );
    expect(events).toEqual([{ kind: "ready", missing: undefined }]);
  });

  it("reports why the container refused", () => {
    expect(
      extractAll(new SeenJob(NONCE, 1), Buffer.from(mark("! download No module named 'boto3'"))),
    ).toEqual([{ kind: "refused", code: "download", text: "No module named 'boto3'" }]);
  });

  it("never throws, whatever bytes come", () => {
    const pieces = [
      mark("@0"),
      "\n",
      "\r",
      SPOOL,
      mark("."),
      mark("@"),
      `\x1b]7733;${NONCE};`,
      "\x1b]7733;",
      "\x07",
    ];
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.constantFrom(...pieces), fc.string({ unit: codePoint }))), (parts) => {
        const job = new SeenJob(NONCE, 1);
        for (const part of parts) extractAll(job, Buffer.from(part, "latin1"));
      }),
    );
  });
});
