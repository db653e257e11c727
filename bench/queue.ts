/**
 * `node bench/queue.ts [jobs] [seconds] [apart]`: jobs of `seconds` that meet in one container, each begun `apart` seconds after
 * the one before, with a bucket and `start-timeout: 30s`. Says in what order they ran, how long a hand-over took, and what
 * is left in the bucket.
 */
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { ListObjectVersionsCommand, S3Client } from "@aws-sdk/client-s3";
import { seed } from "../local/seed.ts";
import { startLocalFargate } from "../local/start.ts";
import { startStep, takingSessions } from "./step.ts";

const [JOBS, SECONDS, APART] = [2, 3, 4].map((at, index) => Number(process.argv[at] ?? [6, 10, 1][index]));

const root = mkdtempSync(join(tmpdir(), "bench-"));
const local = await startLocalFargate({ stopTimeout: 500, sessionLimit: 2 });
try {
  const { cluster, bucket } = await seed(local);
  await takingSessions(local);
  const where = { cluster, bucket, task: local.tasks[0]?.id ?? "", "start-timeout": "30s" };
  const began = Date.now();
  const order: number[] = [];
  const ends = await Promise.all(
    Array.from({ length: JOBS ?? 0 }, async (_, index) => {
      await sleep((APART ?? 0) * 1000 * index);
      const own = join(root, String(index));
      mkdirSync(own);
      const step = await startStep(own, { ...where, run: `echo begun; sleep ${SECONDS}` }, local);
      step.line(/^begun$/m).then(
        () => order.push(index),
        () => undefined,
      );
      return { code: await step.ended, log: step.log() };
    }),
  );
  const green = ends.filter(({ code }) => code === 0).length;
  console.log(
    `${green} of ${JOBS} green after ${((Date.now() - began) / 1000).toFixed(1)} s, in the order ${order.join(" ")}`,
  );
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

/** From the write that gives a place back to the ExecuteCommand of the next run. */
function handOvers(): readonly number[] {
  const calls = local.requests.filter(
    ({ operation }) => operation === "ExecuteCommand" || /^(PUT|DELETE) .*\/claims\//.test(operation),
  );
  return calls.flatMap(({ operation, at }, index) => {
    const [release] = calls.slice(0, index).slice(-2);
    return operation === "ExecuteCommand" && index > 2 && release !== undefined ? [at - release.at] : [];
  });
}
