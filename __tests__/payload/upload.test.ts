import { createHash } from "node:crypto";
import { existsSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PieceBucket, type Sealed, TestOrder } from "../helpers/piece-bucket.ts";
import { SHELLS } from "../helpers/shells.ts";
import { findProgram, withoutPython } from "../helpers/tools.ts";
import { until } from "../helpers/until.ts";
import { WatchedJob, type WatchedTerminal, type WatchOptions } from "../helpers/watch.ts";

const PATIENCE = 300_000;
const LEFT = Buffer.from("left\n");
const directory = mkdtempSync(join(tmpdir(), "upload-"));
const jobs: WatchedJob[] = [];
let bucket: PieceBucket;
beforeAll(async () => {
  bucket = await PieceBucket.start();
});
afterAll(async () => {
  for (const job of jobs) job.remove();
  await bucket.stop();
  rmSync(directory, { recursive: true });
});

/** A PATH with curl, and without python3. */
function curlOnly(hasher: "sha256sum" | "openssl" = "sha256sum"): string {
  const path = withoutPython("mawk", directory);
  for (const tool of ["curl", "cut", "tail", "openssl"].filter((name) => !existsSync(join(path, name))))
    symlinkSync(findProgram(tool), join(path, tool));
  if (hasher === "openssl") rmSync(join(path, "sha256sum"));
  return path;
}

const WAYS: readonly (readonly [string, () => Partial<WatchOptions>])[] = [
  ["python3", () => ({})],
  ["curl", () => ({ containerEnv: { PATH: curlOnly() } })],
];
const EACH = WAYS.flatMap(([way, options]) =>
  SHELLS.filter((sh) => sh !== "bash --posix").map((sh) => ({ way, sh, options })),
);

function aJob(script: string, more: Partial<WatchOptions> = {}): WatchedJob {
  const job = new WatchedJob({ script, pieces: true, ...more });
  jobs.push(job);
  return job;
}

/** Attaches, and gives an order as soon as the job is shown. */
async function ordered(job: WatchedJob, order: TestOrder, begin = 0): Promise<WatchedTerminal> {
  const terminal = job.attach();
  await terminal.says("attached");
  terminal.type(bucket.typed(order, begin));
  return terminal;
}

const sha256 = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");
const spoolOf = (pieces: readonly Sealed[]): Buffer =>
  Buffer.concat(pieces.filter(({ kind }) => kind === "out").map(({ body }) => body));

it.concurrent.each(EACH)(
  "the pieces of a followed job are its spool, byte by byte, and then its status, by $way under $sh",
  async ({ sh, options }) => {
    const order = new TestOrder();
    const job = aJob("seq 1000; sleep 1; seq 30000; echo err >&2; exit 7", { sh, ...options() });
    const terminal = await ordered(job, order);
    await until(() => bucket.pieces(order).length > 0);
    terminal.type(LEFT);
    const pieces = await bucket.ended(order);
    expect(pieces.every(({ isAuthentic }) => isAuthentic)).toBe(true);
    let at = 0;
    for (const [number, piece] of pieces.entries()) {
      expect(piece).toMatchObject({ number, begin: at });
      if (piece.kind === "out") at += piece.body.length;
    }
    expect(pieces.at(-1)?.body.toString()).toMatch(/^exited 0=7:\d+$/);
    expect(spoolOf(pieces).toString().split("\n").length).toBe(31_003);
    bucket.control(order, 1, at, ["taken"]);
    await until(() => job.directory === undefined && job.processes.length === 0);
    expect(sha256(spoolOf(pieces))).toHaveLength(64);
  },
  PATIENCE,
);
