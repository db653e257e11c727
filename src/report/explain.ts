import { fact, type FailureCode, type MessagePart, type Reader, wordsFor } from "../errors.ts";
import type { TestResults } from "./junit/test-results.ts";
import type { Inputs } from "../inputs/inputs.ts";
import type { Check } from "../ready/checks/check.ts";
import { bashAdvice } from "./bash-words.ts";
import { findLastLine, findNamedLine } from "./last-words.ts";
import { decisiveResult } from "./decisive.ts";
import { duration, endOf, exitCodeMeaning, howItFailed, listMembers, whichTasks } from "./end-words.ts";
import { hasFailed, type ItemResults, shortItem } from "./item-results.ts";
import { itemsFailed, itemsWithoutEnd } from "./item-words.ts";
import type { WorkerOutcome } from "./outcome.ts";
import {
  type FailedResult,
  failuresOf,
  type Result,
  type SeveralResults,
  type StatusResult,
  type TaskResult,
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
  /** What is wrong. It holds nothing that the job has printed, except for items, which are one harmless line each. */
  readonly message: string;
  /** The same in its parts. */
  readonly parts: readonly MessagePart[];
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
  if (result.kind === "several" && result.items !== undefined)
    return explainItems(result.tasks, result.items, decisive, step);
  const where = result.kind === "several" ? [whichTasks(result.tasks), firstTask(result)] : [];
  return decisive.kind === "failed"
    ? explainFailed(decisive, where, step)
    : explainStatus(decisive, where, step);
}

function messageOf(parts: readonly MessagePart[]): Pick<Explanation, "message" | "parts"> {
  return { message: parts.map(({ text }) => text).join(""), parts };
}

/** What is wrong, and what a shell other than bash has to do with it. That names an option in the words of its reader. */
function withBash(text: string, forBash: string | undefined): readonly MessagePart[] {
  return [fact(text), ...(forBash === undefined ? [] : [fact(`\n${forBash}`)])];
}

/** The words for the task that decides. */
function firstTask({ tasks }: SeveralResults): string {
  return `Task ${tasks.findIndex(({ outcome }) => outcome !== "succeeded")}:`;
}

/** `where`: sentences before the failure's own. */
function explainFailed(
  { failure }: FailedResult,
  where: readonly string[],
  { page, reader }: ExplainedStep,
): Explanation {
  const failed = failure.messageParts(reader);
  return {
    title: `fargate-exec: ${failure.code}`,
    ...messageOf(failed.map((part, at) => (at === 0 ? fact([...where, part.text].join(" ")) : part))),
    page: `${page}#${failure.code}`,
  };
}

/** Why a step with items fails. The tasks that failed are named, too. */
function explainItems(
  tasks: readonly TaskResult[],
  items: ItemResults,
  decisive: FailedResult | StatusResult,
  step: ExplainedStep,
): Explanation {
  const failing = tasks.filter(({ outcome }) => outcome !== "succeeded");
  const which = failing.length === 0 || tasks.length === 1 ? [] : [whichTasks(tasks)];
  const end = [...itemsFailed(items, timeoutInput(step)), ...itemsWithoutEnd(items)];
  if (decisive.kind === "failed") {
    const { failure } = decisive;
    const at = tasks.findIndex((task) => failuresOf(task).includes(failure));
    // The failure itself says which items have not ended.
    if (at < 0 && failure !== items.stoppedBy) return explainFailed(decisive, [], step);
    const where = [...end, ...which, ...(tasks.length === 1 || at < 0 ? [] : [`Task ${at}:`])];
    return explainFailed(decisive, where, step);
  }
  const { outcome, task, workers } = decisive;
  const item = items.items.find(hasFailed);
  const only = tasks.length > 1 ? [] : failing.map((failed) => `The task failed (${howItFailed(failed)}).`);
  const isTimedOut = failing.some((failed) => failed.outcome === "timed-out");
  // `itemsFailed` names the timeout already if the first failed item was stopped by it.
  const timedOut =
    isTimedOut && item?.outcome !== "timed-out"
      ? [`The job was stopped for its timeout (${timeoutInput(step)}).`]
      : [];
  const lines = item?.lastLines.join("\n") ?? "";
  const lastLine = outcome === "cancelled" ? undefined : findLastLine(lines);
  const startLine = outcome === "failed" ? findNamedLine(lines, decisive.exitCode) : undefined;
  const forBash = outcome === "failed" ? bashAdvice(task, workers, step.reader) : undefined;
  return {
    title: `fargate-exec: ${outcome}`,
    ...messageOf(withBash([...failedTests(step), ...end, ...timedOut, ...which, ...only].join(" "), forBash)),
    lastWords: item && lastLine && `Last line of item '${shortItem(item)}': ${lastLine}`,
    page: pageOf(outcome, step),
    place: placeOf(startLine, step),
  };
}

function failedTests({ tests }: ExplainedStep): readonly string[] {
  if (tests === undefined || tests.failed === 0) return [];
  return [`${tests.failed} of ${tests.failed + tests.passed} tests failed.`];
}

function pageOf(outcome: WorkerOutcome, { page }: ExplainedStep): string {
  return `${page}#${outcome === "failed" ? "a-script-that-failed" : outcome}`;
}

function placeOf(startLine: number | undefined, { scriptFile: file }: ExplainedStep): Explanation["place"] {
  return file === undefined || startLine === undefined ? undefined : { file, startLine };
}

/** The text of the error annotation. */
export function makeAnnotation({ message, lastWords, page }: Omit<Explanation, "parts">): string {
  return [message, ...(lastWords === undefined ? [] : [lastWords]), `See ${page}`].join("\n");
}

function explainChecks(checks: readonly Check[], { page, reader }: ExplainedStep): Explanation {
  const wrong = checks.filter((check) => check.verdict === "NG");
  const rows = wrong.flatMap(({ name, seen, fix }) => [
    fact(`\n${name}: ${seen}`),
    { text: `\n${wordsFor(reader, fix)}`, isAdvice: true },
  ]);
  const howMany = `${wrong.length} of ${checks.length} checks ${wrong.length === 1 ? "is" : "are"}`;
  const code: FailureCode = "check-failed";
  return {
    title: `fargate-exec: ${code}`,
    ...messageOf([fact(`${howMany} NG. No script was run.`), ...rows]),
    page: `${page}#${code}`,
  };
}

function explainStatus(decisive: StatusResult, where: readonly string[], step: ExplainedStep): Explanation {
  const { outcome, workers, task, isListing } = decisive;
  const what = isListing ? "The command of 'items'" : "The script";
  const failing = workers.filter(({ exitCode }) => exitCode !== 0);
  const { worker, exitCode } = failing[0] ?? { worker: 0, exitCode: decisive.exitCode };
  const several = `${failing.length} of ${workers.length} workers failed (${listMembers(failing.map(endOf))}).`;
  const how = [
    ...failedTests(step),
    ...(workers.length === 1 ? [] : [several]),
    ...(workers.length === 1 || outcome !== "failed" ? [`${what} ${endClause(outcome, step)}.`] : []),
    `${workers.length === 1 && where.length === 0 ? "Exit code" : "The exit code is"} ${exitCodeMeaning(decisive)}.`,
  ];
  const stderr = outcome === "cancelled" ? undefined : task.stderr.get(worker);
  const stdout = outcome === "cancelled" ? undefined : task.workerStdout.get(worker);
  const whose = workers.length === 1 ? "" : ` of worker ${worker}`;
  const lastWords = lastOf("error", stderr, whose) ?? lastOf("output", stdout, whose);
  // Both are of the script: its shell, and a line of its file.
  const isScript = outcome === "failed" && !isListing;
  const forBash = isScript ? bashAdvice(task, workers, step.reader) : undefined;
  const startLine = isScript && stderr ? findNamedLine(stderr, exitCode) : undefined;
  return {
    title: `fargate-exec: ${outcome}`,
    ...messageOf(withBash([...where, ...how].join(" "), forBash)),
    lastWords,
    page: pageOf(outcome, step),
    place: placeOf(startLine, step),
  };
}

/** The input that has bounded the job. A step that attaches has not set it. */
function timeoutInput({ timeout, selection }: ExplainedStep): string {
  if (selection?.where.kind === "handle") return "input 'timeout' of the step that has started it";
  return timeout === undefined ? "input 'timeout'" : `input 'timeout', ${duration(timeout)}`;
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

function lastOf(stream: "error" | "output", text: string | undefined, whose: string): string | undefined {
  const line = text && findLastLine(text);
  return line === undefined || line === "" ? undefined : `Last line of standard ${stream}${whose}: ${line}`;
}
