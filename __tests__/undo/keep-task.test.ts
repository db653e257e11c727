import type { StartInputs, TaskSelection } from "../../src/inputs/inputs.ts";
import { keepTasks } from "../../src/undo/keep-task.ts";
import { Ledger, type LedgerEntry } from "../../src/undo/ledger.ts";
import { Listener } from "../helpers/listener.ts";
import { startInputs } from "../helpers/start-inputs.ts";

const entry = (taskArn: string): LedgerEntry => ({ kind: "task", cluster: "ci", startedBy: "me", taskArn });
const definition: LedgerEntry = { kind: "task-definition", arn: "arn:definition" };
const started = (keepTask: StartInputs["keepTask"]): TaskSelection => ({
  kind: "new",
  of: { kind: "image", image: "python:3.13", architecture: undefined },
  service: undefined,
  tasks: 2,
  start: { ...startInputs(), keepTask },
});

/** Two tasks on record, of which the second failed; what the cleanup still has to stop. */
function stopped(where: TaskSelection) {
  const log = new Listener();
  const undo = [entry("good"), entry("bad"), definition];
  const ledger = new Ledger({ region: "eu-west-1", undo }, () => undefined);
  const ended = [
    { taskArn: "good", succeeded: true },
    { taskArn: "bad", succeeded: false },
  ];
  keepTasks({ where }, ended, ledger, log);
  const tasks = ledger.entries.flatMap((one) => (one.kind === "task" ? [one.taskArn] : []));
  return { tasks, log: log.lines, hasDefinition: ledger.entries.includes(definition) };
}

it.each<[StartInputs["keepTask"], string[]]>([
  ["never", ["good", "bad"]],
  ["on-failure", ["good"]],
  ["always", []],
])("with 'keep-task: %s' the cleanup stops %j", (keepTask, expected) => {
  const { tasks, log, hasDefinition } = stopped(started(keepTask));
  expect(tasks).toEqual(expected);
  expect(log).toHaveLength(2 - expected.length);
  expect(hasDefinition).toBe(true);
});

it("says nothing of tasks that the step has not started", () => {
  expect(stopped({ kind: "task", task: "good" }).tasks).toEqual(["good", "bad"]);
});
