import type { StartInputs, TaskSelection } from "../../src/inputs/inputs.ts";
import type { Ecs } from "../../src/aws/ecs.ts";
import { type MadeResource, removeResource } from "../../src/targets/made/made-resource.ts";
import { type EndedTask, keepTasks, leaveTasks, runsSince, tellKept } from "../../src/undo/keep-task.ts";
import { Ledger, type LedgerEntry } from "../../src/undo/ledger.ts";
import { Listener } from "../helpers/listener.ts";
import { startInputs } from "../helpers/start-inputs.ts";
import { SteppedClock } from "../helpers/stepped-clock.ts";

const entry = (taskArn: string): LedgerEntry => ({ kind: "task", cluster: "ci", startedBy: "me", taskArn });
const definition: LedgerEntry = { kind: "task-definition", arn: "arn:definition" };
const anEnd = (taskArn: string, succeeded = false, startedAt?: number): EndedTask => ({
  target: { taskArn, taskId: `${taskArn}-id`, clusterName: "ci", container: "app" },
  succeeded,
  startedAt,
});
const started = (keepTask: StartInputs["keepTask"]): TaskSelection => ({
  kind: "new",
  of: { kind: "image", image: "python:3.13", architecture: undefined },
  service: undefined,
  tasks: 2,
  start: { ...startInputs(), keepTask },
});

/** Keeps tasks of a step with two in its ledger, of which the second failed. Gives what the cleanup still has to stop. */
function stillToStop(where: TaskSelection, isCancelled = false) {
  const log = new Listener();
  const undo = [entry("good"), entry("bad"), definition];
  const ledger = new Ledger({ region: "eu-west-1", undo }, () => undefined);
  const ended = [anEnd("good", true, 1), anEnd("bad", false, 1)];
  const kept = keepTasks({ where }, ended, { ledger, log, isCancelled });
  const tasks = ledger.entries.flatMap((one) => (one.kind === "task" ? [one.taskArn] : []));
  return { tasks, kept, log: log.lines, hasDefinition: ledger.entries.includes(definition) };
}

it.each<[StartInputs["keepTask"], string[]]>([
  ["never", ["good", "bad"]],
  ["on-failure", ["good"]],
  ["always", []],
])("with 'keep-task: %s' the cleanup stops %j", (keepTask, expected) => {
  const { tasks, kept, log, hasDefinition } = stillToStop(started(keepTask));
  expect(tasks).toEqual(expected);
  expect(log).toHaveLength(2 - expected.length);
  expect(kept.map(({ target }) => target.taskArn)).toEqual(
    ["good", "bad"].filter((arn) => !expected.includes(arn)),
  );
  expect(hasDefinition).toBe(true);
});

it.each<StartInputs["keepTask"]>(["on-failure", "always"])(
  "with 'keep-task: %s' the cleanup of a cancel stops all tasks: a job that no session could tell to stop may still run",
  (keepTask) => {
    const { tasks, kept, log } = stillToStop(started(keepTask), true);
    expect([tasks, kept, log]).toEqual([["good", "bad"], [], []]);
  },
);

it.each<StartInputs["keepTask"]>(["on-failure", "always"])(
  "with 'keep-task: %s' the cleanup stops a task whose container has not started, since no hold would end it",
  (keepTask) => {
    const log = new Listener();
    const ledger = new Ledger({ region: "eu-west-1", undo: [entry("stuck")] }, () => undefined);
    expect(
      keepTasks({ where: started(keepTask) }, [anEnd("stuck")], { ledger, log, isCancelled: false }),
    ).toEqual([]);
    expect(ledger.entries).toEqual([entry("stuck")]);
    expect(log.lines).toEqual([]);
  },
);

it.each<StartInputs["keepTask"]>(["job", "always"])(
  "with 'keep-task: %s' the cleanup stops another task that was being started, and not the kept one",
  async (keepTask) => {
    const where = started(keepTask);
    const begun: LedgerEntry = { kind: "task", cluster: "ci", startedBy: "me", taskArn: undefined };
    const ledger = new Ledger({ region: "eu-west-1", undo: [entry("good"), begun] }, () => undefined);
    const log = new Listener();
    keepTasks({ where }, [anEnd("good", true, 1)], { ledger, log, isCancelled: false });
    leaveTasks({ where }, [anEnd("good", true, 1)], { ledger, log, isCancelled: false });
    const [left] = ledger.entries.filter((one) => one.kind === "task" && one.taskArn === undefined);
    const stopped: string[] = [];
    const ecs = {
      listTasks: () => Promise.resolve(["good", "late"]),
      stopTask: (_cluster: string, arn: string) => Promise.resolve(void stopped.push(arn)),
    };
    await removeResource(left as MadeResource, ecs as unknown as Ecs, "over", log);
    expect(stopped).toEqual(["late"]);
  },
);

it.each([
  ["runs", "RUNNING", "RUNNING", 7],
  ["is being stopped", "DEACTIVATING", "STOPPED", undefined],
  ["has stopped", "STOPPED", "STOPPED", undefined],
])("a task that %s can be kept only while it runs", (_, lastStatus, desiredStatus, since) => {
  expect(runsSince({ startedAt: 7, described: { lastStatus, desiredStatus } })).toBe(since);
});

it("'keep-task' does not apply to a task that the step has not started", () => {
  expect(stillToStop({ kind: "task", task: "good" }).tasks).toEqual(["good", "bad"]);
});

describe("the notice on a kept task", () => {
  const noon = Date.UTC(2026, 0, 2, 12);
  const noticesOf = (tasks: readonly EndedTask[], { region = "eu-west-1", hold = true } = {}) => {
    const log = new Listener();
    const where = started("always");
    const inputs = {
      region,
      timeout: 3_600_000,
      where: where.kind === "new" ? { ...where, start: { ...where.start, hold } } : where,
    };
    tellKept(tasks, { inputs, clock: new SteppedClock(noon + 600_000), log });
    return log.lines;
  };

  it("says until when it lives, how to enter and to stop it, and where the console has it", () => {
    expect(noticesOf([anEnd("good", true, noon)])).toEqual([
      [
        "notice: Task good-id is kept, and costs, until 2026-01-02 13:15 UTC at the latest.",
        "Open a shell: npx fargate-exec shell --region eu-west-1 --cluster ci --task good-id --container app",
        "Or by the AWS CLI: aws ecs execute-command --region eu-west-1 --cluster ci --task good-id --container app --interactive --command /bin/sh",
        "Stop it: aws ecs stop-task --region eu-west-1 --cluster ci --task good-id",
        "Either in the console: https://eu-west-1.console.aws.amazon.com/ecs/v2/clusters/ci/tasks/good-id?region=eu-west-1",
      ].join("\n"),
    ]);
  });

  it.each([
    ["a start whose time is not known", {}, "until 2026-01-02 13:25 UTC at the latest."],
    ["a task that is not held", { hold: false }, "until its own command ends or you stop it."],
    ["China", { region: "cn-north-1" }, "https://cn-north-1.console.amazonaws.cn/ecs/v2/"],
    ["GovCloud", { region: "us-gov-west-1" }, "https://us-gov-west-1.console.amazonaws-us-gov.com/ecs/v2/"],
  ])("has what is known of %s", (_, more, words) => {
    expect(noticesOf([anEnd("good")], more)[0]).toContain(words);
  });

  it("is given for three tasks at most, and one line counts the others", () => {
    const lines = noticesOf(["a", "b", "c", "d", "e"].map((arn) => anEnd(arn)));
    expect(lines.map((line) => line.split(" ").slice(0, 3).join(" "))).toEqual([
      ...["a", "b", "c"].map((arn) => `notice: Task ${arn}-id`),
      "2 more tasks",
    ]);
  });
});
