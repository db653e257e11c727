/**
 * `node bench/transport.ts`: the throughput of a session, plain and packed, and of S3, that of the recorders, and the time
 * to the first call.
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { seed } from "../local/seed.ts";
import { startLocalFargate } from "../local/start.ts";
import { environment } from "./environment.ts";
import { firstCalls } from "./first-call.ts";
import { between, MIB, print } from "./output.ts";
import { recorders } from "./recorders.ts";
import { takingSessions } from "./step.ts";

const root = mkdtempSync(join(tmpdir(), "bench-"));

async function transport(mib: number): Promise<void> {
  const local = await startLocalFargate({ stopTimeout: 500 });
  try {
    const made = await seed(local);
    await takingSessions(local);
    const speeds = new Map<string, number>();
    for (const [way, size] of [
      ["plain", Math.min(mib, 10)],
      ["packed", mib],
      ["s3", mib],
      ["auto", mib],
    ] as const) {
      const hasBucket = way === "s3" || way === "auto";
      const carrier = { transport: way, ...(hasBucket && { bucket: made.bucket }) };
      const inputs = { cluster: made.cluster, service: made.service, run: print(size), ...carrier };
      const ms = await between({ ...(await environment(root, inputs)), ...local.env });
      speeds.set(way, size / (ms / 1000));
      const wire = (local.gateway.sessions.at(-1)?.bytes["to-client"] ?? 0) / MIB;
      console.log(
        `${way.padEnd(7)} ${size} MiB, on the wire ${wire.toFixed(1)}, in ${(ms / 1000).toFixed(1)} s: ` +
          `${(size / (ms / 1000)).toFixed(2)} MiB/s`,
      );
    }
    // A session of the session-manager-plugin carries what a plain one does: the agent sets the rate.
    for (const [way, bar] of [
      ["packed", 5],
      ["s3", 30],
      ["auto", 30],
    ] as const)
      console.log(
        `${way} is ${((speeds.get(way) ?? 0) / (speeds.get("plain") ?? 1)).toFixed(1)} times plain (bar ${bar})`,
      );
  } finally {
    await local.stop();
  }
}

async function startup(times: number): Promise<void> {
  const taken = await firstCalls(root, times);
  taken.sort((a, b) => a - b);
  const node: number[] = [];
  for (let i = 0; i < times; i += 1) {
    const began = performance.now();
    execFileSync(process.execPath, ["-e", "0"]);
    node.push(performance.now() - began);
  }
  node.sort((a, b) => a - b);
  const middle = Math.floor(times / 2);
  console.log(
    `first AWS call after ${taken[middle]?.toFixed(0) ?? "?"} ms (median of ${times}; least ${taken[0]?.toFixed(0) ?? "?"}); ` +
      `an empty node takes ${node[middle]?.toFixed(0) ?? "?"} ms`,
  );
}

try {
  await startup(11);
  recorders(root, 20);
  await transport(Number(process.argv[2] ?? 20));
} finally {
  rmSync(root, { recursive: true });
}
