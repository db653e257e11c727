import { readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { BEL, MARK, sessionMark } from "../../../src/carriers/stream/marks.ts";
import { damage, randomBytesOf } from "../../helpers/damage.ts";
import { heldBytes } from "../../helpers/memory.ts";
import { everyNth } from "../../helpers/every-nth.ts";
import type { Random } from "../../helpers/seeds.ts";
import { between, forEachSeed, pick, randomOf, sampleOf } from "../../helpers/seeds.ts";
import { extractAll, SeenJob, type SeenItem } from "../../helpers/extracted.ts";

/** The number of seeds, each with `CASES` cases. */
const RUNS = sampleOf(1_900);
const CASES = 200;
const MIB = 1024 * 1024;
/** The bytes of a flood. Half of them come into a session that has begun. */
const FLOOD = process.env["FUZZ_ALL"] === "1" ? 8 * MIB : 2 * MIB;
const NONCE = "00112233445566778899aabbccddeeff";
const mark = (text: string, nonce = NONCE): string => `${sessionMark(nonce)}${text}${BEL}`;
const vector = (name: string): string =>
  readFileSync(new URL(`../../vectors/${name}`, import.meta.url), "latin1");

/** What AWS's agent uploaded, to S3 and to CloudWatch Logs. */
const transcripts = ["transcript-small", "transcript-no-newline"].flatMap((name) => {
  const { cloudwatch } = JSON.parse(vector(`${name}.json`)) as { cloudwatch: { message: string }[] };
  return [vector(`${name}.s3.log`), cloudwatch.map(({ message }) => message).join("\n")];
});

/** The transcript's text as a job's output, with all that a spool and a session may hold. */
function sessionOf(text: string, returns: number, packed: boolean): string {
  const records = text.replaceAll("\r", "").split("\n").slice(0, 12);
  const tags = ["", `${MARK}h${BEL}`, `${MARK}e${BEL}`, `${MARK}o3${BEL}`];
  const ends = ["", `${MARK}+${BEL}`, `${MARK}=${BEL}`, "\r"];
  const spool = records
    .map((record, index) => `${tags[index % 4] ?? ""}${record.slice(0, 90)}${ends[(index >> 1) % 4] ?? ""}\n`)
    .join("");
  const half = spool.length >> 1;
  const piece = gzipSync(Buffer.from(spool.slice(half), "latin1")).toString("base64");
  const rest = packed
    ? `${mark(`# ${half} ${spool.length - half}`)}${piece.replace(/.{76}/g, "$&\n")}\n${mark("%")}`
    : spool.slice(half);
  const session =
    `${MARK}ready${BEL}\n${mark("n take note")}${mark("@0")}\n${spool.slice(0, half)}${mark(`~ ${half}`)}${rest}` +
    `${mark(`. ${spool.length} exited 0=3:12,1=0:2!`)}\nScript done\n`;
  return session.replaceAll("\n", `${"\r".repeat(returns)}\n`);
}

const sessions = transcripts.flatMap((text) =>
  // Only one in six is packed, since zlib takes most of the time.
  [0, 1, 2].flatMap((returns) => [returns === 1, false].map((packed) => sessionOf(text, returns, packed))),
);
const inputs = [...transcripts, ...sessions].map((text) => Buffer.from(text, "latin1"));

/** The items as a text, with each buffer as its bytes. */
function itemsAsText(events: readonly SeenItem[]): string {
  return JSON.stringify(events, (_key, value: unknown) =>
    typeof value === "object" && value !== null && "type" in value && value.type === "Buffer"
      ? Buffer.from((value as unknown as { data: number[] }).data).toString("latin1")
      : value,
  );
}

function readInPieces(random: Random, job: SeenJob, bytes: Buffer): SeenItem[] {
  const first = between(random, 0, bytes.length);
  const second = between(random, first, bytes.length);
  return [bytes.subarray(0, first), bytes.subarray(first, second), bytes.subarray(second)].flatMap((piece) =>
    extractAll(job, piece),
  );
}

describe("a terminal under damaged transcripts and sessions", () => {
  it("reads undamaged ones to their end", () => {
    for (const session of sessions) {
      const events = extractAll(new SeenJob(NONCE, 2), Buffer.from(session, "latin1"));
      expect(events.at(-1)).toMatchObject({ kind: "status", status: { workers: [{ exitCode: 3 }, {}] } });
    }
  });

  it("never throws, has one end, gives no more bytes than came, and gives the same in pieces", () => {
    forEachSeed(RUNS, (seed) => {
      const random = randomOf(seed);
      for (let count = 0; count < CASES; count++) {
        const bytes =
          random() < 0.1
            ? randomBytesOf(random, between(random, 0, 300))
            : damage(random, pick(random, inputs), pick(random, inputs));
        const job = new SeenJob(NONCE, 2);
        const events = readInPieces(random, job, bytes);
        if (!Number.isSafeInteger(job.offset)) throw new Error(`its offset is ${job.offset}`);
        const last = events.findIndex(({ kind }) => kind === "status" || kind === "refused");
        if (last >= 0 && last < events.length - 1) throw new Error("it goes on after the end");
        if (count % 8 > 0) continue;
        const given = events.reduce((sum, each) => sum + (each.kind === "text" ? each.bytes.length : 0), 0);
        if (given > bytes.length + 4 * 1024) throw new Error(`${given} bytes out of ${bytes.length}`);
        const whole = itemsAsText(extractAll(new SeenJob(NONCE, 2), bytes));
        if (itemsAsText(events) !== whole)
          throw new Error(`in pieces ${itemsAsText(events)}\nin one ${whole}`);
      }
    });
  });

  it("believes nothing without the nonce, however near it comes", () => {
    const forged = sessions.map((text) => Buffer.from(text.replaceAll(NONCE, "f".repeat(32)), "latin1"));
    forEachSeed(Math.ceil(RUNS / 10), (seed) => {
      const random = randomOf(seed);
      for (let count = 0; count < CASES; count++) {
        const bytes = damage(random, pick(random, forged), pick(random, forged));
        for (const { kind } of readInPieces(random, new SeenJob(NONCE, 2), bytes))
          if (kind !== "ready" && kind !== "echo") throw new Error(`it believed '${kind}'`);
      }
    });
  });

  it.each(
    everyNth(
      [
        ["random bytes", (random: Random) => randomBytesOf(random, 1_024)],
        ["beginnings of marks", () => Buffer.from(sessionMark(NONCE).repeat(20))],
        ["marks that never end", () => Buffer.from(`${sessionMark(NONCE)}${"x".repeat(900)}`)],
        ["marks of others", () => Buffer.from(mark(". 0 exited 0=0:0", "f".repeat(32)).repeat(10))],
        ["CRs", () => Buffer.alloc(1_024, "\r")],
        ["announcements cut short", () => Buffer.from(`${MARK}ready1 `.repeat(60))],
        ["packs that never end", () => Buffer.from(`${mark("# 0 1000000000000")}${"A".repeat(900)}`)],
      ],
      2,
    ),
  )("takes megabytes of %s in flat memory and bounded time", (_name, make) => {
    const random = randomOf(1);
    for (const begun of ["", `${mark("@0")}\n`]) {
      const job = new SeenJob(NONCE, 2);
      extractAll(job, Buffer.from(begun));
      const before = heldBytes();
      const started = process.cpuUsage();
      for (let count = 0; count < FLOOD / 2_048; count++) {
        const piece = make(random);
        // A job's output has newlines, its own or the recorder's.
        if (begun !== "" && count % 64 === 63) extractAll(job, Buffer.from("\n"));
        extractAll(job, piece);
      }
      const { user, system } = process.cpuUsage(started);
      // At most 2.5 s for each MiB.
      expect((user + system) / 1e6).toBeLessThan((2.5 * FLOOD) / 2 / MIB);
      // Twice as many bytes as that have come.
      expect(heldBytes() - before).toBeLessThan(FLOOD / 4);
      expect(job.offset).toBeGreaterThanOrEqual(0);
    }
  });
});
