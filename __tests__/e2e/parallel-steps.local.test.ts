import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import {
  type JobResult,
  type JobStep,
  runJob,
  type StepsContext,
  type UsesStep,
} from "../../local/runner/job.ts";
import { runnerPatience } from "../../local/runner/process.ts";
import { Aws, type Inputs, jobLog, processes } from "../helpers/local.ts";
import { quietTime, UNHURRIED } from "../helpers/quiet-time.ts";
import { scaleService, serviceTasks } from "../helpers/service.ts";
import { itInSoak } from "../helpers/every-nth.ts";
import { eventually, until } from "../helpers/until.ts";

const TASKS = 2;
const STEPS = 5;
let aws: Aws;
beforeAll(async () => {
  aws = await Aws.start({ sessionLimit: 2 });
  await scaleService(aws, TASKS);
});
afterAll(() => aws.stop());

/** Runs the bundle in `dist/` in the steps of one job. */
async function runSteps(steps: readonly JobStep[], inputs = needed()): Promise<JobResult> {
  const workspace = mkdtempSync(join(tmpdir(), "workspace-"));
  try {
    const actionDir = resolve(import.meta.dirname, "../..");
    const env = { ...aws.world.local.env, ...aws.keysFor(inputs) };
    return await runJob({ actionDir, workspace, steps, env, patience: UNHURRIED });
  } finally {
    rmSync(workspace, { recursive: true });
  }
}

/** The inputs that say which rights the job's role needs. */
const needed = (): Inputs => ({ service: aws.world.made.service, bucket: aws.world.made.bucket });

/** A step in a task of the service, with the bucket. */
function uses(id: string, run: string, more: Partial<UsesStep> = {}): UsesStep {
  const { cluster, service, bucket } = aws.world.made;
  return { id, inputs: { cluster, service, bucket, run }, ...more };
}

/** The log of a running step. */
class Lines {
  readonly #lines: string[] = [];
  readonly add = (line: string): void => void this.#lines.push(line);

  /** Waits for a line, and fails with the log when none comes. */
  has(line: RegExp): Promise<void> {
    return until(
      () => this.#lines.some((one) => line.test(one)),
      () => this.#lines.join("\n"),
    );
  }
}

/** The last two words of each command in the service's tasks. */
const running = (): readonly string[] =>
  serviceTasks(aws).flatMap((task) =>
    processes(task).map(({ command }) => command.split(" ").slice(-2).join(" ")),
  );

it("five parallel steps of one job share the service's tasks, each with outputs, state and summary of its own", async () => {
  const ids = Array.from({ length: STEPS }, (_, at) => `part-${at}`);
  const before = running();
  let seen: StepsContext = new Map();
  const { conclusion, steps } = await runSteps([
    { parallel: ids.map((id) => uses(id, `echo "this is ${id}"; echo "not of ${id}" >&2; sleep 0.5`)) },
    { run: (context) => void (seen = new Map(context)) },
  ]);
  expect(conclusion).toBe("success");
  const of = (id: string, name: string): string | undefined => seen.get(id)?.[name];
  expect(ids.map((id) => of(id, "stdout"))).toEqual(ids.map((id) => `this is ${id}`));
  expect(ids.map((id) => of(id, "outcome"))).toEqual(ids.map(() => "succeeded"));
  expect(new Set(ids.map((id) => of(id, "session-id"))).size).toBe(STEPS);
  expect(new Set(ids.map((id) => of(id, "task-arn"))).size).toBe(TASKS);
  for (const [id, { result }] of steps) {
    if (result === undefined) throw new Error(`${id} has not run`);
    expect(jobLog(result).toSorted()).toEqual([`not of ${id}`, `this is ${id}`]);
    expect(result.annotations).toEqual([]);
    expect(result.summary.match(/### .*fargate-exec/g)).toHaveLength(1);
    expect(result.post).toMatchObject({ conclusion: "success", annotations: [] });
  }
  expect(await aws.objects()).toEqual([]);
  await eventually(running, before);
});

itInSoak(
  "three parallel steps without a bucket that begin at once have two sessions in one container at most",
  async () => {
    const [task] = serviceTasks(aws);
    const before = aws.world.local.gateway.sessions.length;
    const ids = Array.from({ length: 3 }, (_, at) => `part-${at}`);
    // GitHub gives each step of a job without a matrix these numbers.
    const alone = { matrix: '{"job-index": 0, "job-total": 1}' };
    const inputs = { cluster: aws.world.made.cluster, task: task?.id ?? "", run: "sleep 1", ...alone };
    const { conclusion } = await runSteps([{ parallel: ids.map((id) => ({ id, inputs })) }], inputs);
    expect(conclusion).toBe("success");
    const sessions = aws.world.local.gateway.sessions.slice(before);
    expect(sessions).toHaveLength(3);
    const atOnce = ({ createdAt: at }: (typeof sessions)[number]): number =>
      sessions.filter(({ createdAt, endedAt = Infinity }) => createdAt <= at && at < endedAt).length;
    expect(Math.max(...sessions.map(atOnce))).toBeLessThanOrEqual(2);
  },
);

const servers = [
  ["that ends on TERM", ""],
  ["that ignores TERM", "trap '' TERM; "],
] as const;

itInSoak.each(servers)(
  "'cancel' ends a step that waits in the queue, and one with a script %s before the runner would kill them, their outputs are set, the next one has the seat, and the job is green",
  async (_, trap) => {
    const before = running();
    const [task] = serviceTasks(aws);
    const { cluster, bucket } = aws.world.made;
    const inputs = (run: string) => ({ cluster, bucket, task: task?.id ?? "", run });
    const server = new Lines();
    const queued = new Lines();
    const took = { queued: Infinity, server: Infinity };
    let seen: StepsContext = new Map();
    const { conclusion, steps } = await runSteps([
      // A step whose output S3 carries would soon give its seat back.
      {
        id: "server",
        background: true,
        inputs: { ...inputs(`${trap}echo begun; sleep 301 & sleep 302; sleep 303`), logs: "session" },
        onLine: server.add,
      },
      { run: () => server.has(/^begun$/) },
      { id: "queued", background: true, inputs: inputs("echo never"), onLine: queued.add },
      { run: () => queued.has(/waiting for its seat/) },
      { run: () => void (took.queued = -quietTime()) },
      { cancel: ["queued"] },
      { run: () => void (took.queued += quietTime()) },
      { run: () => void (took.server = -quietTime()) },
      { cancel: ["server"] },
      {
        run: () => {
          took.server += quietTime();
          expect(running().filter((command) => command.startsWith("sleep 30"))).toEqual([]);
        },
      },
      { id: "next", inputs: inputs("echo next") },
      { run: (context) => void (seen = new Map(context)) },
    ]);
    expect(took.queued).toBeLessThan(runnerPatience.interrupt);
    expect(took.server).toBeLessThan(runnerPatience.interrupt);
    expect(seen.get("queued")).toMatchObject({ outcome: "cancelled", "exit-code": "" });
    expect(seen.get("server")).toMatchObject({ outcome: "cancelled", "exit-code": "130", stdout: "begun" });
    expect(seen.get("next")).toMatchObject({ outcome: "succeeded", stdout: "next" });
    expect(steps.get("server")?.conclusion).toBe("cancelled");
    expect(conclusion).toBe("success");
    expect(await aws.objects()).toEqual([]);
    await eventually(running, before);
  },
);
