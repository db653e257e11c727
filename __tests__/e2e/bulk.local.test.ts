import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { runnerEnvironment } from "../../demo/runner/environment.ts";
import { mergeInputs, readManifest } from "../../demo/runner/manifest.ts";
import type { Orders } from "../../local/orders.ts";
import { Aws, type Inputs } from "../helpers/local.ts";

const actionDir = resolve(import.meta.dirname, "../..");

let aws: Aws;

beforeAll(async () => {
  aws = await Aws.start();
}, 30_000);
afterEach(() => aws.world.local.calm());
afterAll(() => aws.stop());

interface Run {
  readonly exitCode: number | null;
  /** MiB of memory that the action's process had at the most. */
  readonly memory: number;
}

/** Runs the action's main part alone, since a runner reads text where this wants bytes. */
async function runMain(inputs: Inputs, onBytes: (bytes: Buffer) => void): Promise<Run> {
  const root = mkdtempSync(join(tmpdir(), "runner-"));
  const given = mergeInputs(await readManifest(actionDir), inputs).inputs;
  const place = { temp: root, home: root, workspace: root, eventPath: join(root, "event.json"), actionDir };
  const child = spawn(process.execPath, [join(actionDir, "dist/index.js")], {
    stdio: ["ignore", "pipe", "inherit"],
    env: {
      ...runnerEnvironment(place),
      ...aws.world.local.env,
      ...Object.fromEntries([...given].map(([name, value]) => [`INPUT_${name.toUpperCase()}`, value])),
      GITHUB_STEP_SUMMARY: "",
    },
  });
  let memory = 0;
  const sampling = setInterval(() => (memory = Math.max(memory, residentMiB(child.pid ?? 0))), 50);
  try {
    child.stdout.on("data", onBytes);
    const exitCode = await new Promise<number | null>((done) => child.once("close", done));
    return { exitCode, memory };
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

/** What the action shows of the job: all between the guards but the header, and without what it says itself. */
function shown(all: Buffer): Buffer {
  const text = all.toString("latin1");
  const [stop, token] = /^::stop-commands::(.*)\n.*\n/m.exec(text) ?? [];
  if (stop === undefined) throw new Error(`no job in this output:\n${text}`);
  const from = text.indexOf(stop) + stop.length;
  const job = text.slice(from, text.lastIndexOf(`::${token ?? ""}::\n`));
  const own = /^(Session '?ecs-execute-command-|::debug::|The job is over; ).*\n/gm;
  return Buffer.from(job.replace(own, ""), "latin1");
}

const SIZE = 5_000_000;
const random = (name: string): string => `head -c ${SIZE} /dev/urandom >/var/tmp/${name}
cat /var/tmp/${name}
exit 6
`;

const sha256 = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

it.each<[string, string, Inputs, Orders]>([
  ["live", "live", {}, {}],
  ["live, after cuts", "cut", {}, { link: { cut: { afterFrames: [200, 1500], times: 8 } } }],
  [
    "live, in one session after another",
    "again",
    {},
    {
      link: { sessions: 3, cut: { afterFrames: [1500, 2500] } },
      gateway: { reuseTokens: false, resume: "empty" },
    },
  ],
  ["out of a transcript", "s3", { logs: "s3" }, {}],
])(
  "5 MB of random bytes arrive as they were: %s",
  async (_, name, more, orders) => {
    const { local, made } = aws.world;
    const task = await aws.runningTask(undefined, made.loggedCluster);
    await local.inject(orders);
    const chunks: Buffer[] = [];
    const inputs = {
      ...{ cluster: made.loggedCluster, task: task.id, run: random(name), transport: "packed" },
      ...more,
    };
    const { exitCode } = await runMain(inputs, (bytes) => chunks.push(bytes));
    expect(exitCode).toBe(1);
    const file = readFileSync(`/proc/${task.containers[0]?.handle?.pid ?? 0}/root/var/tmp/${name}`);
    // The last line gets an end where it has none.
    const whole = file.at(-1) === 10 ? file : Buffer.concat([file, Buffer.from("\n")]);
    const output = shown(Buffer.concat(chunks));
    expect([output.length, sha256(output)]).toEqual([whole.length, sha256(whole)]);
  },
  90_000,
);

it("200 MB are shown in flat memory", async () => {
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
    { cluster: aws.world.made.cluster, task: task.id, run, transport: "packed" },
    (bytes) => {
      let data = bytes;
      if (!begun) {
        // From the end of the header on.
        before = Buffer.concat([before, data]);
        const [head] = /[^]*^::stop-commands::.*\n.*\n/m.exec(before.toString("latin1")) ?? [];
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
  expect([exitCode, size, seen.digest("hex")]).toEqual([0, lines * 100, expected.digest("hex")]);
  expect(memory).toBeGreaterThan(20);
  expect(memory).toBeLessThanOrEqual(150);
}, 120_000);
