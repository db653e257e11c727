import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { runnerEnvironment } from "../../demo/runner/environment.ts";
import { mergeInputs, readManifest } from "../../demo/runner/manifest.ts";
import type { Orders } from "../../local/orders.ts";
import { Aws, type Inputs } from "../helpers/local.ts";

const actionDir = resolve(import.meta.dirname, "../..");

interface Run {
  readonly exitCode: number | null;
  /** MiB of memory that the action's process had, from the least to the most. */
  readonly memory: readonly number[];
}

/** Runs the action's main part alone, since a runner reads text where this wants bytes. */
async function runMain(aws: Aws, inputs: Inputs, onBytes: (bytes: Buffer) => void): Promise<Run> {
  const root = mkdtempSync(join(tmpdir(), "runner-"));
  const given = mergeInputs(await readManifest(actionDir), inputs).inputs;
  const place = { temp: root, home: root, workspace: root, eventPath: join(root, "event.json"), actionDir };
  const files = Object.fromEntries(
    ["OUTPUT", "STATE", "STEP_SUMMARY"].map((name) => [`GITHUB_${name}`, join(root, name)]),
  );
  for (const path of Object.values(files)) writeFileSync(path, "");
  const child = spawn(process.execPath, [join(actionDir, "dist/index.js")], {
    stdio: ["ignore", "pipe", "inherit"],
    env: {
      ...runnerEnvironment(place),
      ...aws.world.local.env,
      ...Object.fromEntries([...given].map(([name, value]) => [`INPUT_${name.toUpperCase()}`, value])),
      ...files,
    },
  });
  const memory: number[] = [];
  const sampling = setInterval(() => memory.push(residentMiB(child.pid ?? 0)), 50);
  try {
    child.stdout.on("data", onBytes);
    const exitCode = await new Promise<number | null>((done) => child.once("close", done));
    return { exitCode, memory: memory.sort((a, b) => a - b) };
  } finally {
    clearInterval(sampling);
    rmSync(root, { recursive: true });
  }
}

function residentMiB(pid: number): number {
  try {
    return Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, "latin1"))?.[1] ?? 0) / 1024;
  } catch {
    return 0; // It has just ended.
  }
}

/** What the action shows of the job: from its header on to the guard's end, without what it says itself. */
function shown(all: Buffer): Buffer {
  const text = all.toString("latin1");
  const [header] = /^fargate-exec run=.*\n/m.exec(text) ?? [];
  if (header === undefined) throw new Error(`no job in this output:\n${text}`);
  const before = text.slice(0, text.indexOf(header));
  const token = before.slice(before.lastIndexOf("::stop-commands::") + "::stop-commands::".length, -1);
  const job = text.slice(before.length + header.length, text.lastIndexOf(`::${token.split("\n")[0]}::\n`));
  const own =
    /^(Session '?ecs-execute-command-|::debug::|The job is over; |The exec agent still uploads ).*\n/gm;
  return Buffer.from(job.replace(own, ""), "latin1");
}

const SIZE = 5_000_000;
const random = `head -c ${SIZE} /dev/urandom >/var/tmp/bytes
cat /var/tmp/bytes
exit 6
`;

const sha256 = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

const cases: readonly (readonly [string, Inputs, Orders])[] = [
  ["live", {}, {}],
  ["live, after cuts", {}, { link: { cut: { afterFrames: [200, 1500], times: 8 } } }],
  [
    "live, in one session after another",
    {},
    {
      link: { sessions: 3, cut: { afterFrames: [1500, 2500] } },
      gateway: { reuseTokens: false, resume: "empty" },
    },
  ],
  ["out of a transcript", { logs: "s3" }, {}],
];

interface Bulk {
  readonly exitCode: number | null;
  readonly file: Buffer;
  readonly output: Buffer;
}

let bulks: readonly Bulk[];

// All at once, each on a Fargate of its own: most of the time they wait for the agent.
beforeAll(async () => {
  bulks = await Promise.all(cases.map(([, more, orders]) => bulk(more, orders)));
}, 120_000);

async function bulk(more: Inputs, orders: Orders): Promise<Bulk> {
  const aws = await Aws.start();
  try {
    const cluster = aws.world.made.loggedCluster;
    const task = await aws.runningTask(undefined, cluster);
    await aws.world.local.inject(orders);
    const chunks: Buffer[] = [];
    const inputs = { cluster, task: task.id, run: random, transport: "packed", ...more };
    const { exitCode } = await runMain(aws, inputs, (bytes) => chunks.push(bytes));
    const file = readFileSync(`/proc/${task.containers[0]?.handle?.pid ?? 0}/root/var/tmp/bytes`);
    return { exitCode, file, output: shown(Buffer.concat(chunks)) };
  } finally {
    await aws.stop();
  }
}

it.each(cases.map(([name], at) => [name, at] as const))(
  "5 MB of random bytes arrive as they were: %s",
  (_name, at) => {
    const one = bulks[at];
    if (one === undefined) throw new Error("not run");
    const { exitCode, file, output } = one;
    expect([exitCode, file.length]).toEqual([1, SIZE]);
    // The last line gets an end where it has none.
    const whole = file.at(-1) === 10 ? file : Buffer.concat([file, Buffer.from("\n")]);
    expect([output.length, sha256(output)]).toEqual([whole.length, sha256(whole)]);
  },
);

it("200 MB are shown in flat memory", async () => {
  const aws = await Aws.start();
  const task = await aws.runningTask();
  const lines = 2_000_000;
  const text = "a line of ninety-nine characters ".repeat(3);
  // Every thousandth has its number: the others make the stream one that packs well.
  const line = (at: number): string => (at % 1000 === 0 ? `line ${at}`.padEnd(99) : text);
  const run = `#!/usr/bin/env python3
import sys
for i in range(0, ${lines}, 1000):
    sys.stdout.write(f"line {i}".ljust(99) + "\\n" + ${JSON.stringify(`${text}
`)} * 999)
`;
  const expected = createHash("sha256");
  for (let at = 0; at < lines; at += 1000) expected.update(`${line(at)}\n${`${text}\n`.repeat(999)}`);
  const seen = createHash("sha256");
  let size = 0;
  let before = Buffer.alloc(0);
  let begun = false;
  const { exitCode, memory } = await runMain(
    aws,
    { cluster: aws.world.made.cluster, task: task.id, run, transport: "packed" },
    (bytes) => {
      let data = bytes;
      if (!begun) {
        // From the end of the header on.
        before = Buffer.concat([before, data]);
        const [head] = /[^]*^fargate-exec run=.*\n/m.exec(before.toString("latin1")) ?? [];
        if (head === undefined) return;
        begun = true;
        data = before.subarray(head.length);
      }
      // What follows the job's output is not counted.
      const rest = data.subarray(0, Math.max(0, lines * 100 - size));
      seen.update(rest);
      size += rest.length;
    },
  );
  await aws.stop();
  expect([exitCode, size, seen.digest("hex")]).toEqual([0, lines * 100, expected.digest("hex")]);
  const most = memory.at(-1);
  expect(most).toBeGreaterThan(50);
  expect(most).toBeLessThanOrEqual(150);
}, 120_000);
