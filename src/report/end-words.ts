import type { StatusResult, TaskResult, WorkerResult } from "./result.ts";

/** The sentence that tells which tasks failed, and how. */
export function whichTasks(tasks: readonly TaskResult[]): string {
  const failing = tasks.flatMap((one, task) =>
    one.outcome === "succeeded" ? [] : [`task ${task}: ${howItFailed(one)}`],
  );
  return `${failing.length} of ${tasks.length} tasks failed (${listMembers(failing, "; ")}).`;
}

/** As in "exit code 3", "worker 1: exit code 3" or the code of a failure. */
export function howItFailed(result: TaskResult): string {
  if (result.kind === "failed") return result.failure.code;
  if (result.kind === "detached") return result.outcome;
  const { workers } = result;
  const failing = workers.filter(({ exitCode }) => exitCode !== 0);
  return workers.length === 1 ? `exit code ${result.exitCode}` : listMembers(failing.map(endOf));
}

export function endOf({ worker, exitCode }: WorkerResult): string {
  return `worker ${worker}: exit code ${exitCode}`;
}

/** The most members of a list in a sentence, because a step may have a thousand tasks. */
const LONGEST_LIST = 8;

/** The first members of a list, and how many more there are. */
export function listMembers(members: readonly string[], separator = ", "): string {
  const more = members.length - LONGEST_LIST;
  const shown = members.slice(0, LONGEST_LIST).join(separator);
  return more > 0 ? `${shown} and ${more} more` : shown;
}

/** A duration in the form of the inputs. */
export function duration(ms: number): string {
  const hours = ms / 3_600_000;
  if (Number.isInteger(hours) && hours > 1) return `${hours}h`;
  const minutes = ms / 60_000;
  return Number.isInteger(minutes) ? `${minutes}m` : `${Math.round(ms / 1000)}s`;
}

/** The exit code, with its usual meaning when there is one. */
export function exitCodeMeaning({ exitCode, outcome }: Pick<StatusResult, "exitCode" | "outcome">): string {
  if (outcome !== "failed") return `${exitCode}`;
  if (exitCode === 126) return `${exitCode}: a command was found but could not be executed`;
  if (exitCode === 127) return `${exitCode}: a command was not found in the image`;
  if (exitCode === 137)
    return `${exitCode}: killed by SIGKILL, often because memory ran out; see 'memory' of the task`;
  if (exitCode > 128 && exitCode < 160) return `${exitCode}: ended by signal ${exitCode - 128}`;
  return `${exitCode}`;
}
