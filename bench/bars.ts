/**
 * `npm run bench bars`: prints each figure that has a bar, beside its bar, in seven minutes on a machine that does nothing else. At the end it
 * names the longer runs. A missed bar does not fail the command, since the figures of a busy machine prove nothing.
 */
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { loadavg } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { gzipSync } from "node:zlib";
import { actionDir } from "./environment.ts";
import { row, ROW } from "./rows.ts";

const BENCHES: readonly (readonly string[])[] = [
  ["latency.ts", "5"],
  ["arrival.ts"],
  ["post.ts"],
  ["queue.ts", "2", "2", "0", "none", "6"],
  ["queue.ts", "2", "2", "0", "none-logged", "6"],
  ["queue.ts", "12", "6", "0", "bucket", "35"],
  ["queue.ts", "12", "6", "0", "bucket-logged", "35"],
  ["transport.ts", "20"],
  ["matrix.ts", "32"],
];

const LONGER = `What takes longer:
  exit codes 0 to 255: __tests__/e2e (the table of statuses); output under each fault and carrier: npm run soak carriers, npm run soak fuzz
  a matrix of 256: node bench/matrix.ts; a fan-out of 300 and 1,000 tasks: npm run soak fan, with FAN_TASKS=300
  meetings of 40 jobs, two at once, without a bucket: npm run soak meeting; what 50 jobs leave: npm run soak census
  the time for twice as many hostile bytes: npm run bench linear
  memory while 1 GB of output is followed: npm run soak output; files and artifacts: npm run soak files`;

const began = Date.now();
for (const [bench = "", ...words] of BENCHES) await show(bench, words);
archive();
console.log(LONGER);
console.log(`${((Date.now() - began) / 60_000).toFixed(1)} minutes; load ${load()}`);

async function show(bench: string, words: readonly string[]): Promise<void> {
  console.log(`# ${[bench, ...words].join(" ")}, load ${load()}`);
  const child = spawn(process.execPath, [join(import.meta.dirname, bench), ...words], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  for await (const line of createInterface(child.stdout)) if (line.startsWith(ROW)) console.log(line);
  if (child.exitCode === null) await once(child, "exit");
  if (child.exitCode !== 0) console.log(`${ROW}FAILED | ${bench} | exit code ${child.exitCode ?? "none"}`);
}

/** Measures what a runner downloads for a user's job. */
function archive(): void {
  const bytes = execFileSync("git", ["archive", "HEAD"], { cwd: actionDir, maxBuffer: 1e8 });
  const mb = gzipSync(bytes).length / 1e6;
  row("what a runner downloads for a job, packed", `${mb.toFixed(2)} MB`, "0.7 MB", mb <= 0.7);
}

function load(): string {
  return loadavg()[0]?.toFixed(1) ?? "?";
}
