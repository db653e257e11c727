import { type FailureCode, type Reader, wordsFor } from "../errors.ts";
import type { TestResults } from "./junit/test-results.ts";
import type { Inputs } from "../inputs/inputs.ts";
import type { Check } from "../ready/checks/check.ts";
import { bashAdvice } from "./bash-words.ts";
import { findLastLine, findNamedLine } from "./last-words.ts";
import {
  decisiveResult,
  type Result,
  type StatusResult,
  type TaskResult,
  type WorkerOutcome,
  type WorkerResult,
} from "./result.ts";
import type { Origin } from "../inputs/origin.ts";

/** The facts of a step that an explanation names. */
export interface ExplainedStep {
  /** The numbers of the tests in the reports; undefined when none were read. */
  readonly tests?: Pick<TestResults, "passed" | "failed"> | undefined;
  readonly reader: Reader;
  /** The address of the page `docs/errors.md`. */
  readonly page: string;
  /** The input `timeout` in milliseconds; undefined when the inputs are not known. */
  readonly timeout: number | undefined;
  /** The script's path in the workspace; undefined when the script is no file there. */
  readonly scriptFile: string | undefined;
  /** The region and the selection of tasks. They tell whether a task is kept. Undefined when the inputs are not known. */
  readonly selection?: Pick<Inputs, "where" | "region"> | undefined;
  /** The workflow run, for a link; undefined when there is none. */
  readonly run?: Pick<Origin, "runId" | "runAttempt" | "url"> | undefined;
}

export interface Explanation {
  readonly title: string;
  /** What is wrong. It holds nothing that the job has printed. */
  readonly message: string;
  /** A sentence with the last line of standard error, for the annotation only. */
  readonly lastWords?: string | undefined;
  /** The address of the paragraph about this failure. */
  readonly page: string;
  /** The failing line of the script file, a path in the repository. */
  readonly place?: { readonly file: string; readonly startLine: number } | undefined;
}

/** Why a step fails; undefined for one that succeeds. */
export function explain(result: Result, step: ExplainedStep): Explanation | undefined {
  const decisive = decisiveResult(result);
  if (decisive.outcome === "succeeded" || decisive.kind === "detached") return undefined;
  if (decisive.kind === "checked") return explainChecks(decisive.checks, step);
  const where = result.kind === "several" ? `${whichTasks(result.tasks)} ` : "";
  if (decisive.kind === "failed") {
    const { failure } = decisive;
    return {
      title: `fargate-exec: ${failure.code}`,
      message: where + failure.messageFor(step.reader),
      page: `${step.page}#${failure.code}`,
    };
  }
  return explainStatus(decisive, where, step);
}

/** The text of the error annotation. */
export function makeAnnotation({ message, lastWords, page }: Explanation): string {
  return [message, ...(lastWords === undefined ? [] : [lastWords]), `See ${page}`].join("\n");
}

function explainChecks(checks: readonly Check[], { page, reader }: ExplainedStep): Explanation {
  const wrong = checks.filter((check) => check.verdict === "NG");
  const rows = wrong.map(({ name, seen, fix }) => `${name}: ${seen}\n${wordsFor(reader, fix)}`);
  const howMany = `${wrong.length} of ${checks.length} checks ${wrong.length === 1 ? "is" : "are"}`;
  const code: FailureCode = "check-failed";
  return {
    title: `fargate-exec: ${code}`,
    message: [`${howMany} NG. No script was run.`, ...rows].join("\n"),
    page: `${page}#${code}`,
  };
}

function explainStatus(decisive: StatusResult, where: string, step: ExplainedStep): Explanation {
  const { outcome, workers, task } = decisive;
  const failing = workers.filter(({ exitCode }) => exitCode !== 0);
  const { worker, exitCode } = failing[0] ?? { worker: 0, exitCode: decisive.exitCode };
  const several = `${failing.length} of ${workers.length} workers failed (${listMembers(failing.map(endOf))}).`;
  const { tests } = step;
  const how = [
    ...(tests === undefined || tests.failed === 0
      ? []
      : [`${tests.failed} of ${tests.failed + tests.passed} tests failed.`]),
    ...(workers.length === 1 ? [] : [several]),
    ...(workers.length === 1 || outcome !== "failed" ? [`The script ${endClause(outcome, step)}.`] : []),
    `${workers.length === 1 && where === "" ? "Exit code" : "The exit code is"} ${exitCodeMeaning(decisive)}.`,
  ];
  const stderr = outcome === "cancelled" ? undefined : task.stderr.get(worker);
  const stdout = outcome === "cancelled" ? undefined : task.workerStdout.get(worker);
  const whose = workers.length === 1 ? "" : ` of worker ${worker}`;
  const lastWords = lastOf("error", stderr, whose) ?? lastOf("output", stdout, whose);
  const forBash = outcome === "failed" ? bashAdvice(task, workers, step.reader) : undefined;
  const startLine = outcome === "failed" && stderr ? findNamedLine(stderr, exitCode) : undefined;
  return {
    title: `fargate-exec: ${outcome}`,
    message: [where + how.join(" "), ...(forBash === undefined ? [] : [forBash])].join("\n"),
    lastWords,
    page: `${step.page}#${outcome === "failed" ? "a-script-that-failed" : outcome}`,
    place:
      step.scriptFile === undefined || startLine === undefined
        ? undefined
        : { file: step.scriptFile, startLine },
  };
}

function lastOf(stream: "error" | "output", text: string | undefined, whose: string): string | undefined {
  const line = text && findLastLine(text);
  return line === undefined || line === "" ? undefined : `Last line of standard ${stream}${whose}: ${line}`;
}

/** The words that tell which tasks failed, and how. The first failed task decides. */
function whichTasks(tasks: readonly TaskResult[]): string {
  const failing = tasks.flatMap((one, task) =>
    one.outcome === "succeeded" ? [] : [`task ${task}: ${howItFailed(one)}`],
  );
  const first = tasks.findIndex(({ outcome }) => outcome !== "succeeded");
  return `${failing.length} of ${tasks.length} tasks failed (${listMembers(failing, "; ")}). Task ${first}:`;
}

function howItFailed(result: TaskResult): string {
  if (result.kind === "failed") return result.failure.code;
  if (result.kind === "detached") return result.outcome;
  const { workers } = result;
  const failing = workers.filter(({ exitCode }) => exitCode !== 0);
  return workers.length === 1 ? `exit code ${result.exitCode}` : listMembers(failing.map(endOf));
}

function endOf({ worker, exitCode }: WorkerResult): string {
  return `worker ${worker}: exit code ${exitCode}`;
}

/** The most members of a list in a sentence, because a step may have a thousand tasks. */
const LONGEST_LIST = 8;

function listMembers(members: readonly string[], separator = ", "): string {
  const more = members.length - LONGEST_LIST;
  const shown = members.slice(0, LONGEST_LIST).join(separator);
  return more > 0 ? `${shown} and ${more} more` : shown;
}

function endClause(outcome: WorkerOutcome, { timeout, selection }: ExplainedStep): string {
  switch (outcome) {
    case "succeeded":
    case "failed":
      return outcome;
    case "timed-out":
      if (selection?.where.kind === "handle")
        return "did not end within the 'timeout' of the step that has started it, and was stopped";
      return timeout === undefined
        ? "did not end within 'timeout' and was stopped"
        : `did not end within ${duration(timeout)} (input 'timeout') and was stopped`;
    case "cancelled":
      return "was cancelled";
  }
}

/** A duration in the form of the inputs. */
function duration(ms: number): string {
  const hours = ms / 3_600_000;
  if (Number.isInteger(hours) && hours > 1) return `${hours}h`;
  const minutes = ms / 60_000;
  return Number.isInteger(minutes) ? `${minutes}m` : `${Math.round(ms / 1000)}s`;
}

/** The exit code, with its usual meaning when there is one. */
function exitCodeMeaning({ exitCode, outcome }: StatusResult): string {
  if (outcome !== "failed") return `${exitCode}`;
  if (exitCode === 126) return `${exitCode}: a command was found but could not be executed`;
  if (exitCode === 127) return `${exitCode}: a command was not found in the image`;
  if (exitCode === 137)
    return `${exitCode}: killed by SIGKILL, often because memory ran out; see 'memory' of the task`;
  if (exitCode > 128 && exitCode < 160) return `${exitCode}: ended by signal ${exitCode - 128}`;
  return `${exitCode}`;
}
