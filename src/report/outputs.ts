import { harmlessLine } from "../show/sanitise.ts";
import type { Result } from "./result.ts";

/**
 * The step's outputs, by their names in `action.yml`. What isn't known is empty. `stdout` is the job's own, byte for
 * byte; all others are one harmless line, whatever their source.
 */
export function outputs(result: Result): Readonly<Record<string, string>> {
  const { target, log } = result;
  const tasks = result.tasks ?? [result];
  const arns = tasks.flatMap((one) => one.target?.taskArn ?? []);
  const ours = {
    "exit-code": result.exitCode === undefined ? "" : String(result.exitCode),
    outcome: result.outcome,
    "task-arn": target?.taskArn ?? "",
    "task-arns": json(arns),
    "session-id": result.sessionId ?? "",
    "log-group": log?.group ?? "",
    "log-stream": log?.stream ?? "",
    "log-url": log?.url ?? "",
    "private-ip": target?.privateIp ?? "",
    "public-ip": result.publicIp ?? "",
    results: json(tasks.flatMap(entries)),
  };
  const harmless = Object.entries(ours).map(([name, value]) => [name, harmlessLine(value, LONGEST_OUTPUT)]);
  return { ...(Object.fromEntries(harmless) as Record<string, string>), stdout: result.stdout };
}

/** GitHub takes outputs of 1 MiB; `results` of a thousand tasks is longer than a line of the log may be. */
const LONGEST_OUTPUT = 1024 * 1024;

/** Its words are made harmless first: an escape that is put into the JSON itself would break it. */
function json(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) => (typeof part === "string" ? harmlessLine(part) : part));
}

/** What is told of one task: each worker's end, or that of the whole where no worker's is known. */
function entries({ workers, target, outcome }: Result): readonly object[] {
  if (workers.length > 0 || target === undefined) return workers;
  return [{ taskArn: target.taskArn, worker: null, exitCode: null, outcome, seconds: null }];
}
