import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { StepResult } from "../../local/runner/step.ts";
import type { Task } from "../../local/task/task.ts";
import { SIGTERM_AFTER_MS } from "../../src/undo/budget.ts";
import { Aws, mainLog, pidOf, processes, type Inputs, type StepOptions } from "../helpers/local.ts";
import { runMain } from "../helpers/main-process.ts";
import { quietTime, UNHURRIED } from "../helpers/quiet-time.ts";
import { eventually } from "../helpers/until.ts";
import { itInSoak } from "../helpers/every-nth.ts";

/** A main that was so long without a processor may have had no time for all that it does after a cancel. On a quiet machine it never is. */
const LONG_WITHOUT_MS = 2_500;

let aws: Aws;
beforeAll(async () => {
  aws = await Aws.start();
});

afterAll(() => aws.stop());

interface CancelledStep {
  readonly result: StepResult;
  /** From the cancel to the end of main, by `quietTime`. */
  readonly took: number;
  /** How long some process waited for a processor in that time. */
  readonly waited: number;
}

/** Cancels the step as soon as its log has a line like this. */
async function cancelAt(line: RegExp, inputs: Inputs, options: StepOptions = {}): Promise<CancelledStep> {
  const button = new AbortController();
  let at: number | undefined;
  let took = NaN;
  let since = 0;
  let waited = NaN;
  const result = await aws.step(inputs, {
    ...options,
    patience: UNHURRIED,
    signal: button.signal,
    beforePost: async (outputs) => {
      took = quietTime() - (at ?? NaN);
      waited = performance.now() - since - took;
      await options.beforePost?.(outputs);
    },
    onLine: (text) => {
      if (at !== undefined || !line.test(text)) return;
      at = quietTime();
      since = performance.now();
      button.abort();
    },
  });
  expect(at).toBeDefined();
  return { result, took, waited };
}

const staged = (): Inputs => ({ ...aws.newTask(), bucket: aws.world.made.bucket });

it("a cancel while the job runs in a task of its own: main stops the task, after it has taken the artifacts for which there is time", async () => {
  const temp = mkdtempSync(join(tmpdir(), "runner-temp-"));
  const run = `cd /tmp; echo s >a-small; head -c 3000000 /dev/urandom >a-larger; truncate -s 100G a-huge
    until [ -e "\${0%/*}/stays" ] || [ ! -e "\${0%/*}/attacher" ]; do sleep 0.1; done; echo begun; sleep 300`;
  const artifacts = {
    artifacts: "/tmp/a-*",
    "artifacts-path": join(temp, "back"),
    "artifacts-max-size": "200 GB",
  };
  const inputs = { ...staged(), logs: "bucket", ...artifacts, run };
  const cancelled = await cancelAt(/^begun$/, inputs, { env: { RUNNER_TEMP: temp } });
  const task = aws.taskOf(cancelled.result);
  expect(aws.calls("StopTask", task.arn)).not.toEqual([]);
  // On a busy machine post may stop the task again, since main has not heard the answer, and the deletes may be left to it. There may be no time for a-larger.
  // a-huge never comes.
  if (cancelled.waited < LONG_WITHOUT_MS) {
    expect(aws.calls("StopTask", task.arn)).toHaveLength(1);
    expect(cancelled.result.post?.log.join("\n")).not.toContain("Stopping task");
    expect(readdirSync(join(temp, "back/tmp"))).toContain("a-small");
  }
  expect(cancelled.took).toBeLessThan(SIGTERM_AFTER_MS);
  expect(await aws.objects()).toEqual([]);
  await task.ended;
  expect(cancelled.result.conclusion).toBe("cancelled");
  expect(cancelled.result.outputs).toMatchObject({
    ...{ outcome: "cancelled", "exit-code": "130" },
    stdout: "begun",
  });
  expect(cancelled.result.post).toMatchObject({ conclusion: "success", annotations: [] });
  expect(mainLog(cancelled.result).join("\n")).toMatch(
    /The artifacts did not come whole: .* Missing: .*'tmp[/]a-huge' \(107374182400 bytes\)/,
  );
  rmSync(temp, { recursive: true });
});

/** The last two words of each command in a task. */
const commandsIn = (task: Task): string[] =>
  processes(task).map(({ command }) => command.split(" ").slice(-2).join(" "));

itInSoak(
  "a cancel while the job runs in a task of others: the job is stopped, though a worker ignores TERM, and the task lives on",
  async () => {
    const task = await aws.runningTask();
    const before = commandsIn(task);
    // The second one waits for the first one's trap.
    const run = `
    if [ "$FARGATE_EXEC_WORKER" = 0 ]; then trap '' TERM INT; : >/tmp/ignores
    else trap 'echo "asked to stop"; exit 0' TERM; until [ -e /tmp/ignores ]; do sleep 0.1; done; rm /tmp/ignores; fi
    sleep 301 | cat & (sleep 302; :) &
    [ "$FARGATE_EXEC_WORKER" = 0 ] || echo begun
    while :; do sleep 0.1; done
  `;
    let survivors: readonly string[] = ["not looked"];
    // The job's own process may outlive the script for a while, to keep its status. So only the script counts.
    const beforePost = (): void => {
      survivors = commandsIn(task).filter((command) => command.endsWith("/script"));
    };
    const inputs = { task: task.id, workers: "2", bucket: aws.world.made.bucket, run };
    const { result } = await cancelAt(/^\[1\] begun$/, inputs, { beforePost });
    expect(survivors).toEqual([]);
    expect(result.post?.log.join("\n")).not.toContain("Stopping the job");
    expect(result.conclusion).toBe("cancelled");
    expect(result.outputs).toMatchObject({ outcome: "cancelled", "exit-code": "130" });
    expect(mainLog(result)).toContain("[1] asked to stop");
    await eventually(() => commandsIn(task), before);
    expect(await aws.objects()).toEqual([]);
    expect(task.lastStatus).toBe("RUNNING");
    expect(aws.calls("StopTask", task.arn)).toEqual([]);
  },
);

itInSoak("a step whose output is not read any more stops its job, as by a cancel, and fails", async () => {
  const task = await aws.runningTask();
  const before = commandsIn(task);
  const run = "echo begun; while :; do echo more; sleep 0.1; done";
  const { bucket, cluster } = aws.world.made;
  let shown = "";
  const { exitCode, outputs, errors } = await runMain(
    aws,
    { cluster, task: task.id, bucket, run },
    (bytes, leave) => {
      shown += bytes.toString();
      if (shown.includes("\nbegun\n")) leave();
    },
  );
  expect([exitCode, errors]).toEqual([1, ""]);
  expect(outputs).toMatchObject({ outcome: "cancelled", "exit-code": "130" });
  await eventually(() => commandsIn(task), before);
  expect(await aws.objects()).toEqual([]);
});

itInSoak(
  "a step that is killed while the job runs under a lock is undone by its post step, from the saved state",
  async () => {
    const mark = `MARK=${Math.random()}`;
    let killed = 0;
    const result = await aws.step(
      { ...staged(), lock: "killed", run: "echo begun; sleep 300", env: mark },
      {
        onLine: (text) => {
          if (killed !== 0 || text !== "begun") return;
          killed = pidOf(mark) ?? 0;
          process.kill(killed, "SIGKILL");
        },
        beforePost: async () => {
          expect(aws.startedAndAlive()).toHaveLength(1);
          expect(await aws.objects("fargate-exec/locks/")).toEqual(["fargate-exec/locks/killed.json"]);
        },
      },
    );
    expect(killed).not.toBe(0);
    expect(result).toMatchObject({ conclusion: "failure", exitCode: 137, outputs: {} });
    expect(Object.keys(result.state)).not.toEqual([]);
    expect(result.post).toMatchObject({ conclusion: "success", annotations: [] });
    expect(result.post?.log.join("\n")).toMatch(/Stopping task arn:/);
    expect(result.post?.log.join("\n")).toContain("Giving back the lock s3://");
    expect([aws.startedAndAlive(), pidOf(mark)]).toEqual([[], undefined]);
    expect(await aws.objects()).toEqual([]);
    await Promise.all(aws.world.local.tasks.filter(({ stopCode }) => stopCode).map(({ ended }) => ended));
  },
);
