import type { Result } from "./result.ts";

/** Why the step fails, as the one error annotation says it, or undefined for a step that succeeds. */
export function explain(result: Result): { readonly title: string; readonly message: string } | undefined {
  const { failure, workers, outcome, tasks } = result;
  const where = tasks === undefined ? "" : `${whichTasks(tasks)} `;
  if (failure !== undefined)
    return { title: `fargate-exec: ${failure.code}`, message: `${where}${failure.message}` };
  if (outcome === "succeeded") return undefined;
  if (tasks !== undefined) {
    return {
      title: `fargate-exec: ${outcome}`,
      message: `${where}There the script ${ENDINGS[outcome] ?? outcome}. ${meaning(result)}`.trimEnd(),
    };
  }
  const failing = workers.filter((worker) => worker.exitCode !== 0);
  const who = workers.length === 1 ? "The script" : `${failing.length} of ${workers.length} workers`;
  const codes =
    workers.length === 1
      ? ""
      : ` (${failing.map(({ worker, exitCode }) => `[${worker}] ${exitCode}`).join(", ")})`;
  return {
    title: `fargate-exec: ${outcome}`,
    message: `${who} ${ENDINGS[outcome] ?? outcome}${codes}. ${meaning(result)}`.trimEnd(),
  };
}

/** Which tasks failed and how, the first of them being the one that decides. */
function whichTasks(tasks: readonly Result[]): string {
  const failing = tasks.flatMap((one, task) => {
    if (one.outcome === "succeeded") return [];
    const codes = one.workers.filter(({ exitCode }) => exitCode !== 0).map((w) => w.exitCode);
    return [`[task ${task}] ${codes.length === 0 ? (one.failure?.code ?? one.outcome) : codes.join(" ")}`];
  });
  return `${failing.length} of ${tasks.length} tasks failed (${failing.join(", ")}).`;
}

const ENDINGS: Partial<Record<Result["outcome"], string>> = {
  failed: "failed",
  "timed-out": "did not end within 'timeout' and was stopped",
  cancelled: "was cancelled",
};

/** What an exit code usually says, where there is a convention. */
function meaning({ exitCode, outcome }: Result): string {
  if (exitCode === undefined) return "";
  const code = `Exit code ${exitCode}`;
  if (outcome !== "failed") return `${code}.`;
  if (exitCode === 126) return `${code}: a command was found but could not be executed.`;
  if (exitCode === 127) return `${code}: a command was not found in the image.`;
  if (exitCode === 137)
    return `${code}: killed by SIGKILL, often for want of memory; see 'memory' of the task.`;
  if (exitCode > 128 && exitCode < 160) return `${code}: ended by signal ${exitCode - 128}.`;
  return `${code}.`;
}
