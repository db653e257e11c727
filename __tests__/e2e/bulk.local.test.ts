import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import type { Orders } from "../../local/orders.ts";
import { Aws, type Inputs } from "../helpers/local.ts";
import { runMain } from "../helpers/main-process.ts";
import { EXIT_CODE, runSized, type SizedJob } from "../helpers/sizes.ts";
import { everyNth, itInSoak } from "../helpers/every-nth.ts";

/** The job's output as shown: from its header to the cleanup, under one guard, without the action's own lines. */
function shown(all: Buffer): Buffer {
  const text = all.toString("latin1");
  const [header] = /^fargate-exec run=.*\n/m.exec(text) ?? [];
  if (header === undefined) throw new Error(`no job in this output:\n${text}`);
  const before = text.slice(0, text.indexOf(header));
  const token = before.slice(before.lastIndexOf("::stop-commands::") + "::stop-commands::".length, -1);
  const guarded = text.slice(
    before.length + header.length,
    text.lastIndexOf(`::${token.split("\n")[0]}::\n`),
  );
  const job = guarded.slice(0, guarded.lastIndexOf("##[group]Cleaning up\n"));
  const own =
    /^(##\[(end)?group\]|waiting for |Session '?ecs-execute-command-|::debug::|The job is over; |The exec agent still uploads ).*\n/gm;
  return Buffer.from(job.replace(own, ""), "latin1");
}

const SIZE = 2_500_000;
// The exec agent damages bytes that are not UTF-8 in the lines that come before the first packed part.
const random = `base64 /dev/urandom | head -c ${SIZE} >/var/tmp/bytes
cat /var/tmp/bytes
exit 6
`;

const sha256 = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

const all: readonly (readonly [string, Inputs, Orders])[] = [
  ["live", {}, {}],
  ["live, after cuts", {}, { link: { cut: { afterFrames: [100, 750], times: 8 } } }],
  [
    "live, in one session after another",
    {},
    {
      link: { sessions: 3, cut: { afterFrames: [750, 1250] } },
      gateway: { reuseTokens: false, resume: "empty" },
    },
  ],
  ["from a transcript", { logs: "s3" }, {}],
];

const cases = everyNth(all, 4);

interface Bulk {
  readonly exitCode: number | null;
  readonly file: Buffer;
  readonly output: Buffer;
}

let bulks: readonly Bulk[];

// All at once, each on a Fargate of its own, since they mostly wait for the agent.
beforeAll(async () => {
  bulks = await Promise.all(cases.map(([, more, orders]) => runBulk(more, orders)));
});

async function runBulk(more: Inputs, orders: Orders): Promise<Bulk> {
  const aws = await Aws.start();
  try {
    // Where the cluster asks for a log of its sessions, nothing is packed.
    const cluster = more["logs"] === "s3" ? aws.world.made.loggedCluster : aws.world.made.cluster;
    const task = await aws.runningTask(undefined, cluster);
    await aws.world.local.inject(orders);
    const chunks: Buffer[] = [];
    const inputs = { cluster, task: task.id, run: random, ...more };
    const { exitCode } = await runMain(aws, inputs, (bytes) => chunks.push(bytes));
    const file = readFileSync(`/proc/${task.containers[0]?.handle?.pid ?? 0}/root/var/tmp/bytes`);
    return { exitCode, file, output: shown(Buffer.concat(chunks)) };
  } finally {
    await aws.stop();
  }
}

it.each(cases.map(([name], at) => [name, at] as const))(
  "2.5 MB of random text arrive unchanged: %s",
  (_name, at) => {
    const one = bulks[at];
    if (one === undefined) throw new Error("not run");
    const { exitCode, file, output } = one;
    expect([exitCode, file.length]).toEqual([1, SIZE]);
    // A last line without a line end gets one.
    const whole = file.at(-1) === 10 ? file : Buffer.concat([file, Buffer.from("\n")]);
    expect([output.length, sha256(output)]).toEqual([whole.length, sha256(whole)]);
  },
);

const MB = 1_000_000;

/** soak/output.ts does the same with larger sizes. */
const sizes: readonly (readonly [string, SizedJob, held: boolean])[] = [
  ["60 MB through a disk of 24 MB", { bytes: 60 * MB, disk: 24 }, true],
  ["60 MB without a line end", { bytes: 60 * MB, unbroken: true }, false],
];

itInSoak.each(everyNth(sizes, 2))(
  "%s arrive byte for byte, with the exit status, in memory that does not grow with the output",
  async (_name, job, held) => {
    const { wrong, exitCode, outputs, others, runner, container, mostDisk } = await runSized(job);
    expect([wrong, exitCode, outputs["exit-code"]]).toEqual([undefined, 1, String(EXIT_CODE)]);
    expect(others.some((line) => line.startsWith("The job is held"))).toBe(held);
    expect(mostDisk).toBeLessThan(job.disk ?? Infinity);
    // Node's minimum, which shows that memory was measured.
    expect(runner.most).toBeGreaterThan(50);
    expect(runner.most).toBeLessThanOrEqual(150);
    for (const part of ["recorder", "attacher"]) expect(container.get(part)?.most).toBeGreaterThan(1);
    for (const { most } of container.values()) expect(most).toBeLessThan(20);
  },
);
