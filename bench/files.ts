/**
 * `node bench/files.ts [MB] [TIMES]`: how fast files of random bytes go into a container and back by the bucket, and 16 MB each way by the
 * session. By the bucket, each way takes one copy to S3 and one from S3, so `aws s3 cp` makes these two copies in turns with the steps.
 */
import { randomBytes } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { seed } from "../local/seed.ts";
import { startLocalFargate } from "../local/start.ts";
import { awsCli } from "./floor.ts";
import { median } from "./rows.ts";
import { startStep, waitForAgents } from "./step.ts";

const MEGABYTES = Number(process.argv[2] ?? 200);
const TIMES = Number(process.argv[3] ?? 3);
/** Megabytes that go by the session. */
const TYPED = 16;
/** By the bucket: a share of the throughput of `aws s3 cp`. */
const BAR = 0.8;
/** By the session, in MB/s. */
const TYPED_BAR = 4;
const MB = 1_000_000;

const root = mkdtempSync(join(tmpdir(), "bench-"));
const local = await startLocalFargate({ stopTimeout: 500 });
try {
  const { cluster, bucket } = await seed(local);
  await waitForAgents(local);
  const task = { cluster, task: local.tasks[0]?.id ?? "" };
  for (const [name, size] of [
    ["large", MEGABYTES],
    ["typed", TYPED],
  ] as const) {
    mkdirSync(join(root, name));
    for (let part = 0; part < 4; part += 1)
      writeFileSync(join(root, name, String(part)), randomBytes((size * MB) / 4));
  }
  // A server's log: text that packs as most text does.
  mkdirSync(join(root, "text"));
  writeFileSync(join(root, "text/log"), logOf((TYPED - 0.2) * MB));
  const bySession = (name: string): Record<string, string> => ({
    ...task,
    files: `${name}=/opt/${name}`,
    run: "true",
  });
  const back = (name: string): Record<string, string> => ({
    ...task,
    artifacts: `/opt/${name}`,
    run: "true",
  });
  await compare({ ...task, bucket }, bucket, {
    in: { ...bySession("large"), bucket },
    back: { ...back("large"), bucket, "artifacts-max-size": `${2 * MEGABYTES} MB` },
  });
  const empty = await seconds({ ...task, run: "true" });
  for (const name of ["text", "typed"])
    for (const [way, inputs] of [
      ["in", bySession(name)],
      ["back", back(name)],
    ] as const)
      tell(
        `${TYPED} MB of ${name === "text" ? "text" : "random bytes"} ${way} by the session`,
        TYPED,
        (await seconds(inputs)) - empty,
      );
} finally {
  await local.stop();
  rmSync(root, { recursive: true });
}

/** Prints the medians of all, measured in turns. */
async function compare(
  empty: Record<string, string>,
  bucket: string,
  ways: Readonly<Record<"in" | "back", Record<string, string>>>,
): Promise<void> {
  const taken: Record<"up" | "down" | "empty" | "in" | "back", number[]> = {
    up: [],
    down: [],
    empty: [],
    in: [],
    back: [],
  };
  for (let time = 0; time < TIMES; time += 1) {
    taken.up.push(await copy(join(root, "large"), `s3://${bucket}/bench`));
    taken.down.push(await copy(`s3://${bucket}/bench`, join(root, "copied")));
    taken.empty.push(await seconds({ ...empty, run: "true" }));
    taken.in.push(await seconds(ways.in));
    taken.back.push(await seconds(ways.back));
  }
  const of = (name: keyof typeof taken): number => median(taken[name]);
  const both = of("up") + of("down");
  console.log(
    `aws s3 cp: ${of("up").toFixed(1)} s to S3, ${of("down").toFixed(1)} s from it; a step without files ${of("empty").toFixed(1)} s`,
  );
  for (const way of ["in", "back"] as const) {
    const more = of(way) - of("empty");
    tell(`${MEGABYTES} MB ${way} by the bucket`, MEGABYTES, more);
    console.log(`  ${(both / more).toFixed(2)} times as fast as the two copies (bar ${BAR})`);
  }
}

function tell(what: string, megabytes: number, took: number): void {
  const bar = what.includes("text") ? ` (bar ${TYPED_BAR})` : "";
  console.log(`${what}: ${took.toFixed(1)} s more than without, ${(megabytes / took).toFixed(1)} MB/s${bar}`);
}

async function seconds(inputs: Record<string, string>): Promise<number> {
  const step = await startStep(root, inputs, local);
  if ((await step.ended) !== 0) throw new Error(step.log());
  return (Date.now() - step.began) / 1000;
}

/** Seconds that `aws s3 cp` takes, its own start included. */
async function copy(from: string, to: string): Promise<number> {
  return (await awsCli(local, ["s3", "cp", "--quiet", "--recursive", from, to])) / 1000;
}

function logOf(bytes: number): string {
  const lines: string[] = [];
  for (let size = 0, at = 0; size < bytes; at += 1) {
    const line = `2026-03-01T00:00:00.${at % 1000}Z INFO [shop.http] worker-${Math.floor(Math.random() * 4)} GET /orders/${Math.floor(Math.random() * 1e6)} 200 in ${Math.floor(Math.random() * 40)} ms\n`;
    size += line.length;
    lines.push(line);
  }
  return lines.join("");
}
