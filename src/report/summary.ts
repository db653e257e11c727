import { wordsFor } from "../errors.ts";
import type { TestResults } from "./junit/test-results.ts";
import { harmlessText } from "./show/sanitise.ts";
import type { Check } from "../ready/checks/check.ts";
import { explain, type ExplainedStep } from "./explain.ts";
import { foldLines, literal, literalCell } from "./markdown.ts";
import { cutResults } from "./outputs.ts";
import { decisiveResult } from "./decisive.ts";
import { itemSection } from "./item-section.ts";
import type { Outcome } from "./outcome.ts";
import { endInWords, type Result, type SeveralResults, type TaskResult, taskResults } from "./result.ts";
import {
  factRows,
  foldedTable,
  keptRows,
  lastLinesSection,
  runRows,
  taskTable,
  workerTable,
} from "./summary-tables.ts";
import { testSection } from "./test-section.ts";
import { advisePull, type StepTimes, makeTimeline, timelineSection } from "./timeline.ts";

const SIGNS: Readonly<Record<Outcome, string>> = {
  succeeded: "✅",
  failed: "❌",
  "timed-out": "⏱️",
  cancelled: "🚫",
  "not-started": "❌",
  unknown: "❓",
  detached: "⏭️",
};

/**
 * The job summary in Markdown: the end of the run, its tests, its tasks, its logs and its time. When the run did not succeed, it also has
 * the last lines of the job's output.
 */
export function makeSummary(
  result: Result,
  step: ExplainedStep,
  times: StepTimes,
  tests?: TestResults,
): string {
  const decisive = decisiveResult(result);
  const { outcome } = decisive;
  if (decisive.kind === "checked")
    return [`### ${SIGNS[outcome]} fargate-exec: check ${outcome}`, "", ...checkTable(decisive.checks)].join(
      "\n",
    );
  const lines = [`### ${SIGNS[outcome]} fargate-exec: ${outcome}`, ""];
  const why = explain(result, step);
  if (why !== undefined) {
    const { message, lastWords, page } = why;
    lines.push(
      ...quoteLines([message, ...(lastWords === undefined ? [] : [lastWords])].join("\n")),
      "",
      `[What this means](${page})`,
      "",
    );
  }
  const taskTitle = result.kind === "several" ? titleOfTask(result) : "Task";
  const rows = [...factRows(decisive, taskTitle), ...keptRows(decisive, step), ...runRows(step)];
  const details = ["| Detail | Value |", "|---|---|", ...rows];
  // Nobody looks for the details of a run that has gone well.
  if (rows.length > 0)
    lines.push(...(outcome === "succeeded" ? foldLines("Details", details) : [...details, ""]));
  if (tests !== undefined) lines.push(...testSection(tests));
  lines.push(...attemptTable(taskResults(result)));
  lines.push(...itemsOf(result), ...tablesOf(result));
  const { task } = decisive;
  if (task !== undefined && outcome !== "succeeded" && outcome !== "detached" && !hasLinesOfItems(result))
    lines.push(...lastLinesSection(task.lastLines));
  if (task !== undefined) {
    const isAgain = decisive.earlier !== undefined;
    const spans = makeTimeline(times, task.times, task.described, task.target.started, isAgain);
    lines.push(
      ...timelineSection(
        spans,
        `Time of the step${result.kind === "several" ? " and of this task" : ""}`,
        task.pulled,
      ),
    );
    if (task.target.started) lines.push(...advisePull(task.described, task.pulled));
  }
  return lines.join("\n");
}

/** The tasks, or the workers of the only task. */
function tablesOf(result: Result): string[] {
  if (result.kind === "status" && result.workers.length > 1) return workerTable(result.workers);
  const isShown = result.kind === "several" && (result.items === undefined || result.tasks.length > 1);
  return isShown ? taskTable(result.tasks) : [];
}

function titleOfTask({ tasks, items }: SeveralResults): string {
  if (items === undefined) return "First failed task, else the first";
  return tasks.length === 1 ? "Task" : "Task of the first failure, else the first";
}

/** Whether the section of the items has last lines. Those of the task are then less use, since they are of all its workers. */
function hasLinesOfItems(result: Result): boolean {
  const { items = [] } = (result.kind === "several" ? result.items : undefined) ?? {};
  return items.some(({ lastLines }) => lastLines.length > 0);
}

function itemsOf(result: Result): string[] {
  if (result.kind !== "several" || result.items === undefined) return [];
  return [...itemSection(result.items), ...cutNote(result)];
}

function cutNote(result: Result): string[] {
  const cut = cutResults(result);
  if (cut === undefined) return [];
  return [
    `The output \`results\` has ${cut.count} of ${cut.total} items, those that did not succeed first.` +
      (cut.file === undefined ? "" : ` All are in the file \`${cut.file}\` among the artifacts.`),
    "",
  ];
}

/** The attempts of each job that was run more than once. */
function attemptTable(tasks: readonly TaskResult[]): string[] {
  const rows = tasks.flatMap((last, task) => {
    const { earlier = [], outcome } = last;
    if (earlier.length === 0) return [];
    const end = { taskId: last.task?.target.taskId, outcome, end: endInWords(last), reason: undefined };
    return [...earlier, end].map((one, attempt) => {
      const index = tasks.length === 1 ? [] : [String(task)];
      const cells = [
        ...index,
        String(attempt + 1),
        literalCell(one.taskId ?? ""),
        one.outcome,
        one.end,
        one.reason ?? "",
      ];
      return `| ${cells.join(" | ")} |`;
    });
  });
  if (rows.length === 0) return [];
  const titles = ["Attempt", "Task", "Outcome", "End", "Run again for"];
  const heads = tasks.length === 1 ? titles : ["Index", ...titles];
  const head = [`| ${heads.join(" | ")} |`, `|${heads.map(() => "---|").join("")}`];
  return foldedTable(`${rows.length} attempts`, head, rows);
}

/** The column "What to do" is empty unless the check is NG. */
function checkTable(checks: readonly Check[]): string[] {
  const rows = checks.map((check) => {
    const { name, verdict, seen } = check;
    const sign = { OK: "✅", NG: "❌", SKIP: "⏭️" }[verdict];
    const toDo = check.verdict === "NG" ? literalCell(wordsFor("workflow", check.fix)) : "";
    return `| ${sign} ${verdict} | ${name} | ${literalCell(seen)} | ${toDo} |`;
  });
  return ["| Verdict | Check | Seen | What to do |", "|---|---|---|---|", ...rows, ""];
}

/** A quotation in which each line is a paragraph, because GitHub joins the lines of a paragraph. */
function quoteLines(message: string): string[] {
  return harmlessText(message)
    .split("\n")
    .flatMap((line, i) => [...(i > 0 ? [">"] : []), `> ${literal(line)}`.trimEnd()]);
}
