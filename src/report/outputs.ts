import { STDOUT_LIMIT } from "../show/printer.ts";
import { harmlessLine } from "../show/sanitise.ts";
import { Tail } from "../show/tail.ts";
import { decisiveResult, type Result, type TaskResult, taskResults } from "./result.ts";

/**
 * The step's outputs, by their names in `action.yml`. An unknown value is empty. `stdout` is the job's, byte for
 * byte; every other output is one sanitised line.
 */
export function outputs(result: Result): Readonly<Record<string, string>> {
  const decisive = decisiveResult(result);
  const { exitCode, outcome, task } = decisive;
  const tasks = taskResults(result);
  const log = task?.log?.kind === "cloudwatch" ? task.log : undefined;
  const ours = {
    "exit-code": exitCode === undefined ? "" : String(exitCode),
    outcome,
    handle: decisive.kind === "detached" ? decisive.handle : "",
    "task-arn": task?.target.taskArn ?? "",
    "task-arns": json(tasks.flatMap((one) => one.task?.target.taskArn ?? [])),
    "session-id": task?.sessionId ?? "",
    "log-group": log?.group ?? "",
    "log-stream": log?.stream ?? "",
    "log-url": log?.url ?? "",
    "private-ip": task?.target.privateIp ?? "",
    "public-ip": task?.publicIp ?? "",
    results: json(tasks.flatMap(entries)),
  };
  const harmless = Object.entries(ours).map(([name, value]) => [name, harmlessLine(value, LONGEST_OUTPUT)]);
  return { ...(Object.fromEntries(harmless) as Record<string, string>), stdout: stdoutOf(tasks) };
}

/** The most characters of an output: GitHub takes 1 MiB. */
const LONGEST_OUTPUT = 1024 * 1024;

/** The standard outputs of all tasks, one after the other; of a longer text, the last 1 MiB. */
function stdoutOf(tasks: readonly TaskResult[]): string {
  const texts = tasks.map(({ task }) => task?.stdout ?? "");
  const [only = ""] = texts;
  if (texts.length === 1) return only;
  const tail = new Tail(STDOUT_LIMIT);
  tail.push(Buffer.from(texts.filter((text) => text !== "").join("\n")));
  return tail.toString();
}

/** JSON with each string sanitised first: sanitising the JSON itself could break its escapes. */
function json(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) => (typeof part === "string" ? harmlessLine(part) : part));
}

/** The entries of one task in `results`: one for each worker, or one for the task where no worker's end is known. */
function entries(result: TaskResult): readonly object[] {
  if (result.kind === "status") return result.workers;
  const { task, outcome } = result;
  if (task === undefined) return [];
  return [{ taskArn: task.target.taskArn, worker: null, exitCode: null, outcome, seconds: null }];
}
