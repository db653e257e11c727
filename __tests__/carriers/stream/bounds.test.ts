import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
/** The limits of what a peer may send, each tried at the limit and one past it. */
import { gzipSync } from "node:zlib";
import { LONGEST_WORDS } from "../../../src/values.ts";
import { LONGEST_MARK } from "../../../src/carriers/stream/marks.ts";
import { MOST_NOTES } from "../../../src/carriers/stream/terminal.ts";
import { LARGEST_PACK } from "../../../src/carriers/stream/packed-piece.ts";
import { LONGEST_RECORD } from "../../../src/carriers/stream/records.ts";
import { extractAll, SeenJob, type SeenItem } from "../../helpers/extracted.ts";

const NONCE = "00112233445566778899aabbccddeeff";
const BEGINNING = `\x1b]7733;${NONCE};`;
const mark = (text: string): string => `${BEGINNING}${text}\x07`;
const ATTACHED = `${mark("@0")}\n`;

/** The items of a session that sends these texts, one in each read. A text is given by its length. */
function extractTexts(texts: readonly string[], workers = 1): (SeenItem | string)[] {
  const job = new SeenJob(NONCE, workers);
  return texts
    .flatMap((text) => extractAll(job, Buffer.from(text, "latin1")))
    .map((each) => (each.kind === "text" ? `text ${each.bytes.length}` : each));
}
const kinds = (texts: readonly string[], workers?: number): string[] =>
  extractTexts(texts, workers).map((each) => (typeof each === "string" ? each : each.kind));

/** The same text in one read, in two, and byte by byte. */
const cuts = (text: string): string[][] => [[text], [text.slice(0, 99), text.slice(99)], text.split("")];

it("a mark longer than its limit is no mark, wherever it is cut", () => {
  const longest = "x".repeat(LONGEST_MARK - mark("! c ").length);
  for (const texts of cuts(mark(`! c ${longest}`))) expect(kinds(texts)).toEqual(["refused"]);
  for (const texts of cuts(mark(`! c ${longest}x`))) expect(kinds(texts)).toEqual([]);
});

it("what comes after marks without an end is still read, and they cost little time", () => {
  const flood = BEGINNING.repeat((1024 * 1024) / BEGINNING.length);
  const begun = process.cpuUsage();
  expect(kinds([flood, "x".repeat(LONGEST_MARK), mark("! gone it is")])).toEqual(["refused"]);
  const { user, system } = process.cpuUsage(begun);
  expect((user + system) / 1e6).toBeLessThan(10);
});

it("a record has a longest length, and nothing is believed after a longer one", () => {
  const longest = "x".repeat(LONGEST_RECORD);
  const status = (text: string): string => mark(`. ${text.length + 1} exited 0=0:0`);
  const halves = (text: string): string[] => [ATTACHED + text.slice(0, 1000), text.slice(1000)];
  expect(kinds([...halves(longest), `\n${status(longest)}`])).toEqual([
    "attached",
    `text ${LONGEST_RECORD}`,
    "status",
  ]);
  const past = extractTexts([...halves(`${longest}x`), `\n${status(`${longest}x`)}`]);
  expect(past.slice(1)).toEqual([
    { kind: "gap", expected: 1000, got: 1000, offset: 0, why: "a record has no end within 2 MiB." },
  ]);
  // The same holds when the status comes in the same read.
  expect(kinds([`${ATTACHED}${longest}x${status(longest)}`])).toEqual(["attached", "gap"]);
});

it.each(["", " ", " x", " -1", " 1e3", " 0x10", ` ${"9".repeat(16)}`, " Infinity"])(
  "a mark without a number says nothing: %j",
  (number) => {
    expect(kinds([mark(`@${number.trim()}`)])).toEqual([]);
    expect(kinds([ATTACHED, mark(`~${number}`)])).toEqual(["attached"]);
    expect(kinds([ATTACHED, mark(`.${number} exited 0=0:0`)])).toEqual(["attached"]);
    expect(kinds([ATTACHED, mark(`#${number} x`), "one\n"])).toEqual(["attached", "text 3"]);
  },
);

it("a second beginning of the spool in a session is ignored", () => {
  expect(kinds([ATTACHED, "one\n", mark("@0"), "two\n"])).toEqual(["attached", "text 3", "text 3"]);
});

it("payload and secrets are asked for once a session", () => {
  const asks = [mark("p"), mark("s"), mark("p"), mark("s")];
  const job = new SeenJob(NONCE, 1);
  const ask = (): string[] => extractAll(job, Buffer.from(asks.join(""))).map(({ kind }) => kind);
  expect(ask()).toEqual(["payload-wanted", "secrets-wanted"]);
  expect(ask()).toEqual([]);
  job.restart();
  expect(ask()).toEqual(["payload-wanted", "secrets-wanted"]);
});

it("the words of a note, a refusal and a status are cut at their limits", () => {
  const longest = "é".repeat(LONGEST_WORDS);
  const texts = (words: string): unknown[] =>
    ["n", "! c", ". 0 refused", ". 0 lost", ". 0"].map((what) => {
      const job = new SeenJob(NONCE, 1);
      const [, one] = extractAll(job, Buffer.from(`${ATTACHED}${mark(`${what} ${words}`)}`));
      return one?.kind === "status" && "text" in one.status
        ? one.status.text
        : one && "text" in one && one.text;
    });
  expect(new Set(texts(longest))).toEqual(new Set([longest]));
  expect(new Set(texts(`${longest}x`))).toEqual(new Set([`${longest.slice(1)}…`]));
});

it("the number of notes in a session is limited", () => {
  const notes = extractTexts(Array.from({ length: MOST_NOTES + 3 }, (_, i) => mark(`n ${i}`)));
  expect(notes).toHaveLength(MOST_NOTES + 1);
  expect(notes.at(-2)).toEqual({ kind: "note", text: String(MOST_NOTES - 1) });
  expect(notes.at(-1)).toEqual({ kind: "note", text: "Further notes are not shown." });
});

it("the number of notes is limited in a session that another carrier has followed, too", () => {
  const job = new SeenJob(NONCE, 1);
  extractAll(job, Buffer.from(ATTACHED + mark("n first")));
  job.release();
  const notes = Array.from({ length: MOST_NOTES + 3 }, (_, i) => mark(`n ${i}`)).flatMap((text) =>
    extractAll(job, Buffer.from(`output ${text}${mark("~ 99")}`)),
  );
  expect(notes).toHaveLength(MOST_NOTES);
  expect(notes.at(-1)).toEqual({ kind: "note", text: "Further notes are not shown." });
});

it("only the first record is a header, and only workers of the run have output of their own", () => {
  const record = (tag: string): string => `\x1b]7733;${tag}\x07x\n`;
  const sources = (texts: string, workers: number) =>
    extractTexts([`${ATTACHED}${texts}`], workers)
      .slice(1)
      .map((each) => (typeof each === "string" ? each : each.kind));
  expect(sources(record("h") + record("h"), 1)).toEqual(["header", "text 10"]);
  expect(sources(record("o1") + record("e1") + record("e"), 2)).toEqual(["text 1", "text 1", "text 1"]);
  expect(sources(record("o2") + record("e01") + record("e999"), 2)).toEqual([
    "text 11",
    "text 12",
    "text 13",
  ]);
});

it("a packed piece has a largest size, packed and unpacked", () => {
  const packed = (size: number, more = ""): string[] => {
    const base64 = gzipSync(Buffer.alloc(size, `${"x".repeat(1_023)}\n`)).toString("base64");
    return [ATTACHED, mark(`# 0 ${size}`), base64, more, mark("%")];
  };
  expect(kinds(packed(LARGEST_PACK)).at(-1)).toBe("confirmed");
  expect(kinds(packed(LARGEST_PACK + 1))).toEqual(["attached", "gap"]);
  const noise = "!".repeat(LARGEST_PACK);
  expect(kinds(packed(100, noise.slice(200))).at(-1)).toBe("confirmed");
  expect(kinds([ATTACHED, mark("# 0 100"), noise, packed(100)[2] ?? "", mark("%")])).toEqual([
    "attached",
    "gap",
  ]);
});

it("carriage returns count as bytes of a record, however many come", () => {
  const job = new SeenJob(NONCE, 1);
  const flood = Buffer.alloc(1024 * 1024, "\r");
  for (const text of [mark("@0"), "\r\n"]) extractAll(job, Buffer.from(text));
  let gaps = 0;
  for (let i = 0; i < 4; i += 1) gaps += extractAll(job, flood).length;
  // The one item says that the record has no end.
  expect(gaps).toBe(1);
});

it("tiny pieces cost no more than their bytes", () => {
  const job = new SeenJob(NONCE, 1);
  const before = process.memoryUsage();
  for (const text of [ATTACHED]) extractAll(job, Buffer.from(text));
  const byte = Buffer.from("x");
  for (let i = 0; i < LONGEST_RECORD / 4; i += 1)
    for (const event of job.read(byte)) expect(event).toBeUndefined();
  // A busy machine collects late.
  setFlagsFromString("--expose-gc");
  (runInNewContext("gc") as () => void)();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  // One buffer of at most twice its size. The one that it was copied from may still wait to be collected.
  expect(heapUsed + arrayBuffers - before.heapUsed - before.arrayBuffers).toBeLessThan(16 * 1024 * 1024);
});
