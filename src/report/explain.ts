import type { Result } from "./result.ts";

/** Why the step fails, as the one error annotation says it, or undefined for a step that succeeds. */
export function explain(result: Result): { readonly title: string; readonly message: string } | undefined {
  const { failure, workers, outcome } = result;
  if (failure !== undefined) return { title: `fargate-exec: ${failure.code}`, message: failure.message };
  if (outcome === "succeeded") return undefined;
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
