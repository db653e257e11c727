/**
 * `node bench/transport.ts [MIB]`: the throughput of a session (plain and packed), of S3 and of `aws s3 cp`, and the time to the first
 * call.
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { seed } from "../local/seed.ts";
import { type LocalFargate, startLocalFargate } from "../local/start.ts";
import { environment } from "./environment.ts";
import { firstCalls } from "./first-call.ts";
import { awsCli } from "./floor.ts";
import { between, MIB, print } from "./output.ts";
import { median, range, row } from "./rows.ts";
import { waitForAgents } from "./step.ts";

const root = mkdtempSync(join(tmpdir(), "bench-"));

async function transport(mib: number): Promise<void> {
  const local = await startLocalFargate({ stopTimeout: 500 });
  try {
    const made = await seed(local);
    await waitForAgents(local);
    const speeds = new Map<string, number>();
    for (const [way, size] of [
      ["session", Math.min(mib, 5)],
      ["auto", mib],
      ["bucket", mib],
      ["auto with a bucket", mib],
    ] as const) {
      const logs = way === "auto with a bucket" ? "auto" : way;
      const carrier = { logs, ...(way.endsWith("bucket") && { bucket: made.bucket }) };
      const inputs = { cluster: made.cluster, service: made.service, run: print(size), ...carrier };
      const ms = await between({ ...(await environment(root, inputs)), ...local.env });
      speeds.set(way, size / (ms / 1000));
      const wire = (local.gateway.sessions.at(-1)?.bytes["to-client"] ?? 0) / MIB;
      console.log(
        `${way.padEnd(18)} ${size} MiB, on the wire ${wire.toFixed(1)}, in ${(ms / 1000).toFixed(1)} s: ` +
          `${(size / (ms / 1000)).toFixed(2)} MiB/s`,
      );
    }
    // A session of the session-manager-plugin is as fast as a plain one, since the agent sets the rate.
    const plain = speeds.get("session") ?? NaN;
    for (const [way, bar] of [
      ["auto", 5],
      ["bucket", 30],
      ["auto with a bucket", 30],
    ] as const) {
      const ratio = (speeds.get(way) ?? NaN) / plain;
      row(
        `${mib} MiB of text, \`logs: ${way}\``,
        `${ratio.toFixed(1)} times plain`,
        String(bar),
        ratio >= bar,
      );
    }
    const copied = mib / (await copySeconds(mib, made.bucket, local));
    const share = (speeds.get("bucket") ?? NaN) / copied;
    const what = `${mib} MiB of text by S3, beside \`aws s3 cp\` into the bucket, start-up deducted`;
    row(what, `${share.toFixed(2)} times its ${copied.toFixed(1)} MiB/s`, "0.5", share >= 0.5);
  } finally {
    await local.stop();
  }
}

/** Seconds that `aws s3 cp` takes for `mib` mebibytes more than for one byte: the best of three each. */
async function copySeconds(mib: number, bucket: string, local: LocalFargate): Promise<number> {
  const best = async (size: number): Promise<number> => {
    const file = join(root, "copied");
    writeFileSync(file, Buffer.alloc(size, "a line of some text\n"));
    const taken: number[] = [];
    for (let i = 0; i < 3; i += 1)
      taken.push(await awsCli(local, ["s3", "cp", file, `s3://${bucket}/copied`]));
    return Math.min(...taken);
  };
  return ((await best(mib * MIB)) - (await best(1))) / 1000;
}

async function startup(times: number): Promise<void> {
  const taken = await firstCalls(root, times);
  const node: number[] = [];
  for (let i = 0; i < times; i += 1) {
    const began = performance.now();
    execFileSync(process.execPath, ["-e", "0"]);
    node.push(performance.now() - began);
  }
  const [first, empty] = [median(taken), median(node)];
  row(
    "from the action's start to its first call",
    `${range(taken)}; an empty node takes ${empty.toFixed(0)} ms`,
    "150 ms",
    first <= 150,
  );
}

try {
  await startup(11);
  await transport(Number(process.argv[2] ?? 20));
} finally {
  rmSync(root, { recursive: true });
}
