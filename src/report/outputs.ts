import type { Result } from "./result.ts";

/** The step's outputs, by their names in `action.yml`. What isn't known is empty. */
export function outputs(result: Result): Readonly<Record<string, string>> {
  const { target, log } = result;
  const tasks = result.tasks ?? [result];
  const arns = tasks.flatMap((one) => one.target?.taskArn ?? []);
  return {
    "exit-code": result.exitCode === undefined ? "" : String(result.exitCode),
    outcome: result.outcome,
    stdout: result.stdout,
    "task-arn": target?.taskArn ?? "",
    "task-arns": JSON.stringify(arns),
    "session-id": result.sessionId ?? "",
    "log-group": log?.group ?? "",
    "log-stream": log?.stream ?? "",
    "log-url": log?.url ?? "",
    "private-ip": target?.privateIp ?? "",
    "public-ip": result.publicIp ?? "",
    results: JSON.stringify(tasks.flatMap(entries)),
  };
}

/** What is told of one task: each worker's end, or that of the whole where no worker's is known. */
function entries({ workers, target, outcome }: Result): readonly object[] {
  if (workers.length > 0 || target === undefined) return workers;
  return [{ taskArn: target.taskArn, worker: null, exitCode: null, outcome, seconds: null }];
}
