import type { FailureCode } from "../errors.ts";
import type { Check } from "../ready/checks/check.ts";
import {
  decisiveResult,
  type Result,
  type StatusResult,
  type TaskResult,
  type WorkerOutcome,
} from "./result.ts";

export interface Explanation {
  readonly title: string;
  readonly message: string;
}

/** The text of the error annotation of a step that fails; undefined for one that succeeds. */
export function explain(result: Result): Explanation | undefined {
  const decisive = decisiveResult(result);
  if (decisive.outcome === "succeeded") return undefined;
  if (decisive.kind === "checked") return explainChecks(decisive.checks);
  const where = result.kind === "several" ? `${whichTasks(result.tasks)} ` : "";
  if (decisive.kind === "failed") {
    const { failure } = decisive;
    return { title: `fargate-exec: ${failure.code}`, message: where + failure.message };
  }
  const how =
    result.kind === "several" ? `There the script ${ENDINGS[decisive.outcome]}` : whichWorkers(decisive);
  const { outcome } = decisive;
  return { title: `fargate-exec: ${outcome}`, message: `${where}${how}. ${meaning(decisive)}`.trimEnd() };
}

function explainChecks(checks: readonly Check[]): Explanation {
  const wrong = checks.filter(({ verdict }) => verdict === "NG");
  const rows = wrong.map(({ name, seen, fix }) => `${name}: ${seen}\n${fix}`);
  const code: FailureCode = "check-failed";
  return {
    title: `fargate-exec: ${code}`,
    message: [`${wrong.length} of ${checks.length} checks are NG. No script was run.`, ...rows].join("\n"),
  };
}

/** Which tasks failed, and how. The first of them decides. */
function whichTasks(tasks: readonly TaskResult[]): string {
  const failing = tasks.flatMap((one, task) =>
    one.outcome === "succeeded" ? [] : [`[task ${task}] ${howItFailed(one)}`],
  );
  return `${failing.length} of ${tasks.length} tasks failed (${failing.join(", ")}).`;
}

function howItFailed(result: TaskResult): string {
  if (result.kind === "failed") return result.failure.code;
  const codes = result.workers.filter(({ exitCode }) => exitCode !== 0).map(({ exitCode }) => exitCode);
  return codes.join(" ");
}

function whichWorkers({ workers, outcome }: StatusResult): string {
  if (workers.length === 1) return `The script ${ENDINGS[outcome]}`;
  const failing = workers.filter(({ exitCode }) => exitCode !== 0);
  const codes = failing.map(({ worker, exitCode }) => `[${worker}] ${exitCode}`).join(", ");
  return `${failing.length} of ${workers.length} workers ${ENDINGS[outcome]} (${codes})`;
}

const ENDINGS: Readonly<Record<WorkerOutcome, string>> = {
  succeeded: "succeeded",
  failed: "failed",
  "timed-out": "did not end within 'timeout' and was stopped",
  cancelled: "was cancelled",
};

/** The exit code, with its usual meaning where there is one. */
function meaning({ exitCode, outcome }: StatusResult): string {
  const code = `Exit code ${exitCode}`;
  if (outcome !== "failed") return `${code}.`;
  if (exitCode === 126) return `${code}: a command was found but could not be executed.`;
  if (exitCode === 127) return `${code}: a command was not found in the image.`;
  if (exitCode === 137)
    return `${code}: killed by SIGKILL, often for want of memory; see 'memory' of the task.`;
  if (exitCode > 128 && exitCode < 160) return `${code}: ended by signal ${exitCode - 128}.`;
  return `${code}.`;
}
