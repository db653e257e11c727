/**
 * `node bench/queue.ts [JOBS] [SECONDS] [APART] [WAY] [BAR]`: jobs of SECONDS that meet in one container, with `start-timeout: 30s`. Each
 * begins APART seconds after the one before. WAY is `bucket` (the default) or `none` (no bucket); with `-logged` behind it, the container's
 * sessions are logged, so that the upload of a transcript holds a seat. Prints in what order the jobs ran, how many ran at once, how long each hand-over took, and what is left in the bucket.
 */
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { ListObjectVersionsCommand, S3Client } from "@aws-sdk/client-s3";
import { seed } from "../local/seed.ts";
import { startLocalFargate } from "../local/start.ts";
import { row } from "./rows.ts";
import { startStep, waitForAgents } from "./step.ts";
import { startWithoutLog } from "./start-without-log.ts";

const [JOBS, SECONDS, APART] = [2, 3, 4].map((at, index) => Number(process.argv[at] ?? [6, 10, 1][index]));
const WAY = process.argv[5] ?? "bucket";
const WITH_BUCKET = WAY.startsWith("bucket");
const LOGGED = WAY.endsWith("-logged");
/** Seconds that all jobs together may take. */
const BAR = process.argv[6] === undefined ? undefined : Number(process.argv[6]);

const root = mkdtempSync(join(tmpdir(), "bench-"));
const local = await startLocalFargate({ stopTimeout: 500, sessionLimit: 2 });
try {
  const names = await seed(local);
  const { cluster, bucket } = names;
  if (!LOGGED) await startWithoutLog(local, names);
  await waitForAgents(local, LOGGED ? 1 : 2);
  const task = local.tasks.at(-1)?.id ?? "";
  const where = { cluster, ...(WITH_BUCKET && { bucket }), task, "start-timeout": "30s" };
  const began = Date.now();
  const order: number[] = [];
  const ends = await Promise.all(
    Array.from({ length: JOBS ?? 0 }, async (_, index) => {
      await sleep((APART ?? 0) * 1000 * index);
      const own = join(root, String(index));
      mkdirSync(own);
      const run = `echo begun; date +begin=%s%N; sleep ${SECONDS}; date +end=%s%N`;
      const matrix = { matrix: JSON.stringify({ "job-index": index, "job-total": JOBS }) };
      const step = await startStep(own, { ...where, ...matrix, run }, local);
      step.line(/^begun$/m).then(
        () => order.push(index),
        () => undefined,
      );
      return { code: await step.ended, log: step.log() };
    }),
  );
  const green = ends.filter(({ code }) => code === 0).length;
  const seconds = (Date.now() - began) / 1000;
  console.log(`${green} of ${JOBS} green after ${seconds.toFixed(1)} s, in the order ${order.join(" ")}`);
  const atOnce = mostAtOnce(ends.map(({ log }) => log));
  console.log(`at most ${atOnce} at once`);
  if (BAR !== undefined) {
    const ways = [WITH_BUCKET ? "bucket" : "no bucket", ...(LOGGED ? ["sessions logged"] : [])];
    const what = `${JOBS} jobs of ${SECONDS} s that meet at one container, ${ways.join(", ")}`;
    const holds = green === JOBS && seconds <= BAR && atOnce > 1;
    row(what, `${green} green after ${seconds.toFixed(1)} s, ${atOnce} at once`, `${BAR} s`, holds);
  }
  for (const { code, log } of ends) if (code !== 0) console.log(log);
  console.log(
    `hand-overs: ${handOvers()
      .map((ms) => `${ms} ms`)
      .join(", ")}`,
  );
  console.log(`log of the last one:\n${ends.at(-1)?.log.replace(/^/gm, "  ")}`);
  const s3 = new S3Client({
    endpoint: local.url,
    region: local.region,
    credentials: local.admin,
    forcePathStyle: true,
  });
  const { Versions = [], DeleteMarkers = [] } = await s3.send(
    new ListObjectVersionsCommand({ Bucket: bucket }),
  );
  console.log(`left in the bucket: ${JSON.stringify([...Versions, ...DeleteMarkers].map(({ Key }) => Key))}`);
} finally {
  await local.stop();
  rmSync(root, { recursive: true });
}

/** How many jobs ran at the same time, by their own stamps. */
function mostAtOnce(logs: readonly string[]): number {
  const at = (log: string, what: string): number =>
    Number(new RegExp(`^${what}=(\\d+)$`, "m").exec(log)?.[1] ?? NaN);
  const times = logs.map((log) => ({ begin: at(log, "begin"), end: at(log, "end") }));
  return Math.max(
    ...times.map(({ begin }) => times.filter((other) => other.begin <= begin && begin < other.end).length),
  );
}

/** Milliseconds from the write that gives a seat back to the ExecuteCommand of the next job. */
function handOvers(): readonly number[] {
  const calls = local.requests.filter(
    ({ operation }) => operation === "ExecuteCommand" || /^(PUT|DELETE) .*\/claims\//.test(operation),
  );
  return calls.flatMap(({ operation, at }, index) => {
    const [release] = calls.slice(0, index).slice(-2);
    return operation === "ExecuteCommand" && index > 2 && release !== undefined ? [at - release.at] : [];
  });
}
